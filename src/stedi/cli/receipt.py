"""stedi receipt."""

from pathlib import Path

from rich.table import Table

from stedi.cli.output import console, number, print_json
from stedi.errors import ReceiptError
from stedi.lake.lake import Lake
from stedi.pipeline.receipts.receipt import Receipt


def read_receipt(file: Path) -> Receipt:
    """Read a receipt that was kept outside the lake.

    Raises:
        ReceiptError: It can't be read, or is none.
    """
    try:
        return Receipt.from_json(file.read_bytes())
    except OSError as error:
        raise ReceiptError(f"the receipt {file} can't be read: {error.strerror}") from None


def check(file: Path, *, lake: Path, as_json: bool) -> None:
    """Check the signature of a receipt, and its place in the lake's chain."""
    receipt = read_receipt(file)
    Lake.open(lake).check_receipt(receipt)
    if as_json:
        print_json({"valid": True, "number": receipt.number, "subject": receipt.subject})
        return
    console().print(
        f"Receipt no. {receipt.number} is as it was signed, and so are all others of the lake {lake}."
    )


def show(numbered: int, *, lake: Path, as_json: bool) -> None:
    """Show a receipt as Markdown, or as JSON."""
    found = [each for each in Lake.open(lake).receipts() if each.number == numbered]
    if not found:
        raise ReceiptError(f"the lake {lake} has no receipt no. {numbered}: stedi receipt list shows them")
    if as_json:
        print_json(found[0].to_dict())
    else:
        console().print(found[0].to_markdown(), soft_wrap=True, end="")


def listed(*, lake: Path, as_json: bool) -> None:
    """List the receipts of a lake."""
    receipts = Lake.open(lake).receipts()
    if as_json:
        print_json([each.to_dict() for each in receipts])
        return
    out = console()
    if not receipts:
        out.print("no receipts yet: stedi erase makes them")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("no.", justify="right")
    table.add_column("subject", no_wrap=True)
    table.add_column("finished")
    table.add_column("outcome")
    table.add_column("rows", justify="right")
    table.add_column("file", overflow="fold")
    for each in receipts:
        table.add_row(
            number(each.number),
            each.subject,
            f"{each.finished_at:%Y-%m-%d %H:%M:%S}Z",
            each.outcome.replace("_", " "),
            number(each.rows),
            each.name,
        )
    out.print(table)
    out.print(f"They lie in {Lake.open(lake).receipts_place}", soft_wrap=True)
