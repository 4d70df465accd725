"""What people are shown of paths, rejected records and shares: a path may be named after somebody."""

from stedi.landing.objects import local_name
from stedi.landing.redact import as_typed, is_under_table, safe_path
from stedi.pipeline.release import record_id
from stedi.plan.match import percent

__all__ = ["as_typed", "percent", "record_id", "safe_path", "shown_path"]


def shown_path(path: str) -> str:
    """Return a path of this machine as messages may show it, whether or not it is one of a landing object."""
    return (local_name if is_under_table(path) else as_typed)(path)
