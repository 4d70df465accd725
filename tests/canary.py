"""A customer whose every value is so odd that it stands nowhere by accident, spread over a whole lake."""

import gzip
import json
import shutil
import struct
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

import stedi
from lakes import PUBLISHED, lake_at, pour, put, put_rows, rich_world, run, sent
from worlds import HOURS, MS, NOW, SECRET, customer, reading, step

EMAIL = "zebulon.canary@quagga-mail.example"
SERIAL = "c4a7a5e1-90de-4bad-8f00-d15ea5e0ca4a"
TEXTS = (EMAIL, SERIAL, "Zebulon Quaggafeather", "+1-555-0199-8877665", "1951-07-23")
OTHER, OTHER_DEVICE = "neighbour@example.com", "device-of-the-neighbour"
PSEUDONYMS = stedi.Pseudonyms(SECRET)
ID = PSEUDONYMS.customer_id(EMAIL)
DEVICE_ID = PSEUDONYMS.device_id(SERIAL)
ASIDE_IDS = tuple(map(PSEUDONYMS.aside_id, ("zebulon quaggafeather", "155501998877665")))
AXES = (123456.75, -98765.5, 31415.9375)
DISTANCE = 918273645
ODD = timedelta(minutes=17, seconds=41, milliseconds=613)
"""All their times are so much after an hour, and nobody else's are."""
TIMES = tuple(hour + ODD for hour in HOURS)
_MOMENTS = tuple(time + after * MS for time in TIMES for after in (0, 1, 2, 9))
VALUES = (
    *(str(abs(axis)) for axis in AXES),
    str(DISTANCE),
    *(f"{moment:%H:%M:%S.%f}"[:12] for moment in _MOMENTS),
    *(str(round(moment.timestamp() * 1000)) for moment in _MOMENTS),
    *(struct.pack("<d", axis) for axis in AXES),
    struct.pack("<q", DISTANCE),
    *(struct.pack("<q", round(moment.timestamp() * 1_000_000)) for moment in _MOMENTS),
)
"""Their numbers and times as they may be written: in words, and in the bounds of statistics."""


def canary(email=EMAIL, **others):
    values = {
        "customer_name": "Zebulon Quaggafeather",
        "phone": "+1-555-0199-8877665",
        "birth_day": "1951-07-23",
        "registration_date": TIMES[0],
        "share": TIMES[0],
        "share_with_public_as_of_date": TIMES[0] + MS,
        "share_with_friends_as_of_date": TIMES[0] + 2 * MS,
        "at": TIMES[1],
    }
    return customer(email, SERIAL, **(values | others))


@dataclass(frozen=True)
class Cage:
    """A lake that a canary went all through."""

    folder: Path
    landing: Path

    @property
    def lake(self) -> stedi.Lake:
        return lake_at(self.folder)


@dataclass(frozen=True)
class Cages:
    """A cage that can be put back to states that were kept: to build one costs twenty times a copy.

    Like any lake it can't be used from another folder than the one in which it was made.
    """

    cage: Cage
    kept: Path

    def keep(self, state: str) -> None:
        """Keep the cage as it is, under a name."""
        for name in (self.cage.folder, self.cage.landing):
            shutil.copytree(name, self.kept / state / name.name)

    def back_to(self, state: str) -> Cage:
        """Put the cage back."""
        for name in (self.cage.folder, self.cage.landing):
            shutil.rmtree(name)
            shutil.copytree(self.kept / state / name.name, name)
        return self.cage


