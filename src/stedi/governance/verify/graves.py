"""Tombstones, as the rule sees them: whoever was erased has denied at that time, for all that came before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from stedi.names import TOMBSTONE
from stedi.warehouse.run_tables import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Graves:
    """Who and what was erased, by id, and when.

    Attributes:
        people: Customers.
        devices: Devices whose readings until then must never be trusted.
        erased_devices: Of these, the ones of which that was known when the person was erased: no row of such
            readings may be left in older runs either.
        alone: Of these, the ones that nobody else ever listed: their readings must be gone.
        origins: The fingerprints of the keys that made the digests, in turn.
        denied: When a record of a person was written, the latest, that was kept out and denies.
    """

    people: Mapping[str, datetime]
    devices: Mapping[str, datetime]
    erased_devices: Mapping[str, datetime]
    alone: Mapping[str, datetime]
    origins: frozenset[tuple[str, ...]] = frozenset()
    denied: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """The fingerprints of the keys without which the digests can't be told by name."""
        return frozenset(key for origin in self.origins for key in origin)

    @property
    def empty(self) -> bool:
        """Whether nobody was erased."""
        return not (self.people or self.devices)


def find_graves(scan: Scan) -> Graves:
    """Return the tombstones of a run. Where they don't say of what, each may be of either."""
    rows = scan(TOMBSTONE).collect()
    kinds = rows["kind"].to_list() if "kind" in rows.columns else [None] * rows.height
    graves = list(zip(rows["digest"], kinds, rows["erased_at"], strict=True))

    made_with = rows["made_with"].drop_nulls() if "made_with" in rows.columns else ()
    origins = frozenset(tuple(each.split()) for each in made_with)

    def of(*wanted: str) -> dict[str, datetime]:
        return _latest((digest, at) for digest, kind, at in graves if kind is None or kind in wanted)

    denied = rows.drop_nulls("latest_denial") if "latest_denial" in rows.columns else rows.clear()
    return Graves(
        denied=_latest(denied.select("digest", "latest_denial").iter_rows()) if denied.height else {},
        people=of("person"),
        devices=of("device", "shared_device", "claimed_device"),
        erased_devices=of("device", "shared_device"),
        alone=of("device"),
        origins=origins,
    )


def _latest(times: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    latest: dict[str, datetime] = {}
    for digest, at in times:
        latest[digest] = max(at, latest.get(digest, at))
    return latest
