"""The contracts of the curated zone: what a model may see. No personal data, by construction."""

from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.contract.trusted import (
    ACCELEROMETER_TRUST,
    CONSENT_FROM,
    CUSTOMER_ID,
    DEVICE_CONSENT_FROM,
    DEVICE_ID,
    STEP_TRAINER_TRUST,
)
from stedi.names import CUSTOMER_CURATED, MACHINE_LEARNING_CURATED, Zone

CUSTOMER_CURATE: Final = Contract(
    name=CUSTOMER_CURATED,
    zone=Zone.CURATED,
    grain="(customer, device) of a trusted customer with at least one trusted accelerometer reading",
    key=("customer_id", "device_id"),
    columns=(
        CUSTOMER_ID,
        DEVICE_ID,
        CONSENT_FROM,
        DEVICE_CONSENT_FROM,
        Column("birth_decade", Kind.INT, "The decade of birth: 1960 for 1960 to 1969."),
        Column(
            "first_reading_at",
            Kind.TIMESTAMPTZ,
            "The customer's first trusted accelerometer reading.",
            required=True,
        ),
        Column(
            "last_reading_at",
            Kind.TIMESTAMPTZ,
            "The customer's last trusted accelerometer reading.",
            required=True,
        ),
        Column(
            "readings",
            Kind.LONG,
            "The customer's trusted accelerometer readings, repeated per device.",
            required=True,
        ),
    ),
)

MACHINE_LEARNING: Final = Contract(
    name=MACHINE_LEARNING_CURATED,
    zone=Zone.CURATED,
    grain="a step reading with an accelerometer reading of the same customer at the same time",
    key=("customer_id", "device_id", "timestamp", "x", "y", "z", "distance_from_object"),
    bucketed=True,
    columns=(
        CUSTOMER_ID,
        DEVICE_ID,
        *(ACCELEROMETER_TRUST.column(name) for name in ("timestamp", "x", "y", "z")),
        STEP_TRAINER_TRUST.column("distance_from_object"),
    ),
)

MATCH_GAP_MS: Final = Column(
    "match_gap_ms",
    Kind.DOUBLE,
    "Phone time minus step trainer time of the pair, in milliseconds (as-of pairing only).",
    required=True,
)
