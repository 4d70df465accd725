"""Receipts that somebody kept outside the lake, held against the chain of the lake: is it older than they?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ReceiptError
from stedi.pipeline.receipts.chain import check_signature
from stedi.pipeline.receipts.receipt import Receipt


class Standing(StrEnum):
    """What a receipt is to a lake."""

    HELD = "held"
    GONE = "gone"
    OTHER = "other"
    CHANGED = "changed"

    @property
    def words(self) -> str:
        """What that means."""
        return _WORDS[self]


_WORDS = {
    Standing.HELD: "the lake has it",
    Standing.GONE: "the lake's receipts end before it: the lake is older than this erasure (was a backup "
    "restored?), and the person may be back. The erasure has to be done again",
    Standing.OTHER: "the lake's receipt of this number says something else: the lake went another way since "
    "(was a backup restored?), and the person may be back. The erasure has to be done again",
    Standing.CHANGED: "its signature does not fit: it was changed, or is of another lake",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A receipt that was handed in.

    Attributes:
        number: Its number.
        standing: What it is to the lake.
        signature_checked: The key with which it was signed was at hand.
        key_fingerprint: That of this key.
    """

    number: int
    standing: Standing
    signature_checked: bool
    key_fingerprint: str

    @property
    def words(self) -> str:
        """What the lake makes of it, in a sentence."""
        return f"receipt no. {self.number}, which was handed in: {self.standing.words}"


def hold_against(receipt: Receipt, chain: Sequence[Receipt], pseudonyms: Pseudonyms | None) -> HandedIn:
    """Hold a receipt against the receipts of a lake.

    Args:
        receipt: The receipt.
        chain: Those of the lake that can be read, the oldest first.
        pseudonyms: The keys that are at hand; None where there are none.

    Raises:
        ReceiptError: It is the plan of an erasure, and no receipt of one.
    """
    if receipt.number is None or receipt.signature is None:
        raise ReceiptError("what was handed in is the plan of an erasure: only a signed receipt tells of one")
    known = pseudonyms is not None and pseudonyms.using(receipt.key_fingerprint) is not None
    return HandedIn(
        number=receipt.number,
        standing=_standing(receipt, receipt.number, chain, pseudonyms if known else None),
        signature_checked=known,
        key_fingerprint=receipt.key_fingerprint,
    )


def _standing(
    receipt: Receipt, number: int, chain: Sequence[Receipt], pseudonyms: Pseudonyms | None
) -> Standing:
    if pseudonyms is not None:
        try:
            check_signature(receipt, pseudonyms)
        except ReceiptError:
            return Standing.CHANGED
    own = next((each for each in chain if each.number == number), None)
    if own is None:
        return Standing.GONE
    return Standing.HELD if own == receipt else Standing.OTHER
