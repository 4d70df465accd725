"""The simulator: landing files that look like the real thing, with the truth beside them."""

from stedi.simulate.defects import Defect, Fate, Misplaced, Written
from stedi.simulate.generate import simulate
from stedi.simulate.ground_truth import Truth, truth
from stedi.simulate.preset import PRESETS, Preset
from stedi.simulate.simulated import Simulated

__all__ = [
    "PRESETS",
    "Defect",
    "Fate",
    "Misplaced",
    "Preset",
    "Simulated",
    "Truth",
    "Written",
    "simulate",
    "truth",
]
