"""The consent rule, from statements to who consents, from when, and with which devices.

Fail closed, deny wins. ``docs/consent.md`` tells the same in words, with a worked timeline.
"""

import narwhals as nw
import polars as pl

from stedi.frame.checked import Rows, carry
from stedi.names import MILLISECOND


def _newest_and_last_denial(statements: Rows, *subject: str) -> Rows:
    """Return one row per subject: when its newest statement was made, and its last denial (or null)."""
    denied_at = nw.when(nw.col("share").is_null()).then(nw.col("at"))
    return (
        statements.with_columns(_denied_at=denied_at)
        .group_by(*subject)
        .agg(
            nw.col("at").max().alias("newest_at"),
            nw.col("_denied_at").max().alias("last_denial_at"),
        )
    )


def _not_denied() -> nw.Expr:
    """True where no statement among the newest is a denial."""
    return nw.col("last_denial_at").is_null() | (nw.col("last_denial_at") < nw.col("newest_at"))


def customer_consents(statements: Rows) -> Rows:
    """Return (customer_id, consent_from) of every customer who consents.

    A customer consents if no statement among the newest is a denial. The consent reaches back to the
    greatest share date among the newest statements, but never over a denial: at the earliest it begins
    1 ms after the last one.
    """
    standing = _newest_and_last_denial(statements, "customer_id").filter(_not_denied())
    return (
        statements.join(standing, on="customer_id", how="inner")
        .filter(nw.col("at") == nw.col("newest_at"))
        .group_by("customer_id", "last_denial_at")
        .agg(nw.col("share").max().alias("consent_from"))
        .with_columns(
            consent_from=nw.max_horizontal(
                nw.col("consent_from"), nw.col("last_denial_at") + nw.lit(MILLISECOND)
            )
        )
        .select("customer_id", "consent_from")
    )


def device_holders(statements: Rows) -> Rows:
    """Return (customer_id, device_id) of every holder: no newest statement for the device is a denial."""
    named = statements.filter(~nw.col("device_id").is_null())
    return (
        _newest_and_last_denial(named, "customer_id", "device_id")
        .filter(_not_denied())
        .select("customer_id", "device_id")
    )


def all_together(together: Rows, consents: Rows) -> Rows:
    """Return (customer_id, consent_from) of claimants that stand for several customers, who all consent.

    Args:
        together: (claimant, customer_id).
        consents: (customer_id, consent_from) of every customer who consents.
    """
    return _of_all(together, consents, "claimant").select(
        nw.col("claimant").alias("customer_id"), nw.col("_from").alias("consent_from")
    )


def device_consents(statements: Rows, consents: Rows) -> Rows:
    """Return (device_id, device_consent_from) of every device whose claimants all consent.

    A device's claimants are all customers that ever listed it. Its readings may be used from the moment
    from which every claimant consents.
    """
    claims = statements.filter(~nw.col("device_id").is_null()).select("customer_id", "device_id").unique()
    return _of_all(claims, consents, "device_id").select(
        "device_id", nw.col("_from").alias("device_consent_from")
    )


def _of_all(claims: Rows, consents: Rows, subject: str) -> Rows:
    """Return from when all customers of a subject consent (subject, _from): only where all do."""
    return (
        claims.join(consents, on="customer_id", how="left")
        .with_columns(_refuses=nw.col("consent_from").is_null().cast(nw.Int64))
        .group_by(subject)
        .agg(
            nw.col("consent_from").max().alias("_from"),
            nw.col("_refuses").max().alias("_refuses"),
        )
        .filter(nw.col("_refuses") == 0)
    )


def after_erasure(usable: Rows, tombstones: pl.DataFrame) -> Rows:
    """Return the devices that may be used; those of erased people only from 1 ms after the erasure on.

    An erased person is a claimant of whom nothing is known any more. What the device recorded until then may
    be theirs: it is never trusted, whoever else listed the device, and whatever they agreed to.

    Args:
        usable: (device_id, device_consent_from).
        tombstones: Rows of the tombstone table.
    """
    devices = tombstones.filter(pl.col("kind").is_in(["device", "shared_device", "claimed_device"]))
    erased = devices.group_by(device_id="digest").agg(_erased_at=pl.col("erased_at").max())
    return (
        usable.join(carry(erased, usable), on="device_id", how="left")
        .with_columns(
            device_consent_from=nw.max_horizontal(
                nw.col("device_consent_from"), nw.col("_erased_at") + nw.lit(MILLISECOND)
            )
        )
        .select("device_id", "device_consent_from")
    )
