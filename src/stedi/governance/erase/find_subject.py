"""Who is to be erased: found by an e-mail or a serial number, in the tables and in the tombstones."""

from collections.abc import Collection, Mapping
from datetime import datetime

import polars as pl

from stedi.consent.claims import claims, devices_of, people_of
from stedi.consent.pseudonyms import Pseudonyms, key, keys
from stedi.consent.tombstones import Tombstone, TombstoneIndex
from stedi.errors import ConfigurationError
from stedi.governance.erase.neighbours import Neighbours
from stedi.governance.erase.subject import Subject, digests_of
from stedi.names import CUSTOMER_LANDING, QUARANTINE
from stedi.warehouse.run_tables import Scan


def find_subject(
    scan: Scan,
    *,
    email: str | None,
    serial_number: str | None,
    pseudonyms: Pseudonyms,
    tombstones: pl.DataFrame,
    pending: pl.DataFrame,
    erased: Mapping[str, Collection[datetime]],
    erase_shared: bool,
) -> Subject:
    """Find out who is to be erased, and which devices they listed.

    Args:
        scan: Gives the tables of the newest run.
        email: The e-mail.
        serial_number: Instead of it, the serial number of a device.
        pseudonyms: The lake's key.
        tombstones: All tombstones.
        pending: Those of an erasure that is not finished; none where there is none.
        erased: When erasures were before, by the id of whom they were about.
        erase_shared: Readings of devices that others listed too go as well.

    Raises:
        ConfigurationError: Nothing, or both, or a blank text was asked for; or a serial number that nobody
            or more than one person listed.
    """
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
    tombstone_index = TombstoneIndex(tombstones, pseudonyms)
    if email is None and (
        found := _erased_with(scan, tombstones, listed, key(serial_number or ""), pseudonyms, tombstone_index)
    ):
        return found
    person = key(email) if email is not None else _only_claimant(listed, key(serial_number or ""))
    if not person:
        raise ConfigurationError("the e-mail to erase is blank: nobody has it")
    mine = set(devices_of(listed, pl.Series([person], dtype=pl.String)))
    neighbours = Neighbours(scan=scan, person=person)
    people = {each: neighbours.others(people_of(listed, pl.Series([each]))) for each in mine}
    shared = {each for each, of in people.items() if of}
    own = {each: pseudonyms.device_id(each) for each in mine - shared}
    customer_id = pseudonyms.customer_id(person)
    before = _erased_before(tombstones, tombstone_index.find("customer", person), erased, customer_id)
    known = digests_of(tombstone_index, own)
    lost = {digest: at for digest, at in before["device"].items() if digest not in known}
    begun = pending.filter(kind="device").select("digest", "erased_at").iter_rows()
    lost |= {digest: at for digest, at in begun if digest not in known}
    # Somebody else has it by now: what it recorded since is theirs.
    others = listed.filter(pl.col("_person") != person)["_device"].drop_nulls().unique()
    now_theirs = digests_of(tombstone_index, others) if lost else frozenset()
    handed_on = {digest: at for digest, at in lost.items() if digest in now_theirs}
    if erase_shared:
        handed_on |= {**before["shared_device"], **before["claimed_device"]}
    # Devices of which only the ids are known any more: others still list them.
    again = frozenset(pending.filter(kind="shared_device")["digest"])
    known_devices = shared.union(keys(pairs["serial_number"]) if again else ())
    ids = {each: pseudonyms.device_id(each) for each in known_devices}
    return Subject(
        key=person,
        customer_id=customer_id,
        own=own,
        shared={each: digest for each, digest in ids.items() if each in shared or digest in again},
        lost=frozenset(lost) - frozenset(handed_on),
        handed_on=handed_on,
        others=len(set().union(*people.values())),
        quasi_identifiers=neighbours.mine(),
        # Those that are known, too: a digest is that of a name however it is spaced.
        lost_quasi_identifiers=frozenset(pending.filter(kind="aside")["digest"]) | {*before["aside"]},
        tombstone_index=tombstone_index,
        neighbours=neighbours,
        pseudonyms=pseudonyms,
    )


def _erased_before(
    tombstones: pl.DataFrame,
    tombstone: Tombstone | None,
    erased: Mapping[str, Collection[datetime]],
    customer_id: str,
) -> Mapping[str, Mapping[str, datetime]]:
    """Return what was erased with a person whenever they were erased before, by kind: digests and times.

    The tombstones of one erasure bear the same time, and no other does; receipts say which times these are.
    """
    times = {
        at
        for each in (customer_id, tombstone and tombstone.original_id)
        if each
        for at in erased.get(each, ())
    }
    if tombstone is not None:
        times |= set(tombstones.filter(digest=tombstone.digest)["erased_at"])
    kinds = ("person", "device", "shared_device", "claimed_device", "aside")
    found: dict[str, dict[str, datetime]] = {kind: {} for kind in kinds}
    for digest, kind, at in tombstones.select("digest", "kind", "erased_at").iter_rows():
        if at in times:
            found[kind][digest] = at
    return found


def _erased_with(
    scan: Scan,
    tombstones: pl.DataFrame,
    listed: pl.DataFrame,
    device: str,
    pseudonyms: Pseudonyms,
    tombstone_index: TombstoneIndex,
) -> Subject | None:
    """Return the subject with whom a device was erased that nobody lists any more; None where there is none.

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
        lost=frozenset(each for each, kind in kinds.items() if kind == "device") - {digest},
        lost_quasi_identifiers=frozenset(each for each, kind in kinds.items() if kind == "aside"),
        tombstone_index=tombstone_index,
        neighbours=Neighbours(scan=scan, person=None),
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
