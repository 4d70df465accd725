"""Windows: equal lengths of sessions, as the arrays that scikit-learn and PyTorch take."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stedi.errors import DatasetError, UnknownNameError
from stedi.ml.session import CHANNELS, SENSORS, Session

Target: TypeAlias = Literal["count", "samples"]
Missing: TypeAlias = Literal["drop", "keep"]

_WHOLE: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Windows of all sessions, in the order of the sessions and of time.

    The arrays lie in memory row after row, in the machine's own number types, and may be written to:
    ``torch.from_numpy`` takes them without a copy.

    Attributes:
        X: float32 [windows, channels, samples], the channels of ``stedi.ml.CHANNELS``; NaN where the sensor
            was missing.
        labels: What ``y`` returns; None where there are no labels.
        groups: int64 [windows]: whose each window is, as a place in ``customers``. What scikit-learn calls
            groups: no customer may be on both sides of a split.
        customers: The customers, sorted.
        session_ids: str [windows]: the session of each window.
        starts_s: float64 [windows]: where it begins, in seconds from the session's ``started_at``.
        mask: bool [windows, sensors, samples], the sensors of ``stedi.ml.SENSORS``: whether each was there.
        rate_hz: Samples per second.
        length_s: Seconds per window: each is ``[start, start + length_s)``.
        step_s: Seconds from one start to the next.
        target: What ``y`` is.
        dropped: Windows that were left out because a sensor was missing.
        unlabelled: Sessions that were left out because nobody labelled them, though others are labelled.
    """

    X: NDArray[np.float32]
    labels: NDArray[np.int64] | NDArray[np.int8] | None
    groups: NDArray[np.int64]
    customers: tuple[str, ...]
    session_ids: NDArray[np.str_]
    starts_s: NDArray[np.float64]
    mask: NDArray[np.bool_]
    rate_hz: float
    length_s: float
    step_s: float
    target: Target
    dropped: int
    unlabelled: int

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.X)

    @property
    def y(self) -> NDArray[np.int64] | NDArray[np.int8]:
        """The target: steps per window (int64 [windows]), or per sample (int8 [windows, samples]).

        A step belongs to a window if the foot came down in ``[start, start + length_s)``, and to a sample if
        it came down in the ``1 / rate_hz`` seconds that the sample begins.

        Raises:
            DatasetError: There are no labels.
        """
        if self.labels is None:
            raise DatasetError(
                "these windows have no y: nobody said where the steps are. Pass labels= to StepDataset: a "
                'frame of customer_id, device_id and at, or "baseline" to let a detector say'
            )
        return self.labels

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of the bytes of X, y (where there is one), groups and the starts."""
        arrays = {"X": self.X, "y": self.labels, "groups": self.groups, "starts_s": self.starts_s}
        return {name: digest(array) for name, array in arrays.items() if array is not None}


def digest(*arrays: NDArray[np.generic]) -> str:
    """Return the SHA-256 of the bytes of arrays, one after the other."""
    sha = hashlib.sha256()
    for array in arrays:
        # A view of bytes, without a copy; arrays of no elements have no view.
        sha.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b"")
    return sha.hexdigest()


def cut_windows(
    sessions: Sequence[Session],
    *,
    customers: Iterable[str],
    length_s: float,
    step_s: float,
    target: Target,
    missing: Missing,
    labelled: bool,
) -> Windows:
    """Cut sessions into windows, all of the same length.

    Args:
        sessions: The sessions, on grids of one rate.
        customers: Whose they are.
        length_s: Seconds per window: a whole number of samples.
        step_s: Seconds from the start of one to the start of the next: a whole number of samples.
        target: ``"count"`` of steps per window, or steps per ``"samples"``.
        missing: ``"drop"`` windows in which a sensor is missing, or ``"keep"`` them: X is NaN there.
        labelled: Whether there is a ``y``: then sessions without labels are left out.

    Raises:
        UnknownNameError: There is no such target or way to treat what is missing.
        DatasetError: A length is no whole number of samples.
    """
    if target not in get_args(Target):
        raise UnknownNameError.of("target", target, get_args(Target))
    if missing not in get_args(Missing):
        raise UnknownNameError.of("way to treat missing readings", missing, get_args(Missing))
    rate = sessions[0].rate_hz if sessions else 1.0
    length, step = _samples("length_s", length_s, rate), _samples("step_s", step_s, rate)
    used = [session for session in sessions if not labelled or session.steps_s is not None]
    starts = [np.arange(0, len(session.samples) - length + 1, step) for session in used]
    kept = [
        at if missing == "keep" else at[_whole(session, length)[at]]
        for session, at in zip(used, starts, strict=True)
    ]
    names = tuple(sorted(set(customers)))
    code = {name: number for number, name in enumerate(names)}
    ends = np.concatenate([[0], np.cumsum([len(at) for at in kept], dtype=np.int64)])
    n = int(ends[-1])
    x = np.empty((n, len(CHANNELS), length), np.float32)
    mask = np.empty((n, len(SENSORS), length), np.bool_)
    y = (np.empty(n, np.int64) if target == "count" else np.empty((n, length), np.int8)) if labelled else None
    for session, at, first, last in zip(used, kept, ends[:-1], ends[1:], strict=True):
        if first == last:
            continue
        x[first:last] = sliding_window_view(session.samples, length, axis=0)[at]
        mask[first:last] = sliding_window_view(session.observed, length, axis=0)[at]
        if y is not None:
            y[first:last] = _target(session, at, length, target)
    per_session = np.diff(ends)
    return Windows(
        X=x,
        labels=y,
        groups=np.repeat(np.array([code[one.customer_id] for one in used], np.int64), per_session),
        customers=names,
        session_ids=np.repeat(np.array([one.session_id for one in used], np.str_), per_session),
        starts_s=np.concatenate([*kept, np.empty(0, np.int64)]) / rate,
        mask=mask,
        rate_hz=rate,
        length_s=length_s,
        step_s=step_s,
        target=target,
        dropped=sum(map(len, starts)) - n,
        unlabelled=len(sessions) - len(used),
    )


def _samples(name: str, seconds: float, rate_hz: float) -> int:
    samples = round(seconds * rate_hz)
    if samples < 1 or abs(samples - seconds * rate_hz) > _WHOLE * samples:
        raise DatasetError(
            f"{name}={seconds:g} s is {seconds * rate_hz:g} samples at {rate_hz:g} Hz: pass a multiple of "
            f"{1 / rate_hz:g} s"
        )
    return samples


def _whole(session: Session, length: int) -> NDArray[np.bool_]:
    """Tell for each start whether both sensors are there in the whole window."""
    seen = np.concatenate([[0], np.cumsum(session.observed.all(axis=1))])
    whole: NDArray[np.bool_] = seen[length:] - seen[:-length] == length
    return whole


def _target(
    session: Session, starts: NDArray[np.int64], length: int, target: Target
) -> NDArray[np.int64] | NDArray[np.int8]:
    steps = session.steps_s if session.steps_s is not None else np.empty(0)
    # Which sample a step begins in is asked once, so that counts and samples agree to the last bit.
    begins = np.arange(len(session.samples)) / session.rate_hz
    sample = np.searchsorted(begins, steps, side="right") - 1
    if target == "count":
        before = np.searchsorted(sample, np.concatenate([starts, starts + length]))
        return (before[len(starts) :] - before[: len(starts)]).astype(np.int64)
    marks = np.bincount(sample, minlength=len(begins)).astype(np.int8)
    per_sample: NDArray[np.int8] = sliding_window_view(marks, length)[starts]
    return per_sample
