"""stedi erase."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.listing import table_of
from stedi.cli.output import Output, confirm, number, size
from stedi.errors import LakeError
from stedi.lake.display import safe_path
from stedi.reports import Receipt
from stedi.wording import count


def erase_command(
    email: Annotated[str, typer.Argument(help="The e-mail of the person, in any spelling.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    serial: Annotated[
        bool, typer.Option("--serial", help="EMAIL is the serial number of a device of one person only.")
    ] = False,
    plan: opt.PlanOption = False,
    yes: opt.YesOption = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, for the receipt; without the person's name.")
    ] = None,
    asked_by: Annotated[
        str | None, typer.Option("--by", metavar="TEXT", help="Who asked, for the receipt.  [default: you]")
    ] = None,
    device: Annotated[
        Literal["keep", "erase"] | None,
        typer.Option(
            help="Readings of devices that others listed too: keep them raw and untrusted, or erase them."
        ),
    ] = None,
    drop_tag: Annotated[list[str] | None, opt.tags_option("Drop a tag that holds them.")] = None,
    move_tag: Annotated[
        list[str] | None, opt.tags_option("Move a tag that holds them to the newest run.")
    ] = None,
    rebuild_tag: Annotated[
        list[str] | None, opt.tags_option("Rebuild a tag that holds them at its own run, without them.")
    ] = None,
    landing: Annotated[
        str | None, typer.Option(metavar="ROOT", help="Rewrite the objects of a landing root, too.")
    ] = None,
    wait: opt.WaitOption = 0,
    json: opt.JsonOption = False,
) -> None:
    """Erase a person, with a signed receipt."""
    opened, output = Lake.open(lake, wait=timedelta(seconds=wait)), Output(json=json)

    def erase(*, plan: bool) -> Receipt:
        with output.progress() as tell:
            return opened.erase(
                email=None if serial else email,
                serial_number=email if serial else None,
                plan=plan,
                reason=reason,
                asked_by=asked_by,
                device=device,
                drop_tags=drop_tag or (),
                move_tags=move_tag or (),
                rebuild_tags=rebuild_tag or (),
                landing=landing,
                progress=tell,
            )

    if not plan and not yes:
        output.check_answerable("an erasure")
        planned = erase(plan=True)
        if planned.outcome != "nobody":
            output.tell(lambda out: _print(out, planned))
            confirm("Erase this person for good?", "nothing was erased")
    receipt = erase(plan=plan)
    if receipt.outcome != "nobody":
        output.show(receipt.to_dict, lambda out: _print(out, receipt), done=not plan)
        return
    # Whoever mistyped an e-mail must not take it for done.
    output.show(receipt.to_dict, lambda out: _print_left(out, receipt))
    what = "serial number" if serial else "e-mail"
    raise LakeError(
        f"nobody of this {what} is in the lake, or ever was erased from it: nothing was changed. Check the "
        "spelling; if they are in landing files only, pass --landing ROOT"
    )


def _print_left(out: Console, receipt: Receipt) -> None:
    for left in (*receipt.remains.objects, *receipt.remains.files):
        out.print(f"could not be looked into: {left.path}: {left.why}")


def _print(out: Console, receipt: Receipt) -> None:
    if rows := list(_rows(receipt)):
        out.print(table_of("table", ">rows", ">data files", ">snapshots", rows=rows))
        out.print()
    planned = receipt.outcome == "planned"
    if planned:
        _print_plan(out, receipt)
    elif receipt.outcome == "nothing_left":
        out.print(
            "Nothing of this person is in the lake; files that name them, sent until now, are kept out."
        )
    else:
        done = " An erasure that was interrupted was completed." if receipt.resumed else ""
        out.print(
            f"Erased: {count(receipt.rows, 'row')}, {count(receipt.files_deleted, 'file')} deleted "
            f"({size(receipt.bytes_freed)}).{done}"
        )
        out.print(
            f"{count(receipt.scanned.decoded_after, 'file')} that stedi wrote were decoded afterwards: "
            "no trace."
        )
    for each in receipt.objects:
        name = safe_path(each.path, digest=each.digest_before if planned else each.digest_after)
        verb = "would lose" if planned else "lost"
        out.print(f"landing object {name} {verb} {count(each.records, 'record')}")
    for left in receipt.remains.objects:
        out.print(f"still holds them: landing object {left.path}: {left.why}")
    for left in receipt.remains.files:
        out.print(f"still in the folder of the lake: {left.path}: {left.why}")
    if receipt.remains.trained_on:
        named = ", ".join(receipt.remains.trained_on)
        out.print(f"Training sets of these runs held the person, and so may models: {named}")
    if receipt.number is not None:
        out.print(f"Receipt no. {receipt.number}, signed: stedi receipt list")


def _rows(receipt: Receipt) -> Iterator[tuple[str, ...]]:
    for table in receipt.tables:
        went = (table.rows, len(table.removed), table.snapshots)
        if any(went):
            yield (table.table, *(f"-{number(each)}" if each else "" for each in went))


def _print_plan(out: Console, receipt: Receipt) -> None:
    out.print(f"{count(receipt.rows, 'row')} of this person would go.")
    if receipt.shared_devices and receipt.device_decision is None:
        out.print(
            f"{count(receipt.shared_devices, 'device')} of theirs others listed too: decide with --device "
            "keep or --device erase."
        )
    for name in receipt.refs_holding:
        out.print(
            f"The tag {name} holds them: pass --rebuild-tag {name}, --move-tag {name} or --drop-tag {name}.",
        )
    for name in receipt.refs_rebuilt:
        out.print(f"The tag {name} would be rebuilt without them.")
    out.print("This is a plan: nothing was changed. Leave out --plan to do it.")
