"""Personal data, and the key, where they must not be: every file of the lake, decoded and searched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from stedi.contract import CONTRACTS, contract_of
from stedi.contract.reasons import Drop, Rejection
from stedi.governance.verify.files import FileStatus, LakeFile, live_files
from stedi.governance.verify.finding import Fault, Finding
from stedi.governance.verify.mentions import telling
from stedi.governance.verify.needles import KEY, Identifier, Needles, make_needles
from stedi.governance.verify.rule import normalized
from stedi.governance.verify.search import Hit, NeedleSearch
from stedi.landing.redact import REDACTED, as_typed
from stedi.names import (
    ACCELEROMETER_LANDING,
    CUSTOMER_LANDING,
    QUARANTINE,
    STEP_TRAINER_LANDING,
)
from stedi.pipeline.receipts.receipt import elsewhere
from stedi.progress import Progress
from stedi.warehouse.file_texts import UnreadableError, decoded, parquet, parquet_rows, raw
from stedi.warehouse.inspection import Inspection
from stedi.warehouse.run_tables import Scan
from stedi.warehouse.unreadable import UNREADABLE

EMAIL: Final = "e-mail"
SERIAL: Final = "serial number"
NAME: Final = "name"
PHONE: Final = "phone number"

_SOURCES: Final = (
    (CUSTOMER_LANDING, "email", EMAIL),
    (CUSTOMER_LANDING, "serial_number", SERIAL),
    (CUSTOMER_LANDING, "customer_name", NAME),
    (CUSTOMER_LANDING, "phone", PHONE),
    (ACCELEROMETER_LANDING, "user", EMAIL),
    (STEP_TRAINER_LANDING, "serial_number", SERIAL),
    (QUARANTINE, "emails", EMAIL),
    (QUARANTINE, "serial_numbers", SERIAL),
)
_SHORTEST: Final = 6
_DIGITS: Final = range(9, 16)
"""A number of fewer digits may be any count, size or time; no phone number has more."""
_EPOCH_MS: Final = range(946_684_800_000, 4_102_444_800_000)


def _known_names(scan: Scan) -> Iterator[Identifier]:
    """Yield what names people in the landing tables and the quarantine of a lake."""
    for table, column, kind in _SOURCES:
        try:
            found = scan(table).select(column)
            if table == QUARANTINE:
                found = found.explode(column)
            texts = found.select(pl.col(column).str.strip_chars().unique()).collect(engine="streaming")
        except UNREADABLE:
            # The other tables name nearly everybody, too.
            continue
        for text in texts[column].drop_nulls():
            if _tells(text, kind):
                yield Identifier(kind, text)


def _tells(text: str, kind: str) -> bool:
    """Say whether a text can be told from words, counts and times, of which a lake is full.

    A phone number has so many digits, and is no time; a name has several words; an e-mail has an @, and a
    serial number letters, and digits or a mark. Others are named only by the field in which they stand.
    """
    plain = "".join(character for character in text if character.isalnum())
    if plain.isdigit():
        return kind == PHONE and len(plain) in _DIGITS and int(plain) not in _EPOCH_MS
    if len(plain) < _SHORTEST:
        return False
    return len(text.split()) > 1 if kind in (NAME, PHONE) else telling(normalized(text))


def own_words() -> Iterator[str]:
    """Yield stedi's own words: what may stand anywhere in a lake, even if somebody is called so."""
    for contract in CONTRACTS.values():
        yield contract.name
        yield contract.grain
        for column in contract.columns:
            yield column.name
            yield column.doc
    for reason in (*Drop, *Rejection):
        yield str(reason)
        yield reason.words
    # What receipts say in words.
    yield from elsewhere(landing=False, remote=True)


def needles_of(scan: Scan, keys: Iterable[bytes]) -> Needles:
    """Return the needles of a lake: what names people in it, and its keys."""
    return make_needles(_known_names(scan), own_words(), keys=keys)


