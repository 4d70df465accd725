"""Other spellings of a good record: each means the same, and none may be rejected."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from stedi.contract import Contract, Kind, landing_contract
from stedi.names import CUSTOMER_LANDING, STEP_TRAINER_LANDING
from stedi.simulate.customers import Record
from stedi.simulate.damage import TABLES, dump, pick_time, source_keys

_EXTRAS: Final = ("2.4.1", 17, 0.25, True, None, "a}{b", "a}{", '}{"user":"nobody"}')
_PLACEHOLDER: Final = b'"@@"'


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write a good record differently.

    Attributes:
        kind: The name of the oddity.
        apply: Returns the other spelling, or ``None`` where the record does not lend itself to it.
        tables: The landing tables in which it occurs.
    """

    kind: str
    apply: Callable[[Record, Contract, Random], bytes | None]
    tables: tuple[str, ...] = field(default=TABLES, kw_only=True)


def recase(line: bytes, names: Iterable[str]) -> bytes:
    """Return the line with each of these keys in another case, the same for every line.

    Examples:
        >>> recase(b'{"user":"Ada","shareWithResearchAsOfDate":1}', ["user", "shareWithResearchAsOfDate"])
        b'{"User":"Ada","sharewithresearchasofdate":1}'
    """
    for name in names:
        other = name.lower() if name != name.lower() else name.capitalize()
        for end in (b'":', b'" :'):
            line = line.replace(b'"' + name.encode() + end, b'"' + other.encode() + end)
    return line


def _extra_key(record: Record, _contract: Contract, random: Random) -> bytes:
    return dump({"appVersion": random.choice(_EXTRAS), **record})


def _extra_nested(record: Record, contract: Contract, _random: Random) -> bytes:
    inner = dict.fromkeys(source_keys(contract))
    return dump({**record, "debug": {"trace": [1, {"deep": [inner]}], **inner}})


def _float_time(record: Record, contract: Contract, random: Random) -> bytes:
    key, time = pick_time(record, contract, random)
    return dump({**record, key: float(time)})


def _exponent_time(record: Record, contract: Contract, random: Random) -> bytes:
    key, time = pick_time(record, contract, random)
    digits = str(time)
    number = f"{digits[0]}.{digits[1:]}e{len(digits) - 1}".encode()
    return dump({**record, key: "@@"}).replace(_PLACEHOLDER, number)


def _float_integer(record: Record, contract: Contract, _random: Random) -> bytes:
    (key,) = source_keys(contract, Kind.LONG)
    return dump({**record, key: float(str(record[key]))})


def _integer_phone(record: Record, _contract: Contract, _random: Random) -> bytes:
    return dump({**record, "phone": int(str(record["phone"]))})


def _null_optional(record: Record, contract: Contract, random: Random) -> bytes | None:
    absent = [key for key in source_keys(contract, required=False) if key not in record]
    return dump({**record, random.choice(absent): None}) if absent else None


def _mixed_case(record: Record, _contract: Contract, random: Random) -> bytes:
    def mix(key: str) -> str:
        return "".join(random.choice((letter.lower(), letter.upper())) for letter in key)

    return dump({mix(key): value for key, value in record.items()})


def _escaped(record: Record, contract: Contract, random: Random) -> bytes:
    key = random.choice(source_keys(contract, Kind.STRING))
    text = "".join(f"\\u{ord(letter):04x}" for letter in str(record[key]))
    return dump({**record, key: "@@"}).replace(_PLACEHOLDER, f'"{text}"'.encode())


def _spaced(record: Record, _contract: Contract, _random: Random) -> bytes:
    return json.dumps(record, separators=(" , ", " : ")).encode() + b" "


SPELLINGS: Final[tuple[Spelling, ...]] = (
    Spelling("extra_key", _extra_key),
    Spelling("float_time", _float_time),
    Spelling("null_optional", _null_optional, tables=(CUSTOMER_LANDING,)),
    Spelling("integer_phone", _integer_phone, tables=(CUSTOMER_LANDING,)),
    Spelling("mixed_case_keys", _mixed_case),
    Spelling("extra_nested", _extra_nested),
    Spelling("exponent_time", _exponent_time),
    Spelling("float_integer", _float_integer, tables=(STEP_TRAINER_LANDING,)),
    Spelling("escaped_text", _escaped),
    Spelling("spaced_text", _spaced),
)
"""All kinds; where there is room for a few only, the first ones come first."""


def spellings_of(table: str) -> tuple[Spelling, ...]:
    """Return the kinds of other spellings that occur in a landing table.

    Examples:
        >>> [spelling.kind for spelling in spellings_of("accelerometer_landing")][:2]
        ['extra_key', 'float_time']
    """
    contract = landing_contract(table)
    return tuple(spelling for spelling in SPELLINGS if contract.name in spelling.tables)
