"""Records that break their contract: each kind of damage for exactly one reason."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from stedi.contract import Column, Contract, Kind, landing_contract
from stedi.contract.reasons import Rejection
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.simulate.customers import Record

_ALL: Final = (CUSTOMER_LANDING, ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
_SENSORS: Final = (ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
_SECOND: Final = 1000
_NUMBERS: Final = (Kind.LONG, Kind.DOUBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A way to break a good record.

    Attributes:
        kind: The name of the defect.
        reason: Why the broken record must be rejected.
        tables: The landing tables in which it occurs.
        apply: Turns a good record into the bytes of a broken one, without a line end.
    """

    kind: str
    reason: Rejection
    tables: tuple[str, ...] = _ALL
    apply: Callable[[Record, Contract, Random], bytes]


def dump(record: object) -> bytes:
    """Return the JSON text of a record; a number that is not finite as JavaScript writes it."""
    return json.dumps(record, ensure_ascii=False).encode()


def keys(contract: Contract, *kinds: Kind, required: bool = True) -> list[str]:
    """Return the sources' names of the columns of these kinds (of all, if none is given)."""
    return [_key(column) for column in _columns(contract, kinds, required=required)]


def _columns(contract: Contract, kinds: tuple[Kind, ...], *, required: bool) -> list[Column]:
    return [
        column
        for column in contract.source_columns
        if (column.required or not required) and (not kinds or column.kind in kinds)
    ]


def _key(column: Column) -> str:
    return column.source or column.name


def _put(record: Record, key: str, value: object) -> bytes:
    return dump({**record, key: value})


def _time(record: Record, contract: Contract, random: Random) -> tuple[str, int]:
    """Pick a time that the record has."""
    key = random.choice([key for key in keys(contract, Kind.TIMESTAMPTZ, required=False) if key in record])
    return key, int(str(record[key]))


def _missing(record: Record, contract: Contract, random: Random) -> bytes:
    left_out = random.choice(keys(contract))
    return dump({key: value for key, value in record.items() if key != left_out})


def _null(record: Record, contract: Contract, random: Random) -> bytes:
    return _put(record, random.choice(keys(contract)), None)


def _empty(_record: Record, _contract: Contract, _random: Random) -> bytes:
    return b"{}"


def _blank(record: Record, contract: Contract, random: Random) -> bytes:
    return _put(record, random.choice(keys(contract, Kind.STRING)), random.choice(("", "  ", "\t", "\u00a0")))


def _text_for_number(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(keys(contract, Kind.TIMESTAMPTZ, *_NUMBERS))
    return _put(record, key, str(record[key]))


def _boolean(record: Record, contract: Contract, random: Random) -> bytes:
    return _put(record, random.choice(keys(contract)), random.choice((True, False)))


def _list(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(keys(contract))
    return _put(record, key, random.choice(([], [record[key]])))


def _nested(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(keys(contract))
    return _put(record, key, {"value": record[key], "junk": [{}, {"deep": None}]})


def _fraction_of_time(record: Record, contract: Contract, random: Random) -> bytes:
    key, time = _time(record, contract, random)
    return _put(record, key, time + 0.5)


def _fraction_of_number(record: Record, contract: Contract, _random: Random) -> bytes:
    (key,) = keys(contract, Kind.LONG)
    return _put(record, key, int(str(record[key])) + 0.5)


def _not_finite(record: Record, contract: Contract, random: Random) -> bytes:
    value = random.choice((float("nan"), float("inf"), float("-inf")))
    return _put(record, random.choice(keys(contract, *_NUMBERS)), value)


def _huge(record: Record, contract: Contract, random: Random) -> bytes:
    (key,) = keys(contract, Kind.LONG)
    return _put(record, key, random.choice((2**63, -(2**63) - 1, 2**64, 10**30)))


def _seconds(record: Record, contract: Contract, random: Random) -> bytes:
    key, time = _time(record, contract, random)
    return _put(record, key, time // _SECOND)


def _microseconds(record: Record, contract: Contract, random: Random) -> bytes:
    key, time = _time(record, contract, random)
    return _put(record, key, time * _SECOND)


def _share_in_seconds(record: Record, _contract: Contract, _random: Random) -> bytes:
    key = "shareWithResearchAsOfDate"
    return _put(record, key, int(str(record[key])) // _SECOND)


def _again(record: Record, key: str, spelling: str) -> bytes:
    return dump(record)[:-1] + b", " + dump({spelling: record[key]})[1:]


def _key_twice(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(keys(contract))
    return _again(record, key, key)


def _key_twice_in_other_case(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(keys(contract))
    return _again(record, key, key.upper())


def _bad_utf8(record: Record, contract: Contract, random: Random) -> bytes:
    marked = _put(record, random.choice(keys(contract, Kind.STRING)), "caf@@")
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


CUT_OFF: Final = Damage(kind="cut_off", reason=Rejection.CUT_OFF, apply=_truncated)
"""The last record of a file that ends in the middle of it."""

DAMAGES: Final[tuple[Damage, ...]] = (
    CUT_OFF,
    Damage(kind="missing_field", reason=Rejection.MISSING, apply=_missing),
    Damage(kind="seconds", reason=Rejection.IMPLAUSIBLE_TIME, apply=_seconds),
    Damage(kind="text_for_number", reason=Rejection.WRONG_TYPE, apply=_text_for_number),
    Damage(
        kind="share_in_seconds",
        reason=Rejection.IMPLAUSIBLE_TIME,
        tables=(CUSTOMER_LANDING,),
        apply=_share_in_seconds,
    ),
    Damage(kind="garbage", reason=Rejection.NOT_JSON, apply=_garbage),
    Damage(kind="blank_text", reason=Rejection.BLANK, apply=_blank),
    Damage(kind="not_finite", reason=Rejection.NOT_FINITE, tables=_SENSORS, apply=_not_finite),
    Damage(kind="duplicate_key", reason=Rejection.DUPLICATE_KEY, apply=_key_twice),
    Damage(kind="top_level_array", reason=Rejection.NOT_AN_OBJECT, apply=_array),
    Damage(kind="truncated", reason=Rejection.NOT_JSON, apply=_truncated),
    Damage(kind="null_field", reason=Rejection.MISSING, apply=_null),
    Damage(kind="microseconds", reason=Rejection.IMPLAUSIBLE_TIME, apply=_microseconds),
    Damage(kind="huge_integer", reason=Rejection.OUT_OF_RANGE, tables=(STEP_TRAINER_LANDING,), apply=_huge),
    Damage(kind="nested_value", reason=Rejection.WRONG_TYPE, apply=_nested),
    Damage(kind="empty_record", reason=Rejection.MISSING, apply=_empty),
    Damage(kind="boolean", reason=Rejection.WRONG_TYPE, apply=_boolean),
    Damage(kind="list", reason=Rejection.WRONG_TYPE, apply=_list),
    Damage(kind="fraction_of_time", reason=Rejection.WRONG_TYPE, apply=_fraction_of_time),
    Damage(
        kind="fraction_of_integer",
        reason=Rejection.WRONG_TYPE,
        tables=(STEP_TRAINER_LANDING,),
        apply=_fraction_of_number,
    ),
    Damage(kind="bad_utf8", reason=Rejection.NOT_JSON, apply=_bad_utf8),
    Damage(kind="duplicate_key_other_case", reason=Rejection.DUPLICATE_KEY, apply=_key_twice_in_other_case),
    Damage(kind="top_level_number", reason=Rejection.NOT_AN_OBJECT, apply=_number),
    Damage(kind="top_level_string", reason=Rejection.NOT_AN_OBJECT, apply=_string),
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
