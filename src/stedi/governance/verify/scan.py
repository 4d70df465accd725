"""The tables of the run that is audited."""

from collections.abc import Callable

import polars as pl

Scan = Callable[[str], pl.LazyFrame]
"""Returns a table of the run that is audited."""
