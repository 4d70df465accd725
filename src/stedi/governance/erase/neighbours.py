"""Everybody else in a lake, by name: what of a text is theirs must stay, whatever stands in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from stedi.consent.pseudonyms import keys
from stedi.landing.names_and_phones import name_forms
from stedi.landing.tokens import bare
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.warehouse.run_tables import Scan


@dataclass(frozen=True, kw_only=True, repr=False)
class Neighbours:
    """The names of everybody but one person; found out when they are asked for. Never shown.

    Attributes:
        scan: Gives the tables.
        person: The key of the person's e-mail; None where it is not known.
    """

    scan: Scan
    person: str | None

    @cached_property
    def emails(self) -> frozenset[str]:
        """The keys of their e-mails."""
        spelled = [self._distinct(CUSTOMER_LANDING, "email"), self._distinct(ACCELEROMETER_LANDING, "user")]
        return frozenset(keys(pl.concat(spelled))) - {self.person}

    def others(self, emails: Iterable[str]) -> set[str]:
        """Return which keys of e-mails are not of the person, with or without the punctuation beside them."""
        mine = None if self.person is None else bare(self.person)
        return {
            each for each in emails if each != self.person and (bare(each) != mine or each in self.emails)
        }

    @cached_property
    def devices(self) -> frozenset[str]:
        """The keys of all devices, the person's own among them."""
        tables = (CUSTOMER_LANDING, STEP_TRAINER_LANDING)
        spelled = [self._distinct(table, "serial_number") for table in tables]
        return frozenset(keys(pl.concat(spelled)))

    @cached_property
    def quasi_identifiers(self) -> frozenset[str]:
        """The name_forms of their names and phone numbers."""
        rows = self._named()
        return _forms(rows.filter(~self.is_mine(rows["email"])))

    def mine(self) -> frozenset[str]:
        """Return the name_forms of the person's names and phone numbers that nobody else has."""
        rows = self._named()
        mine = self.is_mine(rows["email"])
        found = _forms(rows.filter(mine))
        # Only rows with the letters and digits of one of these can have it.
        wanted = [_solid(pl.Series([each])).item() for each in found]
        near = _solid(rows["customer_name"]).is_in(wanted) | _solid(rows["phone"]).is_in(wanted)
        return found - _forms(rows.filter(~mine & near))

    def is_mine(self, emails: pl.Series) -> pl.Series:
        """Say which spellings are the person's e-mail."""
        if self.person is None:
            return pl.repeat(False, len(emails), eager=True)  # noqa: FBT003 - a value
        return (keys(emails) == self.person).fill_null(value=False)

    def _named(self) -> pl.DataFrame:
        return self.scan(CUSTOMER_LANDING).select("email", "customer_name", "phone").unique().collect()

    def _distinct(self, table: str, column: str) -> pl.Series:
        return self.scan(table).select(pl.col(column).unique()).collect()[column].drop_nulls()


def _forms(rows: pl.DataFrame) -> frozenset[str]:
    texts = pl.concat([rows["customer_name"], rows["phone"]]).drop_nulls().unique()
    return frozenset(form for text in texts for form in name_forms(text))


def _solid(texts: pl.Series) -> pl.Series:
    return keys(texts.fill_null("")).str.replace_all(r"[\W_]", "")
