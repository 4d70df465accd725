"""Before landing: records of what was erased stay out, however often old files are replayed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

import polars as pl

from stedi.consent.pseudonyms import Domain, Pseudonyms
from stedi.consent.tombstones import TombstoneIndex, with_digests
from stedi.contract import Contract, contract_of
from stedi.contract.schemas import polars_schema
from stedi.landing.names_and_phones import quasi_identifiers_in
from stedi.landing.paths import Known, NameKind, masked, nobody
from stedi.landing.tokens import emails_in, serials_in, spellings, tokens
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    EARLIEST,
    STEP_TRAINER_LANDING,
    TOMBSTONE,
    TombstoneKind,
)

ERASED_TEXT: Final = "<erased>"
"""What stands in the place of a raw text that named an erased person or device."""

_Row = dict[str, Any]
_SHARE: Final = "share_with_research_as_of_date"
_SUBJECTS: Final[Mapping[str, tuple[Domain, str, str]]] = {
    CUSTOMER_LANDING: ("customer", "email", "registration_date"),
    ACCELEROMETER_LANDING: ("customer", "user", "timestamp"),
    STEP_TRAINER_LANDING: ("device", "serial_number", "sensor_reading_time"),
}
"""Whom or what a record is about, by which column, and the column that must be newer than an erasure."""


class Gate:
    """Lets in what is new, and keeps out what was erased.

    A customer record of an erased person comes back with a registration newer than the erasure. A reading
    that was taken after it is let through to the consent rule. Of a record that is kept out and denies, later
    than the erasure, the update time stays in the tombstone, and counts there as a denial.

    Args:
        tombstones: The tombstone table.
        pseudonyms: Make the digests that it holds.

    Examples:
        >>> import polars as pl, stedi
        >>> gate = Gate(polars_schema(contract_of("tombstone")).to_frame(), stedi.Pseudonyms(bytes(32)))
        >>> gate.path("customer/ann@example.com.json")
        'customer/ann@example.com.json'
    """

    def __init__(self, tombstones: pl.DataFrame, pseudonyms: Pseudonyms) -> None:
        self._tombstones = tombstones
        self._pseudonyms = pseudonyms
        self._index = TombstoneIndex(tombstones, pseudonyms)
        self._customer = partial(self._index.digest_of, "customer")
        self._device = partial(self._index.digest_of, "device")
        self._moved: dict[str, datetime] = {}
        denied = tombstones.drop_nulls("latest_denial").group_by("digest").agg(pl.col("latest_denial").max())
        self._denied: dict[str, datetime] = dict(denied.iter_rows())
        self._again: dict[str, str] = {}
        self._claimed: dict[str, datetime] = {}
        # What others listed too is no trace of one person.
        self._erased: dict[Domain, dict[str, datetime]] = {
            "customer": self._latest("person"),
            "device": self._latest("device"),
            "aside": self._latest("aside"),
        }
        self._erasures = self._times("person")
        self._until = self._latest("device", "shared_device", "claimed_device")
        self._names_erased = cache(self._find_erased)

    def _latest(self, *kinds: TombstoneKind) -> dict[str, datetime]:
        return {digest: max(at) for digest, at in self._times(*kinds).items()}

    def _times(self, *kinds: TombstoneKind) -> dict[str, list[datetime]]:
        """Return when what has tombstones of some kinds was erased, by digest."""
        of_kind = self._tombstones.filter(pl.col("kind").is_in(kinds))
        return dict(of_kind.group_by("digest").agg("erased_at").iter_rows())

    def records(self, records: pl.DataFrame, contract: Contract) -> pl.DataFrame:
        """Return good records of a landing table without those of an erased person or device."""
        if self._tombstones.is_empty() or records.is_empty():
            return records
        kept = self._keep(records, *_SUBJECTS[contract.name])
        if contract.name == CUSTOMER_LANDING:
            self._note_kept_out(records, kept)
        named = {name: kept[name].unique() for name in ("email", "user", "serial_number") if name in kept}
        customers = [text for name in ("email", "user") for text in named.get(name, ())]
        self._note_again(customers, named.get("serial_number", ()))
        return self._without_paths(kept)

    def rejected(self, rejected: pl.DataFrame) -> pl.DataFrame:
        """Return rejected records without those of erased people, and no raw text that names one.

        A customer record may be of somebody else, too: then it stays, without whom was erased. Where no time
        can be read in it, it may be newer than an erasure: it stays with the tombstone in the name's place.

        Args:
            rejected: Rows of the quarantine.
        """
        if self._tombstones.is_empty() or rejected.is_empty():
            return rejected
        kept = [after for row in rejected.iter_rows(named=True) if (after := self._let_in(row)) is not None]
        rows = pl.DataFrame(kept, schema=rejected.schema)
        self._note_again(
            [each for row in kept for each in row["emails"]],
            [each for row in kept for each in row["serial_numbers"]],
        )
        return self._without_paths(rows)

    def _let_in(self, row: _Row) -> _Row | None:
        """Return what is kept of a rejected record; None where nothing is."""
        of_customer = row["table_name"] == CUSTOMER_LANDING
        gone = [email for email in row["emails"] if self._customer(email) in self._erased["customer"]]
        serials = [each for each in row["serial_numbers"] if self._device(each) in self._erased["device"]]
        raw = row["raw"] or ""
        named = bool(gone) or self._names_erased(raw)
        if not of_customer:
            # A reading says by itself whose it is.
            return None if gone or serials or (named and not row["emails"]) else self._blank(row, named)
        if not gone:
            if not row["emails"]:
                if named:
                    return None
                # A name may be somebody else's too: the record stays, and only its text goes.
                named = self._names_erased_indirectly(raw)
            return self._blank(row, named)
        digests = {self._customer(email) for email in gone}
        for digest in digests:
            self._claim(digest, row["serial_numbers"], EARLIEST)
        if (at := row["last_update_date"]) is not None:
            for digest in digests:
                self._note(digest, at)
        # Other readings of the same place in a broken text hold the name, too.
        others = [each for each in row["emails"] if each not in gone and not self._names_erased(each)]
        if at is not None and not others:
            return None
        return {
            **row,
            "raw": ERASED_TEXT,
            "emails": others,
            "serial_numbers": [each for each in row["serial_numbers"] if others and each not in serials],
            "tombstones": sorted(digests) if at is None else [],
        }

    @staticmethod
    def _blank(row: _Row, named: bool) -> _Row:  # noqa: FBT001 - of one kind with what it is called for
        return {**row, "raw": ERASED_TEXT} if named else row

    def path(self, path: str, known: Known = nobody) -> str:
        """Return a path with the first digits of a digest in the place of an erased name.

        Args:
            path: The path.
            known: Says which names are somebody else's: those stay, whatever stands in them.
        """
        return path if self._tombstones.is_empty() else masked(path, self._in_place_of, known)

    @property
    def added(self) -> int:
        """How many tombstones are new."""
        return len(self._claimed)

    @property
    def updated_tombstones(self) -> pl.DataFrame | None:
        """The tombstones as they are now, if any is new, or is another than before; None where all stay."""
        if not self._moved and not self._again and not self._claimed:
            return None
        later = pl.DataFrame(
            {"digest": list(self._moved), "_later": list(self._moved.values())},
            schema={"digest": pl.String, "_later": pl.Datetime("us", "UTC")},
        )
        moved = (
            self._tombstones.join(later, on="digest", how="left", maintain_order="left")
            .with_columns(latest_denial=pl.max_horizontal("latest_denial", "_later"))
            .select(polars_schema(contract_of(TOMBSTONE)).names())
        )
        made_with = self._pseudonyms.fingerprint
        claimed = pl.DataFrame(
            [(digest, made_with, "claimed_device", at, None) for digest, at in sorted(self._claimed.items())],
            schema=moved.schema,
            orient="row",
        )
        return pl.concat([with_digests(moved, self._again, made_with=made_with), claimed])

    def _keep(self, records: pl.DataFrame, domain: Domain, column: str, since: str) -> pl.DataFrame:
        """Return the records of nobody erased, and those that are newer than the erasure."""
        erased = self._erased[domain]
        if not erased:
            return records
        spellings = records[column].unique()
        until = pl.DataFrame(
            {
                column: spellings,
                "_until": [erased.get(self._index.digest_of(domain, text)) for text in spellings],
            },
            schema={column: pl.String, "_until": pl.Datetime("us", "UTC")},
        ).drop_nulls()
        if until.is_empty():
            return records
        newer = pl.col("_until").is_null() | (pl.col(since) > pl.col("_until")).fill_null(value=False)
        return records.join(until, on=column, how="left", maintain_order="left").filter(newer).drop("_until")

    def _note_kept_out(self, records: pl.DataFrame, kept: pl.DataFrame) -> None:
        """Remember of records that are kept out when they deny, after the erasure, and what they list."""
        if kept.height == records.height:
            return
        share = pl.col(_SHARE)
        grants = (share >= EARLIEST) & (share <= pl.col("last_update_date"))
        out = records.join(kept, on=["_digest", "_position"], how="anti")
        for email, serial, registered in out.select(
            "email", "serial_number", "registration_date"
        ).iter_rows():
            self._claim(self._customer(email), [serial], registered or EARLIEST)
        denials = out.filter(~grants.fill_null(value=False))
        for email, at in denials.select("email", "last_update_date").iter_rows():
            self._note(self._customer(email), at)

    def _claim(self, digest: str, serials: Iterable[str], registered: datetime) -> None:
        """Have tombstones made of what an erased person listed, as an erasure with this record would have.

        What such a device recorded until then may be theirs, whoever else lists it.
        """
        until = min(at for at in self._erasures[digest] if at >= registered)
        for device in map(self._device, serials):
            if until > self._until.get(device, EARLIEST):
                self._until[device] = self._claimed[device] = until

    def _note(self, digest: str, at: datetime) -> None:
        # Until the erasure the tombstone denies by itself.
        known = self._moved.get(digest) or self._denied.get(digest) or self._erased["customer"][digest]
        if at > known:
            self._moved[digest] = at

    def _note_again(self, customers: Iterable[str], devices: Iterable[str]) -> None:
        """Have tombstones made anew of what was erased under a retired key, and is let in once more."""
        if self._index.any_retired:
            self._again |= self._index.again(customers=customers, devices=devices)

    def _without_paths(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows whose object's name holds no erased name."""
        replaced = {path: self.path(path) for path in rows["_object"].unique() if path is not None}
        if all(path == safe for path, safe in replaced.items()):
            return rows
        return rows.with_columns(pl.col("_object").replace(replaced))

    def _find_erased(self, text: str) -> bool:
        """Say whether an erased name stands in a text."""
        return any(
            any(map(self._erased_name, tokens(spelled)))
            or any(self._original_id("customer", each) for each in emails_in(spelled))
            or any(self._original_id("device", each) for each in serials_in(spelled))
            for spelled in spellings(text)
        )

    def _names_erased_indirectly(self, text: str) -> bool:
        """Say whether the name or the phone number of an erased person stands in a text."""
        if not self._erased["aside"]:
            return False
        return any(
            self._original_id("aside", each.form)
            for spelled in spellings(text)
            for each in quasi_identifiers_in(spelled)
        )

    def _in_place_of(self, kind: NameKind, name: str) -> str | None:
        """Return what stands in the place of an erased name in a path; None of any other."""
        found = self._erased_name(name) if kind == "name" else self._original_id("aside", name)
        return None if found is None else f"erased-{found[:8]}"

    def _erased_name(self, name: str) -> str | None:
        """Return the id under which a name was erased; None of any other."""
        return self._original_id("customer", name) or self._original_id("device", name)

    def _original_id(self, domain: Domain, name: str) -> str | None:
        if not (erased := self._erased[domain]):
            return None
        found = self._index.find(domain, name)
        return found.original_id if found is not None and found.digest in erased else None