def search_files(
    files: Sequence[LakeFile], tables: Mapping[str, Inspection], needles: Needles, progress: Progress
) -> tuple[list[Finding], int]:
    """Decode every file and look for personal data where it must not be.

    Returns:
        Findings, and how many bytes were searched, of texts that are packed in files as well.
    """
    hits: list[Hit] = []
    search = NeedleSearch(needles, hits.append)
    rows = {location: listed for table in tables.values() for location, listed in live_files(table).items()}
    findings: list[Finding] = []
    damaged = {location for table in tables.values() for location in table.damaged}
    total = sum(file.size for file in files)
    done = 0
    for file in files:
        progress("decoding every file", done, total)
        done += file.size
        search.add("the names of files and folders", file.shown.encode(errors="surrogateescape"))
        # What a killed run had in hand holds personal data, of course: that it is there is a finding.
        if not file.regular or file.status is FileStatus.SCRATCH:
            continue
        try:
            _search_file(file, search)
            if file.location in rows and file.is_data:
                findings += _wrong_rows(file, rows[file.location])
        except (UnreadableError, OSError):
            needed = file.status in (FileStatus.REACHED, FileStatus.SYSTEM, FileStatus.UNKNOWN)
            if needed and file.location not in damaged:
                findings.append(Finding.of(Fault.DAMAGED_FILE, as_typed(file.shown), "it can't be decoded"))
    search.flush()
    progress("decoding every file", total, total)
    return [*findings, *_findings(hits)], search.searched


def _search_file(file: LakeFile, search: NeedleSearch) -> None:
    may_hold = contract_of(file.table).pii if file.table is not None else ()
    if (
        may_hold
        and file.is_data
        and file.status in (FileStatus.REACHED, FileStatus.YOUNG, FileStatus.UNKNOWN)
    ):
        # The file of a table that holds people: its other columns, and its footer, must not.
        with file.open() as source:
            try:
                for where, text in parquet(source, hidden=frozenset(may_hold)):
                    search.add(_place(file, where), text)
            except UNREADABLE as error:
                raise UnreadableError(type(error).__name__) from None
        return
    for read in (raw, decoded):
        with file.open() as source:
            for where, text in read(source):
                search.add(_place(file, where), text)


def _place(file: LakeFile, where: str) -> str:
    """Return what to call a place: versions of one table's metadata are one place."""
    if file.table is not None and file.shown.endswith(".metadata.json"):
        base = f"{file.table}, metadata"
    elif file.table is not None and file.shown.endswith(".avro"):
        base = f"{file.table}, manifests"
    else:
        base = as_typed(file.shown)
    return f"{base}: {where}" if where else base


def _wrong_rows(file: LakeFile, said: int) -> Iterator[Finding]:
    with file.open() as source:
        found = parquet_rows(source)
    if found != said:
        problem = f"its manifest says {said:,} rows, it has {found:,}"
        yield Finding.of(Fault.WRONG_COUNT, as_typed(file.shown), problem)


def _findings(hits: Iterable[Hit]) -> Iterator[Finding]:
    """Yield a finding per place and kind; the bytes as they are only where nothing more exact is known."""
    by_place: dict[tuple[str, str], set[str]] = {}
    for hit in hits:
        by_place.setdefault((hit.place, hit.kind), set()).add(hit.encoding)
    for (place, kind), encodings in sorted(by_place.items()):
        exact = any(
            other.startswith(f"{place}: ") and other_kind == kind and encodings <= found
            for (other, other_kind), found in by_place.items()
        )
        if not exact:
            code, whose = (
                (Fault.KEY_IN_LAKE, "the lake") if kind == KEY else (Fault.PERSONAL_DATA, "somebody")
            )
            written = ", ".join(sorted(encodings))
            yield Finding.of(code, place, f"it holds the {kind} of {whose}, written as {written}")


def redacted(findings: Sequence[Finding], needles: Needles) -> list[Finding]:
    """Return findings without what names people in their places: a file or a property may be called so."""
    texts = {finding.problem for finding in findings}
    hits: list[Hit] = []
    search = NeedleSearch(needles, hits.append)
    for text in texts.union(*(finding.place.split("/") for finding in findings)):
        search.add(text, text.encode(errors="surrogateescape"))
    search.flush()
    naming = {hit.place for hit in hits}
    return [
        replace(
            finding,
            place="/".join(REDACTED if part in naming else part for part in finding.place.split("/")),
            problem=REDACTED if finding.problem in naming else finding.problem,
        )
        for finding in findings
    ]
