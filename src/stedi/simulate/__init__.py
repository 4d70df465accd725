"""The simulator: landing files that look like the real thing, with the truth beside them."""

from stedi.simulate.defects import Defect, Fate, Misplaced, Written
from stedi.simulate.generate import simulate
from stedi.simulate.simulated import Simulated

__all__ = ["Defect", "Fate", "Misplaced", "Simulated", "Written", "simulate"]
