"""Records that break their contract: each kind of damage for exactly one reason."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias

from stedi.contract import Contract, Kind, landing_contract
from stedi.contract.reasons import Rejection
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.simulate.customers import Record

TABLES: Final = (CUSTOMER_LANDING, ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
_SENSORS: Final = (ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
_SECOND: Final = 1000
_NUMBERS: Final = (Kind.LONG, Kind.DOUBLE)

_Apply: TypeAlias = Callable[[Record, Contract, Random], bytes]


@dataclass(frozen=True, slots=True)
class Damage:
    """A way to break a good record.

    Attributes:
        kind: The name of the defect.
        reason: Why the broken record must be rejected.
        apply: Turns a good record into the bytes of a broken one, without a line end.
        tables: The landing tables in which it occurs.
    """

    kind: str
    reason: Rejection
    apply: _Apply
    tables: tuple[str, ...] = field(default=TABLES, kw_only=True)


def dump(record: object) -> bytes:
    """Return the JSON text of a record; a number that is not finite as JavaScript writes it."""
    return json.dumps(record, ensure_ascii=False).encode()


def source_keys(contract: Contract, *kinds: Kind, required: bool = True) -> list[str]:
    """Return the sources' names of the columns of these kinds (of all, if none is given)."""
    return [
        column.source or column.name
        for column in contract.source_columns
        if (column.required or not required) and (not kinds or column.kind in kinds)
    ]


def pick_time(record: Record, contract: Contract, random: Random) -> tuple[str, int]:
    """Pick a time that the record has: its key, and its value."""
    keys = [key for key in source_keys(contract, Kind.TIMESTAMPTZ, required=False) if key in record]
    key = random.choice(keys)
    return key, int(str(record[key]))


def _put(record: Record, key: str, value: object) -> bytes:
    return dump({**record, key: value})


def _of_any(change: Callable[[object, Random], object], *kinds: Kind) -> _Apply:
    """Return how to change the value of any required key of these kinds."""

    def apply(record: Record, contract: Contract, random: Random) -> bytes:
        key = random.choice(source_keys(contract, *kinds))
        return _put(record, key, change(record[key], random))

    return apply


def _of_time(change: Callable[[int], float]) -> _Apply:
    """Return how to change any of the times."""

    def apply(record: Record, contract: Contract, random: Random) -> bytes:
        key, time = pick_time(record, contract, random)
        return _put(record, key, change(time))

    return apply


def _missing(record: Record, contract: Contract, random: Random) -> bytes:
    left_out = random.choice(source_keys(contract))
    return dump({key: value for key, value in record.items() if key != left_out})


def _empty(_record: Record, _contract: Contract, _random: Random) -> bytes:
    return b"{}"


def _fraction_of_number(record: Record, contract: Contract, _random: Random) -> bytes:
    (key,) = source_keys(contract, Kind.LONG)
    return _put(record, key, int(str(record[key])) + 0.5)


def _not_finite(record: Record, contract: Contract, random: Random) -> bytes:
    value = random.choice((float("nan"), float("inf"), float("-inf")))
    return _put(record, random.choice(source_keys(contract, *_NUMBERS)), value)


def _huge(record: Record, contract: Contract, random: Random) -> bytes:
    (key,) = source_keys(contract, Kind.LONG)
    return _put(record, key, random.choice((2**63, -(2**63) - 1, 2**64, 10**30)))


