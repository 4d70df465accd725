"""A slow second reading of the landing contracts: plain ``json`` over lines, nothing from ``stedi``."""

import gzip
import json
import math
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

TEXT, TIME, NUMBER, INTEGER = "text", "time", "number", "integer"
TABLES = {
    "customer": {
        "customername": (TEXT, False),
        "email": (TEXT, True),
        "phone": (TEXT, False),
        "birthday": (TEXT, False),
        "serialnumber": (TEXT, True),
        "registrationdate": (TIME, False),
        "lastupdatedate": (TIME, True),
        "sharewithresearchasofdate": (TIME, False),
        "sharewithpublicasofdate": (TIME, False),
        "sharewithfriendsasofdate": (TIME, False),
    },
    "accelerometer": {
        "user": (TEXT, True),
        "timestamp": (TIME, True),
        "x": (NUMBER, True),
        "y": (NUMBER, True),
        "z": (NUMBER, True),
    },
    "step_trainer": {
        "sensorreadingtime": (TIME, True),
        "serialnumber": (TEXT, True),
        "distancefromobject": (INTEGER, True),
    },
}
ORDER = (
    "cut_off",
    "not_json",
    "not_an_object",
    "duplicate_key",
    "wrong_type",
    "missing",
    "blank",
    "not_finite",
    "out_of_range",
    "implausible_time",
)
EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000


class Read(NamedTuple):
    """The good records of a table, in canonical spelling, and the bad ones with their places."""

    good: Counter[tuple[Any, ...]]
    bad: list[tuple[str, int, str]]

    @property
    def reasons(self):
        return Counter(reason for _, _, reason in self.bad)


@cache
def read_table(landing: Path, noun: str) -> Read:
    """Read all objects of a table; bytes that were read before are not read again."""
    good, bad, seen = Counter(), [], set()
    for file in sorted((landing / noun).rglob("*")):
        if not file.is_file() or file.read_bytes() in seen:
            continue
        seen.add(file.read_bytes())
        for position, (reasons, record) in enumerate(judged(file, noun)):
            if reasons:
                bad.append((file.relative_to(landing).as_posix(), position, min(reasons, key=ORDER.index)))
            else:
                good[record] += 1
    return Read(good, bad)


@cache
def judged(file: Path, noun: str) -> list[tuple[set[str], tuple[Any, ...]]]:
    """Judge the records of a file."""
    return [judge(text, noun) for text in records_of(file)]


def unpack(file: Path) -> bytes:
    raw = file.read_bytes()
    if file.suffix == ".gz":
        return gzip.decompress(raw)
    if file.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return raw


def records_of(file: Path) -> list[bytes]:
    """Return the texts of the records; a last one without its end is marked by a zero byte."""
    raw = unpack(file).removeprefix(b"\xef\xbb\xbf")
    if raw and b"\n" not in raw:
        return _back_to_back(raw.decode())
    *lines, last = raw.replace(b"\r\n", b"\n").split(b"\n")
    return [*lines, *([last + b"\0"] if last else [])]


def _back_to_back(text: str) -> list[bytes]:
    found, start = [], 0
    decoder = json.JSONDecoder()
    while start < len(text):
        _, stop = decoder.raw_decode(text, start)
        found.append(text[start:stop].encode())
        start = stop + len(text[stop:]) - len(text[stop:].lstrip())
    return found


def judge(text: bytes, noun: str) -> tuple[set[str], tuple[Any, ...]]:
    """Return every reason against a record, and its canonical form if there is none."""
    if text.endswith(b"\0"):
        return {"cut_off"}, ()
    try:
        record = json.loads(text.decode("utf-8"), object_pairs_hook=_Pairs)
    except ValueError:
        return {"not_json"}, ()
    if not isinstance(record, _Pairs):
        return {"not_an_object"}, ()
    keys = Counter(key.lower() for key, _ in record)
    columns = TABLES[noun]
    if any(keys[name] > 1 for name in columns):
        return {"duplicate_key"}, ()
    values = {key.lower(): value for key, value in record}
    canon, reasons = [], set()
    for name, (kind, required) in columns.items():
        value = values.get(name)
        if value is None:
            reasons |= {"missing"} if required else set()
            canon.append(None)
            continue
        reason, value = _FORMS[kind](value)
        if kind == TEXT and reason is None and required and not value.strip():
            reason = "blank"
        reasons |= {reason} if reason else set()
        canon.append(value)
    return reasons, tuple(canon)


class _Pairs(list[tuple[str, Any]]):
    """An object's keys and values, with repetitions."""


def _text(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return None, str(value)
    return (None, value) if isinstance(value, str) else ("wrong_type", None)


def _number(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type", None
    return (None, float(value)) if math.isfinite(value) else ("not_finite", None)


def _integer(value):
    reason, _ = _number(value)
    if reason:
        return reason, None
    if value != math.floor(value):
        return "wrong_type", None
    return (None, int(value)) if -(2**63) <= value < 2**63 else ("out_of_range", None)


def _time(value):
    reason, number = _integer(value)
    if reason is None and not EARLIEST <= number < LATEST:
        return "implausible_time", None
    return reason, number


_FORMS = {TEXT: _text, TIME: _time, NUMBER: _number, INTEGER: _integer}


def digest_of(folder: Path) -> dict[str, int]:
    """Return a checksum of each file below a folder."""
    return {
        file.relative_to(folder).as_posix(): zlib.crc32(file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
