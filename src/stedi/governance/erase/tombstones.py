"""The tombstones that an erasure publishes: from then on no old file brings the subject back."""

from datetime import datetime

import polars as pl

from stedi.consent.tombstones import with_digests
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.governance.erase.erasure import Erasure
from stedi.governance.erase.subject import Subject
from stedi.names import TOMBSTONE


def tombstones_of(subject: Subject, erased_at: datetime, *, shared: bool) -> pl.DataFrame:
    """Return the new tombstones of a subject.

    Args:
        subject: The subject.
        erased_at: When the erasure takes effect.
        shared: With those of the devices that others listed too.
    """
    kinds = [
        (subject.customer_id, "person"),
        *((each, "device") for each in subject.own.values()),
        *((each, "shared_device") for each in (subject.shared.values() if shared else ())),
        *((each, "aside") for each in sorted(subject.aside_ids)),
    ]
    made_with = subject.pseudonyms.fingerprint
    return pl.DataFrame(
        [(digest, made_with, kind, erased_at, None) for digest, kind in kinds],
        schema=polars_schema(contract_of(TOMBSTONE)),
        orient="row",
    )


def all_tombstones(erasure: Erasure) -> pl.DataFrame:
    """Return the tombstones of a lake once a subject is erased; of the subject those of every erasure before.

    What a device of theirs recorded since an erasure before goes, where nobody has listed it.
    """
    subject, erased_at = erasure.subject, erasure.erased_at
    lost = pl.col("digest").is_in(list(subject.lost)) & (pl.col("kind") == "device")
    others = subject.tombstone_index.without(devices=[*subject.own, *subject.shared]).with_columns(
        erased_at=pl.when(lost).then(pl.lit(erased_at, pl.Datetime("us", "UTC"))).otherwise("erased_at")
    )
    before = subject.tombstone_index.find("customer", subject.key) if subject.key else None
    if before is not None:
        made_with = subject.pseudonyms.fingerprint
        others = with_digests(others, {before.digest: subject.customer_id}, made_with=made_with)
    return pl.concat([others, tombstones_of(subject, erased_at, shared=True)])
