"""Reading a snapshot of a table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ArrowException
from pyiceberg.expressions import EqualTo
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import CatalogError

BATCH_ROWS: Final = 262_144
_CLOSED_BYTES: Final = 1 << 20
"""pyarrow closes a dictionary that gets as large, if nobody says otherwise; stedi one of twice that."""


def scan(table: Table, snapshot_id: int) -> pl.LazyFrame:
    """Return a lazy frame over a snapshot of a table, with the columns of its contract.

    Raises:
        CatalogError: The table lacks a column: another version of stedi made the lake.
    """
    contract = contract_of(table.name()[-1])
    if missing := [name for name in contract.names if name not in table.schema().column_names]:
        raise CatalogError(
            f"table {contract.name} has no column {missing[0]!r}: another version of stedi made this lake. "
            "Use that version, or make the lake again from the landing files"
        )
    return pl.scan_iceberg(table, snapshot_id=snapshot_id).select(
        pl.col(name).cast(dtype) for name, dtype in polars_schema(contract).items()
    )


def first_damaged(table: Table, snapshot_id: int) -> str | None:
    """Return the first data file of a snapshot that can't be read to its end; None where all can."""
    for task in table.scan(snapshot_id=snapshot_id).plan_files():
        try:
            with table.io.new_input(task.file.file_path).open() as source:
                for _ in pq.ParquetFile(source).iter_batches():
                    pass
        except (OSError, ArrowException):
            return str(task.file.file_path)
    return None


def texts(table: Table, snapshot_id: int, column: str) -> pl.Series:
    """Return the texts that a column of a snapshot holds, each once.

    Repeated texts stand in Parquet's dictionaries once per row group: only these are looked at.
    """
    found: list[pl.Series] = []
    for task in table.scan(snapshot_id=snapshot_id).plan_files():
        with table.io.new_input(task.file.file_path).open() as source:
            file = pq.ParquetFile(source, read_dictionary=[column])
            for group in range(file.num_row_groups):
                found += [pl.Series(each, dtype=pl.String) for each in _dictionaries(file, group, column)]
    return pl.concat([pl.Series(dtype=pl.String), *found]).unique().alias(column)


def _dictionaries(file: pq.ParquetFile, group: int, column: str) -> Iterator[pa.Array]:
    """Yield the dictionaries of a column in a row group."""
    if file.metadata.created_by.startswith("parquet-cpp-arrow"):
        # It comes with the first row, and holds all texts unless it was closed because it got too large.
        for first in file.iter_batches(batch_size=1, row_groups=[group], columns=[column]):
            if (dictionary := first.column(0).dictionary).nbytes < _CLOSED_BYTES:
                yield dictionary
                return
            break
    for chunk in file.read_row_group(group, columns=[column]).column(0).chunks:
        yield chunk.dictionary


def rows(
    table: Table, snapshot_id: int, columns: Sequence[str], *, run: str | None
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a snapshot in frames of bounded size; those of one run only, if it is named.

    A Polars scan would have as many row groups on their way as there are, up to 128: memory would grow with
    the table.
    """
    if run is None:
        files = (task.file for task in table.scan(snapshot_id=snapshot_id).plan_files())
        yield from rows_of(table, files, columns)
        return
    # mypy takes the fields of the model for its arguments.
    of_run = EqualTo("_run", run)  # type: ignore[call-arg, arg-type]
    files = (task.file for task in table.scan(of_run, snapshot_id=snapshot_id).plan_files())
    for frame in rows_of(table, files, [*columns, "_run"]):
        yield frame.filter(pl.col("_run") == run).drop("_run")


def rows_of(
    table: Table, files: Iterable[DataFile], columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the rows of data files, file by file, in frames of bounded size, with all or some columns."""
    whole = polars_schema(contract_of(table.name()[-1]))
    schema = {name: whole[name] for name in columns or whole.names()}
    for file in files:
        with table.io.new_input(file.file_path).open() as source, pq.ParquetFile(source) as parquet:
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=list(schema)):
                frame = pl.DataFrame(pa.Table.from_batches([batch]))
                yield frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
