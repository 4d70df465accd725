"""Readings: the rows of the sensor tables that follow from the rule, a group of customers at a time.

Nothing here is shared with ``stedi.transform`` or ``stedi.pipeline.derive``: the rule is applied anew to
whole landing tables. A group is as many customers as memory allows; both sensors of a customer are in one
group, so that their pairs are too. Customers and devices are numbered: without the key not every id is known.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

import polars as pl

from stedi.governance.verify.customers import CUSTOMER_COLUMNS, ExpectedCustomers, wrong_rows
from stedi.governance.verify.finding import Finding
from stedi.governance.verify.ids import Ids
from stedi.governance.verify.rule import normalized
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.outline import outline
from stedi.progress import Progress
from stedi.warehouse.run_tables import Scan

_GROUP_ROWS: Final = 750_000
"""About how many readings of both sensors one group may have."""

_DERIVED: Final = (
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    STEP_TRAINER_TRUSTED,
    MACHINE_LEARNING_CURATED,
)

_NEARBY: Final = timedelta(milliseconds=20)
_AXES: Final = ("x", "y", "z")
_TIME: Final = pl.Datetime("us", "UTC")
_BIRTH_DAY: Final = CUSTOMER_COLUMNS.index("birth_day")
_SAYS: Final = "deriving the tables a second time"


class Counted(NamedTuple):
    """The row arithmetic of one table, counted anew."""

    rows_in: int
    used: int
    dropped: Mapping[str, int]
    rows_out: int


class Recount(NamedTuple):
    """What a recomputation gives beside findings.

    Attributes:
        accounts: The arithmetic of the derived tables.
        exact: Step readings with a phone reading at the same time.
        nearby: Step readings with one within 20 ms.
        rows: How many rows were compared.
    """

    accounts: Mapping[str, Counted]
    exact: int
    nearby: int
    rows: int


def compare_readings(
    scan: Scan, expected: ExpectedCustomers, ids: Ids, *, group_rows: int = _GROUP_ROWS, progress: Progress
) -> tuple[list[Finding], Recount]:
    """Recompute the sensor tables and compare them; return what differs, and the counts.

    Args:
        scan: The tables of the run.
        expected: Who may be used.
        ids: Their ids.
        group_rows: About how many readings to hold at once.
        progress: Is told how far it is.
    """
    comparison = _comparison(scan, expected, ids)
    users = comparison.spellings(ACCELEROMETER_LANDING, "user", "person", comparison.customers)
    serials = comparison.spellings(STEP_TRAINER_LANDING, "serial_number", "device", comparison.devices)
    comparison.find_strangers()
    groups = comparison.groups(users, serials, group_rows)
    curated = []
    curated_devices: set[int] = set()
    for place, group in enumerate(groups):
        progress(_SAYS, place, len(groups))
        phone = comparison.phone(users, group)
        holders = comparison.held.join(phone.select("person").unique(), on="person", how="semi")
        # A device may have holders in several groups: its readings are counted with the first.
        devices = set(holders["device"].unique())
        steps = comparison.steps(serials, holders, devices - curated_devices, group)
        curated_devices |= devices
        comparison.pairs(steps, phone, group)
        curated.append(
            phone.group_by("person").agg(
                first_reading_at=pl.col("timestamp").min(),
                last_reading_at=pl.col("timestamp").max(),
                readings=pl.len().cast(pl.Int64),
            )
        )
    progress(_SAYS, len(groups), len(groups))
    comparison.curate(expected, pl.concat(curated))
    counts = comparison.counts
    findings = [
        finding
        for table in _DERIVED
        for finding in wrong_rows(
            table, counts[table, "surplus"], comparison.surplus[table], missing=counts[table, "missing"]
        )
    ]
    return findings, Recount(
        accounts=_accounts(
            counts,
            expected,
            sent=int(users["rows"].sum()),
            step_readings=int(serials["rows"].sum()),
            steps_dropped=comparison.steps_dropped(serials, curated_devices),
        ),
        exact=counts[MACHINE_LEARNING_CURATED, "used"],
        nearby=counts[MACHINE_LEARNING_CURATED, "nearby"],
        rows=sum(counts[table, "there"] for table in _DERIVED),
    )


def _comparison(scan: Scan, expected: ExpectedCustomers, ids: Ids) -> "_Comparison":
    """Number the customers and devices, and say who holds which device."""
    verdict = expected.verdict
    people = sorted({person for person, _ in expected.rows})
    devices = sorted({device for _, device in expected.rows})
    customers = [(name, ids.customers.get(name), verdict.consent_from[name]) for name in people]
    usable = [(name, ids.devices.get(name), verdict.usable_from.get(name)) for name in devices]
    person_of = {name: number for number, name in enumerate(people)}
    device_of = {name: number for number, name in enumerate(devices)}
    held = [(person_of[person], device_of[device]) for person, device in expected.rows]
    return _Comparison(
        scan=scan,
        customers=_numbered(customers, "person", "customer_id"),
        devices=_numbered(usable, "device", "device_id"),
        held=pl.DataFrame(held, schema={"person": pl.Int64, "device": pl.Int64}, orient="row"),
    )


def _numbered(rows: Sequence[tuple[str, str | None, int | None]], number: str, made: str) -> pl.DataFrame:
    schema = {"name": pl.String, made: pl.String, "begins": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index(number)
    return frame.with_columns(pl.col(number).cast(pl.Int64), pl.col("begins").cast(_TIME))


@dataclass(slots=True, kw_only=True)
class _Comparison:
    """A recomputation, and what it counted so far.

    Attributes:
        scan: The tables of the run.
        customers: (person, name, customer_id, begins): who may be used, and from when; the id may be unknown.
        devices: (device, name, device_id, begins): what they hold; ``begins`` is null of unusable ones.
        held: (person, device): who holds what.
        counts: Rows by table and kind.
        surplus: Whose the rows are that a table has too much.
    """

    scan: Scan
    customers: pl.DataFrame
    devices: pl.DataFrame
    held: pl.DataFrame
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    surplus: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)

    def spellings(self, table: str, column: str, number: str, known: pl.DataFrame) -> pl.DataFrame:
        """Return all spellings of a landing column: whose they are (null: nobody's), and how many rows."""
        counted = self.scan(table).group_by(column).agg(rows=pl.len()).collect(engine="streaming")
        names = pl.Series("name", [normalized(text) for text in counted[column]], pl.String)
        numbers = known.select("name", number, "begins")
        return counted.with_columns(names).join(numbers, on="name", how="left")

    def find_strangers(self) -> None:
        """Find rows of customers that should not be there at all: no group would look at them."""
        for table in _DERIVED:
            counted = self.scan(table).group_by("customer_id").agg(rows=pl.len()).collect(engine="streaming")
            self.counts[table, "there"] = int(counted["rows"].sum())
            others = counted.join(self.customers, on="customer_id", how="anti")
            self.surplus[table].extend(others["customer_id"].fill_null("null"))
            self.counts[table, "surplus"] += int(others["rows"].sum())

    def groups(self, users: pl.DataFrame, serials: pl.DataFrame, group_rows: int) -> list[pl.DataFrame]:
        """Put the customers into groups of few enough readings; there is at least one group."""
        steps = self.held.join(serials.select("device", "rows"), on="device").select("person", "rows")
        rows = pl.concat([users.select("person", "rows"), steps]).group_by("person").agg(pl.sum("rows"))
        sizes = self.customers.join(rows, on="person", how="left", maintain_order="left")["rows"].fill_null(0)
        starts = [0]
        filled = 0
        for number, size in enumerate(sizes):
            if number > starts[-1] and filled + size > group_rows:
                starts.append(number)
                filled = 0
            filled += size
        ends = [*starts[1:], sizes.len()]
        return [self.customers[start:end] for start, end in zip(starts, ends, strict=True)]

    def phone(self, users: pl.DataFrame, group: pl.DataFrame) -> pl.DataFrame:
        """Return what accelerometer_trusted should have of a group, and compare."""
        whose = users.select("user", "person", "begins").join(group, on="person", how="semi")
        columns = ["person", "timestamp", *_AXES]
        sent = (
            self.scan(ACCELEROMETER_LANDING)
            .join(whose.lazy(), on="user", how="inner")
            .select("begins", *_plain(columns))
            .collect(engine="streaming")
        )
        admitted = sent.filter(pl.col("timestamp") >= pl.col("begins")).select(columns)
        wanted = admitted.unique()
        counts = self.counts
        counts[ACCELEROMETER_TRUSTED, "known"] += sent.height
        counts[ACCELEROMETER_TRUSTED, "before_consent"] += sent.height - admitted.height
        counts[ACCELEROMETER_TRUSTED, "duplicate"] += admitted.height - wanted.height
        self._compare(ACCELEROMETER_TRUSTED, wanted, group)
        return wanted

    def steps(
        self, serials: pl.DataFrame, holders: pl.DataFrame, counted: set[int], group: pl.DataFrame
    ) -> pl.DataFrame:
        """Return what step_trainer_trusted should have of a group, and compare.

        Args:
            serials: The spellings of serial numbers.
            holders: Who has readings, of the group, and holds what.
            counted: The devices whose readings are counted with this group.
            group: The customers.
        """
        usable = serials.drop_nulls("begins").select("serial_number", "device", "begins")
        here = usable.join(holders, on="device", how="semi")
        columns = ["device", "sensor_reading_time", "distance_from_object"]
        admitted = (
            self.scan(STEP_TRAINER_LANDING)
            .join(here.lazy(), on="serial_number", how="inner")
            .filter(pl.col("sensor_reading_time") >= pl.col("begins"))
            .select(columns)
            .collect(engine="streaming")
        )
        once = admitted.unique()
        mine = pl.col("device").is_in(list(counted))
        used = once.filter(mine).height
        self.counts[STEP_TRAINER_TRUSTED, "used"] += used
        self.counts[STEP_TRAINER_TRUSTED, "duplicate"] += admitted.filter(mine).height - used
        wanted = once.join(holders, on="device", how="inner").select("person", *columns)
        self._compare(STEP_TRAINER_TRUSTED, wanted, group)
        return wanted

    def pairs(self, steps: pl.DataFrame, phone: pl.DataFrame, group: pl.DataFrame) -> None:
        """Compare machine_learning_curated with the pairs of a group: same customer, same time."""
        timed = steps.rename({"sensor_reading_time": "timestamp"})
        same = ["person", "timestamp"]
        wanted = timed.join(phone, on=same, how="inner").select(
            "person", "device", "timestamp", *_AXES, "distance_from_object"
        )
        self._compare(MACHINE_LEARNING_CURATED, wanted, group)
        self.counts[MACHINE_LEARNING_CURATED, "used"] += timed.join(phone, on=same, how="semi").height
        near = timed.sort("timestamp").join_asof(
            phone.select(*same, near="timestamp").sort("timestamp"),
            on="timestamp",
            by="person",
            strategy="nearest",
            tolerance=_NEARBY,
            check_sortedness=False,
        )
        self.counts[MACHINE_LEARNING_CURATED, "nearby"] += near.height - near["near"].null_count()

    def curate(self, expected: ExpectedCustomers, read: pl.DataFrame) -> None:
        """Compare customer_curated: a row per customer with readings and device that they hold."""
        # In the order of the rows, as ``held`` is.
        since = [(*row[-2:], _decade(row[_BIRTH_DAY])) for row in expected.rows.values()]
        schema = {"consent_from": pl.Int64, "device_consent_from": pl.Int64, "birth_decade": pl.Int32}
        shown = pl.DataFrame(since, schema=schema, orient="row")
        shown = shown.with_columns(pl.col("consent_from", "device_consent_from").cast(_TIME))
        wanted = self.held.hstack(shown).join(read, on="person", how="inner")
        self._compare(CUSTOMER_CURATED, wanted, self.customers)

    def _compare(self, table: str, wanted: pl.DataFrame, group: pl.DataFrame) -> None:
        """Count the rows that a table has too much and too little of a group: as often as they are there."""
        there = self.scan(table).join(group.lazy().select("customer_id", "person"), on="customer_id")
        if "device" in wanted.columns:
            devices = self.devices.lazy().select("device_id", "device")
            there = there.join(devices, on="device_id", how="left")
        found = there.select(_plain(wanted.columns)).collect(engine="streaming")
        self.counts[table, "wanted"] += wanted.height
        signed = pl.concat(
            [
                wanted.with_columns(balance=-pl.lit(1, pl.Int64)),
                found.with_columns(balance=pl.lit(1, pl.Int64)),
            ]
        )
        odd = signed.group_by(wanted.columns).agg(pl.col("balance").sum())
        self.counts[table, "missing"] -= int(odd.filter(pl.col("balance") < 0)["balance"].sum())
        surplus = odd.filter(pl.col("balance") > 0)
        self.counts[table, "surplus"] += int(surplus["balance"].sum())
        self.surplus[table].extend(surplus.join(group, on="person")["customer_id"].unique())

    def steps_dropped(self, serials: pl.DataFrame, curated: set[int]) -> dict[str, int]:
        """Return why step readings are out: the first that applies, as the design orders them."""
        usable = serials.drop_nulls("begins")
        early = (
            self.scan(STEP_TRAINER_LANDING)
            .join(usable.lazy().select("serial_number", "begins"), on="serial_number", how="inner")
            .filter(pl.col("sensor_reading_time") < pl.col("begins"))
            .group_by("serial_number")
            .agg(early=pl.len())
            .collect(engine="streaming")
        )
        rows = usable.join(early, on="serial_number", how="left")
        unread = rows.filter(~pl.col("device").is_in(list(curated)))
        held = serials.drop_nulls("device")
        return {
            "not_trusted": _total(serials, "rows") - _total(held, "rows"),
            "device_not_usable": _total(held, "rows") - _total(rows, "rows"),
            "before_consent": _total(rows, "early"),
            "no_readings": _total(unread, "rows") - _total(unread, "early"),
            "duplicate": self.counts[STEP_TRAINER_TRUSTED, "duplicate"],
        }


def _accounts(
    counts: Counter[tuple[str, str]],
    expected: ExpectedCustomers,
    *,
    sent: int,
    step_readings: int,
    steps_dropped: Mapping[str, int],
) -> Mapping[str, Counted]:
    """Return the arithmetic of all five tables, from what was counted on the way."""
    trusted = len(expected.rows)
    wanted = {table: counts[table, "wanted"] for table in _DERIVED}
    phone = {why: counts[ACCELEROMETER_TRUSTED, why] for why in ("before_consent", "duplicate")}
    phone["not_trusted"] = sent - counts[ACCELEROMETER_TRUSTED, "known"]
    kept, curated, steps, pairs = (wanted[table] for table in _DERIVED)
    stepped, paired = counts[STEP_TRAINER_TRUSTED, "used"], counts[MACHINE_LEARNING_CURATED, "used"]
    return {
        CUSTOMER_TRUSTED: Counted(expected.records, trusted, expected.dropped, trusted),
        ACCELEROMETER_TRUSTED: Counted(sent, kept, phone, kept),
        CUSTOMER_CURATED: Counted(trusted, curated, {"no_readings": trusted - curated}, curated),
        STEP_TRAINER_TRUSTED: Counted(step_readings, stepped, steps_dropped, steps),
        MACHINE_LEARNING_CURATED: Counted(steps, paired, {"unpaired": steps - paired}, pairs),
    }


def _total(rows: pl.DataFrame, column: str) -> int:
    return int(rows[column].sum())


def _plain(columns: list[str]) -> list[pl.Expr]:
    """Return columns with -0.0 as 0.0 in the axes: they are equal."""
    return [pl.col(name) + 0.0 if name in _AXES else pl.col(name) for name in columns]


def _decade(birthday: date | None) -> int | None:
    return None if birthday is None else birthday.year // 10 * 10
