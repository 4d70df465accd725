"""customer_trusted: of everybody, or of those whom something new concerns."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import narwhals as nw
import polars as pl

from stedi.consent.claims import DeviceClosure, claims, closure_of, closures
from stedi.consent.effective import changes_between, dated, names_somebody
from stedi.consent.pseudonyms import Pseudonyms, keys
from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.frame.checked import fetch
from stedi.names import CUSTOMER_LANDING, CUSTOMER_TRUSTED, OBJECT, QUARANTINE, TOMBSTONE, Consent
from stedi.pipeline.derive.erased_rows import ErasedRows
from stedi.pipeline.derive.previous_run import PreviousRun
from stedi.pipeline.derive.rewrites import TableRewrite
from stedi.pipeline.derive.running_account import RunningAccount
from stedi.transform.sanitize_customers import judge_customers, newest, weigh_customers
from stedi.warehouse.read import BATCH_ROWS
from stedi.warehouse.run_tables import Scan

RECORDS_AT_ONCE: Final = 65_536
"""So many records, or a few more, are judged at once: each takes some 2 KB meanwhile."""

_NAMES: Final = contract_of(CUSTOMER_TRUSTED).names
_PLACE: Final = ["_digest", "_position"]
_TOMB: Final = ["digest", "kind", "erased_at", "latest_denial"]


class Customers:
    """Decides who consents, from when, with which devices.

    Args:
        previous: What the run before left.
        scan: Gives the landing table, the quarantine and the ledger as they are now.
        run_id: The run that derives.
        pseudonyms: Make the ids.
        consent: The lake's consent mode.
        erased: What is there no more, of what was there before.
    """

    def __init__(
        self,
        previous: PreviousRun,
        scan: Scan,
        *,
        run_id: str,
        pseudonyms: Pseudonyms,
        consent: Consent,
        erased: ErasedRows | None = None,
    ) -> None:
        self._erased = erased
        self._previous = previous
        self._scan = scan
        self._run_id = run_id
        self._pseudonyms = pseudonyms
        self._consent: Consent = consent

    def derive(self, now: datetime, running: RunningAccount) -> TableRewrite:
        """Return customer_trusted, and count what became of the records.

        A customer's rows depend on the records of everybody who ever listed a device of theirs. So where
        something new is known of some people, only the rows of their devices are made again.
        """
        previous = self._previous
        if previous.anew:
            running.rows_in = self._scan(CUSTOMER_LANDING).select(pl.len()).collect().item()
            return TableRewrite.of(
                previous.customers, self._everybody(now, running), previous.customers.clear()
            )
        new = self._scan(CUSTOMER_LANDING).filter(pl.col("_run") == self._run_id).select("email").collect()
        running.rows_in += new.height - (self._erased.rows(CUSTOMER_LANDING).height if self._erased else 0)
        people = self._concerned(new, now)
        known = previous.customers
        if people.is_empty():
            return TableRewrite(rows=known, gained=known.clear(), lost=known.clear())
        about = closure_of(self._claims(), people)
        after = self._judge(self._scan, now, about, running, sign=1)
        before = self._judge(previous.tables.scan, previous.now, about, running, sign=-1)
        return TableRewrite.of(before, after, known.filter(~about.holds(known["serial_number"])))

    def _everybody(self, now: datetime, running: RunningAccount) -> pl.DataFrame:
        """Return everybody's rows, made some devices at a time where there are many records."""
        parts = -(-running.rows_in // RECORDS_AT_ONCE)
        if parts <= 1:
            return self._judge(self._scan, now, None, running, sign=1)
        about = closures(self._listed(), parts)
        rows = [_compact(self._judge(self._scan, now, some, running, sign=1)) for some in about]
        return pl.concat(rows)

    def _concerned(self, new: pl.DataFrame, now: datetime) -> pl.Series:
        """Return the keys of the people of whom something new is known, or whom passing time concerns."""
        previous = self._previous
        later = (
            previous.tables.scan(CUSTOMER_LANDING)
            .filter(changes_between(previous.now, now))
            .select("email")
            .collect()
        )
        place = [*_PLACE, "released_at"]
        was, is_now = (
            self._damaged(scan).select("emails", "tombstones", *place)
            for scan in (previous.tables.scan, self._scan)
        )
        changed = is_now.join(was, on=place, how="anti", nulls_equal=True)
        rejected = changed.select(email="emails").explode("email").drop_nulls()
        erased_digests = changed["tombstones"].explode().drop_nulls()
        gone = self._erased.people if self._erased else pl.Series(dtype=pl.String)
        named = keys(pl.concat([new, later, rejected])["email"].unique())
        return pl.concat([named, self._back(erased_digests), gone]).unique()

    def _back(self, erased_digests: pl.Series) -> pl.Series:
        """Return the keys of people who were erased, are back, and denied once more; and of devices alike.

        Args:
            erased_digests: The tombstones of which rejected records say so, or no longer do.
        """
        now, was = self._scan(TOMBSTONE).collect(), self._previous.table(TOMBSTONE)
        moved = now.join(was, on=_TOMB, how="anti", nulls_equal=True)["digest"]
        moved = pl.concat([moved, erased_digests.cast(pl.String)]).unique()
        if moved.is_empty():
            return pl.Series(dtype=pl.String)
        pairs = self._scan(CUSTOMER_LANDING).select("email", "serial_number").unique().collect()
        found = []
        for column, make in (
            ("email", self._pseudonyms.customer_id),
            ("serial_number", self._pseudonyms.device_id),
        ):
            names = pairs[column].unique()
            ids = pl.Series([make(name) for name in names], dtype=pl.String)
            named = names.filter(ids.is_in(moved.implode()))
            found.append(pairs.filter(pl.col(column).is_in(named.implode()))["email"])
        return keys(pl.concat(found)).unique()

    def _listed(self) -> Iterator[pl.DataFrame]:
        """Yield (email, serial_number, _together) of all records."""
        pair = ("email", "serial_number")
        landing = self._scan(CUSTOMER_LANDING).select(pair)
        yield claims(landing.clear().collect(), self._damaged(self._scan)).select(*pair, "_together")
        alone = pl.lit(None, pl.UInt32).alias("_together")
        yield from landing.with_columns(alone).collect_batches(chunk_size=BATCH_ROWS)

    def _claims(self) -> pl.DataFrame:
        # Whom an erased person's records concern, only the tables before know.
        scan = self._previous.tables.scan if self._erased else self._scan
        pairs = scan(CUSTOMER_LANDING).select("email", "serial_number").collect()
        return claims(pairs, self._damaged(scan))

    def _judge(
        self, scan: Scan, now: datetime, about: DeviceClosure | None, running: RunningAccount, *, sign: int
    ) -> pl.DataFrame:
        """Return the rows that records give, of a closure's devices only where there is one; count them."""
        landing, rejected = scan(CUSTOMER_LANDING), dated(scan(QUARANTINE), scan(OBJECT))
        if about is not None:
            landing, rejected = about.records(landing), about.rejected(rejected)
        records = _compact(landing.collect(engine="streaming"))
        if records.is_empty():  # whoever has only rejected records has no rows
            return self._previous.customers.clear()
        weighed = weigh_customers(
            records,
            now=now,
            pseudonyms=self._pseudonyms,
            consent=self._consent,
            rejected=rejected.collect(),
            tombstones=scan(TOMBSTONE).collect(),
        )
        decided = fetch(judge_customers(weighed))
        if about is not None:
            decided = decided.filter(about.holds(decided["serial_number"]))
        admitted = running.judged(decided, sign=sign)
        rows = fetch(newest(nw.from_native(decided.lazy()))).select(_NAMES)
        running.add(used=sign * rows.height, rows_out=sign * rows.height)
        running.dropped(Drop.SUPERSEDED, admitted - sign * rows.height)
        return rows

    @staticmethod
    def _damaged(scan: Scan) -> pl.DataFrame:
        """Return the rejected customer records that name somebody."""
        return (
            scan(QUARANTINE)
            .filter(pl.col("table_name") == CUSTOMER_LANDING, names_somebody())
            .select("emails", "serial_numbers", "tombstones", "released_at", *_PLACE)
            .collect()
        )


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without the texts of others: Polars' strings point into what was read."""
    return pl.DataFrame(rows.to_arrow())
