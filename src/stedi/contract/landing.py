"""The contracts of the landing zone: what the website, the app and the device send.

The sources write camelCase keys and epoch milliseconds. Both are mapped here, once.
"""

from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING, Zone

PROVENANCE: Final = (
    Column(name="_object", kind=Kind.STRING, doc="The landing object that held the record.", pii=True),
    Column(
        name="_digest",
        kind=Kind.STRING,
        doc="128 bits of the SHA-256 of that object's bytes, in hex.",
    ),
    Column(name="_position", kind=Kind.LONG, doc="The record's place in the object; the first is 0."),
    Column(name="_run", kind=Kind.STRING, doc="The run that loaded the record; null outside a lake."),
)
"""Where a landing record came from."""

CUSTOMER: Final = Contract(
    name=CUSTOMER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the website export",
    columns=(
        Column(
            name="customer_name",
            kind=Kind.STRING,
            source="customerName",
            doc="The name, as typed.",
            pii=True,
        ),
        Column(
            name="email",
            kind=Kind.STRING,
            source="email",
            doc="The e-mail, as sent: it names the customer.",
            required=True,
            pii=True,
        ),
        Column(name="phone", kind=Kind.STRING, source="phone", doc="The phone number, as sent.", pii=True),
        Column(
            name="birth_day",
            kind=Kind.STRING,
            source="birthDay",
            doc="The birthday, as sent: any text.",
            pii=True,
        ),
        Column(
            name="serial_number",
            kind=Kind.STRING,
            source="serialNumber",
            doc="The serial number of the customer's step trainer: it names the device.",
            required=True,
            pii=True,
        ),
        Column(
            name="registration_date",
            kind=Kind.TIMESTAMPTZ,
            source="registrationDate",
            doc="When the customer registered.",
        ),
        Column(
            name="last_update_date",
            kind=Kind.TIMESTAMPTZ,
            source="lastUpdateDate",
            doc="When the record was written: the newest of a customer's records decides.",
            required=True,
        ),
        Column(
            name="share_with_research_as_of_date",
            kind=Kind.TIMESTAMPTZ,
            source="shareWithResearchAsOfDate",
            doc="From when the customer shares with research; null is a denial.",
        ),
        Column(
            name="share_with_public_as_of_date",
            kind=Kind.TIMESTAMPTZ,
            source="shareWithPublicAsOfDate",
            doc="From when the customer shares with the public. Not consent to research.",
        ),
        Column(
            name="share_with_friends_as_of_date",
            kind=Kind.TIMESTAMPTZ,
            source="shareWithFriendsAsOfDate",
            doc="From when the customer shares with friends. Not consent to research.",
        ),
        *PROVENANCE,
    ),
)

ACCELEROMETER: Final = Contract(
    name=ACCELEROMETER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the app",
    columns=(
        Column(
            name="user",
            kind=Kind.STRING,
            source="user",
            doc="The e-mail of the customer, as sent.",
            required=True,
            pii=True,
        ),
        Column(
            name="timestamp",
            kind=Kind.TIMESTAMPTZ,
            source="timestamp",
            doc="When the phone took the reading.",
            required=True,
        ),
        Column(
            name="x",
            kind=Kind.DOUBLE,
            source="x",
            doc="Acceleration along X; the source gives no unit.",
            required=True,
        ),
        Column(
            name="y",
            kind=Kind.DOUBLE,
            source="y",
            doc="Acceleration along Y; the source gives no unit.",
            required=True,
        ),
        Column(
            name="z",
            kind=Kind.DOUBLE,
            source="z",
            doc="Acceleration along Z; the source gives no unit.",
            required=True,
        ),
        *PROVENANCE,
    ),
)

STEP_TRAINER: Final = Contract(
    name=STEP_TRAINER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the device",
    columns=(
        Column(
            name="sensor_reading_time",
            kind=Kind.TIMESTAMPTZ,
            source="sensorReadingTime",
            doc="When the device took the reading.",
            required=True,
        ),
        Column(
            name="serial_number",
            kind=Kind.STRING,
            source="serialNumber",
            doc="The serial number of the device.",
            required=True,
            pii=True,
        ),
        Column(
            name="distance_from_object",
            kind=Kind.LONG,
            source="distanceFromObject",
            doc="Distance of the foot from the sensor; the source gives no unit.",
            required=True,
        ),
        *PROVENANCE,
    ),
)
