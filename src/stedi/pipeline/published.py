"""Published runs: found by id, tag or time, read, and tagged."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from stedi.contract import contract_of
from stedi.errors import ConfigurationError, LakeError, UnknownNameError
from stedi.names import CUSTOMER_TRUSTED, EARLIEST, LATEST, RUN
from stedi.pipeline.expired import check_readable
from stedi.pipeline.history import TAG_PREFIX, Run, from_frame
from stedi.warehouse.rewrite import rebuilt
from stedi.warehouse.warehouse import Warehouse

_SUCH: Final = "2026-01-01T12:00:00+00:00"
_TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def aware(name: str, time: datetime | date | str) -> datetime:
    """Return a time in UTC; a date, or a text without a time zone, is one of UTC, as on the command line.

    Raises:
        ConfigurationError: It is no time, a datetime without a time zone, or in no year of UTC that there is.

    Examples:
        >>> aware("now", "2026-01-01").isoformat(), aware("now", date(2026, 1, 1)).isoformat()
        ('2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00')
    """
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            raise ConfigurationError(f"{name} is no time: pass one, such as {_SUCH!r}") from None
        time = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    elif not isinstance(time, date):
        # Whoever does not check types.
        raise ConfigurationError(
            f"{name} is a {type(time).__name__}, and no time: pass one, such as {_SUCH!r}"
        )
    elif not isinstance(time, datetime):
        time = datetime(time.year, time.month, time.day, tzinfo=UTC)
    if time.tzinfo is None:
        raise ConfigurationError(f"{name} has no time zone: pass one, such as .replace(tzinfo=UTC)")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ConfigurationError(
            f"{name} lies outside the years 1 to 9999 of UTC: pass a time such as {_SUCH!r}"
        ) from None


def judged(name: str, time: datetime | date | str) -> datetime:
    """Return the time at which consent is judged, in UTC.

    A lake goes forwards in time only: one mistyped year would end all runs until then.

    Raises:
        ConfigurationError: It is no time, or one at which nobody can have consented.
    """
    at = aware(name, time)
    if not EARLIEST <= at < LATEST:
        raise ConfigurationError(
            f"{name} is {at.isoformat()}, which is no plausible time: pass one from {EARLIEST:%Y} on and "
            f"before {LATEST:%Y}"
        )
    return at


def run_at(warehouse: Warehouse, runs: Sequence[Run], at: str | date | None) -> Run:
    """Return the run that an id, a tag or a time names; the newest for None.

    A text that is both, such as a tag ``2026-11-23``, is the tag.

    Raises:
        UnknownNameError: There is no such run or tag.
        ConfigurationError: It is a time that can't be meant.
        LakeError: Nothing was published by then.
    """
    if at is None:
        return runs[-1]
    if not isinstance(at, str):
        return _published_by(runs, aware("at", at))
    tags = tags_of(warehouse)
    by_id = {run.run_id: run for run in runs}
    found = by_id.get(tags.get(at, at.removeprefix(TAG_PREFIX)))
    if found is not None:
        return found
    if not _is_time(at):
        raise UnknownNameError.of("run or tag", at, [*by_id, *tags])
    return _published_by(runs, aware("at", at))


def check_at(at: str) -> None:
    """Refuse a text that is a time, and one that can't be meant; any other may name a run.

    Raises:
        ConfigurationError: It is.
    """
    if _is_time(at):
        aware("at", at)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _published_by(runs: Sequence[Run], time: datetime) -> Run:
    past = [run for run in runs if run.published_at <= time]
    if not past:
        first = runs[0].published_at.isoformat()
        raise LakeError(f"no run was published by {time.isoformat()}: the first was at {first}")
    return past[-1]


def as_kept(warehouse: Warehouse, run: Run) -> Run:
    """Return a run with what stands in the place of its snapshots, where an erasure rebuilt its tag."""
    snapshots = {table: _kept(warehouse, run, table) for table in run.snapshots}
    return run if snapshots == dict(run.snapshots) else replace(run, snapshots=snapshots)


def _kept(warehouse: Warehouse, run: Run, table: str) -> int:
    own = run.snapshots[table]
    return (
        own
        if warehouse.table(table).has_snapshot(own)
        else rebuilt(warehouse.table(table).iceberg).get(own, own)
    )


def scan_at(
    warehouse: Warehouse,
    runs: Sequence[Run],
    table: str,
    at: str | date | None,
    *,
    include_withdrawn: bool,
) -> pl.LazyFrame:
    """Return a lazy frame over a table of a run; of an older one without whom the newest does not trust.

    Of the run table: the runs that were published until then.
    """
    contract = contract_of(table)
    run, newest = run_at(warehouse, runs, at), runs[-1]
    if table == RUN:
        until = [each.run_id for each in runs[: runs.index(run) + 1]]
        return warehouse.table(RUN).scan(warehouse.table(RUN).main()).filter(pl.col("run_id").is_in(until))
    run = replace(run, snapshots={**run.snapshots, table: _kept(warehouse, run, table)})
    check_readable(warehouse, runs, run, table)
    frame = warehouse.at(run.snapshots).scan(table)
    if run.run_id == newest.run_id or include_withdrawn or "customer_id" not in contract.names:
        return frame
    trusted = warehouse.at(newest.snapshots).scan(CUSTOMER_TRUSTED)
    return frame.join(trusted.select("customer_id").unique(), on="customer_id", how="semi")


def tags_of(warehouse: Warehouse) -> dict[str, str]:
    """Return the users' tags and their runs: the newest that the run table had when it was tagged."""
    return {
        name: from_frame(warehouse.table(RUN).scan(snapshot_id).collect())[-1].run_id
        for name, snapshot_id in warehouse.table(RUN).tags().items()
        if not name.startswith(TAG_PREFIX)
    }


def check_tag(name: str) -> None:
    """Refuse what is no name for a tag.

    Raises:
        ConfigurationError: It is none.
    """
    if not _TAG.fullmatch(name) or name == "main" or name.startswith(TAG_PREFIX):
        raise ConfigurationError(
            f"{name!r} can't be a tag: use letters, digits, '.', '_' and '-', at most 128, not 'main', "
            f"and not beginning with {TAG_PREFIX!r}"
        )
