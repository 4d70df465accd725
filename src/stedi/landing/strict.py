"""Records read one by one, strictly: for all that the vectorised reader can't vouch for."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.landing import CUSTOMER
from stedi.contract.reasons import Rejection
from stedi.contract.table import Contract
from stedi.landing.draft import EMAILS, EXACT, RAW, REASON, SERIALS, UPDATE_TIME, fault
from stedi.landing.salvage import Salvaged

Row = dict[str, str | float | Sequence[str] | None]
"""The values of one record under the names of a draft's columns; what is absent is null."""

CONSENT_KEY: Final = str(CUSTOMER.column("share_with_research_as_of_date").source).lower()

_OTHER_KEYS: Final = {str(column.source).lower() for column in CUSTOMER.source_columns} - {CONSENT_KEY}
_LONGEST_KEY: Final = 64
_ALIKE: Final = 0.85

_SPACE: Final = " \t\r\n"
_AROUND: Final = _SPACE + "[,]\ufeff"
"""What may stand around objects: white space, the marks of an array, or of a part of one, and of the order of
bytes: they say nothing that could be lost."""
_SPACES: Final = re.compile(f"[{_SPACE}]*")
_OPENED: Final = rf"\[[{_SPACE}\ufeff]*"
_CLOSED: Final = rf"(?:[{_SPACE},\]\ufeff]|{_OPENED}\])*(?:{_OPENED})?"
"""A bracket that opens an array of records comes last: behind another one it opens an array in an array."""
_MARKS: Final = re.compile(_CLOSED)
_BEFORE: Final = re.compile(rf"{_CLOSED}(?=\{{)")
_INT64: Final = 2**63
_MANY_DIGITS: Final = 32


@lru_cache(maxsize=4096)
def resembles_consent_key(key: str) -> bool:
    """Say whether a key that no contract knows resembles the one that grants consent to research.

    Examples:
        >>> resembles_consent_key("share_with_research"), resembles_consent_key("sharewithreserchasofdate")
        (True, True)
        >>> resembles_consent_key("share_with_public_as_of_date"), resembles_consent_key("notes")
        (False, False)
    """
    letters = "".join(filter(str.isalnum, key.lower()))
    if len(key) > _LONGEST_KEY or letters in _OTHER_KEYS:
        return False
    return "research" in letters or SequenceMatcher(None, letters, CONSENT_KEY).ratio() >= _ALIKE


class Pairs(list[tuple[str, object]]):
    """A JSON object as its pairs, so that a key that stands in it twice is seen."""

    __slots__ = ()


class _Digits(str):
    """A JSON integer too long to be worth converting (and CPython refuses to, from 4,300 digits)."""

    __slots__ = ()


def _integer(text: str) -> float | _Digits:
    if text == "-0":
        return -0.0
    return int(text) if len(text) <= _MANY_DIGITS else _Digits(text)


DECODER: Final = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=_integer)


class StrictReader:
    """Reads pieces of text that end where a record ends: each holds no, one or several records.

    Several stand back to back, or behind commas, with or without the brackets of an array.

    Attributes:
        consent_field: Whether some record so far had the key that grants consent to research.
        lookalike: A key of some record so far that resembles it.
    """

    __slots__ = ("_columns", "_contract", "consent_field", "lookalike")

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._columns = {str(column.source).lower(): column for column in contract.source_columns}
        self.consent_field = False
        self.lookalike: str | None = None

    def read(self, piece: bytes, *, last: bool = False) -> Iterator[Row]:
        r"""Read one piece.

        Args:
            piece: The text.
            last: The object ends with it, without a line end: what does not parse was cut off.

        Yields:
            A row per record, valid or not.

        Examples:
            >>> from stedi.contract import landing_contract
            >>> reader = StrictReader(landing_contract("step_trainer"))
            >>> [row.get("_reason") for row in reader.read(b'{"SERIALNUMBER":"a"} {} {"x"\n')]
            [None, None, 'not_json']
        """
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            yield self._broken(piece.decode(errors="backslashreplace"), last=last)
            return
        start = after(_BEFORE, text, 0) or after(_SPACES, text, 0)
        if not text[start:].strip(_AROUND):
            return
        while True:
            try:
                value, stop = DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                break
            ends = _MARKS if isinstance(value, Pairs) else _SPACES
            following = _BEFORE.match(text, stop) if isinstance(value, Pairs) else None
            if following is None and not ends.fullmatch(text, stop):
                break  # a value and then something else is not JSON
            yield self._record(value, text[start:stop])
            if following is None:
                return
            start = following.end()
        yield self._broken(text[start:], last=last)

    def too_long(self, head: bytes, found: Salvaged) -> Row:
        """Return the row of a record that is longer than the limit: its beginning, and all that it names."""
        row = self._whole(Rejection.TOO_LONG, head.decode(errors="backslashreplace").strip(_SPACE))
        return row | {EMAILS: found.emails, SERIALS: found.serial_numbers, UPDATE_TIME: found.updated}

    def cut_off(self) -> Row:
        """Return the row that stands for what is missing at the end of an object."""
        return {REASON: Rejection.CUT_OFF.value, RAW: ""}

    def _broken(self, text: str, *, last: bool) -> Row:
        return self._whole(Rejection.CUT_OFF if last else Rejection.NOT_JSON, text.strip(_SPACE))

    @staticmethod
    def _whole(reason: Rejection, text: str) -> Row:
        return {REASON: reason.value, RAW: text}

    def _record(self, value: object, text: str) -> Row:
        if "\\u" in text and not _encodable(value):
            return self._whole(Rejection.NOT_JSON, text)
        if not isinstance(value, Pairs):
            return self._whole(Rejection.NOT_AN_OBJECT, text)
        row: Row = {RAW: text}
        seen: set[str] = set()
        repeated = False
        for key, item in value:
            lower = key.lower()
            column = self._columns.get(lower)
            spelling = key if column is None else lower
            repeated |= spelling in seen
            seen.add(spelling)
            self.consent_field |= lower == CONSENT_KEY
            if column is None and resembles_consent_key(lower):
                self.lookalike = key
            if column is not None and item is not None:
                row.update(_converted(column, item))
        return self._whole(Rejection.DUPLICATE_KEY, text) if repeated else row


def _converted(column: Column, item: object) -> Row:
    """Return a value in its wire type, or what is wrong with it."""
    number = type(item) in (int, float, _Digits)
    if column.kind is Kind.STRING:
        if type(item) is str:
            return {column.name: item}
        if isinstance(item, float) and item.is_integer() and abs(item) < EXACT:
            item = int(item)
        if type(item) in (int, _Digits):
            return {column.name: str(item)}
    elif number and column.kind is Kind.LONG:
        return _long(column, item)
    elif number:
        return {column.name: float(item)}  # type: ignore[arg-type]  # the line above says it is a number
    return {fault(column): Rejection.WRONG_TYPE.value}


def _long(column: Column, item: object) -> Row:
    if isinstance(item, float):
        if not math.isfinite(item):
            return {fault(column): Rejection.NOT_FINITE.value}
        if not item.is_integer():
            return {fault(column): Rejection.WRONG_TYPE.value}
        if abs(item) < EXACT:
            return {column.name: int(item)}
    elif isinstance(item, int) and -_INT64 <= item < _INT64:
        return {column.name: item}
    return {fault(column): Rejection.OUT_OF_RANGE.value}


def _encodable(value: object) -> bool:
    """Return whether no text in a value holds half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def after(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Return where what a pattern matches from a place on ends; the place where it matches nothing."""
    found = pattern.match(text, start)
    return found.end() if found else start
