"""What goes of each table when a person is erased, and what is replaced in the rows of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.subject import Subject
from stedi.landing.gate import ERASED_TEXT
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.warehouse.cut import Cut, GroupChange, Texts


class _Filter(NamedTuple):
    """Rows that go, by what a column says.

    Attributes:
        column: The column.
        chosen: Says which of its values are meant.
        until: Only rows up to a time go: its column, and the time.
    """

    column: str
    chosen: Callable[[pl.Series], pl.Series]
    until: tuple[str, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCut:
    """Takes out some rows, and replaces texts of a column in all others.

    Attributes:
        subjects: Whose rows go.
        replaced: For some columns, what each of their texts becomes.
    """

    filters: Sequence[_Filter]
    replaced: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        """The columns to decide by."""
        times = [each.until[0] for each in self.filters if each.until is not None]
        return list(dict.fromkeys([*(each.column for each in self.filters), *times, *self.replaced]))

    def __call__(self, rows: pa.Table) -> GroupChange | None:
        """Say what becomes of the rows of a row group."""
        keep = pl.repeat(value=True, n=rows.num_rows, dtype=pl.Boolean, eager=True)
        touched = False
        for each in self.filters:
            texts = Texts.of(rows.column(each.column))
            chosen = each.chosen(texts.distinct)
            if not chosen.any():
                continue
            gone = texts.rows(chosen)
            if each.until is not None:
                column, last = each.until
                gone &= pl.Series(rows.column(column)).cast(pl.Datetime("us", "UTC")) <= last
            touched |= bool(gone.any()) or each.until is None
            keep &= ~gone
        values: dict[str, pl.Series] = {}
        for column, new in self.replaced.items():
            texts = Texts.of(rows.column(column))
            replaced = pl.Series(
                [None if text is None else new(text) for text in texts.distinct], dtype=pl.String
            )
            if not replaced.eq_missing(texts.distinct).all():
                values[column] = replaced.gather(texts.places)
        return GroupChange(keep, values) if touched or values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineCut:
    """Takes out rejected records of a person and their devices, and texts that name them.

    A rejected record of somebody else may be a denial: it stays, without its raw text.
    """

    subject: Subject
    erase_shared: bool
    path: Callable[[str], str]

    @property
    def columns(self) -> Sequence[str]:
        """The columns to decide by."""
        return (
            "table_name",
            "raw",
            "emails",
            "serial_numbers",
            "tombstones",
            "last_update_date",
            "released_at",
            "_object",
        )

    def __call__(self, rows: pa.Table) -> GroupChange | None:
        """Say what becomes of the rows of a row group."""
        before = _frame(rows.select(self.columns))
        after = [self._left(row) for row in before.iter_rows(named=True)]
        keep = pl.Series([row is not None for row in after], dtype=pl.Boolean)
        values = {}
        for name in ("raw", "emails", "serial_numbers", "tombstones", "_object"):
            column = before[name]
            texts = [old if row is None else row[name] for old, row in zip(column, after, strict=True)]
            changed = pl.Series(name, texts, dtype=column.dtype)
            if not changed.eq_missing(column).all():
                values[name] = changed
        return GroupChange(keep, values) if values or not keep.all() else None

    def _left(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is left of a rejected record; None where nothing is."""
        subject, raw = self.subject, row["raw"] or ""
        emails, serials = row["emails"], row["serial_numbers"]
        mine = [each for each in emails if subject.reads(each)]
        own = [each for each in serials if subject.owns(each)]
        named = bool(mine) or bool(own) or subject.named_in(raw)
        place = None if row["_object"] is None else self.path(row["_object"])
        left = {**row, "_object": place, "raw": ERASED_TEXT if named else row["raw"]}
        if row["table_name"] != CUSTOMER_LANDING:
            shared = self.erase_shared and any(map(subject.shares, serials))
            nameless = named and not emails and not serials and not subject.names_others(raw)
            return None if mine or own or shared or nameless else left
        others = [each for each in emails if each not in mine]
        left |= {"emails": others, "serial_numbers": [each for each in serials if each not in own]}
        if mine and row["last_update_date"] is None and row["released_at"] is None:
            # It may be newer than the erasure: it denies for the person still, without naming them.
            left["tombstones"] = sorted({*row["tombstones"], subject.customer_id})
        if not others:
            # Nobody else's, as far as can be read: it says nothing about consent.
            lone = named and not subject.names_others(raw)
            if not (mine or row["tombstones"] or lone or subject.hinted_in(raw)):
                return left
            return {**left, "serial_numbers": []} if left["tombstones"] else None
        return left


def _frame(rows: pa.Table) -> pl.DataFrame:
    """Return rows with texts that may be dictionaries as they are meant."""
    columns = [
        _text(column) if pa.types.is_dictionary(column.type) else pl.Series(column) for column in rows.columns
    ]
    return pl.DataFrame([column.alias(name) for column, name in zip(columns, rows.column_names, strict=True)])


def _text(column: pa.ChunkedArray) -> pl.Series:
    texts = Texts.of(column)
    return texts.distinct.gather(texts.places)


def cuts(erasure: Erasure) -> Mapping[str, Cut]:
    """Return what goes of each table that can hold the subject."""
    subject, path, until = erasure.subject, erasure.paths.mask, erasure.erased_at
    place = {"_object": path}
    steps = [_Filter("serial_number", subject.is_own)]
    if erasure.erase_shared:
        steps.append(_Filter("serial_number", subject.is_shared, ("sensor_reading_time", until)))
    mine = _Filter("customer_id", lambda ids: ids == subject.customer_id)
    shared = list(subject.shared.values())

    def with_shared(time: str) -> RowCut:
        others = _Filter("device_id", lambda ids: ids.is_in(shared), (time, until))
        return RowCut(filters=[mine, others] if shared else [mine])

    return {
        CUSTOMER_LANDING: RowCut(filters=[_Filter("email", subject.is_mine)], replaced=place),
        ACCELEROMETER_LANDING: RowCut(filters=[_Filter("user", subject.is_mine)], replaced=place),
        STEP_TRAINER_LANDING: RowCut(filters=steps, replaced=place),
        QUARANTINE: QuarantineCut(subject=subject, erase_shared=erasure.erase_shared, path=path),
        OBJECT: RowCut(filters=[], replaced={"path": path}),
        CUSTOMER_TRUSTED: RowCut(filters=[mine]),
        ACCELEROMETER_TRUSTED: RowCut(filters=[mine]),
        CUSTOMER_CURATED: RowCut(filters=[mine]),
        STEP_TRAINER_TRUSTED: with_shared("sensor_reading_time"),
        MACHINE_LEARNING_CURATED: with_shared("timestamp"),
    }
