"""Whatever prints a value of stedi, a notebook or a log, shows no row of a person."""

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from io import StringIO
from pathlib import Path
from pprint import pformat
from types import NoneType, UnionType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.axes import Axes
from rich.console import Console
from rich.pretty import pretty_repr

import stedi
import stedi.ml
import stedi.plots
import stedi.simulate
from stedi.contract import CONTRACTS, contract_of
from stedi.contract.schemas import polars_schema
from stedi.governance.explain.explanation import Explanation
from stedi.lake.export import export
from stedi.lake.health import health_of
from stedi.landing.objects import LandingObject
from stedi.landing.rules import Origin
from stedi.landing.s3 import S3Object
from stedi.outline import outline
from stedi.pipeline.receipts.receipt import Receipt
from stedi.pipeline.run_report import RunReport

CANARY = "Quintessa Zorbleak"
OF_ROWS = re.compile(r"\b(?:polars|narwhals|pyarrow)[\w.]*(?:Frame|Series|Array|Table)\b")
FUNCTION = re.compile(r"Callable\[\[.*?\], [\w.]+\]")
DOORS = (stedi, stedi.ml, stedi.simulate, stedi.plots)

SHOWN: Mapping[str, str] = {
    "Account": "table dropped",
    "Anonymity": "columns",
    "Check": "name proves unit",
    "ClockEstimate": "reason",
    "Concern": "code message",
    "Count": "what",
    "DatasetCard": "made_with channels customers left_out sensors digests",
    "Defect": "table kind",
    "Device": "name",
    "Entry": "customer device words effect",
    "Explanation": "run_id verdict",
    "Exported": "table path run_id hidden",
    "Finding": "place problem remedy",
    "HandedIn": "key_fingerprint",
    "Health": "key_fingerprint retired_keys last_run",
    "LabelFacts": "source",
    "LeftObject": "path why",
    "LeftOut": "session_id customer_id reason detail",
    "MaintenanceReport": "foreign",
    "Misplaced": "table object kind",
    "Part": "split_id kind",
    "Person": "name words",
    "Portion": "device",
    "PrivacyReport": "lake code_version run_id consent key_fingerprint tags",
    "Reason": "words",
    "Receipt": "previous subject device_decision key_fingerprint code_version refs_dropped refs_moved "
    "refs_rebuilt refs_holding signature",
    "RejectCount": "table reason",
    "Remains": "trained_on unknown_runs elsewhere",
    "RemovedFile": "name sha256",
    "RewrittenObject": "path digest_before digest_after",
    "RotationReport": "old new rows keys_needed receipt_keys refs_dropped refs_holding snapshots key_file",
    "Run": "run_id base_run_id key_fingerprint code_version snapshots accounts",
    "RunFacts": "run_id published_at judged_at consent code_version snapshots rows",
    "Refusal": "table object reason resembles",
    "RunSummary": "run_id code_version",
    "RunReport": "changes refusals notes",
    "Stage": "table",
    "UpgradeReport": "changes",
    "SensorSpan": "table",
    "Session": "session_id customer_id device_id",
    "SessionSummary": "session_id customer_id reason",
    "Simulated": "landing truth arguments paths",
    "SplitFacts": "split_id kind tests",
    "TableErasure": "table",
    "TableFacts": "table zone",
    "TableMaintenance": "table",
    "TagFacts": "tag run_id",
    "Verification": "lake run_id code_version consent not_checked",
    "Windows": "customers session_ids",
    "Written": "table",
}
"""Per public class, the fields of text that its output may show: they hold stedi's own words, ids, names of
tables, tags and runs, places that a user named, and what messages call an object; nothing of a record. A new
field of text is hidden, or stands here because somebody made sure of that."""

OTHERS = (
    *("Fold", "Lake", "Pseudonyms", "PublishedRun", "Split", "StediError", "StepDataset"),
    *("StreamingDetector", "TableSource"),
)
"""Public classes that are not made field by field: they hold no text, or have a test of their own."""


