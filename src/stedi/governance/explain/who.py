"""Whom a question is about: by e-mail or serial number without the key, by customer_id with what there is."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final

from stedi.consent.pseudonyms import Pseudonyms, key
from stedi.errors import ConfigurationError, KeyMismatchError
from stedi.governance.explain.explanation import SubjectKind
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    QUARANTINE,
    STEP_TRAINER_LANDING,
)
from stedi.warehouse.run_tables import Scan

_ID: Final = re.compile(r"[0-9a-f]{32}")
_EMAILS: Final = ((CUSTOMER_LANDING, "email"), (QUARANTINE, "emails"), (ACCELEROMETER_LANDING, "user"))
_SERIALS: Final = (
    (CUSTOMER_LANDING, "serial_number"),
    (QUARANTINE, "serial_numbers"),
    (STEP_TRAINER_LANDING, "serial_number"),
)


def only_subject(asked: dict[SubjectKind, str | None]) -> tuple[SubjectKind, str]:
    """Return what was asked for.

    Raises:
        ConfigurationError: It is nothing, more than one thing, or blank; or no customer_id.
    """
    given = [(kind, text) for kind, text in asked.items() if text is not None]
    if len(given) != 1:
        raise ConfigurationError(
            "explain one: pass email=, serial_number= or customer_id=, and only one of them"
        )
    kind, text = given[0]
    if not text.strip():
        raise ConfigurationError(f"the {kind} to explain is blank: nobody has it")
    if kind == "customer_id" and not _ID.fullmatch(text):
        raise ConfigurationError("a customer_id has 32 lower-case hex digits: this is none. Is it an e-mail?")
    return kind, text


def guess(scan: Scan, text: str) -> SubjectKind:
    """Say whether a text is a customer_id, an e-mail, or a serial number, by what the lake knows."""
    if _ID.fullmatch(text):
        return "customer_id"
    wanted = key(text)
    if any(key(each) == wanted for each in _spellings(scan, _EMAILS)):
        return "email"
    if any(key(each) == wanted for each in _spellings(scan, _SERIALS)):
        return "serial_number"
    return "email" if "@" in wanted else "serial_number"


def email_of(scan: Scan, customer_id: str, find_key: Callable[[], Pseudonyms]) -> str | None:
    """Return the e-mail of a customer; None where nobody in the lake has this id.

    Raises:
        KeyMismatchError: The customer isn't trusted, and the lake's key is not at hand.
    """
    trusted = scan(CUSTOMER_TRUSTED).select("customer_id", "email").collect().filter(customer_id=customer_id)
    if trusted.height:
        return str(trusted["email"][0])
    try:
        pseudonyms = find_key()
    except KeyMismatchError as error:
        raise KeyMismatchError(
            "this customer_id is not in customer_trusted of the newest run: only the lake's key tells whose "
            f"it is, and {error}. Asking by e-mail or serial number needs no key"
        ) from None
    return next(
        (each for each in _spellings(scan, _EMAILS) if pseudonyms.customer_id(each) == customer_id), None
    )


def _spellings(scan: Scan, columns: Collection[tuple[str, str]]) -> Iterable[str]:
    """Yield the distinct texts of some columns, one table after the other."""
    for table, column in columns:
        found = scan(table).select(column)
        if table == QUARANTINE:
            found = found.explode(column)
        texts = found.unique().collect(engine="streaming")[column]
        yield from texts.drop_nulls()
