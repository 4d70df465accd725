"""Whom an erasure is about: the names by which the lake knows them, and what of a text is theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms, key, keys
from stedi.consent.tombstones import TombstoneIndex
from stedi.governance.erase.neighbours import Neighbours
from stedi.landing.names_and_phones import name_forms, quasi_identifiers_in, stands_alone, within
from stedi.landing.paths import NameKind
from stedi.landing.tokens import emails_in, is_telling, serials_in, spellings, stands, tokens, values_of

_MILLISECONDS: Final = 1000


@dataclass(frozen=True, kw_only=True, repr=False)
class Subject:
    """Whom an erasure is about. Never shown: it holds the names themselves.

    Attributes:
        key: The key of the e-mail; None where only the tombstone is left, and a device of theirs was named.
        customer_id: The pseudonym of the customer.
        own: The keys and ids of the devices that nobody else ever listed.
        shared: Those of the devices that others listed too.
        lost: The digests of own devices of which nothing but the tombstone is left.
        handed_on: Those of devices that others list now, or always did, and until when readings of them go.
        others: How many other people listed a shared device.
        quasi_identifiers: Names and phone numbers that nobody else has: they name the person in what can't
            be read otherwise.
        lost_quasi_identifiers: The digests of those of which nothing but the tombstone may be left.
        tombstone_index: Recognises what was erased by name.
        neighbours: Everybody else.
        pseudonyms: The lake's key.
    """

    key: str | None
    customer_id: str
    own: dict[str, str]
    shared: Mapping[str, str] = field(default_factory=dict)
    lost: frozenset[str]
    handed_on: Mapping[str, datetime] = field(default_factory=dict)
    others: int = 0
    quasi_identifiers: frozenset[str] = frozenset()
    lost_quasi_identifiers: frozenset[str]
    tombstone_index: TombstoneIndex
    neighbours: Neighbours
    pseudonyms: Pseudonyms

    def has_email(self, email: str) -> bool:
        """Say whether a spelling is the person's e-mail."""
        if self.key is None:
            return self.tombstone_index.digest_of("customer", email) == self.customer_id
        return key(email) == self.key

    def owns(self, serial_number: str) -> bool:
        """Say whether a spelling is of a device that is theirs alone."""
        spelled = key(serial_number)
        return spelled in self.own or (bool(self.lost) and self._buried_as(spelled) in self.lost)

    def owned(self, serial_number: str, until: float) -> bool:
        """Say whether a reading of that time, in epoch milliseconds, is of a device that was theirs then."""
        at = self.handed_on.get(self._buried_as(key(serial_number)) or "") if self.handed_on else None
        return at is not None and until <= at.timestamp() * _MILLISECONDS

    def _buried_as(self, serial_number: str) -> str | None:
        tombstone = self.tombstone_index.find("device", serial_number)
        return None if tombstone is None else tombstone.digest

    def shares(self, serial_number: str) -> bool:
        """Say whether a spelling is of a device that others listed too."""
        return key(serial_number) in self.shared

    def is_mine(self, emails: pl.Series) -> pl.Series:
        """Say which spellings are the person's e-mail."""
        if self.key is None:
            return pl.Series([each is not None and self.has_email(each) for each in emails], dtype=pl.Boolean)
        return (keys(emails) == self.key).fill_null(value=False)

    def is_own(self, serials: pl.Series) -> pl.Series:
        """Say which spellings are of a device that is theirs alone."""
        if self.lost:
            return pl.Series([each is not None and self.owns(each) for each in serials], dtype=pl.Boolean)
        return keys(serials).is_in(list(self.own)).fill_null(value=False)

    def is_shared(self, serials: pl.Series) -> pl.Series:
        """Say which spellings are of a device that others listed too."""
        return keys(serials).is_in(list(self.shared)).fill_null(value=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The keys of the e-mail, and of each device of their own."""
        return (*self.own,) if self.key is None else (self.key, *self.own)

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Those of them that name the person wherever they stand."""
        return tuple(filter(is_telling, self.names))

    def named_in(self, text: str) -> bool:
        """Say whether a text holds the person's e-mail or the serial number of a device of theirs."""
        return any(map(self._named_in, spellings(text)))

    def _named_in(self, spelled: str) -> bool:
        if any(stands(spelled, each) for each in self.telling):
            return True
        # Of a telling name, a value is a token, too.
        if not (self.key is not None and is_telling(self.key)) and any(
            map(self.has_email, emails_in(spelled))
        ):
            return True
        if (self.lost or not all(map(is_telling, self.own))) and any(map(self.owns, serials_in(spelled))):
            return True
        if self.key is not None and not self.lost:
            return False
        found = set(tokens(spelled))
        return any(map(self.owns, found)) or (self.key is None and any(map(self.has_email, found)))

    def reads(self, name: str) -> bool:
        """Say whether what was read as an e-mail in a broken text is the person's, with what stood around it.

        Of "user=ann@example.com" it can't be told where the name begins: each reading of it is theirs.
        """
        if self.has_email(name):
            return True
        if self.key is not None and not self.neighbours.others([key(name)]):
            return True
        return self.named_in(name) and key(name) not in self.neighbours.emails

    def names_others(self, text: str) -> bool:
        """Say whether a text holds somebody else's e-mail, or the serial number of their device."""
        for spelled in spellings(text):
            found = {each for each in tokens(spelled) if "@" in each} | emails_in(spelled)
            if not all(self.owns(each) or self.reads(each) for each in found - {""}):
                return True
            serials = {each for each in serials_in(spelled) if not self.owns(each)}
            if serials and not serials.isdisjoint(self.neighbours.devices):
                return True
        return False

    def called_in(self, text: str) -> bool:
        """Say whether a text holds the person's name or phone number as such, whoever else stands in it."""
        return any(
            stands_alone(each.form) and self._is_mine(each.form)
            for spelled in spellings(text)
            for each in quasi_identifiers_in(spelled)
        )

    def hinted_in(self, text: str) -> bool:
        """Say whether a text holds the person's name or phone number, and names nobody else."""
        return any(map(self._hinted_in, spellings(text))) and not self.names_others(text)

    def _hinted_in(self, spelled: str) -> bool:
        if not self.lost_quasi_identifiers:
            # Fast, and right wherever it says no.
            plain = _solid(spelled)
            if not any(_solid(each) in plain for each in self.quasi_identifiers):
                return False
        found = [(each, self._is_mine(each.form)) for each in quasi_identifiers_in(spelled)]
        mine = [each for each, is_mine in found if is_mine]
        if not mine:
            return False
        called = values_of(("customername", "customer_name"), spelled)
        if any(written and not any(map(self._is_mine, written)) for written in map(name_forms, called)):
            return False
        theirs = [
            each for each, is_mine in found if not is_mine and each.form in self.neighbours.quasi_identifiers
        ]
        return any(not any(within(each, other) for other in theirs) for each in mine)

    def _is_mine(self, form: str) -> bool:
        if form in self.quasi_identifiers:
            return True
        if not self.lost_quasi_identifiers:
            return False
        tombstone = self.tombstone_index.find("aside", form)
        return (
            tombstone is not None
            and tombstone.digest in self.lost_quasi_identifiers
            and form not in self.neighbours.quasi_identifiers
        )

    def is_of_another(self, kind: NameKind, name: str) -> bool:
        """Say whether a name that stands in a path is somebody else's."""
        others = self.neighbours
        if kind == "quasi_identifier":
            return name in others.quasi_identifiers
        return name in others.emails or (name in others.devices and name not in self.own)

    @property
    def digests(self) -> frozenset[str]:
        """The digests of all their tombstones, made or to be made."""
        tombstone = None if self.key is None else self.tombstone_index.find("customer", self.key)
        person = {self.customer_id} if tombstone is None else {self.customer_id, tombstone.digest}
        devices = digests_of(self.tombstone_index, self.own) | {*self.own.values()} | self.lost
        return frozenset(person | devices | self.aside_ids | self.lost_quasi_identifiers)

    @property
    def aside_ids(self) -> frozenset[str]:
        """The digests of the person's names and phone numbers."""
        return frozenset(map(self.pseudonyms.aside_id, self.quasi_identifiers))


def _solid(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def digests_of(tombstone_index: TombstoneIndex, devices: Iterable[str]) -> frozenset[str]:
    """Return the digests of the tombstones of some devices, of those that have one."""
    found = (tombstone_index.find("device", each) for each in devices)
    return frozenset(each.digest for each in found if each is not None)
