"""Ids by the key where it is at hand, else as customer_trusted has them; and tombstones, which are ids.

Nothing here is shared with ``stedi.consent.pseudonyms``, by which runs make ids.
"""

import hashlib
import hmac
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.rule import normalized
from stedi.names import CUSTOMER_TRUSTED, TOMBSTONE
from stedi.warehouse.run_tables import Scan

MakeId = Callable[[str, str], str]
"""Makes the id of a normalized name in a domain, ``customer`` or ``device``."""

_PAIRS = (("customer", "email", "customer_id"), ("device", "serial_number", "device_id"))


def id_maker(key: bytes) -> MakeId:
    """Return a function that makes ids, by a key."""

    def make(domain: str, name: str) -> str:
        message = b"\0".join((domain.encode(), name.encode()))
        return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]

    return make


def digest_maker(
    keys: Mapping[str, bytes], in_use: str, origins: Iterable[tuple[str, ...]], digests: Container[str]
) -> MakeId:
    """Return a function that makes the digest by which a lake knows a name that was erased, or else its id.

    Args:
        keys: All keys at hand, by fingerprint.
        in_use: The fingerprint of the one in use.
        origins: The fingerprints of the keys that made digests: of the id, then of each that wrapped it.
        digests: The digests that there are.
    """
    make = id_maker(keys[in_use])
    chains = [[id_maker(keys[each]) for each in origin] for origin in origins if all(map(keys.get, origin))]

    def digest(domain: str, name: str) -> str:
        for first, *later in chains:
            made = first(domain, name)
            for wrapped in later:
                made = wrapped("tombstone", made)
            if made in digests:
                return made
        return make(domain, name)

    return digest


def learn_ids(scan: Scan) -> Callable[[str, str], str | None]:
    """Return a function that tells ids as customer_trusted has them; None where it has none."""
    there = _ids_there(scan)
    known = {
        domain: {normalized(name): made for name, made in there.select(spelled, column).iter_rows()}
        for domain, spelled, column in _PAIRS
    }
    return lambda domain, name: known[domain].get(name)


def _ids_there(scan: Scan) -> pl.DataFrame:
    return scan(CUSTOMER_TRUSTED).select("email", "customer_id", "serial_number", "device_id").collect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of customers and devices, by normalized name."""

    customers: Mapping[str, str]
    devices: Mapping[str, str]


def find_ids(scan: Scan, claims: Iterable[tuple[str, str]], make: MakeId | None) -> tuple[Ids, list[Finding]]:
    """Return the ids of those who should be in customer_trusted, and what is wrong with those in it.

    Args:
        scan: The tables.
        claims: The customers and devices that should be there, by name.
        make: Makes an id, by the key; None without it.
    """
    there = _ids_there(scan)
    why = "what the key makes of the name" if make is not None else "one per name"
    ids: dict[str, dict[str, str]] = {}
    findings = []
    for domain, spelled, column in _PAIRS:
        known = ids[domain] = {}
        wrong = 0
        for text, found in there.select(spelled, column).iter_rows():
            name = normalized(text)
            known[name] = make(domain, name) if make is not None else known.get(name, found)
            wrong += found != known[name]
        wrong += len(known) - len(set(known.values()))
        if wrong:
            place = f"{CUSTOMER_TRUSTED}.{column}"
            findings.append(Finding.of(Fault.WRONG_ID, place, f"{wrong:,} ids are not {why}", count=wrong))
    if make is not None:
        for person, device in claims:
            ids["customer"][person] = make("customer", person)
            ids["device"][device] = make("device", device)
    return Ids(customers=ids["customer"], devices=ids["device"]), findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstones:
    """Who and what was erased, by id, and when.

    As the rule sees it, whoever was erased has denied at that time, for all that came before.

    Attributes:
        people: Customers.
        devices: Devices whose readings until then must never be trusted.
        erased_devices: Of these, the ones of which that was known when the person was erased: no row of such
            readings may be left in older runs either.
        alone: Of these, the ones that nobody else ever listed: their readings must be gone.
        origins: The fingerprints of the keys that made the digests, one after the other.
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


def find_tombstones(scan: Scan) -> Tombstones:
    """Return the tombstones of a run. Where they don't say of what, each may be of either."""
    rows = scan(TOMBSTONE).collect()
    # Lakes of older versions lack some columns.
    missing = {"kind", "made_with", "latest_denial"}.difference(rows.columns)
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)

    def of(*kinds: str) -> dict[str, datetime]:
        wanted = rows.filter(pl.col("kind").is_null() | pl.col("kind").is_in(kinds))
        return _latest(wanted, "erased_at")

    return Tombstones(
        denied=_latest(rows.drop_nulls("latest_denial"), "latest_denial"),
        people=of("person"),
        devices=of("device", "shared_device", "claimed_device"),
        erased_devices=of("device", "shared_device"),
        alone=of("device"),
        origins=frozenset(tuple(each.split()) for each in rows["made_with"].drop_nulls()),
    )


def _latest(rows: pl.DataFrame, time: str) -> dict[str, datetime]:
    return dict(rows.group_by("digest").agg(pl.col(time).max()).iter_rows())