def _share_in_seconds(record: Record, _contract: Contract, _random: Random) -> bytes:
    key = "shareWithResearchAsOfDate"
    return _put(record, key, int(str(record[key])) // _SECOND)


def _key_again(spell: Callable[[str], str]) -> _Apply:
    """Return how to add a required key a second time, in a spelling."""

    def apply(record: Record, contract: Contract, random: Random) -> bytes:
        key = random.choice(source_keys(contract))
        return dump(record)[:-1] + b", " + dump({spell(key): record[key]})[1:]

    return apply


def _bad_utf8(record: Record, contract: Contract, random: Random) -> bytes:
    marked = _put(record, random.choice(source_keys(contract, Kind.STRING)), "caf@@")
    return marked.replace(b"@@", random.choice((b"\xe9", b"\xff\xfe", b"\xc3")))


def _garbage(record: Record, _contract: Contract, random: Random) -> bytes:
    return random.choice(
        (b"<html>503 Service Unavailable</html>", b"-- export of", dump(record)[:-1] + b",}", b"{key: 1}")
    )


def _truncated(record: Record, _contract: Contract, random: Random) -> bytes:
    text = json.dumps(record).encode()
    return text[: random.randrange(2, len(text))]


def _array(record: Record, _contract: Contract, random: Random) -> bytes:
    return dump(random.choice(([[record]], [1, 2, 3], [None])))


def _number(_record: Record, _contract: Contract, random: Random) -> bytes:
    return dump(random.choice((0, 42, -1.5e3, random.randrange(10**9))))


def _string(_record: Record, _contract: Contract, random: Random) -> bytes:
    return dump(random.choice(("", "heartbeat", '{"a": 1}')))


CUT_OFF: Final = Damage("cut_off", Rejection.CUT_OFF, _truncated)
"""The last record of a file that ends in the middle of it."""

DAMAGES: Final[tuple[Damage, ...]] = (
    CUT_OFF,
    Damage("missing_field", Rejection.MISSING, _missing),
    Damage("seconds", Rejection.IMPLAUSIBLE_TIME, _of_time(lambda time: time // _SECOND)),
    Damage(
        "text_for_number",
        Rejection.WRONG_TYPE,
        _of_any(lambda value, _random: str(value), Kind.TIMESTAMPTZ, *_NUMBERS),
    ),
    Damage("share_in_seconds", Rejection.IMPLAUSIBLE_TIME, _share_in_seconds, tables=(CUSTOMER_LANDING,)),
    Damage("garbage", Rejection.NOT_JSON, _garbage),
    Damage(
        "blank_text",
        Rejection.BLANK,
        _of_any(lambda _value, random: random.choice(("", "  ", "\t", "\u00a0")), Kind.STRING),
    ),
    Damage("not_finite", Rejection.NOT_FINITE, _not_finite, tables=_SENSORS),
    Damage("duplicate_key", Rejection.DUPLICATE_KEY, _key_again(str)),
    Damage("top_level_array", Rejection.NOT_AN_OBJECT, _array),
    Damage("truncated", Rejection.NOT_JSON, _truncated),
    Damage("null_field", Rejection.MISSING, _of_any(lambda _value, _random: None)),
    Damage("microseconds", Rejection.IMPLAUSIBLE_TIME, _of_time(lambda time: time * _SECOND)),
    Damage("huge_integer", Rejection.OUT_OF_RANGE, _huge, tables=(STEP_TRAINER_LANDING,)),
    Damage(
        "nested_value",
        Rejection.WRONG_TYPE,
        _of_any(lambda value, _random: {"value": value, "junk": [{}, {"deep": None}]}),
    ),
    Damage("empty_record", Rejection.MISSING, _empty),
    Damage("boolean", Rejection.WRONG_TYPE, _of_any(lambda _value, random: random.choice((True, False)))),
    Damage("list", Rejection.WRONG_TYPE, _of_any(lambda value, random: random.choice(([], [value])))),
    Damage("fraction_of_time", Rejection.WRONG_TYPE, _of_time(lambda time: time + 0.5)),
    Damage("fraction_of_integer", Rejection.WRONG_TYPE, _fraction_of_number, tables=(STEP_TRAINER_LANDING,)),
    Damage("bad_utf8", Rejection.NOT_JSON, _bad_utf8),
    Damage("duplicate_key_other_case", Rejection.DUPLICATE_KEY, _key_again(str.upper)),
    Damage("top_level_number", Rejection.NOT_AN_OBJECT, _number),
    Damage("top_level_string", Rejection.NOT_AN_OBJECT, _string),
)
"""All kinds, those that matter most first: where there is room for a few only, they come first."""


def damages_of(table: str) -> tuple[Damage, ...]:
    """Return the kinds of damage that occur in a landing table.

    Examples:
        >>> "huge_integer" in {damage.kind for damage in damages_of("step_trainer_landing")}
        True
    """
    contract = landing_contract(table)
    return tuple(damage for damage in DAMAGES if contract.name in damage.tables)
