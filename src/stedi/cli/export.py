"""stedi export."""

from pathlib import Path

from stedi.cli.output import console, number, print_json, progress, size
from stedi.cli.streams import done
from stedi.cli.usage import one_of, run_or_time
from stedi.lake.export import EXPORT_FORMATS
from stedi.lake.export import export as write
from stedi.lake.lake import Lake


def export(
    table: str,
    path: Path,
    *,
    lake: Path,
    file_format: str | None,
    at: str | None,
    personal_data: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a table into a file and say what is in it."""
    one_of("--format", file_format, EXPORT_FORMATS)
    with progress(quiet=as_json) as tell:
        tell(f"exporting {table}", 0, 1)
        written = write(
            Lake.open(lake),
            table,
            path,
            format=file_format,
            at=run_or_time(at),
            personal_data=personal_data,
            overwrite=overwrite,
        )
    done()
    if as_json:
        print_json(written.to_dict())
        return
    out = console()
    rows = f"{number(written.rows)} row" + ("" if written.rows == 1 else "s")
    said = f"{rows} of {table}, run {written.run_id}, written to {path} ({size(written.size)})"
    out.print(said, soft_wrap=True)
    if hidden := ", ".join(written.hidden):
        out.print(f"left out as personal data: {hidden} (--personal-data writes them, too)")
