"""stedi rotate-key."""

from typing import Annotated

from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.output import Output, confirm, number, size
from stedi.reports import RotationReport
from stedi.wording import count


def rotate_key_command(
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    plan: opt.PlanOption = False,
    yes: opt.YesOption = False,
    drop_tag: Annotated[list[str] | None, opt.tags_option("Drop a tag: none outlives its key.")] = None,
    json: opt.JsonOption = False,
) -> None:
    """Give the lake a new pseudonym key."""
    opened, output = Lake.open(lake), Output(json=json)

    def rotate(*, plan: bool) -> None:
        with output.progress() as tell:
            report = opened.rotate_key(plan=plan, drop_tags=drop_tag or (), progress=tell)
        output.show(report.to_dict, lambda out: _print(out, report), done=not plan)

    if not plan and not yes:
        output.check_answerable("a rotation")
        rotate(plan=True)
        confirm("Rotate the key?", "nothing was changed")
    rotate(plan=plan)


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
    if report.keys_needed:
        named = ", ".join(report.keys_needed)
        out.print(f"Keep these retired keys, which recognise erased people: {named}")
    else:
        out.print("This lake needs no retired key to recognise erased people.")
    if report.receipt_keys:
        out.print(f"Old receipts are signed with: {', '.join(report.receipt_keys)}")
    if report.outcome == "planned":
        out.print("This is a plan: nothing was changed. Leave out --plan to do it.")
