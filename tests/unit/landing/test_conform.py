"""Frames in memory, held to the same contract as files."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import cases
from stedi.contract import contract_of, landing_contract
from stedi.contract.schemas import polars_schema
from stedi.errors import FrameError
from stedi.landing.chunks import chunks
from stedi.landing.conform import conform
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

TIME = 1655564376361
STEPS = {"sensorReadingTime": [TIME], "serialNumber": ["s"], "distanceFromObject": [246]}


def steps(**columns: object) -> Split:
    return conform(pl.DataFrame({**STEPS, **columns}), "step_trainer_landing")


@pytest.mark.parametrize("lazy", [False, True])
def test_a_good_frame_is_kept(lazy: bool) -> None:  # noqa: FBT001
    frame = pl.DataFrame(STEPS)
    split = conform(frame.lazy() if lazy else frame, "step_trainer_landing")
    time = datetime(2022, 6, 18, 14, 59, 36, 361000, tzinfo=UTC)
    assert split.kept.rows() == [(time, "s", 246, "memory", None, 0, None)]
    assert split.kept.schema == polars_schema(contract_of("step_trainer_landing"))
    assert split.rejected.schema == polars_schema(contract_of("quarantine"))


def test_names_match_in_any_case_and_further_columns_are_ignored() -> None:
    frame = pl.DataFrame(
        {
            "SENSORREADINGTIME": [TIME],
            "serialnumber": ["s"],
            "DistanceFromObject": [1],
            "e": [object()],
            "E": [1],
        },
        schema_overrides={"e": pl.Object},
    )
    assert len(conform(frame, "step_trainer").kept) == 1


def test_optional_columns_may_be_missing() -> None:
    frame = pl.DataFrame({"email": ["a@b.c"], "serialNumber": ["s"], "lastUpdateDate": [float(TIME)]})
    kept = conform(frame, "customer_landing").kept
    assert kept["share_with_research_as_of_date"].to_list() == [None]
    assert kept.schema == polars_schema(contract_of("customer_landing"))


def test_a_required_column_must_be_there() -> None:
    with pytest.raises(
        FrameError, match=r"no column 'serialNumber', which step_trainer_landing requires.*rename"
    ):
        conform(pl.DataFrame(STEPS).drop("serialNumber"), "step_trainer_landing")


def test_columns_that_differ_in_case_only_are_refused() -> None:
    with pytest.raises(FrameError, match="'serialNumber' and 'SERIALNUMBER' differ in case only"):
        steps(SERIALNUMBER=["t"])


def test_something_else_is_refused() -> None:
    with pytest.raises(FrameError, match=r"takes a polars.DataFrame or LazyFrame, not dict"):
        conform(STEPS, "step_trainer_landing")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("serialNumber", pl.Series([5], dtype=pl.UInt8), "5"),
        ("serialNumber", pl.Series([5.0]), "5"),
        ("serialNumber", pl.Series([5.5]), "wrong_type"),
        ("serialNumber", pl.Series([float("nan")]), "wrong_type"),
        ("serialNumber", pl.Series([2.0**53]), "wrong_type"),
        ("serialNumber", pl.Series(["s"], dtype=pl.Categorical), "s"),
        ("serialNumber", pl.Series([True]), "wrong_type"),
        ("serialNumber", pl.Series([b"s"]), "wrong_type"),
        ("serialNumber", pl.Series([["s"]]), "wrong_type"),
        ("serialNumber", pl.Series([None]), "missing"),
        ("serialNumber", pl.Series([" "]), "blank"),
        ("distanceFromObject", pl.Series([246.0], dtype=pl.Float32), 246),
        ("distanceFromObject", pl.Series([246.5]), "wrong_type"),
        ("distanceFromObject", pl.Series([float("inf")]), "not_finite"),
        ("distanceFromObject", pl.Series([2.0**53]), "out_of_range"),
        ("distanceFromObject", pl.Series([2**63], dtype=pl.UInt64), "out_of_range"),
        ("distanceFromObject", pl.Series([2**63 - 1]), 2**63 - 1),
        ("distanceFromObject", pl.Series([Decimal(246)]), 246),
        ("distanceFromObject", pl.Series(["246"]), "wrong_type"),
        ("distanceFromObject", pl.Series([None], dtype=pl.String), "missing"),
        (
            "sensorReadingTime",
            pl.Series([float(TIME)]),
            datetime(2022, 6, 18, 14, 59, 36, 361000, tzinfo=UTC),
        ),
        ("sensorReadingTime", pl.Series([TIME + 0.5]), "wrong_type"),
        ("sensorReadingTime", pl.Series([TIME // 1000]), "implausible_time"),
        ("sensorReadingTime", pl.Series([float("nan")]), "not_finite"),
        ("sensorReadingTime", pl.Series([datetime(2022, 6, 18, tzinfo=UTC)]), "wrong_type"),
        ("sensorReadingTime", pl.Series([object()], dtype=pl.Object), "wrong_type"),
    ],
)
def test_values_of_any_type_are_judged(column: str, values: pl.Series, expected: object) -> None:
    split = steps(**{column: values})
    name = {column.source: column.name for column in landing_contract("step_trainer").columns}[column]
    assert [*split.kept[name], *split.rejected["reason"]] == [expected]
    assert split.rejected["field"].to_list() in ([], [name])


def test_a_column_of_a_wrong_type_rejects_only_rows_that_have_a_value() -> None:
    frame = pl.DataFrame(
        {
            "email": ["a", "b"],
            "serialNumber": ["s", "s"],
            "lastUpdateDate": [TIME, TIME],
            "phone": [None, [1]],
        }
    )
    split = conform(frame, "customer")
    assert split.kept["email"].to_list() == ["a"]
    assert split.rejected.select("reason", "field", "emails", "serial_numbers", "_position").rows() == [
        ("wrong_type", "phone", ["b"], ["s"], 1)
    ]
    assert json.loads(split.rejected["raw"][0]) == {
        "email": "b", "serialNumber": "s", "lastUpdateDate": TIME, "phone": [1],
    }  # fmt: skip


def test_no_rows_give_no_rows() -> None:
    split = conform(pl.DataFrame(STEPS).clear(), "step_trainer")
    assert (len(split.kept), len(split.rejected)) == (0, 0)


VALUES = {
    "user": st.none() | st.text(max_size=4) | st.integers(-5, 5),
    "timestamp": st.none() | st.integers(TIME - 5, TIME + 5) | st.sampled_from([0, TIME * 1000, -(2**40)]),
    "x": st.none() | st.floats(width=64),
    "y": st.floats(allow_nan=False, allow_infinity=False),
    "z": st.integers(-(2**60), 2**60),
}


@settings(deadline=None, max_examples=cases(60))
@given(st.lists(st.fixed_dictionaries(VALUES), max_size=6), st.sampled_from([str, int]))
def test_a_frame_and_a_file_of_the_same_records_are_judged_alike(
    rows: list[dict[str, object]], kind: type
) -> None:
    rows = [row for row in rows if row["user"] is None or isinstance(row["user"], kind)]
    schema = {
        "user": pl.String if kind is str else pl.Int64,
        "timestamp": pl.Int64,
        "x": pl.Float64,
        "y": pl.Float64,
        "z": pl.Int64,
    }
    in_memory = conform(pl.DataFrame(rows, schema=schema), "accelerometer")
    contract = landing_contract("accelerometer")
    # As a frame is written: whom an odd text may name depends on how it is spelled, and on what follows it.
    texts = (json.dumps({name: row[name] for name in schema}, ensure_ascii=False) for row in rows)
    data = "".join(f"{text}\n" for text in texts).encode()
    reader = Reader(contract, Origin("memory", None, None), Limits())
    from_file = Split.concat(reader.read(chunks([data], Limits(), contract)), contract)
    assert in_memory.kept.equals(from_file.kept)
    assert in_memory.rejected.drop("raw").equals(from_file.rejected.drop("raw"))
