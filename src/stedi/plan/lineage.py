"""Lineage as data: table ← transform ← tables. The funnel, the docs and the pipeline read it here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stedi.contract.reasons import Drop
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    OBJECT,
    QUARANTINE,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
    TOMBSTONE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageStep:
    """How one table comes to be.

    Attributes:
        table: The table.
        driving: The input whose every row is used, or dropped with one reason.
        others: The other inputs.
        transform: The public transform that makes it.
        drops: The reasons for which rows of the driving input are kept out, in the order of their checks.
        fans_out: One row of the driving input can become several rows.
    """

    table: str
    driving: str
    others: tuple[str, ...]
    transform: str
    drops: tuple[Drop, ...]
    fans_out: bool = False


LINEAGE: Final = (
    LineageStep(
        table=CUSTOMER_TRUSTED,
        driving=CUSTOMER_LANDING,
        others=(QUARANTINE,),
        transform="sanitize_customers",
        drops=(Drop.NO_CONSENT, Drop.DEVICE_NOT_HELD, Drop.SUPERSEDED),
    ),
    LineageStep(
        table=ACCELEROMETER_TRUSTED,
        driving=ACCELEROMETER_LANDING,
        others=(CUSTOMER_TRUSTED,),
        transform="trust_accelerometer",
        drops=(Drop.NOT_TRUSTED, Drop.BEFORE_CONSENT, Drop.DUPLICATE),
    ),
    LineageStep(
        table=CUSTOMER_CURATED,
        driving=CUSTOMER_TRUSTED,
        others=(ACCELEROMETER_TRUSTED,),
        transform="curate_customers",
        drops=(Drop.NO_READINGS,),
    ),
    LineageStep(
        table=STEP_TRAINER_TRUSTED,
        driving=STEP_TRAINER_LANDING,
        others=(CUSTOMER_TRUSTED, CUSTOMER_CURATED),
        transform="trust_step_trainer",
        drops=(
            Drop.NOT_TRUSTED,
            Drop.DEVICE_NOT_USABLE,
            Drop.BEFORE_CONSENT,
            Drop.NO_READINGS,
            Drop.DUPLICATE,
        ),
        fans_out=True,
    ),
    LineageStep(
        table=MACHINE_LEARNING_CURATED,
        driving=STEP_TRAINER_TRUSTED,
        others=(ACCELEROMETER_TRUSTED,),
        transform="curate_ml",
        drops=(Drop.UNPAIRED,),
        fans_out=True,
    ),
)
"""The five derived tables, each after its inputs."""

LANDING_TABLES: Final = (CUSTOMER_LANDING, ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
RECORD_TABLES: Final = (*LANDING_TABLES, QUARANTINE, OBJECT, TOMBSTONE)
"""The tables that hold what was sent, and what is known about it."""

DERIVED_TABLES: Final = tuple(step.table for step in LINEAGE)

KEYED_TABLES: Final = (TOMBSTONE, *DERIVED_TABLES)
"""The tables that hold what the pseudonym key makes."""


def published_tables() -> Iterator[str]:
    """Yield the tables whose snapshots a run publishes, inputs before what is made of them."""
    yield from RECORD_TABLES
    yield from DERIVED_TABLES
