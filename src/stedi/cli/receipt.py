"""stedi receipt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.app import PLAIN
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number
from stedi.errors import ReceiptError
from stedi.reports import Receipt

receipt_command = typer.Typer(
    name="receipt", help="List, show and check receipts of erasures.", no_args_is_help=True, **PLAIN
)


def read_receipts(files: Sequence[Path] | None) -> list[Receipt]:
    """Read receipts that were kept outside the lake.

    Raises:
        ReceiptError: One can't be read, or is none.
    """
    return [_read(file) for file in files or ()]


def _read(file: Path) -> Receipt:
    try:
        return Receipt.from_json(file.read_bytes())
    except OSError as error:
        raise ReceiptError(f"the receipt {file} can't be read: {error.strerror}") from None


@receipt_command.command("check")
def check_receipt_command(
    file: Annotated[Path, typer.Argument(help="The receipt, as JSON.")],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    json: opt.JsonOption = False,
) -> None:
    """Check a receipt: its signature, and its place in the lake's chain."""
    receipt = _read(file)
    Lake.open(lake).check_receipt(receipt)
    told = f"Receipt no. {receipt.number} is as it was signed, and so are all others of the lake {lake}."
    Output(json=json).show(
        lambda: {"valid": True, "number": receipt.number, "subject": receipt.subject},
        lambda out: out.print(told),
    )


@receipt_command.command("list")
def list_receipts_command(*, lake: opt.LakeOption = opt.DEFAULT_LAKE, json: opt.JsonOption = False) -> None:
    """List the receipts of a lake."""
    opened = Lake.open(lake)
    receipts = opened.receipts()
    Output(json=json).show(
        lambda: [each.to_dict() for each in receipts],
        lambda out: _print(out, receipts, opened),
    )


@receipt_command.command("show")
def show_receipt_command(
    number: Annotated[int, typer.Argument(help="Its number, as stedi receipt list shows it.", min=1)],
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    json: opt.JsonOption = False,
) -> None:
    """Show a receipt, for people."""
    found = next((each for each in Lake.open(lake).receipts() if each.number == number), None)
    if found is None:
        raise ReceiptError(f"the lake {lake} has no receipt no. {number}: stedi receipt list shows them")
    Output(json=json).show(found.to_dict, lambda out: out.print(found.to_markdown(), soft_wrap=True, end=""))


def _print(out: Console, receipts: Sequence[Receipt], lake: Lake) -> None:
    if not receipts:
        out.print("no receipts yet: stedi erase makes them")
        return
    rows = (
        (
            number(each.number),
            each.subject,
            f"{each.finished_at:%Y-%m-%d %H:%M:%S}Z",
            each.outcome.replace("_", " "),
            number(each.rows),
            each.name,
        )
        for each in receipts
    )
    table = table_of(">no.", "subject", "finished", "outcome", ">rows", "file", rows=rows)
    table.columns[1].no_wrap = True
    table.columns[5].overflow = "fold"
    out.print(table)
    out.print(f"They lie in {lake.receipts_place}", soft_wrap=True)