def modules() -> Iterator[Any]:
    """Yield all modules of stedi."""
    for found in pkgutil.walk_packages(stedi.__path__, "stedi."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


NAMES = {name: value for module in modules() for name, value in vars(module).items()} | {
    "NDArray": npt.NDArray,
    "ArrayLike": object,
    "Axes": Axes,
    "np": np,
}
"""What annotations may name, whatever only a type checker imports as well."""


def hints(of: Any) -> Mapping[str, Any]:
    """Return the types of a class's fields, or of what a function takes and gives."""
    return typing.get_type_hints(of, NAMES | vars(inspect.getmodule(of)))


def public() -> list[type]:
    """Return all classes that a user of the public names can come to hold."""
    found: dict[type, None] = {}
    todo: list[Any] = [getattr(door, name) for door in DOORS for name in door.__all__] + [export, health_of]
    while todo:
        each = todo.pop()
        if typing.get_args(each):
            todo += typing.get_args(each)
        elif inspect.isfunction(each):
            todo.append(hints(each).get("return"))
        elif isinstance(each, type) and each.__module__.startswith("stedi") and each not in found:
            found[each] = None
            todo += hints(each).values()
            ours = [owner for owner in each.__mro__ if owner.__module__.startswith("stedi")]
            for name, member in (pair for owner in ours for pair in vars(owner).items()):
                inner = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if not name.startswith("_") and inspect.isfunction(inner):
                    todo.append(inspect.unwrap(inner))
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


PUBLIC = public()
MADE = [kind for kind in PUBLIC if dataclasses.is_dataclass(kind) and kind.__name__ not in OTHERS]


def rows(table: str = "quarantine") -> pl.DataFrame:
    """Return a row in which every text is the canary."""
    schema = polars_schema(contract_of(table))
    row = {name: CANARY if dtype == pl.String else None for name, dtype in schema.items()}
    return pl.DataFrame([row], schema)


def made(kind: Any, *, shown: bool = False) -> Any:
    """Return a value of a type, with the canary in all its text; in a shown field stands another text."""
    text = "plain" if shown else CANARY
    kind = getattr(kind, "__supertype__", kind)
    of, arguments = typing.get_origin(kind), typing.get_args(kind)
    if of in (typing.Union, UnionType):
        return made(next(each for each in arguments if each is not NoneType), shown=shown)
    if of is tuple:
        parts = arguments[:1] if arguments[-1] is Ellipsis else arguments
        return tuple(made(part, shown=shown) for part in parts)
    simple: Mapping[Any, Callable[[], Any]] = {
        str: lambda: text,
        object: lambda: text,
        Path: lambda: Path(text),
        typing.Literal: lambda: arguments[0],
        np.ndarray: lambda: np.array([text]) if "str" in str(kind) else np.zeros(1),
        Mapping: lambda: {made(arguments[0], shown=shown): made(arguments[1], shown=shown)},
        Sequence: lambda: [made(arguments[0], shown=shown)],
        int: lambda: 3,
        float: lambda: 0.5,
        bool: lambda: True,
        datetime: lambda: datetime(2026, 11, 23, tzinfo=UTC),
        timedelta: lambda: timedelta(1),
        pl.DataFrame: rows,
    }
    return simple[of or kind]() if (of or kind) in simple else made_of(kind)


def made_of(kind: Any) -> Any:
    """Return a value of one of stedi's own classes."""
    if issubclass(kind, Enum):
        return next(iter(kind))
    shown, types = SHOWN.get(kind.__name__, "").split(), hints(kind)
    fields = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: made(types[name], shown=name in shown) for name in fields})


def printed(value: object) -> str:
    """Return all that prints a value: by itself, in a notebook, in a log."""
    console = Console(width=60, record=True, file=StringIO())
    console.print(value)
    shown = [repr(value), str(value), f"{value}", pformat(value), pformat([value], width=20)]
    shown += [pretty_repr(value), pretty_repr({"of": [value]}, max_width=20), console.export_text()]
    shown += map(str, DisplayFormatter().format(value)[0].values())
    return "\n".join(shown)


def assert_unnamed(value: object) -> None:
    shown = printed(value)
    assert "Quintessa" not in shown
    assert "Zorbleak" not in shown


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_public_value_shows_a_text_that_may_name_somebody(kind) -> None:
    assert_unnamed(made_of(kind))


