"""Write a batch of records as landing files, and count what was written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from random import Random
from typing import NamedTuple

import polars as pl

from stedi.contract import landing_contract
from stedi.contract.reasons import Rejection
from stedi.simulate.damage import source_keys
from stedi.simulate.defects import Fate, Misplaced
from stedi.simulate.dirt import Line, make_bad, respell_some
from stedi.simulate.draws import Draws
from stedi.simulate.folder import Folder
from stedi.simulate.layout import FileLayout, encode, layouts_for
from stedi.simulate.rates import Rates
from stedi.simulate.spelling import recase

_SMALL_FILES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """What was written of a table; counts add up.

    Attributes:
        objects: Files by layout.
        spelled: Good records by other spelling.
        kept: Good records in distinct files.
        redelivered: Good records in copies of files.
        bad: Bad records by kind of defect and reason.
        odd: Odd records that are no other spelling, by kind and fate.
    """

    objects: Counter[FileLayout] = field(default_factory=Counter)
    spelled: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    redelivered: int = 0
    bad: Counter[tuple[str, Rejection]] = field(default_factory=Counter)
    odd: Counter[tuple[str, Fate]] = field(default_factory=Counter)

    def __add__(self, other: "RecordCounts") -> "RecordCounts":
        """Count both together."""
        sums = {each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        return RecordCounts(**sums)


class _File(NamedTuple):
    name: str
    layout: FileLayout
    lines: Sequence[Line]


class Files(NamedTuple):
    """Into which files a batch goes.

    Attributes:
        table: The landing table.
        batch: Which batch of that table it is.
        wanted: Into how many files it goes, if there are enough records.
    """

    table: str
    batch: int
    wanted: int

    @property
    def noun(self) -> str:
        """The folder of the table."""
        return self.table.removesuffix("_landing")

    @property
    def stem(self) -> str:
        """How the names of the files begin."""
        return f"{self.noun}-{self.batch:04d}"


def write_clean(folder: Folder, files: Files, readings: pl.DataFrame) -> RecordCounts:
    """Write a batch of good records as NDJSON, without a look at each of them."""
    layouts = layouts_for(readings.height, files.wanted, dirty=False)
    for index, rows in enumerate(_slices(readings.height, len(layouts))):
        text = readings[rows].write_ndjson()
        folder.write(f"{files.noun}/landing/{files.stem}-{index:02d}.json", text.encode())
    return RecordCounts(objects=Counter(layouts), kept=readings.height)


def write_batch(
    folder: Folder, files: Files, lines: Sequence[bytes], *, seed: int, dirt: Rates
) -> tuple[RecordCounts, list[Misplaced]]:
    """Write a batch of good records, and the dirt that goes with them; say where the bad ones stand."""
    table = files.table
    random = Draws(seed, "dirt", table, files.batch).random
    good, spelled = respell_some(lines, table, dirt=dirt, random=random)
    layouts = layouts_for(len(good), files.wanted, first=files.batch * files.wanted, dirty=dirt.any)
    parts = [good[rows] for rows in _slices(len(good), len(layouts))]
    room = [index for index, layout in enumerate(layouts) if layout.takes_bad_records and layout.has_lines]
    middle, ends = make_bad(lines, table, dirt=dirt, cut_offs=len(room), random=random)
    parts = list(_mix_in(parts, layouts, middle, random))
    for index, end in zip(random.sample(room, len(ends)), ends, strict=True):
        parts[index] = [*parts[index], end]
    home = f"{files.noun}/landing"
    written = list(_files(home, files.stem, layouts, parts))
    if dirt.any and files.batch == 0:
        written.append(_File(f"{home}/{files.noun}-empty.json", FileLayout.EMPTY_FILE, ()))
    names = source_keys(landing_contract(table), required=False)
    for file in written:
        _write(folder, file, names)
    misplaced = [
        Misplaced(table=table, object=file.name, position=position, kind=line.kind, reason=line.reason)
        for file in written
        for position, line in enumerate(file.lines)
        if line.kind is not None and line.reason is not None
    ]
    copies = [
        part for layout, part in zip(layouts, parts, strict=True) if layout is FileLayout.DELIVERED_TWICE
    ]
    counts = RecordCounts(
        objects=Counter(file.layout for file in written),
        spelled=Counter(spelled),
        kept=len(good),
        redelivered=sum(map(len, copies)),
        bad=Counter((place.kind, place.reason) for place in misplaced),
    )
    return counts, misplaced


def _slices(records: int, files: int) -> list[slice]:
    """Cut records into as many parts as there are files, as equal as can be."""
    return [slice(records * part // files, records * (part + 1) // files) for part in range(files)]


def _mix_in(
    parts: Sequence[list[Line]], layouts: Sequence[FileLayout], bad: Iterable[Line], random: Random
) -> Iterator[list[Line]]:
    """Put each bad line somewhere before the last good line of a part that takes it."""
    any_room = [index for index, layout in enumerate(layouts) if layout.takes_bad_records]
    room = [index for index in any_room if layouts[index].has_lines]
    added: list[list[tuple[int, Line]]] = [[] for _ in parts]
    for line in bad:
        index = random.choice(any_room if line.is_object else room)
        added[index].append((random.randrange(len(parts[index])), line))
    for part, extra in zip(parts, added, strict=True):
        mixed = list(part)
        for before, (place, line) in enumerate(sorted(extra, key=lambda one: one[0])):
            mixed.insert(before + place, line)
        yield mixed


def _files(
    home: str, stem: str, layouts: Sequence[FileLayout], parts: Sequence[Sequence[Line]]
) -> Iterator[_File]:
    """Name the files; a part of small files becomes one per record, up to a number, and a rest."""
    for index, (layout, part) in enumerate(zip(layouts, parts, strict=True)):
        name = f"{stem}-{index:02d}"
        if layout is FileLayout.NESTED_FOLDER:
            yield _File(f"{home}/2024/05/31/{name}{layout.suffix}", layout, part)
        elif layout is FileLayout.SMALL_FILE:
            # Equal records in files of their own would be equal files, of which one is ignored.
            repeats = Counter(line.text for line in part)
            small = [line for line in part if repeats[line.text] == 1][:_SMALL_FILES]
            for count, line in enumerate(small):
                yield _File(f"{home}/small/{name}-{count:02d}{layout.suffix}", layout, [line])
            alone = {line.text for line in small}
            if rest := [line for line in part if line.text not in alone]:
                yield _File(f"{home}/{name}{layout.suffix}", FileLayout.NDJSON, rest)
        elif layout is FileLayout.DELIVERED_TWICE:
            yield _File(f"{home}/{name}{layout.suffix}", FileLayout.NDJSON, part)
            yield _File(f"{home}/again/{name}-copy{layout.suffix}", layout, part)
        else:
            yield _File(f"{home}/{name}{layout.suffix}", layout, part)


def _write(folder: Folder, file: _File, names: Sequence[str]) -> None:
    texts = [line.text for line in file.lines]
    if file.layout is FileLayout.MIXED_CASE_FILE:
        texts = [recase(text, names) for text in texts]
    ended = bool(texts) and file.lines[-1].kind is None
    folder.write(file.name, encode(file.layout, texts, ended=ended))
