"""Reading a snapshot of a table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.expressions import EqualTo
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from stedi.consent.pseudonyms import BLANKS, keys
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import CatalogError
from stedi.warehouse.manifests import files_of
from stedi.warehouse.scanned import ScannedTable

BATCH_ROWS: Final = 262_144
_CLOSED_BYTES: Final = 1 << 20
"""pyarrow closes a dictionary that gets as large, if nobody says otherwise; stedi one of twice that."""


def scan(table: Table, snapshot_id: int) -> pl.LazyFrame:
    """Return a lazy frame over a snapshot of a table, with the columns of its contract.

    Should the snapshot's files be removed before it is collected, that raises a CatalogError.

    Raises:
        CatalogError: The table lacks a column: another tool changed it.
    """
    contract = contract_of(table.name()[-1])
    if missing := [name for name in contract.names if name not in table.schema().column_names]:
        raise CatalogError(
            f"table {contract.name} has no column {missing[0]!r}: another tool changed it. Restore the lake "
            "from a backup, or make it again from the landing files"
        )
    return pl.scan_iceberg(ScannedTable.of(table), snapshot_id=snapshot_id).select(
        pl.col(name).cast(dtype) for name, dtype in polars_schema(contract).items()
    )


def spelled(table: Table, snapshot_id: int, column: str, wanted: pl.Series) -> pl.Series:
    """Return the texts of a column of a snapshot that have one of some keys, each once.

    Repeated texts stand in Parquet's dictionaries once per row group: only these are looked at.
    """
    found = [pl.Series(dtype=pl.String)]
    for data in files_of(table, snapshot_id):
        with table.io.new_input(data.file_path).open() as source:
            # One column of one row group at a time: there is nothing for threads to do.
            file = pq.ParquetFile(source, read_dictionary=[column], pre_buffer=False)
            for group in range(file.num_row_groups):
                of_group = _dictionaries(file, group, column)
                found += [pl.Series(_candidates(texts, wanted), dtype=pl.String) for texts in of_group]
    candidates = pl.concat(found).unique()
    return candidates.filter(keys(candidates).is_in(wanted.implode())).alias(column)


def _candidates(texts: pa.Array, wanted: pl.Series) -> pa.Array:
    """Return the texts that have one of some keys, and all that are not plain ASCII."""
    made = pc.ascii_lower(pc.ascii_trim(texts, characters=BLANKS))
    has_one = pc.is_in(made, value_set=wanted.to_arrow().cast(texts.type))
    return texts.filter(pc.or_(has_one, pc.invert(pc.string_is_ascii(texts))))


def _dictionaries(file: pq.ParquetFile, group: int, column: str) -> Iterator[pa.Array]:
    """Yield the dictionaries of a column in a row group."""
    if file.metadata.created_by.startswith("parquet-cpp-arrow"):
        # It comes with the first row, and holds all texts unless it was closed because it got too large.
        rows = file.iter_batches(batch_size=1, row_groups=[group], columns=[column], use_threads=False)
        first = next(rows, None)
        if first is None:
            return
        if (dictionary := first.column(0).dictionary).nbytes < _CLOSED_BYTES:
            yield dictionary
            return
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
        yield from rows_of(table, files_of(table, snapshot_id), columns)
        return
    # mypy takes the fields of the model for its arguments.
    of_run = EqualTo("_run", run)  # type: ignore[call-arg, arg-type]
    files = (task.file for task in table.scan(of_run, snapshot_id=snapshot_id).plan_files())
    for frame in rows_of(table, files, [*columns, "_run"]):
        yield frame.filter(pl.col("_run") == run).drop("_run")


def old_rows(table: Table, snapshot_id: int) -> pl.DataFrame | None:
    """Return all rows of a snapshot with the columns that it had; None where these are the contract's."""
    snapshot = table.snapshot_by_id(snapshot_id)
    schema = table.schemas().get(snapshot.schema_id or 0) if snapshot is not None else None
    names = [field.name for field in schema.fields] if schema is not None else []
    if set(names) == set(contract_of(table.name()[-1]).names):
        return None
    frames = [pl.DataFrame(schema_to_pyarrow(schema).empty_table())] if schema is not None else []
    for file in files_of(table, snapshot_id):
        with table.io.new_input(file.file_path).open() as source:
            frames.append(pl.DataFrame(pq.ParquetFile(source).read()))
    return pl.concat(frames, how="diagonal_relaxed")


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
