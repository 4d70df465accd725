"""Before landing: records of what was erased stay out, however often old files are replayed."""

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import Contract, contract_of
from stedi.contract.schemas import polars_schema
from stedi.lake.asides import asides_in
from stedi.lake.buried import Buried, with_digests
from stedi.lake.named import emails_in, serials_in, spellings, tokens
from stedi.lake.paths import Kind, Known, masked, nobody
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    EARLIEST,
    TOMBSTONE,
    TombstoneKind,
)

ERASED_TEXT: Final = "<erased>"
"""What stands in the place of a raw text that named an erased person or device."""

_SHARE: Final = "share_with_research_as_of_date"
_CUSTOMERS: Final = ("email", "user")
_NAMED: Final = (*_CUSTOMERS, "serial_number")


class Gate:
    """Lets in what is new, and keeps out what was erased.

    A customer record of an erased person comes back with a registration newer than the erasure. A reading
    that was taken after it is let through to the consent rule. Whoever is kept out and denies once more,
    later than the erasure, moves the tombstone on: no registration from before that denial comes back.

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
        """Know who was erased."""
        self._tombstones = tombstones
        self._pseudonyms = pseudonyms
        self._buried = Buried(tombstones, pseudonyms)
        self._customer = partial(self._buried.digest_of, "customer")
        self._device = partial(self._buried.digest_of, "device")
        self._moved: dict[str, datetime] = {}
        self._again: dict[str, str] = {}
        self._people = self._of("person")
        self._devices = self._of("device")
        self._asides = self._of("aside")
        self.names_erased = cache(self._names_erased)

    def _of(self, kind: TombstoneKind) -> dict[str, datetime]:
        return dict(self._tombstones.filter(kind=kind).select("digest", "erased_at").iter_rows())

    def records(self, records: pl.DataFrame, contract: Contract) -> pl.DataFrame:
        """Return good records of a landing table without those of an erased person or device."""
        if self._tombstones.is_empty() or records.is_empty():
            return records
        if contract.name == CUSTOMER_LANDING:
            kept = self._keep(records, "email", "registration_date", self._people, self._customer)
            self._note_denials(records, kept)
        elif contract.name == ACCELEROMETER_LANDING:
            kept = self._keep(records, "user", "timestamp", self._people, self._customer)
        else:
            kept = self._keep(records, "serial_number", "sensor_reading_time", self._devices, self._device)
        self._note_again(kept)
        return self._without_paths(kept)

    def rejected(self, rejected: pl.DataFrame, newest_update: datetime | None) -> pl.DataFrame:
        """Return rejected records without those of erased people, and no raw text that names one.

        Args:
            rejected: Rows of the quarantine.
            newest_update: The newest update time among the good records of their object, as far as it is
                read: an undated record takes effect then.
        """
        if self._tombstones.is_empty() or rejected.is_empty():
            return rejected
        ids = [None if email is None else self._customer(email) for email in rejected["email"]]
        serials = [None if serial is None else self._device(serial) for serial in rejected["serial_number"]]
        of_person = pl.Series([each in self._people for each in ids])
        # A reading says by itself whose it is; a customer record's serial is only what it lists.
        of_device = pl.Series([each in self._devices for each in serials]) & (
            rejected["table_name"] != CUSTOMER_LANDING
        )
        for customer_id, table, at in zip(
            ids, rejected["table_name"], rejected["last_update_date"], strict=True
        ):
            if customer_id in self._people and table == CUSTOMER_LANDING:
                self._note(customer_id, at if at is not None else newest_update)
        named = pl.Series([raw is not None and self.names_erased(raw) for raw in rejected["raw"]])
        nameless = rejected["email"].is_null()
        # A name may be somebody else's too: the record stays, and only its text goes.
        unclear = nameless & (rejected["table_name"] == CUSTOMER_LANDING)
        hinted = pl.Series(
            [
                ask and raw is not None and self._hints(raw)
                for ask, raw in zip(unclear, rejected["raw"], strict=True)
            ]
        )
        kept = rejected.with_columns(
            raw=pl.when(named | hinted).then(pl.lit(ERASED_TEXT)).otherwise(pl.col("raw"))
        ).filter(~(of_person | of_device | (named & nameless)))
        self._note_again(kept)
        return self._without_paths(kept)

    def path(self, path: str, known: Known = nobody) -> str:
        """Return a path with the first digits of a digest in the place of an erased name.

        Args:
            path: The path.
            known: Says which names are somebody else's: those stay, whatever stands in them.
        """
        return path if self._tombstones.is_empty() else masked(path, self._in_place_of, known)

    @property
    def moved(self) -> pl.DataFrame | None:
        """The tombstones as they are now, if any moved on or was made anew; None where all stay."""
        if not self._moved and not self._again:
            return None
        later = pl.DataFrame(
            {"digest": list(self._moved), "_later": list(self._moved.values())},
            schema={"digest": pl.String, "_later": pl.Datetime("us", "UTC")},
        )
        moved = (
            self._tombstones.join(later, on="digest", how="left", maintain_order="left")
            .with_columns(erased_at=pl.max_horizontal("erased_at", "_later"))
            .select(polars_schema(contract_of(TOMBSTONE)).names())
        )
        return with_digests(moved, self._again, made_with=self._pseudonyms.fingerprint)

    def _keep(
        self,
        records: pl.DataFrame,
        column: str,
        since: str,
        erased: dict[str, datetime],
        digest: Callable[[str], str],
    ) -> pl.DataFrame:
        if not erased:
            return records
        spellings = records[column].unique()
        until = pl.DataFrame(
            {column: spellings, "_until": [erased.get(digest(text)) for text in spellings]},
            schema={column: pl.String, "_until": pl.Datetime("us", "UTC")},
        ).drop_nulls()
        if until.is_empty():
            return records
        newer = pl.col("_until").is_null() | (pl.col(since) > pl.col("_until")).fill_null(value=False)
        return records.join(until, on=column, how="left", maintain_order="left").filter(newer).drop("_until")

    def _note_denials(self, records: pl.DataFrame, kept: pl.DataFrame) -> None:
        """Move tombstones on where a record that is kept out denies, later than the erasure."""
        if kept.height == records.height:
            return
        share = pl.col(_SHARE)
        grants = (share >= EARLIEST) & (share <= pl.col("last_update_date"))
        out = records.join(kept, on=["_digest", "_position"], how="anti").filter(
            ~grants.fill_null(value=False)
        )
        for email, at in out.select("email", "last_update_date").iter_rows():
            self._note(self._customer(email), at)

    def _note(self, customer_id: str, at: datetime | None) -> None:
        known = max(self._people[customer_id], self._moved.get(customer_id, EARLIEST))
        if at is not None and at > known:
            self._moved[customer_id] = at

    def _note_again(self, kept: pl.DataFrame) -> None:
        """Have tombstones made anew of what was erased under a retired key, and is let in once more."""
        if not self._buried.any_old or kept.is_empty():
            return
        named = {name: kept[name].drop_nulls().unique() for name in _NAMED if name in kept.columns}
        self._again |= self._buried.again(
            customers=(text for name in _CUSTOMERS for text in named.get(name, ())),
            devices=named.get("serial_number", ()),
        )

    def _without_paths(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows whose object's name holds no erased name."""
        replaced = {path: self.path(path) for path in rows["_object"].unique() if path is not None}
        if all(path == safe for path, safe in replaced.items()):
            return rows
        return rows.with_columns(pl.col("_object").replace(replaced))

    def _names_erased(self, text: str) -> bool:
        """Say whether an erased name stands in a text."""
        return any(
            any(map(self._erased_name, tokens(spelled)))
            or any(map(self._erased_person, emails_in(spelled)))
            or any(map(self._erased_device, serials_in(spelled)))
            for spelled in spellings(text)
        )

    def _hints(self, text: str) -> bool:
        """Say whether the name or the phone number of an erased person stands in a text."""
        if not self._asides:
            return False
        return any(
            self._buried.find("aside", each.form) is not None
            for spelled in spellings(text)
            for each in asides_in(spelled)
        )

    def _in_place_of(self, kind: Kind, name: str) -> str | None:
        """Return what stands in the place of an erased name in a path; None of any other."""
        if kind == "name":
            born = self._erased_name(name)
        else:
            grave = self._buried.find("aside", name) if self._asides else None
            born = None if grave is None else grave.born
        return None if born is None else f"erased-{born[:8]}"

    def _erased_name(self, name: str) -> str | None:
        """Return the id under which a name was erased; None of any other."""
        return self._erased_person(name) or self._erased_device(name)

    def _erased_person(self, name: str) -> str | None:
        person = self._buried.find("customer", name)
        return person.born if person is not None and person.digest in self._people else None

    def _erased_device(self, name: str) -> str | None:
        # What others listed too is no trace of one person.
        device = self._buried.find("device", name)
        return device.born if device is not None and device.digest in self._devices else None
