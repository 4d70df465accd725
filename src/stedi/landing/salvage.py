"""What can still be read of a record that can't be parsed.

A rejected customer record must never keep a consent alive, so its e-mail, serial number and update time
are looked for in its raw text. A text is believed when it is complete, a number when something follows
that ends it: the end of a cut-off number is missing.

Where a key occurs more than once, one value has to be chosen, because a record is one row:

- of texts, the last one at the top of the record, as nearly every JSON reader takes it, and only if
  there is none the last one anywhere;
- of update times the latest: a denial that counts from later on outweighs more grants.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.landing.rules import EARLIEST_MS, LATEST_MS

SALVAGED: Final = ("email", "user", "serial_number", "last_update_date")

_TEXT: Final = r'("(?:[^"\\\x00-\x1f]|\\.)*")'
_NUMBER: Final = r"(-?\d{1,20}(?:\.\d{1,20})?(?:[eE]\+?\d{1,2})?)(?=[,}\s])"
# A text that is not closed takes all that follows, so that time stays in proportion to the length.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)


def salvage(text: str, contract: Contract) -> dict[str, str | float]:
    """Return what can be read of the columns that decide whom a rejected record is about.

    Examples:
        >>> from stedi.contract import landing_contract
        >>> cut = '{"email": "Jane@test.com", "lastUpdateDate": 1655564376361, "serialNumber": "50f'
        >>> salvage(cut, landing_contract("customer"))
        {'email': 'Jane@test.com', 'last_update_date': 1655564376361.0}
    """
    found: dict[str, str | float] = {}
    for column in contract.source_columns:
        if column.name not in SALVAGED:
            continue
        if column.kind is Kind.STRING:
            value: str | float | None = _last_text(text, column)
        else:
            value = latest(float(match[1]) for match in _pattern(column).finditer(text))
        if value is not None:
            found[column.name] = value
    return found


def latest(times: Iterable[float]) -> float | None:
    """Return the latest of some epoch milliseconds that is a plausible time."""
    return max(
        (time for time in times if EARLIEST_MS <= time < LATEST_MS and time.is_integer()), default=None
    )


@cache
def _pattern(column: Column) -> re.Pattern[str]:
    value = _TEXT if column.kind is Kind.STRING else _NUMBER
    return re.compile(rf'"{column.source}"\s*:\s*{value}', re.IGNORECASE)


def _last_text(text: str, column: Column) -> str | None:
    found = {
        match.start(): value for match in _pattern(column).finditer(text) if (value := _unquote(match[1]))
    }
    if len(set(found.values())) > 1:
        top = _top_level(text)
        found = {start: value for start, value in found.items() if start in top} or found
    return found[max(found)] if found else None


def _unquote(literal: str) -> str | None:
    try:
        value: str = json.loads(literal)
        value.encode()
    except ValueError:
        return None
    return value


def _top_level(text: str) -> set[int]:
    """Return where the texts at the top of a record begin, as far as it can be told."""
    depth = 0
    starts = set()
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | "[":
                depth += 1
            case "}" | "]":
                depth -= 1
            case _:
                if depth == 1:
                    starts.add(token.start())
    return starts
