"""Whom rejected records are about: what can be read in each, as columns of the quarantine."""

from collections.abc import Sequence
from typing import Final

import polars as pl
import pyarrow as pa

from stedi.consent.pseudonyms import key
from stedi.contract.table import Contract
from stedi.landing.draft import EMAILS, RAW, SERIALS, UPDATED
from stedi.landing.salvage import DOUBLED, WIDE, Named
from stedi.names import CUSTOMER_LANDING

_WRAPPED: Final = rf"[\\\\%&\x00\x1b\x{{ff20}}\x{{fe6b}}]|{DOUBLED}|{WIDE}"
"""What may hide a name, or an @."""
_QUOTED: Final = r"""(?i)"%s"[ \t]*:[ \t]*"([^"\\<>()\[\]{},;:|/=&#?]*)\""""
"""A key and its text, in which no mark could part or join names."""
_NAMES: Final = ("email", "user", "serial_number")
_MICROSECONDS: Final = 1000


def named_in(bad: pl.DataFrame, contract: Contract) -> dict[str, pl.Series]:
    """Return the columns ``emails``, ``serial_numbers`` and ``last_update_date`` of rejected records.

    Args:
        bad: Rows of a draft, with their raw texts.
        contract: The contract that they break.
    """
    found, plain = _of_whole(bad), _plain(bad, contract)
    texts = bad[RAW].fill_null("")
    for place, (text, named) in enumerate(zip(texts, found, strict=True)):
        if named is None:
            found[place] = plain[place] or Named.of(text, contract)
    known = [named for named in found if named is not None]
    times = [None if each.updated is None else int(each.updated) * _MICROSECONDS for each in known]
    return {
        "emails": _lists([each.emails for each in known]),
        "serial_numbers": _lists([each.serial_numbers for each in known]),
        "last_update_date": pl.Series(times, dtype=pl.Int64),
    }


def _lists(texts: Sequence[tuple[str, ...]]) -> pl.Series:
    # Arrow takes a fifth of the time that polars takes, which makes a series of each.
    return pl.Series(pa.array(texts, pa.large_list(pa.large_string())))


def _of_whole(bad: pl.DataFrame) -> list[Named | None]:
    """Return what was read in all of a record of which only the beginning is kept."""
    if EMAILS not in bad.columns:
        return [None] * bad.height
    return [
        None if emails is None else Named(tuple(emails), tuple(serials), updated)
        for emails, serials, updated in bad.select(EMAILS, SERIALS, UPDATED).iter_rows()
    ]


def _plain(bad: pl.DataFrame, contract: Contract) -> list[Named | None]:
    """Return what readings name, where nothing is wrapped and they name one or nobody: so nearly all do.

    There are many of them, and a search costs more. What it would find in such a text is known without it.
    """
    if contract.name == CUSTOMER_LANDING:
        return [None] * bad.height
    column = next(each for each in contract.source_columns if each.name in _NAMES)
    raw = pl.col(RAW).fill_null("")
    keys = raw.str.count_matches(f"(?i){column.source}")
    written = raw.str.extract(_QUOTED % column.source)
    name = pl.when(keys == 0).then(pl.lit("")).otherwise(written)
    # Whatever has an @ is an e-mail, too, even a serial number.
    known = name.str.count_matches("@") if column.name == "user" else pl.lit(0)
    alone = (keys <= 1) & (raw.str.count_matches("@") == known)
    texts = bad.select(pl.when(~raw.str.contains(_WRAPPED) & alone).then(name)).to_series()
    named = {text: _one(text, column.name) for text in texts.unique().drop_nulls()}
    return [None if text is None else named[text] for text in texts]


def _one(text: str, column: str) -> Named:
    found = (text,) if key(text) else ()
    return Named(found, (), None) if column == "user" else Named((), found, None)
