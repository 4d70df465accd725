"""From machine_learning_curated to a step detector: windows, honest splits, baselines and scores.

Needs ``stedi[ml]``.
"""

from stedi.ml.clock import ClockEstimate, estimate_clock
from stedi.ml.detect import detect_steps
from stedi.ml.sensors import Sensors
from stedi.ml.session import CHANNELS, SENSORS, Session
from stedi.ml.streaming import StreamingDetector

__all__ = [
    "CHANNELS",
    "SENSORS",
    "ClockEstimate",
    "Sensors",
    "Session",
    "StreamingDetector",
    "detect_steps",
    "estimate_clock",
]
