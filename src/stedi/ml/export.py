"""A dataset as files: Parquet or NumPy's npz, with its card beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stedi.errors import ExportError, UnknownNameError
from stedi.ml.session import CHANNELS, SENSORS
from stedi.ml.windows import Windows
from stedi.places import is_address

if TYPE_CHECKING:
    from stedi.ml.dataset import StepDataset

Format: TypeAlias = Literal["parquet", "npz"]

_CARD: Final = "card.json"
_OURS: Final = (
    _CARD,
    "card.md",
    "samples.parquet",
    "sessions.parquet",
    "steps.parquet",
    "sessions.npz",
    "windows.npz",
)
_IDS: Final = ("session_id", "customer_id", "device_id")
_SESSION: Final[dict[str, Any]] = {
    **dict.fromkeys(_IDS, pl.String),
    "started_at": pl.Datetime("us", "UTC"),
    "rate_hz": pl.Float64,
    "samples": pl.Int64,
    "clock_offset_s": pl.Float64,
    "steps": pl.Int64,
}


def write_dataset(
    dataset: "StepDataset", folder: Path, form: str, windows: Windows | None
) -> tuple[Path, ...]:
    """Write a dataset and its card: see ``StepDataset.export``."""
    if form not in get_args(Format):
        raise UnknownNameError.of("format", form, get_args(Format))
    _check(folder)
    card = dataset.card(windows=windows)
    texts = {"card.md": card.to_markdown(), _CARD: card.to_json()}
    frames = _frames(dataset) if form == "parquet" else {}
    archives = {} if form == "parquet" else {"sessions.npz": _arrays(dataset)}
    if windows is not None:
        archives["windows.npz"] = _window_arrays(windows)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without its card no export counts: the old one goes first, and the new one comes last.
        for name in _OURS:
            (folder / name).unlink(missing_ok=True)
        for name, frame in frames.items():
            frame.write_parquet(folder / name, compression="zstd")
        for name, arrays in archives.items():
            # Texts are fixed-width: nothing is pickled, and np.load needs no permission to run code.
            np.savez_compressed(folder / name, allow_pickle=False, **arrays)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise ExportError(f"the dataset can't be written to {folder}: {error.strerror}") from None
    return tuple(folder / name for name in (*frames, *archives, *texts))


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


def _frames(dataset: "StepDataset") -> dict[str, pl.DataFrame]:
    sessions = _sessions(dataset)
    names = sessions["session_id"]
    samples, observed = _joined(dataset, "samples"), _joined(dataset, "observed")
    time_s = [np.arange(len(session.samples)) / session.rate_hz for session in dataset.sessions]
    frames = {
        "sessions.parquet": sessions,
        "samples.parquet": pl.DataFrame(
            {
                "session_id": names.gather(np.repeat(np.arange(len(names)), sessions["samples"])),
                "time_s": np.concatenate(time_s),
                **{name: samples[:, place] for place, name in enumerate(CHANNELS)},
                **{f"{name}_observed": observed[:, place] for place, name in enumerate(SENSORS)},
            }
        ).with_columns(pl.col(CHANNELS).fill_nan(None)),
    }
    if dataset.labelled_by is not None:
        steps = sessions["steps"].fill_null(0)
        frames["steps.parquet"] = pl.DataFrame(
            {
                "session_id": names.gather(np.repeat(np.arange(len(names)), steps)),
                "step_s": _joined(dataset, "steps_s"),
            }
        )
    return frames


def _arrays(dataset: "StepDataset") -> dict[str, NDArray[Any]]:
    """Return sessions end to end: session i is ``samples[first[i] : first[i + 1]]``, and so its steps."""
    sessions = _sessions(dataset)
    arrays = {
        **{f"{name}s": np.array(sessions[name].to_list(), np.str_) for name in _IDS},
        "started_at_us": sessions["started_at"].to_physical().to_numpy(),
        "rate_hz": sessions["rate_hz"].to_numpy(),
        "clock_offset_s": sessions["clock_offset_s"].to_numpy(),
        "first": _firsts(sessions["samples"]),
        "samples": _joined(dataset, "samples"),
        "observed": _joined(dataset, "observed"),
        "channels": np.array(CHANNELS, np.str_),
        "sensors": np.array(SENSORS, np.str_),
    }
    if dataset.labelled_by is not None:
        arrays["labelled"] = sessions["steps"].is_not_null().to_numpy()
        arrays["first_step"] = _firsts(sessions["steps"].fill_null(0))
        arrays["steps_s"] = _joined(dataset, "steps_s")
    return arrays


def _sessions(dataset: "StepDataset") -> pl.DataFrame:
    """Return one row per session: who and when, and how many samples and steps there are."""
    sessions = dataset.sessions
    return pl.DataFrame(
        {
            **{
                name: [getattr(session, name) for session in sessions]
                for name in (*_IDS, "started_at", "rate_hz")
            },
            "samples": [len(session.samples) for session in sessions],
            "clock_offset_s": [session.clock_offset_s for session in sessions],
            "steps": [None if session.steps_s is None else len(session.steps_s) for session in sessions],
        },
        schema=_SESSION,
    )


def _joined(dataset: "StepDataset", name: str) -> NDArray[Any]:
    """Return an array of all sessions, one after the other; None counts as an empty one."""
    arrays = [getattr(session, name) for session in dataset.sessions]
    return np.concatenate([np.empty(0) if array is None else array for array in arrays])


def _window_arrays(windows: Windows) -> dict[str, NDArray[Any]]:
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


def _firsts(lengths: pl.Series) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths.to_numpy(), dtype=np.int64)])
