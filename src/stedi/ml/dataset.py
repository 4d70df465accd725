"""The dataset of a step detector: sessions of both sensors, their steps, and what they rest on."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Self, TypeAlias

import polars as pl
from narwhals.typing import IntoFrame

from stedi.errors import DatasetError, UnknownNameError
from stedi.ml.assemble import LeftOut, assemble
from stedi.ml.card import DatasetCard, card_of
from stedi.ml.export import Format, write_dataset
from stedi.ml.features import feature_frame
from stedi.ml.labels import with_labels
from stedi.ml.readings import SensorReadings
from stedi.ml.recipe import AccelerationUnit, Align, Clock, HeldReadings, Recipe, SharedSteps
from stedi.ml.session import Session
from stedi.ml.source import PublishedRun, TableSource
from stedi.ml.split import DEFAULT_SHARE, Fold, Part, Split, SplitKind, split_customers, split_id_of
from stedi.ml.windows import Missing, Target, Windows, cut_windows
from stedi.names import ACCELEROMETER_TRUSTED, MACHINE_LEARNING_CURATED, STEP_TRAINER_TRUSTED
from stedi.plan.match import ENOUGH, percent

Labels: TypeAlias = pl.DataFrame | Literal["baseline"] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepDataset:
    """Sessions on a grid of times, with or without labels.

    Made by ``from_lake`` or ``from_frames``.

    Attributes:
        sessions: The sessions, by customer and time.
        left_out: The sessions that can't be used, and why.
        sampling: How each sensor was read in each session, those that were left out included: ``session_id``,
            ``sensor``, and the fields of ``stedi.ml.Sampling``.
        recipe: How the dataset was made.
        labelled_by: ``"frame"``, ``"baseline"``, or None where there are no labels.
        labels_outside: Labels that lie in no session. Of a part: those of the whole.
        shared_steps: Step readings attributed to more than one customer; left out unless the recipe keeps
            them. Of a part: those of the whole.
        run: The run that it rests on; None where it was made of frames.
        part: Which side of which split it is; None of a whole.
    """

    sessions: tuple[Session, ...]
    left_out: tuple[LeftOut, ...]
    sampling: pl.DataFrame
    recipe: Recipe
    labelled_by: Literal["frame", "baseline"] | None
    labels_outside: int
    shared_steps: int
    run: PublishedRun | None = None
    part: Part | None = None

    @classmethod
    def from_lake(
        cls,
        lake: TableSource,
        *,
        at: str | datetime | None = None,
        labels: Labels = None,
        rate_hz: float = 50.0,
        align: Align = "grid",
        clock: Clock = "none",
        include_withdrawn: bool = False,
        shared_steps: SharedSteps = "drop",
        held: HeldReadings = "missing",
        acceleration_unit: AccelerationUnit | None = None,
        convert_to: AccelerationUnit | None = None,
    ) -> Self:
        """Make a dataset of a lake's newest run, or of another one.

        Args:
            lake: A ``stedi.Lake``.
            at: A run id, a tag, or a time: the newest run that was published by then.
            labels: When a foot came down: ``customer_id``, ``at`` (on the step trainer's clock) and, where
                known, ``device_id``. A session without any label counts as not labelled. Or ``"baseline"``:
                what stedi's detector finds, which is no truth. None: there will be no ``y``.
            rate_hz: Samples per second of the grid.
            align: ``"grid"``: both sensors on one grid that begins with the session. Between two readings at
                most 100 ms apart it holds the line between them; elsewhere NaN. Before rates fall, what the
                grid can't hold is filtered out. Readings that share a time are merged: of accelerations the
                mean, of distances the middle one.
            clock: ``"none"`` takes the pairs of machine_learning_curated, which share a time. ``"estimate"``
                takes the two trusted tables, and the offset that it finds off each session's phone times;
                sessions where it finds none are left out.
            include_withdrawn: Of an older run, keep the customers whom the newest run does not trust. The
                card says so.
            shared_steps: ``"drop"`` step readings that the table attributes to more than one customer, or
                ``"keep"`` them.
            held: An accelerometer that repeats all three values of the reading before has measured nothing
                new: ``"missing"`` takes such readings out, ``"keep"`` leaves them, for sensors so coarse that
                they repeat by themselves.
            acceleration_unit: What x, y and z are in, if you know; the tables don't say. It changes nothing.
            convert_to: Scale them to this unit: only with ``acceleration_unit``.

        Raises:
            DatasetError: The readings can't hold steps, no session can be used, or the labels are wrong.
            LakeError: Nothing was published yet.
            UnknownNameError: There is no such run, tag or choice.
        """
        recipe = Recipe(
            rate_hz=float(rate_hz),
            align=align,
            clock=clock,
            include_withdrawn=include_withdrawn,
            shared_steps=shared_steps,
            held=held,
            acceleration_unit=acceleration_unit,
            convert_to=convert_to,
        )
        run = lake.find_run(at)
        names = (
            (MACHINE_LEARNING_CURATED,) if clock == "none" else (STEP_TRAINER_TRUSTED, ACCELEROMETER_TRUSTED)
        )
        with lake.reading():
            # By its id: another run may be published in between.
            scans = {
                name: lake.scan(name, at=run.run_id, include_withdrawn=include_withdrawn) for name in names
            }
            tables = {name: scan.collect() for name, scan in scans.items()}
        return cls._from_tables(tables, recipe, labels, run)

    @classmethod
    def from_frames(
        cls,
        pairs: IntoFrame | None = None,
        *,
        steps: IntoFrame | None = None,
        accelerometer: IntoFrame | None = None,
        labels: Labels = None,
        rate_hz: float = 50.0,
        align: Align = "grid",
        clock: Clock = "none",
        shared_steps: SharedSteps = "drop",
        held: HeldReadings = "missing",
        acceleration_unit: AccelerationUnit | None = None,
        convert_to: AccelerationUnit | None = None,
    ) -> Self:
        """Make a dataset of frames, as the five transforms give them.

        Args:
            pairs: The machine_learning_curated table; or instead:
            steps: The step_trainer_trusted table, and
            accelerometer: the accelerometer_trusted table: each sensor at its own rate.
            labels: As in ``from_lake``.
            rate_hz: As in ``from_lake``.
            align: As in ``from_lake``.
            clock: As in ``from_lake``; ``"estimate"`` needs the two tables.
            shared_steps: As in ``from_lake``.
            held: As in ``from_lake``.
            acceleration_unit: As in ``from_lake``.
            convert_to: As in ``from_lake``.

        Raises:
            DatasetError: As in ``from_lake``, or the frames are not one of the two choices.
            FrameError: A column is missing or mistyped.

        Examples:
            >>> from datetime import UTC, datetime, timedelta
            >>> start = datetime(2024, 1, 1, tzinfo=UTC)
            >>> at = [start + timedelta(milliseconds=40 * n) for n in range(250)]
            >>> pairs = pl.DataFrame({"customer_id": "c", "device_id": "d", "timestamp": at}).with_columns(
            ...     x=pl.int_range(pl.len()) / 100, y=0.0, z=9.8, distance_from_object=pl.lit(300, pl.Int64)
            ... )
            >>> steps = pl.DataFrame({"customer_id": "c", "at": [at[100], at[125]]})
            >>> dataset = StepDataset.from_frames(pairs, labels=steps)
            >>> dataset
            StepDataset(1 sessions of 1 customers, 50 Hz, labels from frame, 0 left out)
            >>> dataset.windows(2, 2).y.tolist()
            [0, 0, 2, 0]
        """
        recipe = Recipe(
            rate_hz=float(rate_hz),
            align=align,
            clock=clock,
            shared_steps=shared_steps,
            held=held,
            acceleration_unit=acceleration_unit,
            convert_to=convert_to,
        )
        given = {
            MACHINE_LEARNING_CURATED: pairs,
            STEP_TRAINER_TRUSTED: steps,
            ACCELEROMETER_TRUSTED: accelerometer,
        }
        tables = {name: frame for name, frame in given.items() if frame is not None}
        if set(tables) not in ({MACHINE_LEARNING_CURATED}, {STEP_TRAINER_TRUSTED, ACCELEROMETER_TRUSTED}):
            raise DatasetError(
                "pass either the pairs of machine_learning_curated, or both steps= and accelerometer="
            )
        if pairs is not None and clock == "estimate":
            raise DatasetError(
                'clock="estimate" needs each sensor by itself: pairs that share a time hide what lies '
                "between the clocks. Pass steps= and accelerometer="
            )
        return cls._from_tables(tables, recipe, labels, None)

    @classmethod
    def _from_tables(
        cls, tables: Mapping[str, IntoFrame], recipe: Recipe, labels: Labels, run: PublishedRun | None
    ) -> Self:
        readings = SensorReadings.of(tables, keep_shared=recipe.shared_steps == "keep")
        if isinstance(labels, str) and labels != "baseline":
            raise UnknownNameError.of("way to label", labels, ("baseline",))
        sessions, left_out, sampling = assemble(readings, recipe, hint=_hint(recipe, run))
        outside = 0
        if isinstance(labels, pl.DataFrame):
            sessions, outside = with_labels(sessions, labels)
        elif labels is not None:
            # Loaded here: whoever brings labels needs no detector.
            from stedi.ml.detect import detect_steps  # noqa: PLC0415

            sessions = tuple(replace(session, steps_s=detect_steps(session)) for session in sessions)
        return cls(
            sessions=sessions,
            left_out=left_out,
            sampling=sampling,
            recipe=recipe,
            labelled_by=None if labels is None else "baseline" if isinstance(labels, str) else "frame",
            labels_outside=outside,
            shared_steps=readings.shared,
            run=run,
        )

    def __repr__(self) -> str:
        """Say what there is, and nothing of what was measured."""
        labels = "no labels" if self.labelled_by is None else f"labels from {self.labelled_by}"
        return (
            f"StepDataset({len(self.sessions)} sessions of {len(self.customers)} customers, "
            f"{self.recipe.rate_hz:g} Hz, {labels}, {len(self.left_out)} left out)"
        )

    @property
    def customers(self) -> tuple[str, ...]:
        """The ids of the customers who have sessions, sorted."""
        return tuple(sorted({session.customer_id for session in self.sessions}))

    def only(self, customers: Iterable[str]) -> "StepDataset":
        """Return the part of these customers.

        Raises:
            DatasetError: The dataset has no sessions of one of them.
        """
        wanted = frozenset(customers)
        if unknown := wanted - set(self.customers):
            raise DatasetError(f"the dataset has no sessions of {len(unknown)} of these customers")
        sessions = tuple(session for session in self.sessions if session.customer_id in wanted)
        left_out = tuple(one for one in self.left_out if one.customer_id in wanted)
        ids = [one.session_id for one in sessions] + [one.session_id for one in left_out]
        return replace(
            self,
            sessions=sessions,
            left_out=left_out,
            sampling=self.sampling.filter(pl.col("session_id").is_in(ids)),
        )

    def windows(
        self,
        length_s: float,
        step_s: float,
        *,
        target: Target = "count",
        missing: Missing = "drop",
    ) -> Windows:
        """Cut the sessions into windows.

        Args:
            length_s: Seconds per window: a multiple of ``1 / rate_hz``.
            step_s: Seconds from the start of one to the start of the next: the same.
            target: ``"count"``: ``y`` is the number of steps in each window. ``"samples"``: of each sample.
            missing: ``"drop"``: no window in which a sensor is missing for one sample. ``"keep"``: all of
                them, with NaN there and a mask that says so.

        Raises:
            DatasetError: A length is no whole number of samples.
            UnknownNameError: There is no such choice.
        """
        return cut_windows(
            self.sessions,
            customers=self.customers,
            length_s=length_s,
            step_s=step_s,
            target=target,
            missing=missing,
            labelled=self.labelled_by is not None,
        )

    def features(self, length_s: float, step_s: float, *, missing: Missing = "drop") -> pl.DataFrame:
        """Return a row of features per window: the same windows, in the same order, as ``windows`` gives.

        The columns are ``session_id``, ``customer_id``, ``start_s``, those of ``stedi.ml.FEATURES`` and,
        where there are labels, ``steps``. Units are those of the readings: the sources name none.

        Args:
            length_s: As in ``windows``.
            step_s: As in ``windows``.
            missing: As in ``windows``. A feature of a sensor that is missing in the whole window is null.

        Raises:
            DatasetError: A length is no whole number of samples.
        """
        return feature_frame(self.windows(length_s, step_s, missing=missing))

    def split(
        self, kind: SplitKind = "group_kfold", n: int = 5, seed: int = 0, *, share: float = DEFAULT_SHARE
    ) -> Split:
        """Split by customer: nobody is on both sides. Windows are never shuffled over the sides.

        Neighbouring windows of one person are nearly the same. Whoever puts one of them into train and the
        other into test measures how well a model remembers people.

        Args:
            kind: ``"group_kfold"``: n folds; each customer is in the test of exactly one. ``"holdout"``: one
                fold, with a share of the customers in its test.
            n: How many folds.
            seed: Decides, with the ids, who is where.
            share: The share of customers to hold out.

        Raises:
            DatasetError: There are too few customers.
            UnknownNameError: There is no such kind of split.
        """
        sides = split_customers(self.customers, kind, n=n, seed=seed, share=share)
        name = split_id_of(sides)

        def side(customers: tuple[str, ...], fold: int, which: Literal["train", "test"]) -> StepDataset:
            part = Part(split_id=name, kind=kind, seed=seed, folds=len(sides), fold=fold, side=which)
            return replace(self.only(customers), part=part)

        folds = tuple(
            Fold(train=side(train, fold, "train"), test=side(test, fold, "test"))
            for fold, (train, test) in enumerate(sides)
        )
        return Split(split_id=name, kind=kind, seed=seed, folds=folds)

    def card(self, *, windows: Windows | None = None, split: Split | None = None) -> DatasetCard:
        """Return the dataset's card: what it rests on, and digests of what it holds.

        Args:
            windows: Add the digests of these windows.
            split: Add who is where in this split.
        """
        return card_of(self, windows=windows, split=split)

    def export(
        self,
        folder: str | os.PathLike[str],
        *,
        format: Format = "parquet",  # noqa: A002 - the name that people look for
        windows: Windows | None = None,
    ) -> tuple[Path, ...]:
        """Write the dataset and its card into a folder.

        ``parquet``: samples.parquet, sessions.parquet and, with labels, steps.parquet. ``npz``: sessions.npz.
        Beside them card.json and card.md and, with ``windows``, windows.npz. The same dataset gives the same
        bytes. A file does not know of later withdrawals: export again before you train again.

        Args:
            folder: A new or empty folder, or one of an earlier export, which is replaced.
            format: ``"parquet"`` or ``"npz"``.
            windows: Write these windows too.

        Returns:
            The files.

        Raises:
            ExportError: The folder holds something else, or can't be written.
            UnknownNameError: There is no such format.
        """
        return write_dataset(self, Path(folder), format, windows)


def _hint(recipe: Recipe, run: PublishedRun | None) -> str:
    """Say what to do about readings that come too rarely, where the run knows why."""
    rate = run.match.exact_rate if run is not None else None
    if recipe.clock != "none" or rate is None or rate >= ENOUGH:
        return ""
    return (
        f". Only {percent(rate)} of the step readings have a phone reading at the same time, and the others "
        'are not in machine_learning_curated: pass clock="estimate", which takes each sensor by itself'
    )
