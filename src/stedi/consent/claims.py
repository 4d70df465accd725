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

    A rejected record that names several people lists all its devices for each of them: its people and devices
    stand in rows of their own, with the same number in ``_together``. A released record claims nothing:
    ``_claims`` is false.

    Args:
        good: (email, serial_number) of the good customer records.
        damaged: (emails, serial_numbers, released_at) of the rejected ones that name somebody.
    """
    listed = pl.concat([good.select(*_PAIR, _claims=pl.lit(value=True)), _damaged(damaged)], how="diagonal")
    spelled = listed.with_columns(_person=_keyed(listed["email"]), _device=_keyed(listed["serial_number"]))
    return spelled.select(*_PAIR, "_claims", "_person", "_device", "_together")


def _damaged(damaged: pl.DataFrame) -> pl.DataFrame:
    rows = damaged.with_row_index("_together").select(
        "_together", email="emails", serial_number="serial_numbers", _claims=pl.col("released_at").is_null()
    )
    several = pl.col("email").list.len() > 1
    one = rows.filter(~several).with_columns(_together=pl.lit(None, pl.UInt32))
    # Whoever lists nothing is somebody, too.
    parts = [one.explode("email").explode("serial_number", empty_as_null=True)]
    many = rows.filter(several)
    parts += [many.select("_together", column, "_claims").explode(column) for column in _PAIR]
    return pl.concat(parts, how="diagonal")


def _keyed(texts: pl.Series) -> pl.Series:
    """Return keys; null of what is absent or blank."""
    made = keys(texts.fill_null(""))
    return made.to_frame("made").select(pl.when(pl.col("made") != "").then("made")).to_series()


def devices_of(listed: pl.DataFrame, people: pl.Series) -> pl.Series:
    """Return the keys of the devices that people listed, who are given by their keys."""
    return _linked(listed, people, "_person", "_device")


def people_of(listed: pl.DataFrame, devices: pl.Series) -> pl.Series:
    """Return the keys of the people who listed devices, which are given by their keys."""
    return _linked(listed, devices, "_device", "_person")


def _linked(listed: pl.DataFrame, wanted: pl.Series, given: str, linked: str) -> pl.Series:
    mine = listed.filter(pl.col(given).is_in(wanted.implode()))
    together = mine["_together"].drop_nulls().unique()
    others = listed.filter(pl.col("_together").is_in(together.implode()))
    return pl.concat([mine[linked], others[linked]]).drop_nulls().unique()


class DeviceClosure(NamedTuple):
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

    def rejected(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rejected records that name one of these people, or somebody erased, among others."""
        numbered = rows.with_row_index("_number")
        named = numbered.select("_number", _spelling=pl.col("emails")).explode("_spelling")
        hashed = named.drop_nulls().with_columns(pl.col("_spelling").hash())
        mine = hashed.join(self.spellings.lazy(), on="_spelling", how="semi").select("_number").unique()
        erased = numbered.filter(pl.col("tombstones").list.len() > 0).select("_number")
        wanted = pl.concat([mine, erased]).unique()
        return numbered.join(wanted, on="_number", how="semi").drop("_number")


def closure_of(listed: pl.DataFrame, people: pl.Series) -> DeviceClosure:
    """Return the devices that people ever listed, who are given by their keys; and all these people.

    A released record counts, too: what it took is given back to whoever else listed the device.
    """
    devices = devices_of(listed, people)
    everybody = pl.concat([people, people_of(listed, devices)]).unique()
    emails = listed.filter(pl.col("_person").is_in(everybody.implode()))["email"]
    spellings = emails.hash().unique().alias("_spelling").to_frame()
    return DeviceClosure(spellings=spellings, holds=lambda serials: keys(serials).is_in(devices.implode()))


def closures(listed: Iterable[pl.DataFrame], parts: int) -> Iterator[DeviceClosure]:
    """Yield closures that have, together, every device once.

    Args:
        listed: (email, serial_number, _together) of all customer records, in frames of any size.
        parts: How many closures.
    """
    placed = pl.concat(
        pl.DataFrame(
            {
                "_spelling": some["email"].hash(),
                "_person": _keyed(some["email"]).hash(),
                "_part": _part(some["serial_number"].fill_null(""), parts),
                "_together": some["_together"],
            }
        )
        for some in listed
    )
    for number in range(parts):
        mine = placed.filter(_part=number)
        together = mine.select("_together").drop_nulls().unique()
        others = placed.join(together, on="_together", how="semi")
        people = pl.concat([mine, others]).select("_person").unique()
        spellings = placed.join(people, on="_person", how="semi").select("_spelling").unique()
        yield DeviceClosure(spellings=spellings, holds=partial(_in_part, number=number, parts=parts))


def _part(serials: pl.Series, parts: int) -> pl.Series:
    return keys(serials).hash() % parts


def _in_part(serials: pl.Series, *, number: int, parts: int) -> pl.Series:
    return _part(serials, parts) == number
