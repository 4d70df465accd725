"""The time of a lake: the clock's, but never before what was published last.

A clock that was set back would make a run older than the one that it builds upon, for everybody who asks by
time. So a lake goes on from its newest run until the clock has caught up; ``stedi status`` says so.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from stedi.pipeline.history import Run

_LEAST: Final = timedelta(microseconds=1)


def lake_time(base: Run | None) -> datetime:
    """Return the time of a lake whose newest run this is: later than when that was published."""
    now = datetime.now(UTC)
    return now if base is None else max(now, base.published_at + _LEAST)


def time_since(start: datetime) -> datetime:
    """Return the time at which work ends that began at a time of the lake: never before that."""
    return max(start, datetime.now(UTC))
