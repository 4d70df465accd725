"""From machine_learning_curated to a step detector: windows, honest splits, baselines and scores.

Needs ``stedi[ml]``.
"""

from stedi.ml.clock import ClockEstimate, estimate_clock
from stedi.ml.detect import detect_steps
from stedi.ml.score import StepScore, score_steps
from stedi.ml.sensors import Sensors
from stedi.ml.session import CHANNELS, SENSORS, Session
from stedi.ml.streaming import StreamingDetector
from stedi.ml.summary import SessionSummary, summarise_session, summarise_sessions

__all__ = [
    "CHANNELS",
    "SENSORS",
    "ClockEstimate",
    "Sensors",
    "Session",
    "SessionSummary",
    "StepScore",
    "StreamingDetector",
    "detect_steps",
    "estimate_clock",
    "score_steps",
    "summarise_session",
    "summarise_sessions",
]
