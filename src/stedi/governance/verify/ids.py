"""Ids: by the key where it is at hand; else as customer_trusted has them, which must be one to one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.rule import name_of
from stedi.names import CUSTOMER_TRUSTED
from stedi.warehouse.run_tables import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of customers and devices, by name."""

    customers: Mapping[str, str]
    devices: Mapping[str, str]


def learn_ids(scan: Scan) -> Ids:
    """Return the ids that customer_trusted has, by name: what can be told of them without the key."""
    there = scan(CUSTOMER_TRUSTED).select("email", "customer_id", "serial_number", "device_id").collect()
    return Ids(
        customers={
            name_of(email): customer_id
            for email, customer_id in there.select("email", "customer_id").iter_rows()
        },
        devices={
            name_of(serial): device_id
            for serial, device_id in there.select("serial_number", "device_id").iter_rows()
        },
    )


def find_ids(
    scan: Scan, claims: Iterable[tuple[str, str]], make: Callable[[str, str], str] | None
) -> tuple[Ids, list[Finding]]:
    """Return the ids of those who should be in customer_trusted, and what is wrong with those in it.

    Args:
        scan: The tables.
        claims: The customers and devices that should be there, by name.
        make: Makes an id, by the key; None without it.
    """
    there = scan(CUSTOMER_TRUSTED).select("email", "customer_id", "serial_number", "device_id").collect()
    customers: dict[str, str] = {}
    devices: dict[str, str] = {}
    wrong: dict[str, int] = {}
    for email, customer_id, serial, device_id in there.iter_rows():
        for domain, known, name, found in (
            ("customer", customers, name_of(email), customer_id),
            ("device", devices, name_of(serial), device_id),
        ):
            right = make(domain, name) if make is not None else known.get(name, found)
            known[name] = right
            if found != right:
                wrong[domain] = wrong.get(domain, 0) + 1
    for domain, known in (("customer", customers), ("device", devices)):
        if twice := len(known) - len(set(known.values())):
            wrong[domain] = wrong.get(domain, 0) + twice
    if make is not None:
        for person, device in claims:
            customers[person] = make("customer", person)
            devices[device] = make("device", device)
    why = "what the key makes of the name" if make is not None else "one per name"
    findings = [
        Finding.of(
            Fault.WRONG_ID, f"{CUSTOMER_TRUSTED}.{domain}_id", f"{rows:,} ids are not {why}", count=rows
        )
        for domain, rows in wrong.items()
    ]
    return Ids(customers=customers, devices=devices), findings
