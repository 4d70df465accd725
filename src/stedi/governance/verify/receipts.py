"""The receipts of erasures: whole, in a chain, as they were signed; and those that were kept elsewhere."""

from collections.abc import Iterator, Mapping, Sequence

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ReceiptError
from stedi.governance.verify.finding import Fault, Finding
from stedi.landing.redact import as_typed
from stedi.pipeline.history import Run
from stedi.pipeline.receipts.chain import check_signature
from stedi.pipeline.receipts.handed_in import HandedIn, Standing, hold_against
from stedi.pipeline.receipts.receipt import FIRST, Receipt
from stedi.warehouse.unreadable import UNREADABLE
from stedi.warehouse.warehouse import Warehouse

_FOLDER = "_receipts"


def check_receipts(
    warehouse: Warehouse, runs: Sequence[Run], pseudonyms: Pseudonyms | None, handed_in: Sequence[Receipt]
) -> tuple[list[Finding], int, frozenset[str]]:
    """Check that each finished erasure has its receipt, and that none was changed, left out or put in.

    Args:
        warehouse: The lake's tables.
        runs: The published runs.
        pseudonyms: The keys that are at hand; None where there are none.
        handed_in: Receipts that somebody kept elsewhere: the lake must have them.

    Returns:
        Findings, how many receipts were looked at, and the fingerprints of keys that were not at hand.
    """
    chain: dict[int, Receipt] = {}
    findings = []
    damaged = 0
    for name in warehouse.notes.names():
        try:
            receipt = Receipt.from_json(warehouse.notes.read(name))
        except (ReceiptError, *UNREADABLE):
            damaged += 1
            place = f"{_FOLDER}/{as_typed(name)}"
            findings.append(Finding.of(Fault.DAMAGED_FILE, place, "it is no whole receipt"))
        else:
            chain[receipt.number or 0] = receipt
    findings += _lost(chain, damaged, runs)
    findings += _changed(chain, pseudonyms)
    held = [hold_against(each, [*chain.values()], pseudonyms) for each in handed_in]
    findings += [_of(each) for each in held if each.standing is not Standing.HELD]
    signed = {each.key_fingerprint for each in (*chain.values(), *handed_in)}
    unknown = {each for each in signed if pseudonyms is None or pseudonyms.using(each) is None}
    return findings, len(chain) + damaged + len(handed_in), frozenset(unknown)


def _lost(chain: Mapping[int, Receipt], damaged: int, runs: Sequence[Run]) -> Iterator[Finding]:
    """Find that there are fewer receipts than their numbers, or finished erasures, ask for."""
    erased = sum(receipt.erased_at is not None for receipt in chain.values())
    finished = sum(run.kind == "erasure" for run in runs)
    lost = max(max(chain, default=0) - len(chain), finished - erased) - damaged
    if lost > 0:
        problem = f"{finished} erasures were finished, and {lost} receipts of the lake are gone"
        yield Finding.of(Fault.LOST_FILE, _FOLDER, problem, count=lost)


def _changed(chain: Mapping[int, Receipt], pseudonyms: Pseudonyms | None) -> Iterator[Finding]:
    """Find receipts that were changed, or put in the place of others."""
    for number, receipt in sorted(chain.items()):
        before = chain.get(number - 1)
        wrong = None
        if number == 1 and receipt.previous != FIRST:
            wrong = "it is the first, and names one before it"
        elif before is not None and receipt.previous != before.digest():
            wrong = "it does not name the one before it as that is"
        elif pseudonyms is not None and pseudonyms.using(receipt.key_fingerprint) is not None:
            try:
                check_signature(receipt, pseudonyms)
            except ReceiptError:
                wrong = "its signature does not fit: something in it was changed"
        if wrong is not None:
            yield Finding.of(Fault.WRONG_RECEIPT, f"{_FOLDER}, no. {number}", wrong)


def _of(held: HandedIn) -> Finding:
    code = Fault.WRONG_RECEIPT if held.standing is Standing.CHANGED else Fault.RECEIPT_GONE
    return Finding.of(code, f"receipt no. {held.number}, which was handed in", held.standing.words)
