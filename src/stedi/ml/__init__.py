"""From machine_learning_curated to a step detector: windows, honest splits, baselines and scores.

Needs ``stedi[ml]``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from stedi.errors import MissingLibraryError

if TYPE_CHECKING:
    from stedi.ml.assemble import LeftOut
    from stedi.ml.card import DatasetCard
    from stedi.ml.clock import ClockEstimate, estimate_clock
    from stedi.ml.dataset import StepDataset
    from stedi.ml.detect import detect_steps
    from stedi.ml.features import FEATURES
    from stedi.ml.recipe import Recipe
    from stedi.ml.sampling import MIN_RATE_HZ, Sampling, sampling_rate
    from stedi.ml.score import StepScore, score_steps
    from stedi.ml.session import CHANNELS, SENSORS, Sensors, Session
    from stedi.ml.source import PublishedRun, TableSource
    from stedi.ml.split import Fold, Split
    from stedi.ml.streaming import StreamingDetector
    from stedi.ml.summary import SessionSummary, summarise_session, summarise_sessions
    from stedi.ml.windows import Windows

__all__ = [
    "CHANNELS",
    "FEATURES",
    "MIN_RATE_HZ",
    "SENSORS",
    "ClockEstimate",
    "DatasetCard",
    "Fold",
    "LeftOut",
    "PublishedRun",
    "Recipe",
    "Sampling",
    "Sensors",
    "Session",
    "SessionSummary",
    "Split",
    "StepDataset",
    "StepScore",
    "StreamingDetector",
    "TableSource",
    "Windows",
    "detect_steps",
    "estimate_clock",
    "sampling_rate",
    "score_steps",
    "summarise_session",
    "summarise_sessions",
]

_NAMES = {
    "assemble": ("LeftOut",),
    "card": ("DatasetCard",),
    "clock": ("ClockEstimate", "estimate_clock"),
    "dataset": ("StepDataset",),
    "detect": ("detect_steps",),
    "features": ("FEATURES",),
    "recipe": ("Recipe",),
    "sampling": ("MIN_RATE_HZ", "Sampling", "sampling_rate"),
    "score": ("StepScore", "score_steps"),
    "session": ("CHANNELS", "SENSORS", "Sensors", "Session"),
    "source": ("PublishedRun", "TableSource"),
    "split": ("Fold", "Split"),
    "streaming": ("StreamingDetector",),
    "summary": ("SessionSummary", "summarise_session", "summarise_sessions"),
    "windows": ("Windows",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
_EXTRA = {"numpy": "NumPy", "scipy": "SciPy", "sklearn": "scikit-learn"}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for (PEP 562).

    Raises:
        MissingLibraryError: A library of ``stedi[ml]`` is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'stedi.ml' has no attribute {name!r}")
    try:
        return getattr(import_module(f"stedi.ml.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        library = _EXTRA.get((error.name or "").partition(".")[0])
        if library is None:
            raise
        raise MissingLibraryError.of(library, "ml") from None


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