def test_what_is_hidden_is_there() -> None:
    report, explanation, receipt = map(made_of, (RunReport, Explanation, Receipt))
    assert report.paths == [CANARY]
    assert explanation.asked == receipt.asked_by == receipt.reason == CANARY


def test_every_public_class_is_looked_at() -> None:
    looked_at = (*MADE, stedi.Split)
    left = [kind for kind in PUBLIC if kind not in looked_at and not issubclass(kind, Enum)]
    assert sorted(kind.__name__ for kind in left) == sorted(OTHERS)


def test_no_field_is_said_to_be_shown_that_is_none() -> None:
    fields: dict[str, set[str]] = {}
    for kind in MADE:
        shown = {field.name for field in dataclasses.fields(kind) if field.repr}
        fields.setdefault(kind.__name__, set()).update(shown)
    assert {name: set(shown.split()) - fields[name] for name, shown in SHOWN.items()} == {
        name: set() for name in SHOWN
    }


@pytest.mark.parametrize("table", [name for name in CONTRACTS if name.endswith("_landing")])
def test_a_split_shows_heights_and_columns(table: str) -> None:
    split = stedi.Split(rows(table), rows().clear())
    assert_unnamed(split)
    assert repr(split) == (
        f"Split(kept=<1 row: {', '.join(contract_of(table).names)}>, "
        f"rejected=<0 rows: {', '.join(contract_of('quarantine').names)}>)"
    )
    kept, _ = split
    assert kept is split.kept


def test_what_reads_landing_files_gives_a_split_that_names_nobody(tmp_path) -> None:
    file = tmp_path / f"{CANARY}.json"
    good = {"email": CANARY, "serialNumber": "s", "lastUpdateDate": 1655564376361}
    file.write_text(json.dumps({"email": CANARY}) + json.dumps(good))
    split = stedi.read_landing(file, "customer_landing")
    assert (split.kept.height, split.rejected.height) == (1, 1)
    assert_unnamed(split)
    frame = pl.DataFrame({"user": [CANARY], "timeStamp": [1655564376361], "x": [1.0], "y": [1.0], "z": [1.0]})
    assert_unnamed(stedi.conform(frame, "accelerometer_landing"))


def of_rows(kind: type) -> set[str]:
    """Return the fields of a class that hold rows; not those that hold a function of rows."""
    said = vars(kind).get("__annotations__", {})
    return {name for name, hint in said.items() if OF_ROWS.search(FUNCTION.sub("", str(hint)))}


HELD = [
    kind
    for module in modules()
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__ and of_rows(kind)
]


@pytest.mark.parametrize("kind", HELD, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_whatever_holds_rows_prints_none(kind) -> None:
    if kind.__repr__ is object.__repr__:
        return
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    hidden = {field.name for field in fields if not field.repr}
    own = inspect.unwrap(kind.__repr__).__code__.co_filename == inspect.getfile(kind)
    assert own or of_rows(kind) <= hidden, "let its __repr__ return outline(self)"


def test_an_outline_shows_shapes() -> None:
    @dataclasses.dataclass(frozen=True)
    class Held:
        name: str
        lazy: pl.LazyFrame
        values: pl.Series
        text: bytes
        parts: tuple[str, ...]
        hidden: str = dataclasses.field(repr=False)

    lazy = rows().lazy().filter(pl.col("raw") == CANARY)
    held = Held("plain", lazy, rows()["raw"], b"xx", (CANARY,), CANARY)
    assert outline(held).partition("Held")[2] == (
        "(name='plain', lazy=<LazyFrame>, values=<1 value>, text=<2 bytes>, parts=<1 item>)"
    )


def test_what_a_lake_and_its_objects_are_made_of_stays_unsaid(tmp_path) -> None:
    key = stedi.Pseudonyms(CANARY.encode() * 2)
    assert_unnamed(key)
    assert_unnamed(stedi.Lake.open(tmp_path / "lake", pseudonyms=key))
    path = f"/landing/customer/{CANARY}.json"
    assert_unnamed(LandingObject(table="customer_landing", path=path, size=1, version="1"))
    assert_unnamed(Origin(path, "digest", "run"))
    assert_unnamed(S3Object(path, 1, "etag"))
