"""What is true of simulated landing data, under the ids of a lake: for labels and for tests."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import LandingError
from stedi.frame.lookup import lookup
from stedi.outline import outline
from stedi.simulate.folder import CUSTOMERS, DEFECTS, REJECTED_RECORDS, SESSIONS, STEP_EVENTS

_DEFECT = {**dict.fromkeys(("table", "kind", "unit", "count", "outcome"), pl.String), "count": pl.Int64}
_REJECTED = {
    **dict.fromkeys(("table", "object", "position", "kind", "reason"), pl.String),
    "position": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of simulated landing data.

    Attributes:
        customers: One row per customer of the website: ``customer_id``, ``history`` (how their consent to
            research went), ``age`` (years), ``balance`` (0.05 to 1) and ``devices``.
        step_events: One row per step: ``customer_id``, ``device_id``, ``session``, ``number`` (from 1),
            ``foot``, ``at`` (when the foot came down, on the step trainer's clock) and ``at_on_phone`` (the
            same moment on the phone's clock; with one clock they are equal).
        sessions: One row per session: ``session``, ``customer_id``, ``device_id``, whether the website knows
            them (``known_user``, ``known_device``), ``started_at``, ``ended_at``, ``age`` (years),
            ``balance`` (0.05 to 1), ``cadence`` (steps/s), ``variability`` (of the step intervals),
            ``asymmetry``, ``hesitations``, ``steps``, ``phone_offset_s`` and ``phone_drift_ppm``.
        defects: One row per landing table and kind of defect: ``table``, ``kind``, ``unit``, ``count`` and
            ``outcome``.
        rejected: One row per record that must be rejected: ``table``, ``object`` (relative to the landing
            root), ``position``, ``kind`` and ``reason``.
    """

    customers: pl.DataFrame
    step_events: pl.DataFrame
    sessions: pl.DataFrame
    defects: pl.DataFrame
    rejected: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def truth(path: str | os.PathLike[str], pseudonyms: Pseudonyms) -> Truth:
    """Read the truth beside simulated landing files, with ids in place of e-mails and serial numbers.

    Args:
        path: The landing root that ``simulate`` wrote.
        pseudonyms: The key of the lake to compare with.

    Raises:
        LandingError: The folder was not simulated, or not to the end.

    Examples:
        >>> import tempfile, stedi
        >>> from stedi.simulate import simulate
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = simulate(folder, customers=2, seed=7)
        ...     known = truth(folder, stedi.Pseudonyms(bytes(32)))
        >>> known.step_events.columns
        ['customer_id', 'device_id', 'session', 'number', 'foot', 'at', 'at_on_phone']
    """
    root = Path(path)
    missing = [
        name
        for name in (CUSTOMERS, SESSIONS, STEP_EVENTS, DEFECTS, REJECTED_RECORDS)
        if not (root / name).is_file()
    ]
    if missing:
        raise LandingError(
            f"the folder {root} has no truth beside its landing files ({missing[0]} is missing): it was not "
            "simulated, or not to the end; run stedi simulate again"
        )
    sessions, steps = pl.read_parquet(root / SESSIONS), pl.read_parquet(root / STEP_EVENTS)
    counted = json.loads((root / DEFECTS).read_text("utf-8"))
    places = (root / REJECTED_RECORDS).read_text("utf-8").splitlines()
    by_user = ("user", pseudonyms.customer_id, "customer_id")
    customers = _named(pl.read_parquet(root / CUSTOMERS), *by_user)
    named = _named(sessions, *by_user)
    named = _named(named, "serial_number", pseudonyms.device_id, "device_id")
    who = named.select("session", "customer_id", "device_id")
    return Truth(
        customers=customers.select("customer_id", pl.exclude("customer_id")),
        step_events=steps.join(who, on="session", how="left", maintain_order="left").select(
            "customer_id", "device_id", *steps.columns
        ),
        sessions=named.select(*who.columns, pl.exclude(who.columns)),
        defects=pl.DataFrame(counted["defects"], schema=_DEFECT),
        rejected=pl.DataFrame([json.loads(place) for place in places], schema=_REJECTED),
    )


def _named(frame: pl.DataFrame, name: str, meaning: Callable[[str], str], value: str) -> pl.DataFrame:
    """Put ids in the place of spellings."""
    ids = lookup(frame[name].unique(), meaning, name=name, value=value, dtype=pl.String())
    return frame.join(ids, on=name, how="left", maintain_order="left").drop(name)
