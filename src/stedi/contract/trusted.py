"""The contracts of the trusted zone: only customers who agreed to share with research."""

from dataclasses import replace
from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.landing import ACCELEROMETER, CUSTOMER, STEP_TRAINER
from stedi.contract.table import Contract
from stedi.names import ACCELEROMETER_TRUSTED, CUSTOMER_TRUSTED, STEP_TRAINER_TRUSTED, Zone

CUSTOMER_ID: Final = Column(
    "customer_id", Kind.STRING, "The customer's pseudonym: 32 lower-case hex digits.", required=True
)
DEVICE_ID: Final = Column(
    "device_id", Kind.STRING, "The device's pseudonym: 32 lower-case hex digits.", required=True
)
CONSENT_FROM: Final = Column(
    "consent_from", Kind.TIMESTAMPTZ, "From when the customer's readings may be used.", required=True
)
DEVICE_CONSENT_FROM: Final = Column(
    "device_consent_from",
    Kind.TIMESTAMPTZ,
    "From when the device's readings may be used; null: never, another customer's consent is missing.",
)


def _as_sent(column: Column) -> Column:
    kind = Kind.DATE if column.name == "birth_day" else column.kind
    doc = "The birthday; null where the text is no plausible date." if kind is Kind.DATE else column.doc
    return replace(column, kind=kind, doc=doc, source=None)


CUSTOMER_TRUST: Final = Contract(
    name=CUSTOMER_TRUSTED,
    zone=Zone.TRUSTED,
    grain="(customer, held device) of a consenting customer",
    key=("customer_id", "device_id"),
    columns=(
        CUSTOMER_ID,
        DEVICE_ID,
        *(_as_sent(column) for column in CUSTOMER.source_columns),
        CONSENT_FROM,
        DEVICE_CONSENT_FROM,
    ),
)

ACCELEROMETER_TRUST: Final = Contract(
    name=ACCELEROMETER_TRUSTED,
    zone=Zone.TRUSTED,
    grain="a reading",
    key=("customer_id", "timestamp", "x", "y", "z"),
    bucketed=True,
    columns=(
        CUSTOMER_ID,
        *(replace(ACCELEROMETER.column(name), source=None) for name in ("timestamp", "x", "y", "z")),
    ),
)

STEP_TRAINER_TRUST: Final = Contract(
    name=STEP_TRAINER_TRUSTED,
    zone=Zone.TRUSTED,
    grain="a reading of a curated customer's device",
    key=("customer_id", "device_id", "sensor_reading_time", "distance_from_object"),
    bucketed=True,
    columns=(
        CUSTOMER_ID,
        DEVICE_ID,
        *(
            replace(STEP_TRAINER.column(name), source=None)
            for name in ("sensor_reading_time", "distance_from_object")
        ),
    ),
)
