"""Who is erased: the names by which the lake knows them, and the devices that they ever listed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import polars as pl

from stedi.consent.claims import claims, devices_of, people_of
from stedi.consent.pseudonyms import Pseudonyms, key, keys
from stedi.consent.tombstones import Buried, Grave
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import ConfigurationError, LakeError
from stedi.governance.erase.neighbours import Neighbours
from stedi.landing.names_and_phones import asides_in, forms, stands_alone, within
from stedi.landing.tokens import emails_in, serials_in, spellings, stands, tells, tokens, values_of
from stedi.names import CUSTOMER_LANDING, QUARANTINE, TOMBSTONE
from stedi.warehouse.run_tables import Scan

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
        asides: Names and phone numbers that nobody else has: they name the person in what can't be read
            otherwise.
        lost_asides: The digests of those of which nothing but the tombstone may be left.
        buried: Recognises what was erased by name.
        neighbours: Everybody else.
        pseudonyms: The lake's key.
    """

    key: str | None
    customer_id: str
    own: dict[str, str]
    shared: dict[str, str]
    lost: frozenset[str]
    handed_on: dict[str, datetime]
    others: int
    asides: frozenset[str]
    lost_asides: frozenset[str]
    buried: Buried
    neighbours: Neighbours
    pseudonyms: Pseudonyms

    def has_email(self, email: str) -> bool:
        """Say whether a spelling is the person's e-mail."""
        if self.key is None:
            return self.buried.digest_of("customer", email) == self.customer_id
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
        grave = self.buried.find("device", serial_number)
        return None if grave is None else grave.digest

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
        return tuple(filter(tells, self.names))

    def named_in(self, text: str) -> bool:
        """Say whether a text holds the person's e-mail or the serial number of a device of theirs."""
        return any(map(self._named_in, spellings(text)))

    def _named_in(self, spelled: str) -> bool:
        if any(stands(spelled, each) for each in self.telling):
            return True
        # Of a name that tells, a value is a token, too.
        if not (self.key is not None and tells(self.key)) and any(map(self.has_email, emails_in(spelled))):
            return True
        if (self.lost or not all(map(tells, self.own))) and any(map(self.owns, serials_in(spelled))):
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
            for each in asides_in(spelled)
        )

    def hinted_in(self, text: str) -> bool:
        """Say whether a text holds the person's name or phone number, and names nobody else."""
        return any(map(self._hinted_in, spellings(text))) and not self.names_others(text)

    def _hinted_in(self, spelled: str) -> bool:
        if not self.lost_asides:
            # Fast, and right wherever it says no.
            plain = _solid(spelled)
            if not any(_solid(each) in plain for each in self.asides):
                return False
        found = [(each, self._is_mine(each.form)) for each in asides_in(spelled)]
        mine = [each for each, is_mine in found if is_mine]
        if not mine:
            return False
        called = values_of(("customername", "customer_name"), spelled)
        if any(written and not any(map(self._is_mine, written)) for written in map(forms, called)):
            return False
        theirs = [each for each, is_mine in found if not is_mine and each.form in self.neighbours.asides]
        return any(not any(within(each, other) for other in theirs) for each in mine)

    def _is_mine(self, form: str) -> bool:
        if form in self.asides:
            return True
        if not self.lost_asides:
            return False
        grave = self.buried.find("aside", form)
        return grave is not None and grave.digest in self.lost_asides and form not in self.neighbours.asides

    @property
    def digests(self) -> frozenset[str]:
        """The digests of all their tombstones, made or to be made."""
        grave = None if self.key is None else self.buried.find("customer", self.key)
        person = {self.customer_id} if grave is None else {self.customer_id, grave.digest}
        devices = _graves_of(self.buried, self.own) | {*self.own.values()} | self.lost
        return frozenset(person | devices | self.aside_ids | self.lost_asides)

    @property
    def aside_ids(self) -> frozenset[str]:
        """The digests of the person's names and phone numbers."""
        return frozenset(map(self.pseudonyms.aside_id, self.asides))


