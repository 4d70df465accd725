"""stedi export."""

from pathlib import Path

from stedi.cli.listing import moment
from stedi.cli.output import console, number, print_json, progress, size
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
    with progress(quiet=as_json) as tell:
        tell(f"exporting {table}", 0, 1)
        done = write(
            Lake.open(lake),
            table,
            path,
            format=file_format,
            at=moment(at),
            personal_data=personal_data,
            overwrite=overwrite,
        )
    if as_json:
        print_json(done.to_dict())
        return
    out = console()
    rows = f"{number(done.rows)} row" + ("" if done.rows == 1 else "s")
    said = f"{rows} of {table}, run {done.run_id}, written to {path} ({size(done.size)})"
    out.print(said, markup=False, soft_wrap=True)
    if done.hidden:
        out.print(f"left out as personal data: {', '.join(done.hidden)} (--personal-data writes them, too)")
