"""The receipts of a lake: kept beside its tables, each naming the one before it."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ReceiptError
from stedi.landing.redact import as_typed
from stedi.pipeline.history import Run
from stedi.pipeline.receipts.receipt import FIRST, Receipt
from stedi.warehouse.warehouse import Warehouse


def receipts_of(warehouse: Warehouse) -> Sequence[Receipt]:
    """Return the receipts of a lake, the oldest first.

    Raises:
        ReceiptError: One of them can't be read, or one is missing.
    """
    found = [_read(warehouse, name) for name in warehouse.notes.names()]
    for place, receipt in enumerate(found, start=1):
        if receipt.number != place:
            raise ReceiptError(
                f"receipt no. {place} of the lake is missing, or its number was changed: the chain is broken"
            )
    return found


def _read(warehouse: Warehouse, name: str) -> Receipt:
    try:
        return Receipt.from_json(warehouse.notes.read(name))
    except ReceiptError as error:
        raise ReceiptError(f"the receipt {as_typed(name)} of the lake can't be read: {error}") from None


def erased_before(warehouse: Warehouse) -> Mapping[str, Collection[datetime]]:
    """Return when people were erased, by the ids in the receipts; as far as these can be read."""
    found: dict[str, set[datetime]] = {}
    with suppress(ReceiptError):
        for receipt in receipts_of(warehouse):
            if receipt.erased_at is not None:
                found.setdefault(receipt.subject, set()).add(receipt.erased_at)
    return found


def check_all_there(receipts: Sequence[Receipt], runs: Sequence[Run]) -> None:
    """Refuse a chain that ends before the receipt of an erasure that was finished.

    Raises:
        ReceiptError: It does.
    """
    finished = sum(run.kind == "erasure" for run in runs)
    there = sum(receipt.erased_at is not None for receipt in receipts)
    if there < finished:
        raise ReceiptError(
            f"the lake has lost a receipt: {finished} erasures were finished, and {there} have one. Put the "
            "file back from a backup, or from whoever it was handed to"
        )


def sign_and_keep(warehouse: Warehouse, receipt: Receipt, pseudonyms: Pseudonyms) -> Receipt:
    """Number, chain, sign and keep a receipt; return it as it is kept."""
    before = receipts_of(warehouse)
    linked = replace(
        receipt,
        number=len(before) + 1,
        previous=before[-1].digest() if before else FIRST,
        signature=None,
    )
    signed = replace(linked, signature=pseudonyms.sign(linked.body()))
    warehouse.notes.write(signed.name, signed.to_json().encode())
    return signed


def check_signature(receipt: Receipt, pseudonyms: Pseudonyms) -> None:
    """Refuse a receipt that was not signed with one of these keys, or was changed since.

    Raises:
        ReceiptError: It was.
    """
    signed_with = pseudonyms.using(receipt.key_fingerprint)
    if signed_with is None:
        raise ReceiptError(
            f"the receipt was signed with the key of fingerprint {receipt.key_fingerprint}, and this one is "
            f"{pseudonyms.fingerprint}: check it with the key of its lake, which may be a retired one"
        )
    if receipt.signature != signed_with.sign(receipt.body()):
        raise ReceiptError(
            f"receipt no. {receipt.number}: the signature does not fit: something in it was changed"
        )


def check_receipt_chain(receipts: Sequence[Receipt], pseudonyms: Pseudonyms) -> None:
    """Refuse a chain in which a receipt was changed, left out or put in.

    Raises:
        ReceiptError: One was.
    """
    previous = FIRST
    for receipt in receipts:
        check_signature(receipt, pseudonyms)
        if receipt.previous != previous:
            raise ReceiptError(
                f"receipt no. {receipt.number} does not name the one before it: the chain is broken there"
            )
        previous = receipt.digest()


def check_in_chain(receipt: Receipt, receipts: Sequence[Receipt]) -> None:
    """Refuse a receipt that is not the one of its number in the lake.

    Raises:
        ReceiptError: It is not.
    """
    place = (receipt.number or 0) - 1
    if not 0 <= place < len(receipts) or receipts[place] != receipt:
        raise ReceiptError(f"the lake has no receipt no. {receipt.number} that says the same")
