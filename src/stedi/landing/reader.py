"""The records of one landing object, chunk by chunk, judged by the contract."""

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from stedi.contract.reasons import Rejection
from stedi.contract.table import Contract
from stedi.landing.boundary import SPACE, Separator, part
from stedi.landing.chunks import Chunk
from stedi.landing.draft import POSITION, REASON, draft_schema
from stedi.landing.limits import Limits
from stedi.landing.lines import Lines
from stedi.landing.rules import Origin, judge
from stedi.landing.salvage import Named
from stedi.landing.shape import Shape, learn
from stedi.landing.split import Split
from stedi.landing.strict import Row, StrictReader
from stedi.landing.vectorised import decode

_BLANK: Final = r"\A[ \t\r\n]*\z"


class Reader:
    """Reads the chunks of one object into kept and rejected records.

    A chunk whose lines all have one layout is read at once. In any other, the lines of each known layout are,
    and what no layout explains is read line by line. All ways give the same result for every line, so which
    one a line takes is a matter of time only.
    """

    def __init__(self, contract: Contract, origin: Origin, limits: Limits) -> None:
        """Begin at the first record of an object."""
        self._contract = contract
        self._origin = origin
        self._limits = limits
        self._strict = StrictReader(contract)
        self._separator = Separator()
        self._shapes: list[Shape] = []
        self._likely: tuple[Shape, ...] | None = None
        self._position = 0
        self._fast_consent_field = False
        self._ends_cut_off = False

    @property
    def consent_field(self) -> bool:
        """Whether some record so far had the key that grants consent to research."""
        return self._fast_consent_field or self._strict.consent_field

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Split]:
        """Read all chunks of the object."""
        for chunk in chunks:
            if chunk.too_long is not None:
                yield self._judge_rows([self._strict.too_long(chunk.text, chunk.too_long)])
            elif chunk.text:
                few = self._read_few(chunk) if self._is_short(chunk) else None
                yield few or self._read_uniform(chunk) or self._read_chunk(chunk)

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

    def _is_short(self, chunk: Chunk) -> bool:
        return len(chunk.text) <= min(self._limits.short, self._limits.record)

    def _read_few(self, chunk: Chunk) -> Split:
        """Return the records of a short chunk, read one by one."""
        lines = BytesIO(part(chunk.text)).readlines()
        rows, _ = self._read_strictly(enumerate(lines), chunk, len(lines))
        return self._judge_rows(rows)

    def _read_uniform(self, chunk: Chunk) -> Split | None:
        """Return the records of a chunk whose lines all have the likely layout; None for any other."""
        if not self._limits.fast:
            return None
        text = self._separator.apply(chunk.text)
        first = text[: text.find(b"\n") + 1]
        if self._likely is None and len(text) > self._limits.few * len(first):
            self._likely = learn(first, self._contract)
        if not self._likely or not _is_utf8(text) or _longer_line(text, self._limits.record):
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
        self._fast_consent_field |= shape.consent_field
        self._ends_cut_off = False
        positions = self._position + pl.int_range(pl.len(), dtype=pl.Int64)
        draft = decode(text, shape, self._contract, positions)
        self._position += draft.height
        return self._judge_known(draft, lambda: Lines.of(text).array)

    def _read_chunk(self, chunk: Chunk) -> Split:
        known, rest, blank, total = self._sort_lines(chunk.text)
        numbered = zip(rest.numbers, rest.array.to_pylist(), strict=True)
        rows, numbers = self._read_strictly(numbered, chunk, total)
        counts = pl.Series([0], dtype=pl.Int64).extend_constant(1, total).slice(1)
        if len(rest) or len(blank):
            per_line = numbers.value_counts()
            counts = counts.scatter(rest.numbers, 0).scatter(blank.numbers, 0)
            counts = counts.scatter(per_line["line"], per_line["count"])
        starts = counts.cum_sum() - counts + self._position
        splits = list(self._judge_lines(known, starts))
        if rows:
            within = pl.int_range(len(rows), eager=True) - numbers.search_sorted(numbers, "left")
            splits.append(
                judge(self._draft(rows, starts.gather(numbers) + within), self._contract, self._origin)
            )
        self._position += int(counts.sum())
        if len(known) + bool(rows) == 1:
            self._likely = (known[0][0],) if known and not len(blank) else ()
            return splits[0]
        whole = Split.concat(splits, self._contract)
        return Split(_in_order(whole.kept), _in_order(whole.rejected))

    def _sort_lines(self, text: bytes) -> tuple[list[tuple[Shape, Lines]], Lines, Lines, int]:
        """Return the lines of known layouts, the lines of none, the blank lines, and how many there are."""
        while True:
            text = self._separator.apply(text)
            lines = Lines.of(text)
            fit = self._fit_for_patterns(text, lines)
            rest = lines.where(fit)
            known: list[tuple[Shape, Lines]] = []
            for shape in self._shapes:
                rest = self._take(shape, rest, known)
            odd = lines.where(~fit)
            if not self._separator.learn(rest.text()) and not self._separator.learn(odd.text()):
                break
        rest = self._learn(rest, known)
        is_blank = rest.matches(_BLANK)
        blank, rest = rest.where(is_blank), rest.where(~is_blank)
        return known, rest.merged(odd), blank, len(lines)

    def _fit_for_patterns(self, text: bytes, lines: Lines) -> pl.Series:
        if not self._limits.fast or len(lines) <= self._limits.few:
            return pl.Series([False]).extend_constant(False, len(lines)).slice(1)  # noqa: FBT003 - a value
        fit = lines.lengths() <= self._limits.record
        return fit if _is_utf8(text) else fit & lines.are_utf8()

    def _take(self, shape: Shape, rest: Lines, known: list[tuple[Shape, Lines]]) -> Lines:
        if not len(rest):
            return rest
        matched = rest.matches(shape.line)
        if not matched.any():
            return rest
        known.append((shape, rest.where(matched)))
        self._fast_consent_field |= shape.consent_field
        return rest.where(~matched)

    def _learn(self, rest: Lines, known: list[tuple[Shape, Lines]]) -> Lines:
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

    def _judge_lines(self, known: Iterable[tuple[Shape, Lines]], starts: pl.Series) -> Iterator[Split]:
        """Judge the lines of each layout, those of layouts with the same types at once."""
        alike: dict[tuple[pl.DataType, ...], list[tuple[pl.DataFrame, pa.LargeBinaryArray]]] = {}
        for shape, lines in known:
            positions = pl.lit(starts.gather(lines.numbers))
            draft = decode(lines.text(), shape, self._contract, positions)
            alike.setdefault(tuple(draft.dtypes), []).append((draft, lines.array))
        for some in alike.values():
            drafts, arrays = zip(*some, strict=True)
            yield self._judge_known(pl.concat(drafts), partial(pa.concat_arrays, arrays))

    def _judge_known(self, draft: pl.DataFrame, lines: Callable[[], pa.LargeBinaryArray]) -> Split:
        def raw(rows: pl.Series) -> pl.Series:
            texts = pl.Series(lines().view(pa.large_string()).take(rows.to_arrow()))
            return texts.str.strip_chars(" \t\r\n")

        return judge(draft, self._contract, self._origin, raw=raw)

    def _read_strictly(
        self, lines: Iterable[tuple[int, bytes]], chunk: Chunk, total: int
    ) -> tuple[list[Row], pl.Series]:
        """Return a row for each record of numbered lines, and the number of its line."""
        rows: list[Row] = []
        numbers: list[int] = []
        for number, line in lines:
            before = len(rows)
            record = line.removesuffix(b"\n").lstrip(SPACE) if len(line) > self._limits.record else b""
            if len(record) > self._limits.record:
                named = Named.of(record, self._contract)
                rows.append(self._strict.too_long(record[: self._limits.raw], named))
            else:
                last = chunk.last and number == total - 1 and not line.endswith(b"\n")
                rows.extend(self._strict.read(line, last=last))
            numbers.extend([number] * (len(rows) - before))
        self._ends_cut_off = bool(rows) and rows[-1].get(REASON) == Rejection.CUT_OFF.value
        return rows, pl.Series("line", numbers, dtype=pl.Int64)


def _in_order(records: pl.DataFrame) -> pl.DataFrame:
    return records if records[POSITION].is_sorted() else records.sort(POSITION)


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _longer_line(text: bytes, limit: int) -> bool:
    """Return whether a line of a text is longer than so many bytes."""
    start = 0
    while len(text) - start > limit:
        start = text.rfind(b"\n", start, start + limit) + 1
        if start == 0:
            return True
    return False
