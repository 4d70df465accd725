"""From machine_learning_curated to a step detector: windows, honest splits, baselines and scores.

Needs ``stedi[ml]``.
"""

from stedi.ml.session import CHANNELS, SENSORS, Session

__all__ = ["CHANNELS", "SENSORS", "Session"]
