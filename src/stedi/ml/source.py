"""What datasets are made of: anything that gives tables and knows of which run they are."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import polars as pl

from stedi.names import Consent
from stedi.plan.account import Account
from stedi.plan.match import Match


class PublishedRun(Protocol):
    """A published run, as far as a dataset card speaks of it: ``stedi.pipeline.history.Run`` is one."""

    @property
    def run_id(self) -> str:
        """Its id."""

    @property
    def published_at(self) -> datetime:
        """When it was published."""

    @property
    def now(self) -> datetime:
        """The time at which consent was judged."""

    @property
    def consent(self) -> Consent:
        """The consent mode."""

    @property
    def code_version(self) -> str:
        """The version of stedi that ran."""

    @property
    def match(self) -> Match:
        """How well the two sensors pair."""

    @property
    def snapshots(self) -> Mapping[str, int]:
        """The snapshot of each table."""

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The row arithmetic of each table."""


class TableSource(Protocol):
    """What gives tables: ``stedi.Lake`` is one."""

    def scan(
        self, table: str, *, at: str | datetime | None = None, include_withdrawn: bool = False
    ) -> pl.LazyFrame:
        """Return a lazy frame over a table of a run."""

    def find_run(self, at: str | datetime | None = None) -> PublishedRun:
        """Return the run that ``at`` names."""

    def reading(self) -> AbstractContextManager[None]:
        """Turn what goes wrong while a scan is collected into one clear error."""
