"""Fill in what pages leave to be computed: ``<!-- computed: NAME -->`` becomes a picture or a table."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import mkdocs_gen_files
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

import drawing
from ways import DAMAGED_RECORD, ERASED_EMAIL, LANDING_OBJECT
from worked_example import ANN, CASES, SHARED, decisions

from stedi.cli.app import app
from stedi.contract.reasons import Drop

_MARK: Final = re.compile(r"<!-- computed: ([a-z_ -]+) -->")
_PAGES: Final = ("index.md", "consent.md", "cli.md", "design/2026-12-01-the-house.md")


def ann_table() -> str:
    """Return what stedi decides about Ann at each moment."""
    lines = [
        "| Judged on | Does Ann consent? | `consent_from` | Phone readings used | Left out |",
        "|---|---|---|---|---|",
    ]
    for decision in decisions(ANN):
        since = decision.consent_from["ann"]
        lines.append(
            f"| {_day(decision.moment)} | {_yes(since)} | {_exact(since)} | "
            f"{_used(decision.phone['ann'])} | {_left_out(decision.phone['ann'])} |"
        )
    return "\n".join(lines)


def shared_table() -> str:
    """Return what stedi decides about the shared device at each moment."""
    lines = [
        "| Judged on | Ben | Cleo | `device_consent_from` | Used | Left out | Rows trusted | Rows curated |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for decision in decisions(SHARED):
        steps = decision.steps["trainer-7"]
        ben, cleo = (_yes(decision.consent_from[person]) for person in ("ben", "cleo"))
        lines.append(
            f"| {_day(decision.moment)} | {ben} | {cleo} | {_exact(decision.device_from['trainer-7'])} | "
            f"{_used(steps)} | {_left_out(steps)} | {decision.step_rows} | {decision.ml_rows} |"
        )
    return "\n".join(lines)


def cases_table() -> str:
    """Return what stedi decides about small questions."""
    lines = ["| Dana's records, judged on 1 June 2024 | Consents? | `consent_from` |", "|---|---|---|"]
    for case in CASES:
        since = case.consent_from()
        lines.append(f"| {case.question} | {_yes(since)} | {_exact(since)} |")
    return "\n".join(lines)


def _help(command: str) -> str:
    words = command.split()
    printed = CliRunner().invoke(app, [*words, "--help"], prog_name="stedi", terminal_width=88)
    return f"```text\n{printed.output.strip()}\n```"


def _yes(since: datetime | None) -> str:
    return "no" if since is None else "**yes**"


def _exact(since: datetime | None) -> str:
    if since is None:
        return "null"
    precise = "milliseconds" if since.microsecond else "minutes"
    return "`" + since.isoformat(sep=" ", timespec=precise).removesuffix("+00:00") + "`"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B}"


def _used(readings: Mapping[datetime, Drop | None]) -> str:
    return _days(time for time, reason in readings.items() if reason is None) or "none"


def _left_out(readings: Mapping[datetime, Drop | None]) -> str:
    by_reason: dict[Drop, list[datetime]] = {}
    for time, reason in readings.items():
        if reason is not None:
            by_reason.setdefault(reason, []).append(time)
    return "<br>".join(f"{_days(times)}: {reason.words}" for reason, times in by_reason.items()) or "none"


def _days(times: Iterable[datetime]) -> str:
    return ", ".join(f"{time.day}&nbsp;{time:%b}" for time in times)


_COMPUTED: Final[Mapping[str, Callable[[], str]]] = {
    "zones": lambda: drawing.zones().replace("{contracts}", "contracts/"),
    "way of a landing object": lambda: drawing.way(LANDING_OBJECT, "The way of a landing object"),
    "way of a damaged record": lambda: drawing.way(DAMAGED_RECORD, "The way of a damaged record"),
    "way of an email": lambda: drawing.way(ERASED_EMAIL, "The way of an e-mail through an erasure"),
    "ann picture": drawing.ann,
    "ann table": ann_table,
    "shared picture": drawing.shared,
    "shared table": shared_table,
    "cases table": cases_table,
}


def _compute(found: re.Match[str]) -> str:
    name = found[1]
    return _help(name.removeprefix("help").strip()) if name.startswith("help") else _COMPUTED[name]()


for _page in _PAGES:
    with mkdocs_gen_files.open(_page, "r") as _source:
        _text = _source.read()
    with mkdocs_gen_files.open(_page, "w") as _target:
        _target.write(_MARK.sub(_compute, _text))
    mkdocs_gen_files.set_edit_path(_page, _page)
