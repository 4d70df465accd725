"""stedi rotate-key."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stedi.cli.output import console, number, print_json, progress, size
from stedi.cli.streams import done
from stedi.errors import ConfigurationError
from stedi.governance.rotate.rotation import RotationReport
from stedi.lake.lake import Lake
from stedi.wording import count


def rotate_key(lake: Path, *, plan: bool, yes: bool, drop_tags: Sequence[str], as_json: bool) -> None:
    """Give a lake a new key, or say what that would do."""
    opened = Lake.open(lake)

    def ask(*, plan: bool) -> RotationReport:
        with progress(quiet=as_json) as tell:
            return opened.rotate_key(plan=plan, drop_tags=drop_tags, progress=tell)

    if not plan and not yes:
        if as_json or not sys.stdin.isatty():
            raise ConfigurationError("a rotation can't be undone: look at it with --plan, then pass --yes")
        _print(console(), ask(plan=True))
        sys.stdout.write("Rotate the key? Type yes: ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise ConfigurationError("nothing was changed: the answer was not yes")
    report = ask(plan=plan)
    if not plan:
        done()
    if as_json:
        print_json(report.to_dict())
    else:
        _print(console(), report)


def _print(out: Console, report: RotationReport) -> None:
    rows, snapshots = sum(report.rows.values()), sum(report.snapshots.values())
    if report.outcome == "planned":
        new = report.new or "one that will be made"
        out.print(f"{number(rows)} rows would get ids of another key: {report.old} -> {new}.")
        out.print(f"{count(snapshots, 'snapshot')} would be expired: older runs can't be read afterwards.")
        for name in report.refs_holding:
            out.print(f"The tag {name} holds ids of the old key: pass --drop-tag {name}.")
    elif report.outcome == "nothing_to_do":
        out.print(f"Nothing to do: {report.new} is the key of the last rotation, and nothing came since.")
    else:
        done = " A rotation that was interrupted was completed." if report.resumed else ""
        out.print(
            f"Rotated: {report.old} -> {report.new}; {number(rows)} rows, the same but for their ids.{done}"
        )
        out.print(
            f"{count(snapshots, 'snapshot')} expired, {count(report.files_deleted, 'file')} deleted "
            f"({size(report.bytes_freed)}). {count(report.decoded, 'file')} decoded afterwards: no old id."
        )
        if report.key_file is not None:
            out.print(f"The new key stands first in {report.key_file}: back it up.", soft_wrap=True)
    _print_keys(out, report)
    if report.outcome == "planned":
        out.print("This is a plan: nothing was changed. Leave out --plan to do it.")


def _print_keys(out: Console, report: RotationReport) -> None:
    if report.keys_needed:
        out.print(f"Keep these retired keys, which recognise erased people: {_named(report.keys_needed)}")
    else:
        out.print("This lake needs no retired key to recognise erased people.")
    if report.receipt_keys:
        out.print(f"Old receipts are signed with: {_named(report.receipt_keys)}")


def _named(fingerprints: Sequence[str]) -> str:
    return ", ".join(fingerprints)
