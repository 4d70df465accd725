"""Measure what one sensor reading costs the detector in real time, one by one and in batches.

uv run python benchmarks/streaming.py [--seconds 600] [--rate 50]
"""

import argparse
import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stedi.ml import StreamingDetector

_TRAINER_HZ: Final = 30.0
_STEP_S: Final = 0.55
_SWING: Final = 0.8


def main() -> None:
    """Read the arguments, walk, feed, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=float, default=50.0, help="readings of the phone per second")
    given = parser.parse_args()
    print("| batch | readings | steps | CPU per reading | slowest call |")
    print("|---|---|---|---|---|")
    for batch in (1, 10, 1000):
        print(_measured(given.seconds, given.rate, batch))


def _measured(length_s: float, rate_hz: float, batch: int) -> str:
    trainer_s, distance, phone_s, xyz = _walk(length_s, rate_hz)
    detector = StreamingDetector(rate_hz=rate_hz)
    order = np.argsort(np.concatenate([trainer_s, phone_s]), kind="stable")
    steps, slowest, spent = 0, 0.0, 0.0
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        of_trainer, of_phone = part[part < len(trainer_s)], part[part >= len(trainer_s)] - len(trainer_s)
        trainer, phone = (trainer_s[of_trainer], distance[of_trainer]), (phone_s[of_phone], xyz[of_phone])
        began = time.process_time()
        steps += len(detector.feed(step_trainer=trainer, accelerometer=phone))
        took = time.process_time() - began
        spent, slowest = spent + took, max(slowest, took)
    each = f"{1e6 * spent / len(order):.1f} µs"
    return f"| {batch} | {len(order):,} | {steps:,} | {each} | {1e3 * slowest:.2f} ms |"


def _walk(
    length_s: float, rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return plain walking: a swing each 0.55 s, and a bounce with it."""
    luck = np.random.default_rng(0)
    trainer_s, phone_s = np.arange(0, length_s, 1 / _TRAINER_HZ), np.arange(0, length_s, 1 / rate_hz)
    swing = np.clip(1 - (_STEP_S - trainer_s % _STEP_S) / (_SWING * _STEP_S), 0, 1)
    distance = 300 - 70 * np.sin(np.pi * swing) ** 2 + luck.normal(0, 6, len(trainer_s))
    xyz = luck.normal(0, 0.3, (len(phone_s), 3))
    xyz[:, 2] += 9.8 + 1.2 * np.cos(2 * np.pi * phone_s / _STEP_S)
    return trainer_s, distance, phone_s, xyz


if __name__ == "__main__":
    main()
