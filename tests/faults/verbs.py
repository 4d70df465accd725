"""Every verb of a lake, as a program and as a person on the command line would use it."""

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
from patient import LATER, TAG, Patient

import stedi
from lakes import PUBLISHED, run
from stedi.cli import main
from stedi.errors import StediError

Verb = Callable[[Patient], Any]
NEW_KEY = stedi.Pseudonyms(b"another secret of thirty-two byt")
WHO, DEVICE = "ann@example.com", "w1-50a1b2c3-d4e5"


def _collected(patient: Patient) -> None:
    lake = patient.lake
    with lake.reading():
        for table in (*PUBLISHED, "run"):
            lake.scan(table).collect()


def _of_a_tag(patient: Patient) -> None:
    lake = patient.lake
    with lake.reading():
        lake.scan("machine_learning_curated", at=TAG).select(pl.len()).collect()


def _released(patient: Patient) -> None:
    held = patient.lake.scan("quarantine").filter(pl.col("released_at").is_null())
    with patient.lake.reading():
        first = held.sort("_digest", "_position").head(1).collect().row(0, named=True)
    patient.lake.release([f"{first['_digest'][:12]}:{first['_position']}"], now=LATER)


IN_PYTHON: dict[str, Verb] = {
    "run": lambda patient: run(patient.lake, patient.landing, now=LATER),
    "run plan": lambda patient: run(patient.lake, patient.landing, now=LATER, plan=True),
    "run full": lambda patient: run(patient.lake, patient.landing, now=LATER, full=True),
    "release": _released,
    "scan": _collected,
    "scan of a tag": _of_a_tag,
    "tables": lambda patient: patient.lake.tables(),
    "table_formats": lambda patient: patient.lake.table_formats(),
    "runs": lambda patient: patient.lake.runs(),
    "last_run": lambda patient: patient.lake.last_run(),
    "tags": lambda patient: patient.lake.tags(),
    "tag": lambda patient: patient.lake.tag("another"),
    "find_run": lambda patient: patient.lake.find_run(TAG),
    "explain": lambda patient: patient.lake.explain(email=WHO),
    "explain a device": lambda patient: patient.lake.explain(serial_number=DEVICE),
    "report": lambda patient: patient.lake.report().to_html(),
    "receipts": lambda patient: patient.lake.receipts(),
    "check_receipt": lambda patient: patient.lake.check_receipt(),
    "erase plan": lambda patient: patient.lake.erase(email=WHO, plan=True, device="keep", move_tags=[TAG]),
    "erase": lambda patient: patient.lake.erase(email=WHO, device="keep", move_tags=[TAG]),
    "maintain plan": lambda patient: patient.lake.maintain(plan=True, keep_days=0),
    "maintain": lambda patient: patient.lake.maintain(keep_days=0),
    "rotate plan": lambda patient: patient.lake.rotate_key(NEW_KEY, plan=True, drop_tags=[TAG]),
    "rotate_key": lambda patient: patient.lake.rotate_key(NEW_KEY, drop_tags=[TAG]),
    "verify": lambda patient: patient.lake.verify(),
}

COMMANDS: dict[str, Callable[[Patient], list[object]]] = {
    "stedi status": lambda patient: ["status", "--lake", patient.folder],
    "stedi show": lambda patient: ["show", "customer_trusted", "--lake", patient.folder],
    "stedi sql": lambda patient: [
        "sql",
        "SELECT count(*) FROM customer_trusted JOIN customer_curated USING (customer_id)",
        "--lake",
        patient.folder,
    ],
    "stedi export": lambda patient: [
        "export",
        "machine_learning_curated",
        patient.folder.parent / "out.parquet",
        "--overwrite",
        "--lake",
        patient.folder,
    ],
    "stedi quarantine": lambda patient: ["quarantine", "--lake", patient.folder],
    "stedi explain": lambda patient: ["explain", WHO, "--lake", patient.folder],
    "stedi tag": lambda patient: ["tag", "--lake", patient.folder],
    "stedi receipt list": lambda patient: ["receipt", "list", "--lake", patient.folder],
    "stedi verify": lambda patient: ["verify", "--lake", patient.folder],
    "stedi ddl": lambda _: ["ddl"],
}


@dataclass(frozen=True)
class Outcome:
    """What came of a verb: whether it was done, and what was told if it was not."""

    done: bool
    told: str = ""

    @property
    def lines(self) -> int:
        return len(self.told.splitlines())


def attempt(verb: str, patient: Patient) -> Outcome:
    """Try a verb; whatever is raised that is no StediError is raised."""
    if verb in COMMANDS:
        code, out, err = typed(COMMANDS[verb](patient))
        assert code in (0, 1), err
        # The findings of an audit are no error: they stand on stdout.
        return Outcome(done=code == 0, told=err or " ".join(out.split())[-500:] if code else "")
    try:
        found = IN_PYTHON[verb](patient)
    except StediError as error:
        return Outcome(done=False, told=str(error))
    if verb == "verify" and not found.sound:
        return Outcome(done=False, told=str(found.findings[0]))
    return Outcome(done=True)


def typed(arguments: list[object]) -> tuple[int, str, str]:
    """Run the command line; return how it ended, and what it wrote."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    before = sys.argv
    sys.argv = ["stedi", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
    return int(str(code)), out.getvalue(), err.getvalue()
