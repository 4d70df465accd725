"""Two ways through the code, as data: the modules that a landing object and an e-mail in an erasure pass.

The page of the house draws them, and tests/docs/test_ways.py follows a real object and a real e-mail.
"""

from typing import Final, NamedTuple


class Stop(NamedTuple):
    """A module on a way.

    Attributes:
        module: The module, below ``stedi``.
        does: What it does, in a few words.
        gives: What it gives to the next one.
    """

    module: str
    does: str
    gives: str


LANDING_OBJECT: Final = (
    Stop("landing.objects", "list what a source delivered", "LandingObject: table, path, size, version"),
    Stop("landing.fetch", "open it, and take its digest", "bytes that can be read again"),
    Stop("landing.stream", "unpack gzip or zstd, decode to UTF-8", "blocks of text"),
    Stop("landing.chunks", "cut where records part", "chunks of whole records, and the layout"),
    Stop("landing.reader", "take marks of arrays away", "texts of records"),
    Stop("landing.lines", "put lines of one layout together", "lines as an Arrow array"),
    Stop("landing.shape", "prove lines valid, and read their values", "a draft: a row a record"),
    Stop("landing.rules", "judge each row by the contract", "kept and rejected records, with reasons"),
    Stop("landing.gate", "keep out what tombstones speak of", "rows for the tables"),
)
"""A landing object without damage; ``pipeline.load`` asks for it, and writes the rows."""

DAMAGED_RECORD: Final = (
    *LANDING_OBJECT[:5],
    Stop("landing.record_ends", "find where records end that no line holds", "the text of each record"),
    Stop("landing.strict", "read one text by the grammar of JSON", "values, or what is wrong"),
    LANDING_OBJECT[7],
    Stop("landing.salvage", "search what was rejected", "every e-mail, serial number and time in it"),
    LANDING_OBJECT[8],
)
"""The same of a record that is damaged: its denial is not lost."""

ERASED_EMAIL: Final = (
    Stop("lake.governing", "take the e-mail, and what was decided", "the same, with the lake"),
    Stop("governance.erase.erase", "hold the lake, call the steps in order", "each step's value"),
    Stop("governance.erase.find", "find what holds the person", "Scope: tables, traces, tags, objects"),
    Stop("governance.erase.find_subject", "find whom it is about", "Subject: from here on no e-mail"),
    Stop("governance.erase.prepare", "write new landing objects in a scratch folder", "Rewrites, verified"),
    Stop("governance.erase.tables", "publish tombstones, then the tables", "one more run"),
    Stop("governance.erase.replace", "put the objects in place", "what was replaced, what stays and why"),
    Stop("governance.erase.check", "decode what is left, and search it", "nothing found, or an error"),
    Stop("governance.erase.write_receipt", "say what went and what remains", "a receipt without a name"),
    Stop("pipeline.receipts.chain", "number, chain and sign it", "the signed receipt"),
)
"""An e-mail in an erasure, up to the signed receipt."""

LOOKED_UP: Final = {"draft", "layout", "limits", "redact", "s3", "split"}
"""Modules of landing whose values are looked up on the way, such as how a message calls a path."""

MADE_READY: Final = {"record_ends", "salvage", "strict", "unpack"}
"""Modules of landing that stand ready for what is damaged or compressed."""
