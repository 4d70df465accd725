"""stedi erase."""

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stedi.cli.output import console, number, print_json, progress, size
from stedi.cli.streams import done
from stedi.errors import ConfigurationError, LakeError
from stedi.lake.lake import Lake
from stedi.landing.redact import safe_path
from stedi.pipeline.receipts.receipt import DeviceDecision, Receipt
from stedi.wording import count


def erase(
    email: str,
    *,
    serial: bool,
    lake: Path,
    plan: bool,
    yes: bool,
    reason: str | None,
    asked_by: str | None,
    device: DeviceDecision | None,
    drop_tags: Sequence[str],
    move_tags: Sequence[str],
    rebuild_tags: Sequence[str],
    landing: str | None,
    wait: float,
    as_json: bool,
) -> None:
    """Erase a person, or say what that would do."""
    opened = Lake.open(lake, wait=timedelta(seconds=wait))

    def ask(*, plan: bool) -> Receipt:
        with progress(quiet=as_json) as tell:
            return opened.erase(
                email=None if serial else email,
                serial_number=email if serial else None,
                plan=plan,
                reason=reason,
                asked_by=asked_by,
                device=device,
                drop_tags=drop_tags,
                move_tags=move_tags,
                rebuild_tags=rebuild_tags,
                landing=landing,
                progress=tell,
            )

    if not plan and not yes:
        _confirm(ask, as_json=as_json)
    receipt = ask(plan=plan)
    if receipt.outcome == "nobody":
        _refuse(receipt, serial=serial, as_json=as_json)
    if not plan:
        done()
    if as_json:
        print_json(receipt.to_dict())
    else:
        _print(console(), receipt)


def _confirm(ask: Callable[..., Receipt], *, as_json: bool) -> None:
    """Show what would go, and ask; where nobody can answer, refuse."""
    if as_json or not sys.stdin.isatty():
        raise ConfigurationError("an erasure can't be undone: look at it with --plan, then pass --yes")
    planned = ask(plan=True)
    if planned.outcome == "nobody":
        return
    _print(console(), planned)
    sys.stdout.write("Erase this person for good? Type yes: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise ConfigurationError("nothing was erased: the answer was not yes")


def _refuse(receipt: Receipt, *, serial: bool, as_json: bool) -> None:
    """Say that nobody was erased, and fail: whoever mistyped an e-mail must not take it for done."""
    if as_json:
        print_json(receipt.to_dict())
    else:
        for left in (*receipt.remains.objects, *receipt.remains.files):
            console().print(f"could not be looked into: {left.path}: {left.why}")
    what = "serial number" if serial else "e-mail"
    raise LakeError(
        f"nobody of this {what} is in the lake, or ever was erased from it: nothing was changed. Check the "
        "spelling; if they are in landing files only, pass --landing ROOT"
    )


def _print(out: Console, receipt: Receipt) -> None:
    _print_tables(out, receipt)
    if receipt.outcome == "planned":
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
        planned = receipt.outcome == "planned"
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


def _print_tables(out: Console, receipt: Receipt) -> None:
    if not any(table.rows or table.removed or table.snapshots for table in receipt.tables):
        return
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("table")
    for name in ("rows", "data files", "snapshots"):
        listed.add_column(name, justify="right")
    for table in receipt.tables:
        if table.rows or table.removed or table.snapshots:
            listed.add_row(
                table.table,
                f"-{number(table.rows)}" if table.rows else "",
                f"-{len(table.removed):,}" if table.removed else "",
                f"-{table.snapshots:,}" if table.snapshots else "",
            )
    out.print(listed)
    out.print()


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