def _solid(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def find_subject(
    scan: Scan,
    asked: tuple[str | None, str | None],
    pseudonyms: Pseudonyms,
    *,
    tombstones: pl.DataFrame,
    pending: pl.DataFrame,
    erased: Mapping[str, Collection[datetime]],
    erase_shared: bool,
) -> Subject:
    """Find out who is to be erased, and which devices they listed.

    Args:
        scan: Gives the tables of the newest run.
        asked: The e-mail and the serial number, of which one is given.
        pseudonyms: The lake's key.
        tombstones: All tombstones.
        pending: Those of an erasure that is not finished; none where there is none.
        erased: When erasures were before, by the id of whom they were about.
        erase_shared: Readings of devices that others listed too go as well.

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
    buried = Buried(tombstones, pseudonyms)
    if email is None and (
        found := _buried_with(scan, tombstones, listed, key(serial_number or ""), pseudonyms, buried)
    ):
        return found
    person = key(email) if email is not None else _only_claimant(listed, key(serial_number or ""))
    if not person:
        raise ConfigurationError("the e-mail to erase is blank: nobody has it")
    mine = set(devices_of(listed, pl.Series([person], dtype=pl.String)))
    neighbours = Neighbours(scan=scan, person=person, own=frozenset())
    people = {each: neighbours.others(people_of(listed, pl.Series([each]))) for each in mine}
    shared = {each for each, of in people.items() if of}
    kinds = dict(pending.select("digest", "kind").iter_rows())
    own = {each: pseudonyms.device_id(each) for each in mine - shared}
    customer_id = pseudonyms.customer_id(person)
    before = _buried_before(tombstones, buried.find("customer", person), erased, customer_id)
    known = _graves_of(buried, own)
    lost = {digest: at for digest, at in before["device"].items() if digest not in known}
    begun = pending.filter(kind="device").select("digest", "erased_at").iter_rows()
    lost |= {digest: at for digest, at in begun if digest not in known}
    # Somebody else has it by now: what it recorded since is theirs.
    others = listed.filter(pl.col("_person") != person)["_device"].drop_nulls().unique()
    now_theirs = _graves_of(buried, others) if lost else frozenset()
    handed_on = {digest: at for digest, at in lost.items() if digest in now_theirs}
    if erase_shared:
        handed_on |= {**before["shared_device"], **before["claimed_device"]}
    neighbours = Neighbours(scan=scan, person=person, own=frozenset(own))
    return Subject(
        key=person,
        customer_id=customer_id,
        own=own,
        shared={each: pseudonyms.device_id(each) for each in shared}
        | _found_again(scan, pseudonyms, {d for d, kind in kinds.items() if kind == "shared_device"}),
        lost=frozenset(lost) - frozenset(handed_on),
        handed_on=handed_on,
        others=len(set().union(*people.values())),
        asides=neighbours.mine(),
        # Those that are known, too: a digest is that of a name however it is spaced.
        lost_asides=frozenset(pending.filter(kind="aside")["digest"]) | {*before["aside"]},
        buried=buried,
        neighbours=neighbours,
        pseudonyms=pseudonyms,
    )


def _graves_of(buried: Buried, devices: Iterable[str]) -> frozenset[str]:
    graves = (buried.find("device", each) for each in devices)
    return frozenset(grave.digest for grave in graves if grave is not None)


def _buried_before(
    tombstones: pl.DataFrame,
    grave: Grave | None,
    erased: Mapping[str, Collection[datetime]],
    customer_id: str,
) -> Mapping[str, Mapping[str, datetime]]:
    """Return what was buried with a person whenever they were erased before, by kind: digests and times.

    The tombstones of one erasure bear the same time, and no other does; receipts say which times these are.
    """
    times = {at for each in (customer_id, grave and grave.born) if each for at in erased.get(each, ())}
    if grave is not None:
        times |= set(tombstones.filter(digest=grave.digest)["erased_at"])
    kinds = ("person", "device", "shared_device", "claimed_device", "aside")
    found: dict[str, dict[str, datetime]] = {kind: {} for kind in kinds}
    for digest, kind, at in tombstones.select("digest", "kind", "erased_at").iter_rows():
        if at in times:
            found[kind][digest] = at
    return found


def _buried_with(
    scan: Scan,
    tombstones: pl.DataFrame,
    listed: pl.DataFrame,
    device: str,
    pseudonyms: Pseudonyms,
    buried: Buried,
) -> Subject | None:
    """Return the person with whom a device was buried that nobody lists any more; None where there is none.

    Whoever named a device, and was interrupted once all tables were cut, names it again: by then no e-mail
    is left that it could lead to. The tombstones of one erasure bear the same time, and no other does.
    """
    if device in set(listed["_device"].drop_nulls()):
        return None
    digest = pseudonyms.device_id(device)
    mine = tombstones.filter(made_with=pseudonyms.fingerprint)
    at = mine.filter(digest=digest, kind="device")["erased_at"]
    kinds = dict(mine.filter(pl.col("erased_at").is_in(at.implode())).select("digest", "kind").iter_rows())
    people = [each for each, kind in kinds.items() if kind == "person"]
    if len(people) != 1:
        return None
    return Subject(
        key=None,
        customer_id=people[0],
        own={device: digest},
        shared={},
        lost=frozenset(each for each, kind in kinds.items() if kind == "device") - {digest},
        handed_on={},
        others=0,
        asides=frozenset(),
        lost_asides=frozenset(each for each, kind in kinds.items() if kind == "aside"),
        buried=buried,
        neighbours=Neighbours(scan=scan, person=None, own=frozenset({device})),
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


def pending_tombstones(scan: Scan, *, unfinished: bool) -> pl.DataFrame:
    """Return the tombstones of the erasure that was begun last and is not finished; none where all are."""
    tombstones = scan(TOMBSTONE).collect()
    if not unfinished:
        return polars_schema(contract_of(TOMBSTONE)).to_frame()
    return tombstones.filter(pl.col("erased_at") == pl.col("erased_at").max())


def check_same(person: Subject, pending: pl.DataFrame) -> None:
    """Refuse to begin an erasure while that of somebody else is unfinished.

    Raises:
        LakeError: It is.
    """
    if pending.height and person.customer_id not in pending["digest"]:
        raise LakeError(
            "the erasure of somebody else is not finished: finish it first, by stedi erase for that person"
        )
