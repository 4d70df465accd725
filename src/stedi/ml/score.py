"""How good found steps are: each counts once, and what is undefined is NaN, never a flattering number."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from stedi.errors import DatasetError, FrameError

_LIMITS: Final = 1.96
_ROUNDING_S: Final = 1e-9
_US: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScore:
    """How found steps compare with true ones.

    Undefined is NaN: the precision where nothing was found, the recall where there was nothing to find, F1
    where neither was anything (it is 0 where only one was), and what needs pairs or sessions that are not
    there.

    Attributes:
        sessions: How many sessions were compared.
        true_positives: Found steps that are true: one to one.
        false_positives: Found steps that are not.
        false_negatives: True steps that were not found.
        precision: The share of the found steps that are true.
        recall: The share of the true steps that were found.
        f1: The harmonic mean of both.
        timing_mean_s: How much later than true a step was found, on average, in seconds.
        timing_sd_s: The standard deviation of that (n - 1).
        timing_median_abs_s: The median of its size.
        count_mape: The mean of |found - true| / true of the sessions' step counts: 0.1 is 10 %. Sessions
            without true steps have none and are left out.
        bias: The mean of found - true of the sessions' step counts (Bland and Altman, *Lancet* 1986).
        limits: Where 95 % of these differences are expected: bias - 1.96 sd and bias + 1.96 sd (n - 1).
    """

    sessions: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: float
    recall: float
    f1: float
    timing_mean_s: float
    timing_sd_s: float
    timing_median_abs_s: float
    count_mape: float
    bias: float
    limits: tuple[float, float]


def score_steps(
    pred: ArrayLike | pl.DataFrame, ref: ArrayLike | pl.DataFrame, *, tolerance_s: float = 0.1
) -> StepScore:
    """Compare found steps with true ones.

    A found step is true if it is within the tolerance of a true step; each true step confirms one found step.
    Of all ways to pair them, one with the most pairs is taken, and of those the one with the least sum of
    timing errors.

    Args:
        pred: The found steps: seconds of one session, in any order; or a frame of many sessions with
            ``session_id`` and ``at_s`` (seconds) or ``at`` (times).
        ref: The true steps, given the same way. A session that only one frame knows has no steps in the
            other; one that neither knows is not counted.
        tolerance_s: How far apart a pair may be.

    Raises:
        DatasetError: The tolerance is negative, or a time is NaN.
        FrameError: Only one of them is a frame, or a frame lacks a column.

    Examples:
        >>> score = score_steps([1.02, 1.06, 3.5], [1.0, 2.0, 3.45])
        >>> score.true_positives, score.false_positives, score.false_negatives
        (2, 1, 1)
        >>> round(score.f1, 3), round(score.timing_mean_s, 3)
        (0.667, 0.035)
    """
    if not tolerance_s >= 0:
        raise DatasetError(f"tolerance_s={tolerance_s}: give seconds, 0 or more")
    pairs = _by_session(pred, ref)
    for found, true in pairs:
        if np.isnan(found).any() or np.isnan(true).any():
            raise DatasetError("a step has no time (NaN): leave it out")
    errors = np.concatenate([np.zeros(0), *(matched_errors(f, t, tolerance_s=tolerance_s) for f, t in pairs)])
    found_counts = np.array([len(found) for found, _ in pairs])
    true_counts = np.array([len(true) for _, true in pairs])
    hits, found_all, true_all = len(errors), int(found_counts.sum()), int(true_counts.sum())
    more = (found_counts - true_counts).astype(np.float64)
    walked = true_counts > 0
    bias, spread = _mean(more), _sd(more)
    return StepScore(
        sessions=len(pairs),
        true_positives=hits,
        false_positives=found_all - hits,
        false_negatives=true_all - hits,
        precision=_share(hits, found_all),
        recall=_share(hits, true_all),
        f1=_share(2 * hits, found_all + true_all),
        timing_mean_s=_mean(errors),
        timing_sd_s=_sd(errors),
        timing_median_abs_s=float(np.median(np.abs(errors))) if hits else np.nan,
        count_mape=_mean(np.abs(more[walked]) / true_counts[walked]),
        bias=bias,
        limits=(bias - _LIMITS * spread, bias + _LIMITS * spread),
    )


def matched_errors(
    found: NDArray[np.float64], true: NDArray[np.float64], *, tolerance_s: float
) -> NDArray[np.float64]:
    """Pair found and true steps, and return how much later each found one of a pair is.

    Steps that a gap longer than the tolerance separates can't be paired: each group between such gaps is
    paired by itself.
    """
    reach = tolerance_s + _ROUNDING_S
    times = np.concatenate([found, true])
    is_true = np.arange(len(times)) >= len(found)
    order = np.argsort(times, kind="stable")
    times, is_true = times[order], is_true[order]
    starts = np.flatnonzero(np.diff(times, prepend=-np.inf) > reach)
    sizes = np.diff(np.append(starts, len(times)))
    trues = np.add.reduceat(is_true, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    # Nearly all groups are one found step and one true one.
    plain = starts[(sizes == 2) & (trues == 1)]  # noqa: PLR2004 - a pair
    errors = [np.where(is_true[plain + 1], -1.0, 1.0) * (times[plain + 1] - times[plain])]
    for group in np.flatnonzero((sizes > 2) & (trues > 0) & (trues < sizes)):  # noqa: PLR2004 - more than a pair
        part = slice(starts[group], starts[group] + sizes[group])
        errors.append(_best(times[part][~is_true[part]], times[part][is_true[part]], reach))
    return np.concatenate(errors)


def _best(found: NDArray[np.float64], true: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    late = found[:, None] - true[None, :]
    far = np.abs(late) > reach
    # One pair more is worth any sum of errors of the others.
    cost = np.where(far, reach * (min(late.shape) + 1), np.abs(late))
    rows, columns = linear_sum_assignment(cost)
    near = ~far[rows, columns]
    errors: NDArray[np.float64] = late[rows[near], columns[near]]
    return errors


def _by_session(
    pred: ArrayLike | pl.DataFrame, ref: ArrayLike | pl.DataFrame
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    if isinstance(pred, pl.DataFrame) and isinstance(ref, pl.DataFrame):
        found, true = _sessions(pred, "pred"), _sessions(ref, "ref")
        none = np.zeros(0)
        return [(found.get(name, none), true.get(name, none)) for name in sorted(found.keys() | true.keys())]
    if isinstance(pred, pl.DataFrame) or isinstance(ref, pl.DataFrame):
        raise FrameError("one of pred and ref is a frame, the other is not: give both the same way")
    return [(np.asarray(pred, np.float64).ravel(), np.asarray(ref, np.float64).ravel())]


def _sessions(frame: pl.DataFrame, name: str) -> dict[str, NDArray[np.float64]]:
    time = next((column for column in ("at_s", "at") if column in frame.columns), None)
    if time is None or "session_id" not in frame.columns:
        raise FrameError(f"{name} needs the columns session_id and at_s or at; it has {frame.columns}")
    at = pl.col(time)
    if frame.schema[time].is_temporal():
        at = at.dt.epoch("us") / _US
    grouped = frame.group_by("session_id").agg(at.cast(pl.Float64).fill_null(np.nan))
    return {str(session): np.array(times) for session, times in grouped.iter_rows()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _sd(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan
