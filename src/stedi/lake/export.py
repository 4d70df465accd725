"""A table of a published run → one file outside the lake, whole or not at all."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final, Literal, get_args

import polars as pl
from polars.exceptions import PolarsError

from stedi.contract import Kind, ListOf, contract_of
from stedi.errors import ExportError, UnknownNameError
from stedi.lake.lake import Lake
from stedi.landing.redact import as_typed
from stedi.names import RUN
from stedi.places import is_address
from stedi.warehouse.catalog import CATALOG_FILE

ExportFormat = Literal["parquet", "csv", "ndjson"]
EXPORT_FORMATS: Final[tuple[ExportFormat, ...]] = get_args(ExportFormat)
_SUFFIXES: Final[Mapping[str, ExportFormat]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
# A name may have 255 bytes, and the temporary one is longer.
_NAME: Final = 50
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote.

    Attributes:
        table: The table.
        path: The file.
        format: Its format.
        run_id: The run that the rows are of.
        rows: How many rows it has.
        size: How many bytes.
        hidden: The columns with personal data that were left out.
    """

    table: str
    path: Path
    format: ExportFormat
    run_id: str
    rows: int
    size: int
    hidden: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        return asdict(self) | {"path": str(self.path), "hidden": list(self.hidden)}


def export(
    lake: Lake,
    table: str,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - what a user types
    at: str | date | datetime | None = None,
    personal_data: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write a table of a published run into one file, in memory that does not grow with the table.

    The file appears under its name when it is whole: until then it has a name of its own beside it. Of an
    older run, customers whom the newest run does not trust are left out, as in ``Lake.scan``.

    Args:
        lake: The lake.
        table: The table's name.
        path: The file to write.
        format: ``parquet``, ``csv`` or ``ndjson``; by default the file's suffix decides. Times in text are
            ISO 8601 in UTC; in CSV lists of texts are JSON.
        at: A run id, a tag, or a time; None for the newest run.
        personal_data: Write the columns that name people, too.
        overwrite: Replace a file that is there.

    Raises:
        UnknownNameError: There is no such table, format, run or tag.
        ExportError: The file can't be written, or is there already.
        LakeError: Nothing was published yet, or a file is damaged or gone.
    """
    contract = contract_of(table)
    chosen = _format(path, format)
    lists = {column.name: column.kind for column in contract.columns if isinstance(column.kind, ListOf)}
    records = [name for name, kind in lists.items() if not isinstance(kind.element, Kind)]
    if chosen == "csv" and records:
        raise ExportError(
            f"the column {records[0]!r} of {table} holds lists, and CSV can't: use the format parquet or "
            "ndjson"
        )
    if table == RUN and at is not None:
        raise ExportError(f"the table {RUN} tells of all runs at once: export it without a run, tag or time")
    _check_place(path, overwrite=overwrite)
    run = lake.find_run(at)
    hidden = () if personal_data else contract.pii
    frame = lake.scan(table, at=run.run_id).drop(hidden)
    if chosen == "csv":
        texts = [_as_json(name) for name in lists if name not in hidden]
        frame = frame.with_columns(texts)
    part = path.with_name(f".{path.name[:_NAME]}.{token_hex(4)}.part")
    try:
        with lake.reading():
            rows = int(frame.select(pl.len()).collect(engine="streaming").item())
            _sink(frame, part, chosen)
        size = part.stat().st_size
        _rename(part, path, overwrite=overwrite)
    except (OSError, PolarsError) as error:
        reason = _reason(error)
    else:
        return Exported(
            table=table, path=path, format=chosen, run_id=run.run_id, rows=rows, size=size, hidden=hidden
        )
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    raise ExportError(f"{table} can't be written to {as_typed(path)}: {reason}")


def _as_json(column: str) -> pl.Expr:
    """Return a column of lists as texts, as JSON writes them."""
    return pl.col(column).map_elements(
        lambda values: json.dumps(values.to_list(), ensure_ascii=False), return_dtype=pl.String
    )


def _format(path: Path, wanted: str | None) -> ExportFormat:
    for known in EXPORT_FORMATS:
        if wanted == known:
            return known
    if wanted is not None:
        raise UnknownNameError.of("export format", wanted, EXPORT_FORMATS)
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise ExportError(
            f"the name {as_typed(path.name)} does not say the format: let it end in {', '.join(_SUFFIXES)}, "
            f"or pass --format with one of {', '.join(EXPORT_FORMATS)}"
        ) from None


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse early what can't be written: not after an hour of work."""
    shown = as_typed(path)
    if is_address(path):
        raise ExportError(f"{shown} is no file of this machine: export into one, then copy it there")
    folder = path.absolute().parent
    try:
        if path.is_dir():
            raise ExportError(f"{shown} is a folder: name a file in it")
        if path.exists() and not path.is_file():
            raise ExportError(f"{shown} is no ordinary file: an export is written beside it and renamed")
        if path.exists() and not overwrite:
            raise ExportError(_there_already(path))
        if not folder.is_dir():
            raise ExportError(f"the folder {as_typed(folder)} does not exist: make it, or name another")
        inside = any((place / CATALOG_FILE).exists() for place in path.resolve().parents)
    except (OSError, ValueError) as error:
        raise ExportError(f"the path {shown} can't be used: {_reason(error)}") from None
    if inside:
        raise ExportError(f"{shown} lies in a lake, which holds only what its runs write: name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"the folder {as_typed(folder)} can't be written to: choose another")


def _there_already(path: Path) -> str:
    return f"{as_typed(path)} is there already: name another file, or pass --overwrite"


def _sink(frame: pl.LazyFrame, path: Path, chosen: ExportFormat) -> None:
    if chosen == "parquet":
        frame.sink_parquet(path)
    elif chosen == "csv":
        frame.sink_csv(path, datetime_format=_ISO, check_extension=False)
    else:
        frame.sink_ndjson(path, check_extension=False)


def _rename(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give a whole file its name; without leave to overwrite, not in the place of one that came meanwhile."""
    if overwrite:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise ExportError(_there_already(path)) from None
    except OSError:
        # The file system knows no second name of a file.
        if path.exists():
            raise ExportError(_there_already(path)) from None
        part.rename(path)


def _reason(error: BaseException) -> str:
    """Return what the system says; not what Polars does, which may quote a cell."""
    if isinstance(error, PolarsError):
        return type(error).__name__
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or as_typed(str(error).partition("\n")[0])
