"""What became of made-up people: who of them is in the training data, and one of their sessions."""

import polars as pl

from stedi import Lake
from stedi.names import ACCELEROMETER_TRUSTED, MACHINE_LEARNING_CURATED, STEP_TRAINER_TRUSTED
from stedi.simulate import Truth


def people_by_history(known: Truth, lake: Lake) -> pl.DataFrame:
    """Return, per kind of consent history, customers, sessions and steps, and how many are in training."""
    in_training = _in_training(known, lake).select("session", "rows")
    sessions = known.sessions.filter("known_user").join(in_training, on="session", how="left")
    of_customer = sessions.group_by("customer_id").agg(
        sessions=pl.len(),
        used_sessions=pl.col("rows").count(),
        steps=pl.col("steps").sum(),
        used_steps=pl.col("steps").filter(pl.col("rows").is_not_null()).sum(),
    )
    return (
        known.customers.join(of_customer, on="customer_id", how="left")
        .group_by("history", maintain_order=True)
        .agg(
            pl.len().alias("customers"),
            (pl.col("used_sessions") > 0).sum().alias("used_customers"),
            pl.col("sessions", "used_sessions", "steps", "used_steps").sum(),
        )
        .select("history", "customers", "used_customers", "sessions", "used_sessions", "steps", "used_steps")
    )


def best_session(known: Truth, lake: Lake) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None:
    """Return the session with the most rows in the training data; None where there is none.

    Returns:
        What is trusted of its step readings and of its phone readings, and its true steps.
    """
    ranked = _in_training(known, lake).sort("rows", "session", descending=[True, False])
    if ranked.is_empty():
        return None
    best = ranked.row(0, named=True)

    def of_session(table: str, time: str) -> pl.DataFrame:
        mine = pl.col("customer_id") == best["customer_id"]
        during = pl.col(time).is_between(best["started_at"], best["ended_at"])
        return lake.scan(table).filter(mine & during).collect()

    return (
        of_session(STEP_TRAINER_TRUSTED, "sensor_reading_time"),
        of_session(ACCELEROMETER_TRUSTED, "timestamp"),
        known.step_events.filter(session=best["session"]),
    )


def _in_training(known: Truth, lake: Lake) -> pl.DataFrame:
    """Return the sessions that are in the training data, with the number of their rows."""
    sessions = known.sessions.select("customer_id", "session", "started_at", "ended_at").sort("started_at")
    return (
        lake.scan(MACHINE_LEARNING_CURATED)
        .select("customer_id", "timestamp")
        .sort("timestamp")
        .join_asof(
            sessions.lazy(),
            left_on="timestamp",
            right_on="started_at",
            by="customer_id",
            check_sortedness=False,
        )
        .filter(pl.col("timestamp") <= pl.col("ended_at"))
        .group_by("customer_id", "session", "ended_at")
        .agg(rows=pl.len())
        .collect()
        .join(sessions.select("session", "started_at"), on="session")
    )
