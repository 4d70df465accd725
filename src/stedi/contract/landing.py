"""The contracts of the landing zone: what the website, the app and the device send.

The sources write camelCase keys and epoch milliseconds. Both are mapped here, once.
"""

from typing import Final

from stedi.contract.column import Column, Kind
from stedi.contract.table import Contract
from stedi.names import ACCELEROMETER_LANDING, CUSTOMER_LANDING, STEP_TRAINER_LANDING, Zone

PROVENANCE: Final = (
    Column("_object", Kind.STRING, "The landing object that held the record.", pii=True),
    Column("_digest", Kind.STRING, "128 bits of the SHA-256 of that object's bytes, in hex."),
    Column("_position", Kind.LONG, "The record's place in the object; the first is 0."),
    Column("_run", Kind.STRING, "The run that loaded the record; null outside a lake."),
)
"""Where a landing record came from."""


def _sent(name: str, kind: Kind, doc: str, *, required: bool = False, pii: bool = False) -> Column:
    """Return a column that the source sends: under the same name, in camelCase."""
    first, *others = name.split("_")
    source = first + "".join(map(str.capitalize, others))
    return Column(name, kind, doc, source=source, required=required, pii=pii)


CUSTOMER: Final = Contract(
    name=CUSTOMER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the website export",
    columns=(
        _sent("customer_name", Kind.STRING, "The name, as typed.", pii=True),
        _sent("email", Kind.STRING, "The e-mail, as sent: it names the customer.", required=True, pii=True),
        _sent("phone", Kind.STRING, "The phone number, as sent.", pii=True),
        _sent("birth_day", Kind.STRING, "The birthday, as sent: any text.", pii=True),
        _sent(
            "serial_number",
            Kind.STRING,
            "The serial number of the customer's step trainer: it names the device.",
            required=True,
            pii=True,
        ),
        _sent("registration_date", Kind.TIMESTAMPTZ, "When the customer registered."),
        _sent(
            "last_update_date",
            Kind.TIMESTAMPTZ,
            "When the record was written: the newest of a customer's records decides.",
            required=True,
        ),
        _sent(
            "share_with_research_as_of_date",
            Kind.TIMESTAMPTZ,
            "From when the customer shares with research; null is a denial.",
        ),
        _sent(
            "share_with_public_as_of_date",
            Kind.TIMESTAMPTZ,
            "From when the customer shares with the public. Not consent to research.",
        ),
        _sent(
            "share_with_friends_as_of_date",
            Kind.TIMESTAMPTZ,
            "From when the customer shares with friends. Not consent to research.",
        ),
        *PROVENANCE,
    ),
)

ACCELEROMETER: Final = Contract(
    name=ACCELEROMETER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the app",
    columns=(
        _sent("user", Kind.STRING, "The e-mail of the customer, as sent.", required=True, pii=True),
        _sent("timestamp", Kind.TIMESTAMPTZ, "When the phone took the reading.", required=True),
        _sent("x", Kind.DOUBLE, "Acceleration along X; the source gives no unit.", required=True),
        _sent("y", Kind.DOUBLE, "Acceleration along Y; the source gives no unit.", required=True),
        _sent("z", Kind.DOUBLE, "Acceleration along Z; the source gives no unit.", required=True),
        *PROVENANCE,
    ),
)

STEP_TRAINER: Final = Contract(
    name=STEP_TRAINER_LANDING,
    zone=Zone.LANDING,
    grain="a record of the device",
    columns=(
        _sent("sensor_reading_time", Kind.TIMESTAMPTZ, "When the device took the reading.", required=True),
        _sent("serial_number", Kind.STRING, "The serial number of the device.", required=True, pii=True),
        _sent(
            "distance_from_object",
            Kind.LONG,
            "Distance of the foot from the sensor; the source gives no unit.",
            required=True,
        ),
        *PROVENANCE,
    ),
)
