"""Whom rejected records are about: what can be read in each, as columns of the quarantine."""

from typing import Final

import polars as pl

from stedi.contract.table import Contract
from stedi.landing.draft import EMAILS, RAW, SERIALS, UPDATED
from stedi.landing.salvage import Named
from stedi.names import CUSTOMER_LANDING

_WRAPPED: Final = r"[\\\\%&\x00]"
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
    texts_of = pl.List(pl.String)
    return {
        "emails": pl.Series([list(each.emails) for each in known], dtype=texts_of),
        "serial_numbers": pl.Series([list(each.serial_numbers) for each in known], dtype=texts_of),
        "last_update_date": pl.Series(times, dtype=pl.Int64),
    }


def _of_whole(bad: pl.DataFrame) -> list[Named | None]:
    """Return what was read in all of a record of which only the beginning is kept."""
    if EMAILS not in bad.columns:
        return [None] * bad.height
    return [
        None if emails is None else Named(tuple(emails), tuple(serials), updated)
        for emails, serials, updated in bad.select(EMAILS, SERIALS, UPDATED).iter_rows()
    ]


def _plain(bad: pl.DataFrame, contract: Contract) -> list[Named | None]:
    """Return what readings name that were parsed, and name one only: there are many of them."""
    if contract.name == CUSTOMER_LANDING:
        return [None] * bad.height
    column = next(each.name for each in contract.source_columns if each.name in _NAMES)
    raw = pl.col(RAW).fill_null("")
    others = raw.str.count_matches("@") - pl.col(column).str.count_matches("@")
    simple = ~raw.str.contains(_WRAPPED) & (others == 0)
    texts = bad.select(pl.when(simple & (pl.col(column).str.strip_chars() != "")).then(column)).to_series()
    if column == "user":
        return [None if text is None else Named((text,), (), None) for text in texts]
    return [None if text is None else Named((), (text,), None) for text in texts]
