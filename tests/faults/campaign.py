"""Moments at which processes are killed, the same in every campaign."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest


def spread(whole: int, *, usual: int) -> list[Any]:
    """Return numbers from 0 for ``parametrize``: all in .ci/run, and in the test command some far apart."""
    chosen = {int((number + 0.5) * whole / usual) for number in range(usual)}
    return [
        number if number in chosen else pytest.param(number, marks=pytest.mark.campaign)
        for number in range(whole)
    ]


def seeds(most: int) -> Iterator[tuple[int, random.Random]]:
    """Yield STEDI_CAMPAIGN_KILLS seeds, or so many as are said, each with its dice."""
    for seed in range(int(os.environ.get("STEDI_CAMPAIGN_KILLS", str(most)))):
        yield seed, random.Random(seed)  # noqa: S311 - a test's dice


def moments(dice: random.Random, steps: int) -> list[int]:
    """Return the steps at which processes are killed, up to three in a row."""
    return [dice.randint(1, steps) for _ in range(dice.choice((1, 1, 2, 3)))]


@contextmanager
def told(seed: int, kills: Sequence[int], of: str = "") -> Iterator[None]:
    """Let whatever fails tell its seed and what was killed when."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"seed {seed}: {of}killed at steps {kills}")
        raise
