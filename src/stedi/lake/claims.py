"""Who ever listed which device, and whom else a person's records concern."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

import polars as pl

from stedi.consent.pseudonyms import keys
from stedi.outline import outline

_PAIR: Final = ("email", "serial_number")


def claims(good: pl.DataFrame, damaged: pl.DataFrame) -> pl.DataFrame:
    """Return who listed what, by spelling and by key (``_person``, ``_device``), as often as they did.

    A released record claims nothing: ``_claims`` is false.

    Args:
        good: (email, serial_number) of the good customer records.
        damaged: (email, serial_number, released_at) of the rejected ones whose e-mail could be read.
    """
    listed = pl.concat(
        [
            good.select(*_PAIR, _claims=pl.lit(value=True)),
            damaged.select(*_PAIR, _claims=pl.col("released_at").is_null()),
        ]
    )
    serials = listed["serial_number"].fill_null("")
    return listed.with_columns(_person=keys(listed["email"]), _device=keys(serials)).with_columns(
        _device=pl.when(pl.col("_device") != "").then(pl.col("_device"))
    )


class Ring(NamedTuple):
    """Some devices, and everybody who ever listed one of them.

    Spellings are told apart by hashes: if two had the same, one more person would be asked about, and nothing
    would change.

    Attributes:
        spellings: Hashes of all spellings of these people, in the column ``_spelling``.
        holds: Says of serial numbers whether they are those of the devices.
    """

    spellings: pl.DataFrame
    holds: Callable[[pl.Series], pl.Series]

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    def records(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the records that name these people by their column ``email``."""
        # Joined, not compared: what names people must not stand in a query plan.
        hashed = rows.with_columns(_spelling=pl.col("email").hash())
        return hashed.join(self.spellings.lazy(), on="_spelling", how="semi").drop("_spelling")


def ring(listed: pl.DataFrame, people: pl.Series) -> Ring:
    """Return the devices that people ever listed, who are given by their keys; and all these people."""
    claimed = listed.filter("_claims")
    devices = claimed.filter(pl.col("_person").is_in(people.implode()))["_device"].drop_nulls().unique()
    others = claimed.filter(pl.col("_device").is_in(devices.implode()))["_person"]
    everybody = pl.concat([people, others]).unique()
    emails = listed.filter(pl.col("_person").is_in(everybody.implode()))["email"]
    return Ring(spellings=_hashed(emails), holds=lambda serials: keys(serials).is_in(devices.implode()))


def rings(listed: Iterable[pl.DataFrame], parts: int) -> Iterator[Ring]:
    """Yield rings that have, together, every device once.

    Args:
        listed: (email, serial_number) of all customer records, in frames of any size.
        parts: How many rings.
    """
    placed = pl.concat(
        pl.DataFrame(
            {
                "_spelling": some["email"].hash(),
                "_person": keys(some["email"]).hash(),
                "_part": _part(some["serial_number"].fill_null(""), parts),
            }
        )
        for some in listed
    )
    for number in range(parts):
        people = placed.filter(_part=number).select("_person").unique()
        spellings = placed.join(people, on="_person", how="semi").select("_spelling").unique()
        yield Ring(spellings=spellings, holds=partial(_in_part, number=number, parts=parts))


def _hashed(emails: pl.Series) -> pl.DataFrame:
    return emails.hash().unique().alias("_spelling").to_frame()


def _part(serials: pl.Series, parts: int) -> pl.Series:
    return keys(serials).hash() % parts


def _in_part(serials: pl.Series, *, number: int, parts: int) -> pl.Series:
    return _part(serials, parts) == number
