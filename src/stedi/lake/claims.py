"""Who ever listed which device, and whom else a person's records concern."""

from typing import Final, NamedTuple

import polars as pl

from stedi.consent.pseudonyms import keys

_PAIR: Final = ("email", "serial_number")


def claims(good: pl.DataFrame, damaged: pl.DataFrame) -> pl.DataFrame:
    """Return who listed what, by spelling and by key (``_person``, ``_device``).

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
    ).unique()
    serials = listed["serial_number"].fill_null("")
    return listed.with_columns(_person=keys(listed["email"]), _device=keys(serials)).with_columns(
        _device=pl.when(pl.col("_device") != "").then(pl.col("_device"))
    )


class Ring(NamedTuple):
    """Whom some people's records concern.

    Attributes:
        emails: Every spelling of the people, and of everybody who ever listed a device of theirs.
        devices: The keys of the devices that the people ever listed.
    """

    emails: pl.DataFrame
    devices: pl.Series


def ring(listed: pl.DataFrame, people: pl.Series) -> Ring:
    """Return the ring around people, who are given by their keys."""
    claimed = listed.filter("_claims")
    devices = claimed.filter(pl.col("_person").is_in(people.implode()))["_device"].drop_nulls().unique()
    others = claimed.filter(pl.col("_device").is_in(devices.implode()))["_person"]
    everybody = pl.concat([people, others]).unique()
    emails = listed.filter(pl.col("_person").is_in(everybody.implode())).select("email").unique()
    return Ring(emails=emails, devices=devices)
