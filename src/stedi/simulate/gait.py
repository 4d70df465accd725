"""Steps: when each foot comes down, how far it came up, and how hard it landed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from stedi.outline import outline
from stedi.simulate.draws import Draws
from stedi.simulate.preset import Preset
from stedi.simulate.sessions import Exercise

STANDING_S: Final = 10.0
"""How long a session begins with standing still."""

STEPS: Final = 30
"""After so many steps a session ends ..."""

_WALKING_S: Final = 60.0
"""... or after so many seconds of walking."""

_MEMORY: Final = 0.35
"""How much of its deviation a step interval takes over from the one before (the φ of an AR(1))."""

_SHORTEST_STEP_S: Final = 0.25
_SWING: Final = 0.76
_FALSE_LIFTS_S: Final = (2.0, 4.5, 7.0)
_OF_LIFT: Final = ("lift", "swing_s", "move_s", "body", "side", "next_place")


class Walks(NamedTuple):
    """How the people of a batch of sessions moved.

    Attributes:
        sessions: One row per session: ``session`` (its place in the batch), ``age``, ``balance``,
            ``cadence`` (steps/s), ``variability`` (the coefficient of variation of the step intervals),
            ``asymmetry``, ``hesitations``, ``steps`` and ``seconds``.
        steps: One row per step: ``session``, ``number`` (from 1), ``foot`` and ``at`` (the second of the
            session in which the foot comes down).
        moves: One row per session start and per end of a lift, in time order: ``session``, ``from_s``,
            ``impact`` (how hard the foot landed then), and of the lift that follows, null where none does:
            ``next_s`` (its end), ``lift`` (mm), ``swing_s`` and ``move_s`` (how long foot and body move
            before), ``body`` (how much of the body's movement goes with it) and ``side``. ``place`` and
            ``next_place`` say how far (mm) from its usual place the foot stands before and after.
    """

    sessions: pl.DataFrame
    steps: pl.DataFrame
    moves: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def walk(sessions: Sequence[Exercise], draws: Draws, preset: Preset) -> Walks:
    """Let everybody stand for 10 s, then walk for 30 steps or 60 s.

    Cadence, step intervals and hesitations follow DESIGN section 7.
    """
    walkers = _walkers(sessions, draws)
    steps = _steps(walkers, draws)
    lifts = pl.concat([_step_lifts(steps, draws, preset), _false_lifts(walkers, draws, preset)])
    of_session = steps.group_by("session").agg(
        steps=pl.len(), hesitations=pl.col("hesitates").sum(), last=pl.col("at").max()
    )
    described = (
        walkers.join(of_session, on="session", maintain_order="left")
        .with_columns(seconds=pl.col("last") + 2 + 2 * draws.uniform(walkers.height))
        .drop("pace", "first_foot", "last")
    )
    return Walks(
        sessions=described,
        steps=steps.select("session", pl.col("number") + 1, "foot", "at"),
        moves=_moves(walkers, lifts),
    )


def with_moves(rows: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Give each row the last move that began before it in its session."""

    def place(second: pl.Expr) -> pl.Expr:
        return pl.col("session") * 1_000_000_000 + (second * 1e6).cast(pl.Int64)

    left = rows.with_columns(_place=place(pl.col("second"))).set_sorted("_place")
    right = moves.with_columns(_place=place(pl.col("from_s"))).drop("session").set_sorted("_place")
    return left.join_asof(right, on="_place").drop("_place")


def _walkers(sessions: Sequence[Exercise], draws: Draws) -> pl.DataFrame:
    n = len(sessions)
    walkers = [session.walker for session in sessions]
    ageing = pl.col("age").sub(60).clip(lower_bound=0)
    unsteady = 1 - pl.col("balance")
    first_foot = [draws.random.randrange(2) for _ in walkers]
    traits = {
        name: [getattr(walker, name) for walker in walkers]
        for name in ("age", "balance", "pace", "asymmetry")
    }
    return pl.DataFrame({"session": range(n), "first_foot": first_foot, **traits}).with_columns(
        # A person's own pace makes most of the spread; together they are N(0, 0.20).
        cadence=(
            1.95
            - 0.020 * ageing
            + 0.20 * (0.9 * pl.col("pace") + math.sqrt(1 - 0.9**2) * pl.lit(draws.normal(n)))
            - 0.15 * unsteady
        ).clip(0.85, 2.5),
        variability=0.02 + 0.07 * unsteady * pl.lit(0.6 + 0.8 * draws.uniform(n)),
    )


def _steps(walkers: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    numbered = walkers.with_columns(number=pl.int_ranges(0, STEPS)).explode("number")
    n = numbered.height
    # ewm_mean keeps 0.35 of the last value; scaled so that each deviation has variance 1.
    scale = math.sqrt(1 - _MEMORY**2) / (1 - _MEMORY)
    fresh = pl.lit(draws.normal(n))
    shock = pl.when(pl.col("number") == 0).then(fresh / scale).otherwise(fresh)
    foot = (pl.col("number") + pl.col("first_foot")) % 2
    hesitates = pl.lit(draws.uniform(n)) < 0.002 + 0.03 * (1 - pl.col("balance"))
    return (
        numbered.with_columns(shock=shock, foot=foot, hesitates=hesitates)
        .with_columns(
            deviation=scale * pl.col("shock").ewm_mean(alpha=1 - _MEMORY, adjust=False).over("session")
        )
        .with_columns(
            interval=(
                (1 + pl.col("variability") * pl.col("deviation"))
                * (1 + pl.col("asymmetry") * (1 - 2 * pl.col("foot")))
                / pl.col("cadence")
            ).clip(lower_bound=_SHORTEST_STEP_S)
            + pl.col("hesitates") * pl.lit(0.5 + 1.5 * draws.uniform(n))
        )
        .with_columns(at=STANDING_S + pl.col("interval").cum_sum().over("session"))
        .filter(pl.col("at") <= STANDING_S + _WALKING_S)
        .with_columns(foot=pl.col("foot").replace_strict({0: "left", 1: "right"}, return_dtype=pl.String))
    )


def _step_lifts(steps: pl.DataFrame, draws: Draws, preset: Preset) -> pl.DataFrame:
    n = steps.height
    per_session = pl.DataFrame(
        {
            "session": steps["session"].unique(maintain_order=True),
            "height": 95 + 20 * draws.normal(steps["session"].n_unique()),
        }
    )
    ability = 0.45 + 0.55 * pl.col("balance")
    height = pl.col("height") * ability * 2 / pl.col("cadence")
    return steps.join(per_session, on="session", maintain_order="left").select(
        "session",
        "at",
        lift=preset.lift * (height.clip(18, 160) * (1 + 0.08 * pl.lit(draws.normal(n)))).clip(lower_bound=5),
        swing_s=pl.min_horizontal(_SWING / pl.col("cadence"), 0.9 * pl.col("interval")),
        move_s=pl.min_horizontal(1.15 / pl.col("cadence"), pl.col("interval")),
        body=pl.lit(1.0),
        side=pl.when(pl.col("foot") == "left").then(1.0).otherwise(-1.0),
        impact=(math.log(2.2) + 0.35 * pl.lit(draws.normal(n))).exp() * (0.5 + 0.5 * pl.col("balance")),
        next_place=(2 + 7 * (1 - pl.col("balance"))) * pl.lit(draws.normal(n)),
    )


def _false_lifts(walkers: pl.DataFrame, draws: Draws, preset: Preset) -> pl.DataFrame:
    """Let some lift a foot while they stand, and put it down where it was: no step, no impact."""
    tried = walkers.with_columns(at=pl.lit(_FALSE_LIFTS_S, dtype=pl.List(pl.Float64))).explode("at")
    n = tried.height
    return (
        tried.with_columns(
            at=pl.col("at") + 1.5 * draws.uniform(n), lift=preset.lift * (25 + 45 * draws.uniform(n))
        )
        .filter(draws.uniform(n) < preset.false_lifts)
        .select(
            "session",
            "at",
            "lift",
            swing_s=pl.lit(0.6),
            move_s=pl.lit(0.8),
            body=pl.lit(0.2),
            side=pl.lit(1.0),
            impact=pl.lit(0.0),
            next_place=pl.lit(0.0),
        )
    )


def _moves(walkers: pl.DataFrame, lifts: pl.DataFrame) -> pl.DataFrame:
    starts = walkers.select("session", from_s=pl.lit(0.0), impact=pl.lit(0.0), place=pl.lit(0.0))
    ends = lifts.with_columns(place="next_place").rename({"at": "from_s"})
    line = pl.concat([starts, ends], how="diagonal").sort("session", "from_s")
    same = pl.col("session") == pl.col("session").shift(-1)
    following = [
        pl.when(same).then(pl.col(name).shift(-1)).alias(alias)
        for name, alias in (("from_s", "next_s"), *((name, name) for name in _OF_LIFT))
    ]
    return line.select("session", "from_s", "impact", "place", *following)