def deliver(landing: Path) -> None:
    """Send everything of the canary, in every form, beside other people."""
    spelled = EMAIL.upper(), f"  {EMAIL}\t"
    put_rows(
        landing / "x",
        customer=[canary(), canary(spelled[0], at=TIMES[2]), customer(OTHER, OTHER_DEVICE, share=HOURS[0])],
        accelerometer=[
            *(reading(name, TIMES[hour], AXES) for name in (EMAIL, *spelled) for hour in (2, 3, 4)),
            reading(OTHER, HOURS[3]),
        ],
        step_trainer=[
            *(step(SERIAL, TIMES[hour], DISTANCE) for hour in (2, 3, 4)),
            step(SERIAL.upper(), TIMES[5], DISTANCE),
            step(OTHER_DEVICE, HOURS[3]),
        ],
    )
    for kind in ("customer", "accelerometer", "step_trainer"):
        # A folder that is named after them, with a neighbour's records in the same file.
        (landing / kind).mkdir(parents=True, exist_ok=True)
        (landing / "x" / kind).rename(landing / kind / EMAIL)
    (landing / "x").rmdir()
    bad = sent(canary(at=TIMES[3])) | {"registrationDate": "yesterday"}
    cut = json.dumps(sent(canary(at=TIMES[3])))[:-9]
    escaped = json.dumps(bad).replace("@", "\\u0040")
    nameless = json.dumps({"phone": "+1-555-0199-8877665", "serialNumber": [1]})
    # It denies for both of them, before either agrees.
    before = sent(customer(OTHER, at=HOURS[0]))["lastUpdateDate"]
    theirs = {"email": OTHER, "serialNumber": {"old": SERIAL}, "lastUpdateDate": before, "note": EMAIL}
    put(
        landing,
        f"customer/rejected-{SERIAL}.json",
        [json.dumps(bad), escaped, json.dumps(theirs), nameless, cut],
    )
    put(landing, "accelerometer/bad.json", [json.dumps({"user": EMAIL, "x": "no"})])
    put(landing, "step_trainer/bad.json", [json.dumps({"serialNumber": SERIAL, "sensorReadingTime": 1})])


def build(place: Path) -> Cage:
    """Make the lake: others first, then the canary, who withdraws and comes back; tags all along."""
    cage = Cage(place / "lake", place / "landing")
    pour(cage.landing, rich_world(parts=6))
    lake = cage.lake
    run(lake, cage.landing)
    lake.tag("before")
    deliver(cage.landing)
    run(lake, cage.landing, now=NOW)
    put(cage.landing, "customer/later.json", [json.dumps(sent(canary(at=TIMES[4])))])
    run(lake, cage.landing, now=NOW + timedelta(hours=1))
    lake.tag("training")
    lake.tag("study")
    put(cage.landing, "customer/withdrawn.json", [json.dumps(sent(canary(at=TIMES[5], share=None)))])
    run(lake, cage.landing, now=NOW + timedelta(hours=2))
    lake.tag("withdrawn")
    again = sent(canary(at=TIMES[5] + MS, share=TIMES[0]))
    (cage.landing / "customer/again.json.gz").write_bytes(gzip.compress((json.dumps(again) + "\n").encode()))
    late = b"".join(
        json.dumps(sent(row)).encode()
        for row in (reading(EMAIL, TIMES[5] + 9 * MS, AXES), reading(OTHER, HOURS[5] + 9 * MS))
    )
    with pa.CompressedOutputStream(
        pa.OSFile(str(cage.landing / "accelerometer/late.zst"), "wb"), "zstd"
    ) as out:
        out.write(late)
    put_rows(cage.landing / "y", step_trainer=[step(SERIAL, TIMES[5] + 9 * MS, DISTANCE)])
    shutil.move(cage.landing / "y/step_trainer/step_trainer.json", cage.landing / "step_trainer/late.json")
    shutil.rmtree(cage.landing / "y")
    run(lake, cage.landing, now=NOW + timedelta(hours=3))
    return cage


def _theirs(rejected: dict) -> bool:
    """Say whether a rejected record is the canary's, or hers as well."""
    names = {name.strip().lower() for name in (*rejected["emails"], *rejected["serial_numbers"])}
    return bool(names & {EMAIL, SERIAL, OTHER} or "8877665" in rejected["raw"])


def everybody_else(lake: stedi.Lake, **options) -> dict[str, list]:
    """Return the rows of everybody but the canary, without where they came from.

    Args:
        lake: The lake.
        options: Of which run, as ``Lake.scan`` takes them.
    """
    found = {}
    for table in PUBLISHED:
        if table in ("object", "tombstone"):
            continue
        frame = lake.scan(table, **options).collect()
        rows = frame.drop("_object", "_run", strict=False).rows(named=True)
        found[table] = sorted(
            repr({name: value for name, value in row.items() if name != "raw"})
            for row in rows
            if not (
                str(row.get("email") or row.get("user") or "").strip().lower() == EMAIL
                or str(row.get("serial_number") or "").lower() == SERIAL
                or row.get("customer_id") == ID
                or (table == "quarantine" and _theirs(row))
            )
        )
    return found
