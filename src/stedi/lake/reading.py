"""What is read of a lake: tables, runs, tags."""

from contextlib import AbstractContextManager
from datetime import date, datetime

import polars as pl

from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import CONTRACTS, contract_of
from stedi.lake.clear_errors import clear_errors
from stedi.names import (
    RUN,
)
from stedi.pipeline.history import Run, from_frame
from stedi.pipeline.published import as_kept, run_at, scan_at, tags_of
from stedi.pipeline.site import Site


class ReadableLake:
    """A lake, as far as it is read."""

    def __init__(self, site: Site, pseudonyms: Pseudonyms | None) -> None:
        """Use ``Lake.open``."""
        self._site = site
        self._pseudonyms = pseudonyms

    def __repr__(self) -> str:
        """Show where the lake is, and nothing of what is in it."""
        return f"Lake({str(self._site)!r})"

    @property
    def exists(self) -> bool:
        """Whether the lake was made: its first run does that."""
        return self._site.exists

    @clear_errors
    def scan(
        self, table: str, *, at: str | date | datetime | None = None, include_withdrawn: bool = False
    ) -> pl.LazyFrame:
        """Return a lazy frame over a table of the newest published run, or of another one.

        Args:
            table: The table's name.
            at: A run id, a tag, or a time: the newest run that was published by then. A date, or a text
                without a time zone, is one of UTC.
            include_withdrawn: Of an older run, keep the customers whom the newest run does not trust.

        Raises:
            UnknownNameError: There is no such table, run or tag.
            LakeError: Nothing was published yet.
            CatalogError: The run's snapshots were expired by a maintenance. To collect the frame raises it,
                too, where an erasure, a rotation of the key or a maintenance removed the files since: scan
                again. ``reading`` gives one clear error for whatever else may go wrong then.
        """
        contract_of(table)  # an unknown table is said to be one, lake or no lake
        warehouse, runs = self._site.read()
        return scan_at(warehouse, runs, table, at, include_withdrawn=include_withdrawn)

    def reading(self) -> AbstractContextManager[None]:
        """Turn what goes wrong while a scan is collected into one clear error, for the length of a block.

        What has nothing to do with the lake's files stays what it is.

        Raises:
            CatalogError: A file of the lake is damaged or gone, or was removed meanwhile; the message names
                it.

        Examples:
            >>> import stedi
            >>> with stedi.Lake.open("no-such-lake").reading():
            ...     pass
        """
        return self._site.explained(alone=False)

    @clear_errors
    def tables(self) -> pl.DataFrame:
        """Return the tables of the newest run: a row each, with zone, rows, bytes and snapshot."""
        warehouse, runs = self._site.read()
        snapshots = {**runs[-1].snapshots, RUN: warehouse.table(RUN).main()}
        return pl.DataFrame(
            {
                "table": name,
                "zone": contract.zone.value,
                "rows": warehouse.at(snapshots).count(name),
                "bytes": warehouse.table(name).total(snapshots[name], "files-size"),
                "snapshot_id": snapshots[name],
                "grain": contract.grain,
            }
            for name, contract in CONTRACTS.items()
        )

    @clear_errors
    def table_formats(self) -> dict[str, int]:
        """Return the version of Iceberg's table format that each table has: stedi writes 2."""
        warehouse, _ = self._site.read()
        return {name: warehouse.table(name).format_version for name in CONTRACTS}

    @clear_errors
    def runs(self) -> pl.DataFrame:
        """Return the published runs, the newest last."""
        warehouse, _ = self._site.read()
        rows = warehouse.table(RUN).scan(warehouse.table(RUN).main()).collect()
        order = pl.DataFrame({"run_id": [run.run_id for run in from_frame(rows)]})
        return order.join(rows, on="run_id", how="left", maintain_order="left").select(rows.columns)

    @clear_errors
    def tags(self) -> dict[str, str]:
        """Return the tags that were set with ``tag``, and the id of the run of each."""
        warehouse, _ = self._site.read()
        return tags_of(warehouse)

    @clear_errors
    def last_run(self) -> Run:
        """Return the newest published run.

        Raises:
            LakeError: Nothing was published yet.
        """
        return self._site.read()[1][-1]

    @clear_errors
    def find_run(self, at: str | date | datetime | None = None) -> Run:
        """Return a published run: by its id, by a tag, or the newest that was published by a time.

        Args:
            at: As in ``scan``; None for the newest run.

        Raises:
            UnknownNameError: There is no such run or tag.
            LakeError: Nothing was published yet, or not by then.
        """
        warehouse, runs = self._site.read()
        return as_kept(warehouse, run_at(warehouse, runs, at))
