"""stedi export."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.output import Output, size
from stedi.lake.export import EXPORT_FORMATS, Exported, export
from stedi.wording import count


def export_command(
    table: opt.TableArgument,
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    file_format: Annotated[str | None, opt.format_option(EXPORT_FORMATS)] = None,
    at: opt.AtOption = None,
    personal_data: Annotated[
        bool,
        opt.personal_data_option(
            "Write the columns that name people, too (such as e-mail and serial number): whoever gets "
            "the file then has personal data, and no withdrawal or erasure reaches it."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    json: opt.JsonOption = False,
) -> None:
    """Write a table into one file."""
    output = Output(json=json)
    with output.progress() as tell:
        tell(f"exporting {table}", 0, 1)
        written = export(
            Lake.open(lake),
            table,
            out,
            format=file_format,
            at=at,
            personal_data=personal_data,
            overwrite=overwrite,
        )
    output.show(written.to_dict, lambda console: _print(console, written), done=True)


def _print(out: Console, written: Exported) -> None:
    out.print(
        f"{count(written.rows, 'row')} of {written.table}, run {written.run_id}, written to {written.path} "
        f"({size(written.size)})",
        soft_wrap=True,
    )
    if hidden := ", ".join(written.hidden):
        out.print(f"left out as personal data: {hidden} (--personal-data writes them, too)")
