"""The records of one landing object, chunk by chunk, judged by the contract."""

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from stedi.contract.reasons import Rejection
from stedi.contract.table import Contract
from stedi.landing.chunks import Chunk
from stedi.landing.draft import POSITION, REASON, draft_schema
from stedi.landing.layout import LINES, Marks, Separator, has_blank_lines, lined, without_blank_lines
from stedi.landing.limits import Limits
from stedi.landing.lines import Lines, Runs, among, has_longer_line, in_runs, is_utf8
from stedi.landing.record_ends import MARKS, pieces_of
from stedi.landing.rules import Origin, judge
from stedi.landing.salvage import salvage
from stedi.landing.shape import RecordShape, decode, learn
from stedi.landing.split import Split
from stedi.landing.strict import Row, StrictReader
from stedi.outline import outline

_HEAD: Final = 4096
"""So many bytes of an object tell how its records are parted, mostly."""
_BROKEN: Final = (Rejection.NOT_JSON.value, Rejection.CUT_OFF.value)


class Reader:
    """Reads the chunks of one object into kept and rejected records.

    A record is a line, as a rule: records in one line are parted first, and lines that one record goes on
    over are put together.

    A chunk whose lines all have one layout is read at once. In any other, the lines of each known layout are,
    and what no layout explains is read line by line. All ways give the same result for every line, so which
    one a line takes is a matter of time only.
    """

    def __init__(self, contract: Contract, origin: Origin, limits: Limits) -> None:
        self._contract = contract
        self._origin = origin
        self._limits = limits
        self._strict = StrictReader(contract)
        self._layout = LINES
        self._ends = LINES.record_ends(contract, min(limits.spread, limits.record))
        self._separator = Separator()
        self._marks = Marks()
        self._carried = b""
        self._shapes: list[RecordShape] = []
        self._likely: tuple[RecordShape, ...] | None = None
        self._position = 0
        self._taken: set[RecordShape] = set()
        self._ends_cut_off = False

    @property
    def consent_field(self) -> bool:
        """Whether some record so far had the key that grants consent to research."""
        return any(shape.consent_field for shape in self._taken) or self._strict.consent_field

    @property
    def lookalike(self) -> str | None:
        """A key of some record so far that resembles it."""
        found = (*(shape.lookalike for shape in self._taken), self._strict.lookalike)
        return next((key for key in found if key is not None), None)

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Split]:
        """Read all chunks of the object."""
        for chunk in chunks:
            if chunk.layout != self._layout:
                self._layout = chunk.layout
                self._marks = Marks(spread=chunk.layout.spread)
                self._ends = chunk.layout.record_ends(self._contract, self._ends.window)
            if chunk.too_long is not None:
                if self._carried:
                    yield self._read(b"", _Place(last=False, whole=True))
                yield self._judge_rows([self._strict.too_long(chunk.text, chunk.too_long)])
            elif chunk.text or (self._carried and chunk.last):
                yield self._read(chunk.text, _Place(last=chunk.last, whole=chunk.last))

    def _read(self, more: bytes, place: "_Place") -> Split:
        text = self._carried + more if self._carried or not self._layout.spread else more.lstrip(MARKS)
        self._carried = b""
        if has_blank_lines(text):
            text = without_blank_lines(text)
        if len(text) <= min(self._limits.short, self._limits.record):
            return self._read_few(text, place)
        uniform = self._read_uniform(text)
        return self._read_lines(text, place) if uniform is None else uniform

    def lose_end(self) -> Split:
        """Account for the end of an object that could not be decompressed: one record was cut off.

        If the text that came out ends in the middle of a record, that is the one.
        """
        if self._ends_cut_off:
            return Split.empty(self._contract)
        return self._judge_rows([self._strict.cut_off()])

    def _judge_rows(self, rows: list[Row]) -> Split:
        positions = range(self._position, self._position + len(rows))
        self._position += len(rows)
        return judge(self._draft(rows, positions), self._contract, self._origin)

    def _draft(self, rows: list[Row], positions: Iterable[int]) -> pl.DataFrame:
        # What no row has is left out: it would be asked about by every rule.
        had = set().union(*rows).union(column.name for column in self._contract.source_columns)
        schema = {name: dtype for name, dtype in draft_schema(self._contract).items() if name in had}
        values = {name: [row.get(name) for row in rows] for name in schema}
        return pl.DataFrame({**values, POSITION: list(positions)}, schema={**schema, POSITION: pl.Int64})

    def _read_few(self, text: bytes, place: "_Place") -> Split:
        """Return the records of a short text, read one by one."""
        parted, bare = self._learn_forms(text)
        spans, carried = pieces_of(parted, bare, self._ends, whole=place.whole)
        self._carried = parted[carried:]
        lines = [(parted if goes_on else bare)[start:stop] for start, stop, goes_on in spans]
        rows, _ = self._read_strictly(enumerate(lines), len(lines) - 1 if place.last else -1)
        return self._judge_rows(rows)

    def _read_uniform(self, text: bytes) -> Split | None:
        """Return the records of a text whose lines all have the likely layout; None for any other."""
        if not self._limits.fast:
            return None
        if self._likely is None:
            self._learn_forms(text[:_HEAD])
        text = self._marks.apply(self._separator.apply(text))
        first = text[: text.find(b"\n") + 1]
        if self._likely is None and len(text) > self._limits.few * len(first):
            self._likely = learn(first, self._contract)
        if not self._likely or not is_utf8(text) or has_longer_line(text, self._limits.record):
            return None
        whole = pa.LargeStringArray.from_buffers(
            1, pa.py_buffer(struct.pack("=qq", 0, len(text))), pa.py_buffer(text)
        )
        for shape in self._likely:
            if pc.match_substring_regex(whole, shape.lines)[0].as_py():
                break
        else:
            self._likely = ()
            return None
        self._likely = (shape,)
        self._taken.add(shape)
        self._ends_cut_off = False
        positions = self._position + pl.int_range(pl.len(), dtype=pl.Int64)
        draft = decode(text, shape, self._contract, positions)
        self._position += draft.height
        return self._judge_known(draft, lambda: Lines.of(text).array)

    def _learn_forms(self, text: bytes) -> tuple[bytes, bytes]:
        """Learn how records are parted in a text; return it parted, with and without marks."""
        while self._separator.learn(parted := self._separator.apply(text)):
            pass
        while self._marks.learn(bare := self._marks.apply(parted)):
            pass
        return parted, bare

    def _read_lines(self, text: bytes, place: "_Place") -> Split:
        lines = self._sort_lines(text, place)
        rows, numbers = self._read_strictly(lines.others, lines.final if place.last else -1)
        counts = pl.Series([0], dtype=pl.Int64).extend_constant(1, lines.total).slice(1)
        if rows or len(lines.empty):
            per_line = numbers.value_counts()
            counts = counts.scatter(lines.empty, 0).scatter(per_line["line"], per_line["count"])
        starts = counts.cum_sum() - counts + self._position
        splits = list(self._judge_lines(lines.known, starts))
        if rows:
            within = pl.int_range(len(rows), eager=True) - numbers.search_sorted(numbers, "left")
            splits.append(
                judge(self._draft(rows, starts.gather(numbers) + within), self._contract, self._origin)
            )
        self._position += int(counts.sum())
        if len(lines.known) + bool(rows) == 1:
            likely = lines.known and len(lines.empty) == 0
            self._likely = (lines.known[0][0],) if likely else ()
            return splits[0]
        whole = Split.concat(splits, self._contract)
        return Split(_in_order(whole.kept), _in_order(whole.rejected))

    def _sort_lines(self, text: bytes, place: "_Place") -> "_Sorted":
        """Part a text into the lines of known layouts, and those that are read one by one."""
        text = without_blank_lines(text)
        while True:
            parted = self._separator.apply(text)
            bare = self._marks.apply(parted)
            lines = Lines.of(bare)
            fit = self._fit_for_patterns(bare, lines)
            rest = lines.where(fit)
            known: list[tuple[RecordShape, Lines]] = []
            for shape in self._shapes:
                rest = self._take(shape, rest, known)
            odd = lines.where(~fit)
            unknown = (rest.text(), odd.text())
            if not any(form.learn(some) for form in (self._separator, self._marks) for some in unknown):
                break
        rest, inner = self._take_runs(self._learn(rest, known), known)
        rest = rest.merged(odd)
        return self._put_together(parted, bare, lines, known, rest, place, inner)

    def _put_together(
        self,
        text: bytes,
        bare: bytes,
        lines: Lines,
        known: list[tuple[RecordShape, Lines]],
        rest: Lines,
        place: "_Place",
        inner: list[int],
    ) -> "_Sorted":
        """Put the lines together that one record goes on over."""
        starts = lines.starts()
        others: list[tuple[int, bytes]] = []
        beyond = final = 0
        begins = starts.gather(rest.numbers).to_list()
        for first, start, line in zip(rest.numbers, begins, rest.array.to_pylist(), strict=True):
            number, at, stop = first, start, start + len(line)
            while number >= beyond and at < stop:
                end = self._ends.end(text, bare, at, stop, whole=place.whole)
                if end is None:
                    self._carried = text[at:]
                    inner.extend(range(number, len(lines)))
                    beyond = len(lines)
                    break
                others.append((number, (text if end > stop else bare)[at:end]))
                at, final = end, number
                if end > stop:
                    # It ends in a later line, which may begin something else behind it.
                    number += 1 + bare.count(b"\n", stop, end - 1)
                    inner.extend(range(final + 1, number + 1))
                    stop = bare.find(b"\n", end - 1) + 1 or len(bare)
                    beyond = number + (at == stop)
            beyond = max(beyond, number + 1)
        if inner:
            outer = pl.int_range(len(lines), eager=True).scatter(inner, -1)
            of_known = ((shape, some.where(outer.gather(some.numbers) >= 0)) for shape, some in known)
            known = [(shape, some) for shape, some in of_known if len(some)]
        empty = [number for number, _ in others] + inner
        return _Sorted(known, others, empty, len(lines), final if beyond == len(lines) else -1)

    def _fit_for_patterns(self, text: bytes, lines: Lines) -> pl.Series:
        if not self._limits.fast or len(lines) <= self._limits.few:
            return pl.Series([False]).extend_constant(False, len(lines)).slice(1)  # noqa: FBT003 - a value
        fit = lines.lengths() <= self._limits.record
        return fit if is_utf8(text) else fit & lines.are_utf8()

    def _take(self, shape: RecordShape, rest: Lines, known: list[tuple[RecordShape, Lines]]) -> Lines:
        if not len(rest):
            return rest
        matched = rest.matches(shape.line)
        if not matched.any():
            return rest
        known.append((shape, rest.where(matched)))
        return rest.where(~matched)

    def _learn(self, rest: Lines, known: list[tuple[RecordShape, Lines]]) -> Lines:
        for attempt in range(self._limits.shapes):
            if len(rest) <= self._limits.few or len(self._shapes) >= self._limits.shapes:
                break
            sample = rest.array[len(rest) * attempt // self._limits.shapes].as_py()
            for shape in learn(sample, self._contract):
                before = len(known)
                if shape not in self._shapes:
                    rest = self._take(shape, rest, known)
                if len(known) > before:
                    self._shapes.append(shape)
        return rest

    def _take_runs(self, rest: Lines, known: list[tuple[RecordShape, Lines]]) -> tuple[Lines, list[int]]:
        """Take the records of known layouts that go on over line ends; return what is left.

        Returns:
            The lines that are left, and the numbers of those over which a record goes on.
        """
        if self._layout.spread or len(rest) <= self._limits.few or not len(neighbours := in_runs(rest)):
            return rest, []
        runs = Runs.of(neighbours)
        pieces = runs.pieces
        left = pieces.where(pieces.lengths() <= self._ends.window)
        found: list[tuple[RecordShape, Lines]] = []
        for shape in self._shapes:
            left = self._take(shape, left, found)
        self._learn(left, found)
        if not found:
            return rest, []
        covered = runs.covered(among(pieces.numbers, pl.concat([some.numbers for _, some in found])))
        records = pieces.numbers.filter(among(pieces.numbers, covered))
        proven = [(shape, some.where(among(some.numbers, records))) for shape, some in found]
        known.extend((shape, some) for shape, some in proven if len(some))
        inner = covered.filter(~among(covered, records))
        return rest.where(~among(rest.numbers, covered)), inner.to_list()

    def _judge_lines(self, known: Iterable[tuple[RecordShape, Lines]], starts: pl.Series) -> Iterator[Split]:
        """Judge the lines of each layout, those of layouts with the same types at once."""
        alike: dict[tuple[pl.DataType, ...], list[tuple[pl.DataFrame, pa.LargeBinaryArray]]] = {}
        for shape, lines in known:
            positions = pl.lit(starts.gather(lines.numbers))
            draft = decode(lines.text(), shape, self._contract, positions)
            self._taken.add(shape)
            sent = lines.array if lines.sent is None else lines.sent
            alike.setdefault(tuple(draft.dtypes), []).append((draft, sent))
        for some in alike.values():
            drafts, arrays = zip(*some, strict=True)
            yield self._judge_known(pl.concat(drafts), partial(pa.concat_arrays, arrays))

    def _judge_known(self, draft: pl.DataFrame, lines: Callable[[], pa.LargeBinaryArray]) -> Split:
        def raw(rows: pl.Series) -> pl.Series:
            texts = pl.Series(lines().view(pa.large_string()).take(rows.to_arrow()))
            return texts.str.strip_chars(" \t\r\n")

        return judge(draft, self._contract, self._origin, raw=raw)

    def _read_strictly(self, lines: Iterable[tuple[int, bytes]], final: int) -> tuple[list[Row], pl.Series]:
        """Return a row for each record of numbered lines, and the number of its line.

        Args:
            lines: The lines.
            final: The number of the one with which the object ends.
        """
        rows: list[Row] = []
        numbers: list[int] = []
        for number, line in lines:
            before = len(rows)
            record = line.strip(MARKS) if len(line) > self._limits.record else b""
            if len(record) > self._limits.record:
                found = salvage(record, self._contract)
                rows.append(self._strict.too_long(record[: self._limits.raw], found))
            else:
                last = number == final and not line.endswith(b"\r" if self._layout.spread else b"\n")
                rows.extend(self._read_line(line, last=last))
            numbers.extend([number] * (len(rows) - before))
        self._ends_cut_off = bool(rows) and rows[-1].get(REASON) == Rejection.CUT_OFF.value
        return rows, pl.Series("line", numbers, dtype=pl.Int64)

    def _read_line(self, line: bytes, *, last: bool) -> list[Row]:
        rows = [*self._strict.read(line, last=last)]
        if rows and rows[-1].get(REASON) in _BROKEN:
            # A record that was torn takes none with it of those that stand beside it in an array.
            parts = lined(line).split(b"\n") if line.lstrip().startswith(b"[") else []
            if len(parts) > 1:
                torn = [row for part in parts[:-1] for row in self._strict.read(part)]
                return [*torn, *self._strict.read(parts[-1], last=last)]
        return rows


class _Place(NamedTuple):
    """Where a text stands in its object.

    Attributes:
        last: The object ends with it.
        whole: Nothing of it goes on in what follows.
    """

    last: bool
    whole: bool


class _Sorted(NamedTuple):
    """The lines of a text.

    Attributes:
        known: Those of known layouts.
        others: The texts that are read one by one, each with the number of its first line.
        empty: The numbers of lines that are not one record each, as far as is known.
        total: How many lines there are.
        final: The number of the text that is read by itself and is the last of all; -1 where it is not.
    """

    known: list[tuple[RecordShape, Lines]]
    others: list[tuple[int, bytes]]
    empty: list[int]
    total: int
    final: int

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def _in_order(records: pl.DataFrame) -> pl.DataFrame:
    return records if records[POSITION].is_sorted() else records.sort(POSITION)
