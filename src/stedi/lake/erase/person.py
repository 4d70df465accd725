"""Who is erased: the names by which the lake knows them, and the devices that they ever listed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms, key, keys
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import ConfigurationError, LakeError
from stedi.lake.asides import SHORTEST, aside, asides_in
from stedi.lake.claims import claims, devices_of, people_of
from stedi.lake.tombstone import unescaped
from stedi.names import CUSTOMER_LANDING, QUARANTINE, TOMBSTONE

Scan = Callable[[str], pl.LazyFrame]
"""Gives a table of the newest run."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Person:
    """Whom an erasure is about. Never shown: it holds the names themselves.

    Attributes:
        key: The key of the e-mail; None where only the tombstone is left, and a device of theirs was named.
        customer_id: The pseudonym of the customer.
        own: The keys and ids of the devices that nobody else ever listed.
        shared: Those of the devices that others listed too.
        lost: The ids of own devices of which nothing but the tombstone is left.
        others: How many other people listed a shared device.
        asides: Names and phone numbers of the person, which name them in what can't be read otherwise.
        lost_asides: The digests of those of which nothing but the tombstone may be left.
        pseudonyms: The lake's key.
    """

    key: str | None
    customer_id: str
    own: dict[str, str]
    shared: dict[str, str]
    lost: frozenset[str]
    others: int
    asides: frozenset[str]
    lost_asides: frozenset[str]
    pseudonyms: Pseudonyms

    def has_email(self, email: str) -> bool:
        """Say whether a spelling is the person's e-mail."""
        if self.key is None:
            return self.pseudonyms.customer_id(email) == self.customer_id
        return key(email) == self.key

    def owns(self, serial_number: str) -> bool:
        """Say whether a spelling is of a device that is theirs alone."""
        spelled = key(serial_number)
        return spelled in self.own or (bool(self.lost) and self.pseudonyms.device_id(spelled) in self.lost)

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
    def needles(self) -> tuple[str, ...]:
        """The texts that name the person: the key of the e-mail, and of each device of their own."""
        return (*self.own,) if self.key is None else (self.key, *self.own)

    def named_in(self, text: str) -> bool:
        """Say whether a text holds the person's e-mail or the serial number of a device of theirs."""
        return _holds(text, self.needles)

    def hinted_in(self, text: str) -> bool:
        """Say whether a text holds the person's name or phone number."""
        if _holds(text, self.asides):
            return True
        return bool(self.lost_asides) and any(
            self.pseudonyms.aside_id(each) in self.lost_asides for each in asides_in(unescaped(text))
        )

    @property
    def aside_ids(self) -> frozenset[str]:
        """The digests of the person's names and phone numbers."""
        spelled = map(aside, self.asides)
        return frozenset(self.pseudonyms.aside_id(each) for each in spelled if each is not None)


def _holds(text: str, needles: Iterable[str]) -> bool:
    spelled = (key(text), key(unescaped(text)))
    return any(needle in each for needle in needles for each in spelled)


def find_person(
    scan: Scan,
    asked: tuple[str | None, str | None],
    pseudonyms: Pseudonyms,
    *,
    tombstones: pl.DataFrame,
    pending: pl.DataFrame,
) -> Person:
    """Find out who is to be erased, and which devices they listed.

    Args:
        scan: Gives the tables of the newest run.
        asked: The e-mail and the serial number, of which one is given.
        pseudonyms: The lake's key.
        tombstones: All tombstones.
        pending: Those of an erasure that is not finished; none where there is none.

    Raises:
        ConfigurationError: Nothing, or both, or a blank text was asked for; or a serial number that nobody
            or more than one person listed.
    """
    email, serial_number = asked
    if (email is None) == (serial_number is None):
        raise ConfigurationError("erase one: pass either email= or serial_number=")
    pairs = scan(CUSTOMER_LANDING).select("email", "serial_number").unique().collect()
    damaged = (
        scan(QUARANTINE)
        .filter(pl.col("table_name") == CUSTOMER_LANDING, pl.col("emails").list.len() > 0)
        .select("emails", "serial_numbers", "released_at")
        .collect()
    )
    listed = claims(pairs, damaged).filter("_claims")
    if email is None and (buried := _buried_with(tombstones, listed, key(serial_number or ""), pseudonyms)):
        return buried
    person = key(email) if email is not None else _only_claimant(listed, key(serial_number or ""))
    if not person:
        raise ConfigurationError("the e-mail to erase is blank: nobody has it")
    mine = set(devices_of(listed, pl.Series([person], dtype=pl.String)))
    people = {each: set(people_of(listed, pl.Series([each]))) - {person} for each in mine}
    shared = {each for each, of in people.items() if of}
    kinds = dict(pending.select("digest", "kind").iter_rows())
    own = {each: pseudonyms.device_id(each) for each in mine - shared}
    lost = {digest for digest, kind in kinds.items() if kind == "device"} - set(own.values())
    asides = _asides(scan, person)
    return Person(
        key=person,
        customer_id=pseudonyms.customer_id(person),
        own=own,
        shared={each: pseudonyms.device_id(each) for each in shared}
        | _found_again(scan, pseudonyms, {d for d, kind in kinds.items() if kind == "shared_device"}),
        lost=frozenset(lost),
        others=len(set().union(*people.values())),
        asides=asides,
        # Those that are known, too: a digest is that of a name however it is spaced.
        lost_asides=frozenset(digest for digest, kind in kinds.items() if kind == "aside"),
        pseudonyms=pseudonyms,
    )


