"""The queries of pipeline.sql, the JSON that they read, and the arguments of whoever runs them."""

import argparse
import re
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

JSON: Final = {
    "customer": {
        "customerName": "STRING",
        "email": "STRING",
        "phone": "STRING",
        "birthDay": "STRING",
        "serialNumber": "STRING",
        "registrationDate": "BIGINT",
        "lastUpdateDate": "BIGINT",
        "shareWithResearchAsOfDate": "BIGINT",
        "shareWithPublicAsOfDate": "BIGINT",
        "shareWithFriendsAsOfDate": "BIGINT",
    },
    "accelerometer": {
        "user": "STRING",
        "timestamp": "BIGINT",
        "x": "DOUBLE",
        "y": "DOUBLE",
        "z": "DOUBLE",
    },
    "step_trainer": {
        "sensorReadingTime": "BIGINT",
        "serialNumber": "STRING",
        "distanceFromObject": "BIGINT",
    },
}
"""The keys of each landing folder's records with their types, in words that both engines know."""

NARROW: Final = "".join(map(chr, range(0x21, 0x7F))).replace("\\", "").replace("'", "")
WIDE: Final = "".join(chr(ord(letter) + 0xFEE0) for letter in NARROW)
"""Full-width letters, as some keyboards send them, and the plain ones that they stand for."""

_HEADER: Final = re.compile(r"^-- (keep|write): (\w+)\n", re.MULTILINE)


class Query(NamedTuple):
    """One step of the pipeline: a table that is written, or rows that are held for the next steps."""

    name: str
    written: bool
    sql: str

    @property
    def is_landing(self) -> bool:
        """The step reads the JSON."""
        return self.name.endswith("_landing")


def queries() -> list[Query]:
    """Return the queries in the order in which they run."""
    _, *parts = _HEADER.split((Path(__file__).parent / "pipeline.sql").read_text("utf-8"))
    steps = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [Query(name, kind == "write", sql.strip()) for kind, name, sql in steps]


class Arguments(NamedTuple):
    """What a contestant is asked to do."""

    landing: Path
    out: Path
    now: datetime
    only_derived: bool


def arguments() -> Arguments:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("landing", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--now", type=datetime.fromisoformat, required=True)
    parser.add_argument("--only-derived", action="store_true", help="hold the landing tables in memory")
    given = parser.parse_args()
    return Arguments(given.landing, given.out, given.now, given.only_derived)
