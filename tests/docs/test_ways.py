"""The ways that the page of the house draws are those that a real object and a real e-mail take."""

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import stedi
import stedi.governance.erase.erase  # what an import runs is no way
from lakes import PSEUDONYMS, put, run, sent
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.landing.fetch import fetch_object
from stedi.landing.gate import Gate
from stedi.landing.objects import find_objects
from worlds import NOW, customer

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from ways import DAMAGED_RECORD, ERASED_EMAIL, LANDING_OBJECT, LOOKED_UP, MADE_READY

SOURCES = Path(stedi.__file__).parent
WAYS = {"landing object": LANDING_OBJECT, "damaged record": DAMAGED_RECORD, "e-mail": ERASED_EMAIL}
ANN = "ann@example.com"


def modules_passed(work: Callable[[], object]) -> list[str]:
    """Return the modules of stedi whose functions ran, each where it was entered first."""
    found: dict[str, None] = {}

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(SOURCES) and not frame.f_code.co_name.startswith("<"):
            found.setdefault(".".join(path.relative_to(SOURCES).with_suffix("").parts))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return list(found)


def read(root: Path, gate: Gate) -> tuple[pl.DataFrame, pl.DataFrame]:
    contract = contract_of("customer_landing")
    (found,) = find_objects(str(root), contract)
    with fetch_object(found) as fetched:
        parts = list(fetched.splits(contract, run="run"))
    kept = pl.concat([gate.records(part.kept, contract) for part in parts])
    return kept, pl.concat([gate.rejected(part.rejected) for part in parts])


@pytest.mark.parametrize("name", WAYS)
def test_a_way_has_ten_modules_at_most_and_none_twice(name):
    modules = [stop.module for stop in WAYS[name]]
    assert len(modules) == len(set(modules)) <= 10
    for module in modules:
        assert (SOURCES / module.replace(".", "/")).with_suffix(".py").is_file(), module


@pytest.mark.parametrize(("name", "damaged"), [("landing object", False), ("damaged record", True)])
def test_a_real_object_takes_the_way(tmp_path, name, damaged):
    gate = Gate(pl.DataFrame(schema=polars_schema(contract_of("tombstone"))), PSEUDONYMS)
    rows = [sent(customer(f"{number}@example.com", f"device-{number}", share=NOW)) for number in range(400)]
    # Two layouts, so that lines have to be put together; more bytes than are read one by one.
    for row in rows[200:]:
        row["phone"] = "0"
    put(tmp_path, "customer/sent.json", [*rows, '{"user": "torn@example.com", "em'] if damaged else rows)
    way, good = ({stop.module for stop in some} for some in (WAYS[name], LANDING_OBJECT))
    passed = {
        module for module in modules_passed(lambda: read(tmp_path, gate)) if module.startswith("landing.")
    }
    # Readers ask for what they need, so that who is entered first says nothing of the data's order.
    assert way <= passed
    assert {module.removeprefix("landing.") for module in passed - way - good} <= LOOKED_UP | MADE_READY


def test_a_real_email_takes_the_way(tmp_path):
    put(tmp_path / "landing", "customer/sent.json", [sent(customer(ANN, "device-ann", share=NOW))])
    for kind in ("accelerometer", "step_trainer"):
        put(tmp_path / "landing", f"{kind}/sent.json", [])
    lake = stedi.Lake.open(tmp_path / "lake", pseudonyms=PSEUDONYMS, buckets=1)
    run(lake, tmp_path / "landing", now=NOW)
    way = [stop.module for stop in ERASED_EMAIL]
    passed = modules_passed(lambda: lake.erase(email=ANN, asked_by="a test", landing=tmp_path / "landing"))
    first = [module for module in passed if module in way]
    assert set(first) == set(way)
    # The chain is looked at before, too, whether it is whole.
    assert [module for module in first if module != way[-1]] == way[:-1]