def _buried_with(
    tombstones: pl.DataFrame, listed: pl.DataFrame, device: str, pseudonyms: Pseudonyms
) -> Person | None:
    """Return the person with whom a device was buried that nobody lists any more; None where there is none.

    Whoever named a device, and was interrupted once all tables were cut, names it again: by then no e-mail
    is left that it could lead to. The tombstones of one erasure bear the same time, and no other does.
    """
    if device in set(listed["_device"].drop_nulls()):
        return None
    digest = pseudonyms.device_id(device)
    mine = tombstones.filter(made_with=pseudonyms.fingerprint)
    at = mine.filter(digest=digest, kind="device")["erased_at"]
    buried = dict(mine.filter(pl.col("erased_at").is_in(at.implode())).select("digest", "kind").iter_rows())
    people = [each for each, kind in buried.items() if kind == "person"]
    if len(people) != 1:
        return None
    return Person(
        key=None,
        customer_id=people[0],
        own={device: digest},
        shared={},
        lost=frozenset(each for each, kind in buried.items() if kind == "device") - {digest},
        others=0,
        asides=frozenset(),
        lost_asides=frozenset(each for each, kind in buried.items() if kind == "aside"),
        pseudonyms=pseudonyms,
    )


def _only_claimant(listed: pl.DataFrame, device: str) -> str:
    people = people_of(listed, pl.Series([device], dtype=pl.String))
    if people.len() != 1:
        found = "nobody" if people.is_empty() else f"{people.len():,} customers"
        raise ConfigurationError(
            f"{found} ever listed the device of this serial number: name the customer to erase by e-mail"
        )
    return str(people[0])


def _found_again(scan: Scan, pseudonyms: Pseudonyms, digests: set[str]) -> dict[str, str]:
    """Return the keys of devices of which only the ids are known: others still list them."""
    if not digests:
        return {}
    spelled = scan(CUSTOMER_LANDING).select("serial_number").unique().collect()["serial_number"]
    found = {each: pseudonyms.device_id(each) for each in keys(spelled).unique()}
    return {each: digest for each, digest in found.items() if digest in digests}


def _asides(scan: Scan, person: str) -> frozenset[str]:
    landing = scan(CUSTOMER_LANDING)
    spelled = landing.select("email").unique().collect()
    mine = spelled.filter(keys(spelled["email"]) == person)
    # Joined, not compared: what names people must not stand in a query plan.
    rows = landing.join(mine.lazy(), on="email", how="semi").select("customer_name", "phone").collect()
    texts = {key(text) for name in rows.columns for text in rows[name].drop_nulls()}
    return frozenset(text for text in texts if len(text) >= SHORTEST)


def pending_tombstones(scan: Scan, *, unfinished: bool) -> pl.DataFrame:
    """Return the tombstones of the erasure that was begun last and is not finished; none where all are."""
    tombstones = scan(TOMBSTONE).collect()
    if not unfinished:
        return polars_schema(contract_of(TOMBSTONE)).to_frame()
    return tombstones.filter(pl.col("erased_at") == pl.col("erased_at").max())


def check_same(person: Person, pending: pl.DataFrame) -> None:
    """Refuse to begin an erasure while that of somebody else is unfinished.

    Raises:
        LakeError: It is.
    """
    if pending.height and person.customer_id not in pending["digest"]:
        raise LakeError(
            "the erasure of somebody else is not finished: finish it first, by stedi erase for that person"
        )
