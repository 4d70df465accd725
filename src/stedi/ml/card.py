"""The dataset card: what a dataset rests on, so that it can be made again, and found again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import polars as pl

from stedi.ml.assemble import count_reasons
from stedi.ml.card_markdown import markdown_of
from stedi.ml.recipe import Recipe
from stedi.ml.session import CHANNELS, SENSORS
from stedi.ml.split import Part, Split
from stedi.ml.windows import Windows, digest
from stedi.names import DISTRIBUTION

if TYPE_CHECKING:
    from stedi.ml.dataset import StepDataset
    from stedi.ml.session import Session

_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The run that a dataset rests on.

    Attributes:
        run_id: Its id.
        published_at: When it was published, in ISO 8601.
        judged_at: The time at which consent was judged.
        consent: The lake's consent mode.
        code_version: The version of stedi that ran.
        match_rate: The share of step readings with a phone reading at the same time; None of none.
        match_rate_nearby: The share with one within 20 ms.
        snapshots: The snapshot of each table.
        rows: Per table: rows in, used, out, added by fan-out, and dropped by reason.
    """

    run_id: str
    published_at: str
    judged_at: str
    consent: str
    code_version: str
    match_rate: float | None
    match_rate_nearby: float | None
    snapshots: Mapping[str, int]
    rows: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFacts:
    """How a sensor was read in the sessions that are used.

    Attributes:
        readings: Its readings.
        rate_hz: The estimated sampling rates: least, median, greatest.
        lost: The share of readings that never arrived, outside of gaps.
        held: The share that repeated the one before.
        repeated_times: How many shared a time, and were merged.
        gaps: Silences of more than 100 ms.
        gap_s: Their length in total.
        coverage: The share of samples in which it was there.
    """

    readings: int
    rate_hz: tuple[float, float, float]
    lost: float
    held: float
    repeated_times: int
    gaps: int
    gap_s: float
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """Where the labels come from, and how many there are.

    Attributes:
        source: ``"frame"``, ``"baseline"``, or None.
        steps: Steps in the sessions.
        sessions: Sessions with labels.
        outside: Labels in no session.
    """

    source: str | None
    steps: int
    sessions: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """A split, and who is where.

    Attributes:
        split_id: Its name.
        kind: How it was made.
        seed: From which seed.
        tests: The customers of the test of each fold; all others are in its train.
    """

    split_id: str
    kind: str
    seed: int
    tests: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    """What a dataset is, and what it rests on. The same lake, run, choices and seed give the same card.

    It holds pseudonyms (``customer_id``) and no other word about anybody.

    Attributes:
        version: The version of this form.
        made_with: The version of stedi that made the dataset.
        run: The run; None where the dataset was made of frames.
        recipe: The choices it was made by.
        channels: What is in a sample, in order.
        customers: Whose sessions are in it.
        sessions: How many there are.
        duration_s: How long they are in total.
        left_out: Sessions that can't be used, by reason.
        shared_steps: Step readings attributed to more than one customer.
        clock_offset_s: What was taken off the phones' times: least, median, greatest.
        sensors: How each sensor was read.
        labels: Where the labels come from.
        part: Which side of which split it is.
        split: The split that was asked for.
        digests: SHA-256 of the sessions and, where asked for, of the windows' arrays.
    """

    version: int
    made_with: str
    run: RunFacts | None
    recipe: Recipe
    channels: tuple[str, ...]
    customers: tuple[str, ...]
    sessions: int
    duration_s: float
    left_out: Mapping[str, int]
    shared_steps: int
    clock_offset_s: tuple[float, float, float] | None
    sensors: Mapping[str, SensorFacts]
    labels: LabelFacts
    part: Part | None
    split: SplitFacts | None
    digests: Mapping[str, str]

    def to_json(self) -> str:
        """Return it for programs."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """Return it for people; of the customers, how many they are."""
        return markdown_of(self)


def card_of(dataset: "StepDataset", *, windows: Windows | None, split: Split | None) -> DatasetCard:
    """Return the card of a dataset."""
    sessions = dataset.sessions
    labelled = [session.steps_s for session in sessions if session.steps_s is not None]
    return DatasetCard(
        version=_VERSION,
        made_with=version(DISTRIBUTION),
        run=_run_facts(dataset),
        recipe=dataset.recipe,
        channels=CHANNELS,
        customers=dataset.customers,
        sessions=len(sessions),
        duration_s=_rounded(sum(session.duration_s for session in sessions)),
        left_out=count_reasons(dataset.left_out),
        shared_steps=dataset.shared_steps,
        clock_offset_s=(
            _range(pl.Series([session.clock_offset_s for session in sessions]))
            if dataset.recipe.clock == "estimate"
            else None
        ),
        sensors={sensor: _sensor_facts(dataset, sensor) for sensor in SENSORS},
        labels=LabelFacts(
            source=dataset.labelled_by,
            steps=sum(map(len, labelled)),
            sessions=len(labelled),
            outside=dataset.labels_outside,
        ),
        part=dataset.part,
        split=None if split is None else _split_facts(split),
        digests={
            "sessions": _sessions_digest(sessions),
            **({} if windows is None else {f"windows.{k}": v for k, v in windows.digests().items()}),
        },
    )


def _sessions_digest(sessions: "Sequence[Session]") -> str:
    """Return the SHA-256 of all that sessions hold, in their order."""
    sha = hashlib.sha256()
    for one in sessions:
        facts = (one.session_id, one.customer_id, one.device_id, one.started_at, one.rate_hz)
        sha.update(repr((*facts, one.clock_offset_s, one.steps_s is None)).encode())
        arrays = (one.samples, one.observed, *(() if one.steps_s is None else (one.steps_s,)))
        sha.update(digest(*arrays).encode())
    return sha.hexdigest()


def _run_facts(dataset: "StepDataset") -> RunFacts | None:
    run = dataset.run
    if run is None:
        return None
    return RunFacts(
        run_id=run.run_id,
        published_at=run.published_at.isoformat(),
        judged_at=run.now.isoformat(),
        consent=run.consent,
        code_version=run.code_version,
        match_rate=run.match.exact_rate,
        match_rate_nearby=run.match.nearby_rate,
        snapshots=dict(sorted(run.snapshots.items())),
        rows={
            name: {
                "in": account.rows_in,
                "used": account.used,
                "fan_out": account.fan_out,
                "out": account.rows_out,
                "dropped": dict(account.dropped),
            }
            for name, account in sorted(run.accounts.items())
            # Tables that no rule makes have no arithmetic of their own.
            if account.rows_in or account.rows_out
        },
    )


def _sensor_facts(dataset: "StepDataset", sensor: str) -> SensorFacts:
    used = [session.session_id for session in dataset.sessions]
    rows = dataset.sampling.filter(pl.col("session_id").is_in(used), pl.col("sensor") == sensor)
    place = SENSORS.index(sensor)
    readings = int(rows["readings"].sum())
    weight = rows["readings"] / max(readings, 1)
    seen = sum(int(session.observed[:, place].sum()) for session in dataset.sessions)
    samples = sum(len(session.observed) for session in dataset.sessions)
    return SensorFacts(
        readings=readings,
        rate_hz=_range(rows["rate_hz"]),
        lost=_total(rows["lost"] * weight),
        held=_total(rows["held"] * weight),
        repeated_times=int(rows["repeated_times"].sum()),
        gaps=int(rows["gaps"].sum()),
        gap_s=_total(rows["gap_s"]),
        coverage=_rounded(seen / max(samples, 1)),
    )


def _split_facts(split: Split) -> SplitFacts:
    return SplitFacts(
        split_id=split.split_id,
        kind=split.kind,
        seed=split.seed,
        tests=tuple(fold.test.customers for fold in split),
    )


def _range(values: pl.Series) -> tuple[float, float, float]:
    ordered = values.sort().to_list()
    return _rounded(ordered[0]), _rounded(ordered[(len(ordered) - 1) // 2]), _rounded(ordered[-1])


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _total(values: pl.Series) -> float:
    return _rounded(sum(values.to_list()))
