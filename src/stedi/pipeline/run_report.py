"""What a run did, for people and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import polars as pl

from stedi.pipeline.history import Run
from stedi.pipeline.refusals import Refusal, as_plain
from stedi.plan.account import Account
from stedi.plan.change import Change, People
from stedi.plan.match import Match

_FUNNEL: Final = {
    "table": pl.String,
    "rows_in": pl.Int64,
    "used": pl.Int64,
    "reason": pl.String,
    "dropped": pl.Int64,
    "fan_out": pl.Int64,
    "rows_out": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The outcome of ``Lake.run``.

    Attributes:
        run: The published run.
        published: False of a plan: nothing was changed, and the run does not exist.
        objects: How many landing objects were read.
        read: What they are called: their paths from the table's folder on, without what may name somebody.
        changed: Whether anything but the ledger changed: False where nothing was new.
        changes: The rows that each table gained and lost.
        people: The customers who joined, left and moved.
        differs: A full run found other rows than there were, though nothing was new.
        refusals: The objects with the most rejected records, three at most.
        notes: What somebody should know of what was delivered.
        paths: The whole paths of the objects that were read, in the same order. A path can hold personal
            data, so that no output shows it unless it is asked for.
    """

    run: Run
    published: bool
    objects: int
    read: Sequence[str] = field(repr=False)
    paths: Sequence[str] = field(repr=False)
    changed: bool
    changes: Mapping[str, Change]
    people: People
    differs: bool = False
    refusals: Sequence[Refusal] = ()
    notes: Sequence[str] = ()

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.run_id

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The row arithmetic of each table."""
        return self.run.accounts

    @property
    def match(self) -> Match:
        """How well the two sensors pair."""
        return self.run.match

    @property
    def warnings(self) -> Sequence[str]:
        """What somebody should look at."""
        found = [*self.notes, self.match.warning()]
        if self.differs:
            found.append(
                "The full run found other rows than there were, though nothing was new: what it found is "
                "published. This is a bug in stedi, or another tool changed the lake: please report it"
            )
        return [each for each in found if each is not None]

    def funnel(self) -> pl.DataFrame:
        """Return the row funnel: a row per table and reason, the first of a table with its totals."""
        rows = []
        for account in self.accounts.values():
            drops: list[tuple[str | None, int | None]] = [
                (reason, count) for reason, count in account.dropped.items() if count
            ]
            for place, (reason, count) in enumerate(drops or [(None, None)]):
                first = place == 0
                rows.append(
                    (
                        account.table,
                        account.rows_in if first else None,
                        account.used if first else None,
                        reason,
                        count,
                        account.fan_out if first else None,
                        account.rows_out if first else None,
                    )
                )
        return pl.DataFrame(rows, schema=_FUNNEL, orient="row")

    def to_dict(self, *, personal_data: bool = False) -> dict[str, object]:
        """Return everything as plain values, ready for JSON.

        Args:
            personal_data: Give the objects that were read by their whole paths.
        """
        return {
            "run_id": self.run.run_id,
            "base_run_id": self.run.base_run_id,
            "started_at": self.run.started_at.isoformat(),
            "published_at": self.run.published_at.isoformat(),
            "now": self.run.now.isoformat(),
            "consent": self.run.consent,
            "key_fingerprint": self.run.key_fingerprint,
            "code_version": self.run.code_version,
            "published": self.published,
            "objects": self.objects,
            "read": list(self.paths if personal_data else self.read),
            "people": asdict(self.people),
            "changed": self.changed,
            "match": asdict(self.match)
            | {"exact_rate": self.match.exact_rate, "nearby_rate": self.match.nearby_rate},
            "warnings": self.warnings,
            "most_rejected": as_plain(self.refusals),
            "tables": {
                name: {key: value for key, value in asdict(account).items() if key != "table"}
                | {"snapshot_id": self.run.snapshots[name]}
                | asdict(self.changes[name])
                for name, account in self.accounts.items()
            },
        }
