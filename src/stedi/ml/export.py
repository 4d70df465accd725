"""A dataset as files: Parquet or NumPy's npz, with its card beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
import polars as pl

from stedi.errors import ExportError, UnknownNameError
from stedi.ml.session import CHANNELS, SENSORS
from stedi.ml.windows import Windows
from stedi.places import is_address

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stedi.ml.dataset import StepDataset
    from stedi.ml.session import Session

Format: TypeAlias = Literal["parquet", "npz"]

CARD: Final = "card.json"
_OURS: Final = (
    CARD,
    "card.md",
    "samples.parquet",
    "sessions.parquet",
    "steps.parquet",
    "sessions.npz",
    "windows.npz",
)
_UTC: Final = pl.Datetime("us", "UTC")


def export(dataset: "StepDataset", folder: Path, form: str, windows: Windows | None) -> tuple[Path, ...]:
    """Write a dataset and its card: see ``StepDataset.export``."""
    if form not in get_args(Format):
        raise UnknownNameError.of("format", form, get_args(Format))
    _check(folder)
    card = dataset.card(windows=windows)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without its card no export counts: the old one goes first, and the new one comes last.
        for name in _OURS:
            (folder / name).unlink(missing_ok=True)
        if form == "parquet":
            files = [_write_parquet(folder / name, frame) for name, frame in _frames(dataset).items()]
        else:
            files = [_write_npz(folder / "sessions.npz", _arrays(dataset))]
        if windows is not None:
            files.append(_write_npz(folder / "windows.npz", _window_arrays(windows)))
        for name, text in (("card.md", card.to_markdown()), (CARD, card.to_json())):
            (folder / name).write_text(text, "utf-8", newline="\n")
            files.append(folder / name)
    except OSError as error:
        raise ExportError(f"the dataset can't be written to {folder}: {error.strerror}") from None
    return tuple(files)


def _check(folder: Path) -> None:
    """Refuse what is no folder of this machine, and to write among files that are not an export's."""
    if is_address(folder):
        raise ExportError(f"{folder} is no folder of this machine: export into one, then copy it there")
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file: name a folder")
    others = [file for file in folder.iterdir() if file.name not in _OURS] if folder.exists() else []
    if others:
        raise ExportError(
            f"the folder {folder} holds {len(others)} files that no export wrote: name a new or empty one"
        )


def _write_parquet(file: Path, frame: pl.DataFrame) -> Path:
    frame.write_parquet(file, compression="zstd")
    return file


def _write_npz(file: Path, arrays: "dict[str, NDArray[Any]]") -> Path:
    with file.open("wb") as target:
        # Texts are fixed-width: nothing is pickled, and np.load needs no permission to run code.
        np.savez_compressed(target, allow_pickle=False, **arrays)
    return file


def _frames(dataset: "StepDataset") -> dict[str, pl.DataFrame]:
    sessions = dataset.sessions
    lengths = [len(session.samples) for session in sessions]
    names = pl.Series("session_id", [session.session_id for session in sessions], pl.String)
    samples = np.concatenate([session.samples for session in sessions])
    observed = np.concatenate([session.observed for session in sessions])
    frames = {
        "sessions.parquet": pl.DataFrame(
            {
                "session_id": names,
                "customer_id": [session.customer_id for session in sessions],
                "device_id": [session.device_id for session in sessions],
                "started_at": pl.Series([session.started_at for session in sessions], dtype=_UTC),
                "rate_hz": [session.rate_hz for session in sessions],
                "samples": pl.Series(lengths, dtype=pl.Int64),
                "clock_offset_s": [session.clock_offset_s for session in sessions],
                "steps": pl.Series(
                    [None if session.steps_s is None else len(session.steps_s) for session in sessions],
                    dtype=pl.Int64,
                ),
            }
        ),
        "samples.parquet": pl.DataFrame(
            {
                "session_id": names.gather(np.repeat(np.arange(len(sessions)), lengths)),
                "time_s": np.concatenate(
                    [np.arange(len(session.samples)) / session.rate_hz for session in sessions]
                ),
                **{name: samples[:, place] for place, name in enumerate(CHANNELS)},
                **{f"{name}_observed": observed[:, place] for place, name in enumerate(SENSORS)},
            }
        ).with_columns(pl.col(CHANNELS).fill_nan(None)),
    }
    if dataset.labelled_by is not None:
        steps = [_steps(session) for session in sessions]
        frames["steps.parquet"] = pl.DataFrame(
            {
                "session_id": names.gather(np.repeat(np.arange(len(sessions)), list(map(len, steps)))),
                "step_s": np.concatenate(steps),
            }
        )
    return frames


def _arrays(dataset: "StepDataset") -> "dict[str, NDArray[Any]]":
    """Return sessions end to end: session i is ``samples[first[i] : first[i + 1]]``, and so its steps."""
    sessions = dataset.sessions
    arrays = {
        "session_ids": np.array([session.session_id for session in sessions], np.str_),
        "customer_ids": np.array([session.customer_id for session in sessions], np.str_),
        "device_ids": np.array([session.device_id for session in sessions], np.str_),
        "started_at_us": np.array(
            pl.Series([session.started_at for session in sessions], dtype=_UTC).to_physical().to_numpy()
        ),
        "rate_hz": np.array([session.rate_hz for session in sessions]),
        "clock_offset_s": np.array([session.clock_offset_s for session in sessions]),
        "first": _firsts([len(session.samples) for session in sessions]),
        "samples": np.concatenate([session.samples for session in sessions]),
        "observed": np.concatenate([session.observed for session in sessions]),
        "channels": np.array(CHANNELS, np.str_),
        "sensors": np.array(SENSORS, np.str_),
    }
    if dataset.labelled_by is not None:
        steps = [_steps(session) for session in sessions]
        arrays["labelled"] = np.array([session.steps_s is not None for session in sessions])
        arrays["first_step"] = _firsts(list(map(len, steps)))
        arrays["steps_s"] = np.concatenate(steps)
    return arrays


def _window_arrays(windows: Windows) -> "dict[str, NDArray[Any]]":
    return {
        "X": windows.X,
        **({} if windows.labels is None else {"y": windows.labels}),
        "groups": windows.groups,
        "customers": np.array(windows.customers, np.str_),
        "session_ids": windows.session_ids,
        "starts_s": windows.starts_s,
        "mask": windows.mask,
        "rate_hz": np.array(windows.rate_hz),
    }


def _steps(session: "Session") -> "NDArray[np.float64]":
    return np.empty(0) if session.steps_s is None else session.steps_s


def _firsts(lengths: list[int]) -> "NDArray[np.int64]":
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
