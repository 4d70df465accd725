"""stedi report."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.output import json_text
from stedi.cli.streams import note_done
from stedi.errors import ConfigurationError
from stedi.lake.display import as_typed
from stedi.places import is_address
from stedi.reports import PrivacyReport

_KINDS: Final = ("html", "md", "json")


def report_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    at: opt.AtOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="A file, or a folder for one of each kind; by default stdout."),
    ] = None,
    file_format: Annotated[str | None, opt.format_option(_KINDS)] = None,
    json: opt.JsonOption = False,
) -> None:
    """Write the privacy report of a run."""
    if json and file_format not in (None, "json"):
        raise ConfigurationError("--json and --format contradict each other: pass one of them")
    if out is not None and is_address(out):
        raise ConfigurationError(
            f"{as_typed(out)} is no file or folder of this machine: write the report into one, then copy it "
            "there"
        )
    made = Lake.open(lake).report(at)
    wanted = "json" if json else file_format
    if out is None:
        sys.stdout.write(_text(made, wanted or "md"))
        return
    for file, kind in _files(made, out, wanted):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_text(made, kind), "utf-8")
        except OSError as error:
            raise ConfigurationError(f"the report {file} can't be written: {error.strerror}") from None
        sys.stderr.write(f"wrote {file}\n")
    note_done()


def _files(made: PrivacyReport, out: Path, wanted: str | None) -> list[tuple[Path, str]]:
    kind = out.suffix.lower().removeprefix(".")
    if not out.is_dir() and kind in _KINDS:
        if wanted not in (None, kind):
            raise ConfigurationError(f"the name {out.name} and the format {wanted} contradict each other")
        return [(out, kind)]
    if not out.is_dir() and kind:
        raise ConfigurationError(
            f"the name {out.name} ends like no report: use .html, .md or .json, or a folder"
        )
    kinds = [wanted] if wanted is not None else list(_KINDS)
    return [(out / f"privacy-report-{made.run_id}.{each}", each) for each in kinds]


def _text(made: PrivacyReport, kind: str) -> str:
    if kind == "json":
        return json_text(made.to_dict())
    return made.to_html() if kind == "html" else made.to_markdown()
