"""The newest run is the end of the chain of bases, whatever a clock said; and no time goes backwards."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import getsource
from pkgutil import walk_packages

import pytest

from lakes import EVERY_TABLE, IcebergTable, lake_at, pour, put_rows, rich_world, run
from stedi.errors import LakeError
from stedi.pipeline.history import in_order
from worlds import NOW, customer, reading, step

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def set_clock(monkeypatch, back: timedelta) -> None:
    """Set the clock of all modules back, or ahead by a negative time."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - back

    for package in ("pipeline", "governance.erase", "governance.maintain", "governance.rotate"):
        home = import_module(f"stedi.{package}")
        for found in walk_packages(home.__path__, f"{home.__name__}."):
            module = import_module(found.name)
            if "datetime.now(" in getsource(module):
                monkeypatch.setattr(module, "datetime", Clock)


def chained(runs, *links):
    """Return copies of a run, named by letters, each with its base and the time at which it was published."""
    return [
        replace(
            runs,
            run_id=name,
            base_run_id=base,
            published_at=datetime(2026, 1, day, tzinfo=UTC),
        )
        for name, base, day in links
    ]


def names(runs) -> str:
    return "".join(run.run_id for run in runs)


def test_runs_are_ordered_by_the_bases_that_they_name(filled):
    a_run = filled.lake.last_run()
    assert names(in_order(chained(a_run, ("c", "b", 1), ("a", None, 3), ("b", "a", 2)))) == "abc"
    # Damaged: the longest part that holds together is last, and nothing is lost.
    assert (
        names(in_order(chained(a_run, ("c", "b", 1), ("a", "gone", 9), ("b", "a", 2), ("x", "lost", 8))))
        == "xabc"
    )
    assert names(in_order(chained(a_run, ("a", "b", 1), ("b", "a", 2)))) == "ab"
    assert in_order([]) == []


def test_a_clock_that_was_set_back_makes_no_run_older_than_its_base(filled, tmp_path, monkeypatch):
    lake = filled.lake
    first = lake.last_run()
    set_clock(monkeypatch, 30 * DAY)
    second = run(lake, pour(tmp_path / "more", rich_world(1)), now=NOW + HOUR).run
    lake.maintain(keep_days=0, older_than=timedelta(0))
    third = run(lake, filled.landing, now=NOW + 2 * HOUR).run
    monkeypatch.undo()
    assert first.published_at < second.started_at <= second.published_at < third.published_at
    assert lake.last_run().run_id == third.run_id
    assert lake.runs()["run_id"].to_list()[-1] == third.run_id
    assert lake.find_run(first.published_at).run_id == first.run_id
    assert lake.find_run(second.published_at).run_id == second.run_id
    assert lake.find_run(datetime.now(UTC) + DAY).run_id == third.run_id
    assert lake.verify().findings == ()


def test_what_consent_is_judged_at_by_default_never_goes_back(tmp_path, monkeypatch):
    """A share date that counted when the clock was right counts after it was set back."""
    today = datetime.now(UTC).replace(microsecond=0)
    root = put_rows(
        tmp_path / "landing",
        customer=[customer(share=today - DAY, at=today - DAY)],
        accelerometer=[reading(at=today - HOUR)],
        step_trainer=[step(at=today - HOUR)],
    )
    lake = lake_at(tmp_path / "lake")
    assert lake.run(root).run.accounts["machine_learning_curated"].rows_out == 1
    set_clock(monkeypatch, 2 * DAY)
    report = lake.run(root)
    assert report.run.accounts["machine_learning_curated"].rows_out == 1
    assert report.run.now > today
    # A time that somebody names is no clock: it is refused.
    with pytest.raises(LakeError, match="forwards in time only"):
        lake.run(root, now=today - 2 * DAY)


def test_metadata_of_a_lake_whose_clock_went_back_is_in_order(filled, tmp_path, monkeypatch):
    """Iceberg's Java library refuses a table whose log goes back by more than a minute."""
    import time

    past = time.time() - 3 * 86_400
    monkeypatch.setattr(time, "time", lambda: past)
    set_clock(monkeypatch, 3 * DAY)
    monkeypatch.setattr("pyiceberg.table.update.datetime", _three_days_ago())
    run(filled.lake, pour(tmp_path / "more", rich_world(1)), now=NOW + HOUR)
    monkeypatch.undo()
    for name in EVERY_TABLE:
        metadata = json.loads(IcebergTable.of(filled.folder, name).file.read_bytes())
        log = [entry["timestamp-ms"] for entry in metadata["snapshot-log"]]
        assert log == sorted(log), name
        made = [each["timestamp-ms"] for each in metadata["snapshots"]]
        assert made == sorted(made), name
        assert metadata["last-updated-ms"] >= max([*log, *made]), name


def _three_days_ago():
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - 3 * DAY

    return Clock


def test_an_erasure_after_the_clock_was_set_back_is_later_than_what_was_published(filled, monkeypatch):
    before = filled.lake.last_run()
    somebody = filled.lake.scan("customer_landing").collect()["email"].sort()[0]
    set_clock(monkeypatch, 30 * DAY)
    receipt = filled.lake.erase(email=somebody, device="keep", drop_tags=list(filled.lake.tags()))
    assert receipt.erased_at > before.published_at
    assert receipt.finished_at >= receipt.asked_at
    assert filled.lake.verify().findings == ()


def test_status_says_that_the_clock_is_behind(filled, monkeypatch):
    from stedi.lake.health import health_of

    assert "clock_behind" not in {warning.code for warning in health_of(filled.lake).warnings}
    set_clock(monkeypatch, -2 * HOUR)
    run(filled.lake, filled.landing, now=NOW + HOUR)
    monkeypatch.undo()
    (warning,) = [each for each in health_of(filled.lake).warnings if each.code == "clock_behind"]
    assert "behind the newest run" in warning.message
    assert filled.lake.run(filled.landing).published
