"""stedi report."""

import sys
from pathlib import Path
from typing import Final

from stedi.cli.output import json_text
from stedi.cli.streams import done
from stedi.cli.usage import one_of, run_or_time
from stedi.errors import ConfigurationError
from stedi.governance.privacy.report import PrivacyReport
from stedi.lake.lake import Lake
from stedi.landing.redact import as_typed
from stedi.places import is_address

FORMATS: Final = ("html", "md", "json")


def report(lake: Path, *, at: str | None, out: Path | None, file_format: str | None, as_json: bool) -> None:
    """Make the privacy report of a run: into a file, a file of each kind in a folder, or on stdout."""
    one_of("--format", file_format, FORMATS)
    if as_json and file_format not in (None, "json"):
        raise ConfigurationError("--json and --format contradict each other: pass one of them")
    if out is not None and is_address(out):
        raise ConfigurationError(
            f"{as_typed(out)} is no file or folder of this machine: write the report into one, then copy it "
            "there"
        )
    made = Lake.open(lake).report(run_or_time(at))
    wanted = "json" if as_json else file_format
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
    done()


def _files(made: PrivacyReport, out: Path, wanted: str | None) -> list[tuple[Path, str]]:
    kind = out.suffix.lower().removeprefix(".")
    if not out.is_dir() and kind in FORMATS:
        if wanted not in (None, kind):
            raise ConfigurationError(f"the name {out.name} and the format {wanted} contradict each other")
        return [(out, kind)]
    if not out.is_dir() and kind:
        raise ConfigurationError(
            f"the name {out.name} ends like no report: use .html, .md or .json, or a folder"
        )
    kinds = [wanted] if wanted is not None else list(FORMATS)
    return [(out / f"privacy-report-{made.run_id}.{each}", each) for each in kinds]


def _text(made: PrivacyReport, kind: str) -> str:
    if kind == "json":
        return json_text(made.to_dict())
    return made.to_html() if kind == "html" else made.to_markdown()
