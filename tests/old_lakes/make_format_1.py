"""How the lakes of format 1 in this folder were made, by the code of 30 November 2026.

They are kept so that whatever comes later opens what people have. They can't be made again: the code of
that day is needed. Run as ``python make_format_1.py /lakes OUT``: the first folder is the neutral place at
which the lakes were made (their metadata holds absolute paths), OUT is where the archives go.
"""

import json
import os
import random
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import stedi

START = datetime(2022, 6, 18, 15, tzinfo=UTC)
KEY = stedi.Pseudonyms(random.Random(1).randbytes(32))  # noqa: S311 - of tests
NEXT_KEY = stedi.Pseudonyms(random.Random(2).randbytes(32))  # noqa: S311 - of tests
DAY = timedelta(days=1)


def ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def person(email: str, serial: str, *, at: datetime = START, share: bool = True, **more: object) -> dict:
    row = {
        "customerName": "N. N.",
        "email": email,
        "phone": "8015550000",
        "birthDay": "1950-01-01",
        "serialNumber": serial,
        "registrationDate": ms(START),
        "lastUpdateDate": ms(at),
        **more,
    }
    return row | ({"shareWithResearchAsOfDate": ms(START)} if share else {})


class Made:
    """A lake with its landing root."""

    def __init__(self, root: Path, name: str) -> None:
        self.home = root / name
        self.landing = self.home / "landing"
        self.lake = stedi.Lake.open(self.home / "lake", pseudonyms=KEY, buckets=2)

    def put(self, place: str, rows: list) -> None:
        file = self.landing / place
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        # Whole seconds: an archive keeps no more.
        os.utime(file, (START.timestamp(), START.timestamp()))

    def readings(
        self, name: str, pairs: list[tuple[str, str]], *, at: datetime = START, count: int = 4
    ) -> None:
        times = [ms(at) + 1000 * n for n in range(count)]
        self.put(
            f"accelerometer/{name}.json",
            [
                {"user": email, "timestamp": t, "x": 1.5, "y": -0.5, "z": 9.8}
                for email, _ in pairs
                for t in times
            ],
        )
        self.put(
            f"step_trainer/{name}.json",
            [
                {"sensorReadingTime": t, "serialNumber": serial, "distanceFromObject": 210 + n}
                for n, (_, serial) in enumerate(pairs)
                for t in times
            ],
        )

    def run(self, day: int, **options: object) -> None:
        self.lake.run(self.landing, now=START + day * DAY, max_rejected=1, **options)


def sound(root: Path, name: str, first: str = "ann@example.com") -> Made:
    """Two runs, a tag on the first, a withdrawal, a rejected line, a shared device, a duplicate object."""
    made = Made(root, name)
    people = [(first, "device-ann"), ("bob@example.com", "device-bob"), ("cleo@example.com", "device-cleo")]
    made.put("customer/1.json", [person(*each) for each in people])
    made.readings("1", people)
    made.run(1)
    made.lake.tag("training")
    made.put(
        "customer/2.json",
        [
            person("bob@example.com", "device-bob", at=START + DAY, share=False),
            person("dora@example.com", "device-dora"),
            person("emil@example.com", "device-dora"),
            person("finn@example.com", "device-finn", phone={"not": "a phone"}),
        ],
    )
    made.put("customer/again.json", [person(*each) for each in people])
    made.readings("2", [*people, ("dora@example.com", "device-dora")], at=START + timedelta(hours=1))
    made.run(2)
    return made


def main() -> None:
    root, out = Path(sys.argv[1]), Path(sys.argv[2])
    makers = {
        "sound": lambda: sound(root, "sound"),
        "planned": lambda: _planned(root),
        "erased": lambda: _erased(root),
        "rotated": lambda: _rotated(root),
        "accent": lambda: sound(root, "accent", "´x@example.com"),  # noqa: RUF001 - its key takes two rounds
        "maintained": lambda: _maintained(root),
    }
    for name, make in makers.items():
        make()
        with tarfile.open(out / f"format-1-{name}.tar.xz", "w:xz", preset=9) as archive:
            archive.add(root / name, arcname=name, filter=_nobody)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _planned(root: Path) -> None:
    """Damaged by a plan: snapshots stay in the metadata whose data files are gone."""
    made = sound(root, "planned")
    made.put("customer/3.json", [person("ann@example.com", "device-ann", at=START + 2 * DAY, share=False)])
    made.run(3, plan=True)


def _erased(root: Path) -> None:
    made = sound(root, "erased")
    made.lake.erase(
        email="cleo@example.com", landing=made.landing, drop_tags=["training"], asked_by="somebody"
    )


def _rotated(root: Path) -> None:
    made = sound(root, "rotated")
    made.lake.erase(email="cleo@example.com", drop_tags=["training"], asked_by="somebody")
    made.lake.rotate_key(NEXT_KEY)


def _maintained(root: Path) -> None:
    made = sound(root, "maintained")
    made.lake.maintain(keep_days=0, older_than=timedelta(0))


if __name__ == "__main__":
    main()
