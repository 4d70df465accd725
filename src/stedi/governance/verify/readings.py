"""Readings: the rows of the sensor tables that follow from the rule, a group of customers at a time.

Nothing here is shared with ``stedi.transform`` or ``lake.derive``: the rule is applied anew to whole landing
tables. A group is as many customers as memory allows; both sensors of a customer are in one group, so that
their pairs are too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import polars as pl

from stedi.governance.verify.finding import Finding
from stedi.governance.verify.ids import Ids
from stedi.governance.verify.people import CUSTOMER_COLUMNS, People, missing_rows, surplus_rows
from stedi.governance.verify.rule import name_of
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
)
from stedi.progress import Progress
from stedi.warehouse.run_tables import Scan

GROUP_ROWS: Final = 750_000
"""About how many readings of both sensors one group may have."""

DERIVED_FROM_READINGS: Final = (
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    STEP_TRAINER_TRUSTED,
    MACHINE_LEARNING_CURATED,
)

_NEARBY: Final = timedelta(milliseconds=20)
_AXES: Final = ("x", "y", "z")
_TIME: Final = pl.Datetime("us", "UTC")


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


class Readings:
    """Recomputes the sensor tables and compares them.

    Args:
        scan: The tables of the run.
        people: Who may be used.
        ids: Their ids.
        group_rows: About how many readings to hold at once.
        progress: Is told how far it is.
    """

    def __init__(
        self, scan: Scan, people: People, ids: Ids, *, group_rows: int = GROUP_ROWS, progress: Progress
    ) -> None:
        """Number the customers, and say who holds which device."""
        self._scan = scan
        self._people = people
        self._ids = ids
        self._group_rows = group_rows
        self._progress = progress
        self._persons = sorted({person for person, _ in people.rows})
        self._devices = sorted({device for _, device in people.rows})
        self._number = {person: number for number, person in enumerate(self._persons)}
        self._device_number = {device: number for number, device in enumerate(self._devices)}
        self._surplus: defaultdict[str, list[str]] = defaultdict(list)
        self._counts = Counter[tuple[str, str]]()
        self._curated: list[pl.DataFrame] = []
        self._exact = self._nearby = 0

    def compare(self) -> tuple[list[Finding], Recount]:
        """Return what differs, and the counts."""
        users = self._spelled(ACCELEROMETER_LANDING, "user", self._number)
        serials = self._spelled(STEP_TRAINER_LANDING, "serial_number", self._device_number)
        self._strangers()
        groups = self._groups(users, serials)
        homes: dict[int, int] = {}
        curated_devices: set[int] = set()
        for place, group in enumerate(groups):
            self._progress("deriving the tables a second time", place, len(groups))
            held = self._held(group)
            phone = self._phone(users, group)
            with_readings = set(phone["person"].unique())
            holders = held.filter(pl.col("person").is_in(list(with_readings)))
            for device in holders["device"].unique():
                curated_devices.add(device)
                homes.setdefault(device, place)
            mine = [device for device in holders["device"].unique() if homes[device] == place]
            steps = self._steps(serials, holders, mine, group)
            self._pairs(steps, phone, group)
            self._curated.append(
                phone.group_by("person").agg(
                    first=pl.col("time").min(),
                    last=pl.col("time").max(),
                    readings=pl.len().cast(pl.Int64),
                )
            )
        self._progress("deriving the tables a second time", len(groups), len(groups))
        self._curate()
        accounts = self._accounts(users, serials, curated_devices)
        rows = sum(self._counts[table, "there"] for table in DERIVED_FROM_READINGS)
        return self._findings(), Recount(accounts, self._exact, self._nearby, rows)

    # Who is who --------------------------------------------------------------------------------

    def _spelled(self, table: str, column: str, numbers: Mapping[str, int]) -> pl.DataFrame:
        """Return all spellings of a landing column: whose they are (null: nobody's), and how many rows."""
        counted = self._scan(table).group_by(column).agg(rows=pl.len()).collect(engine="streaming")
        names = [name_of(text) for text in counted[column]]
        return counted.with_columns(
            pl.Series("name", names, pl.String),
            pl.Series("number", [numbers.get(name) for name in names], pl.Int64),
        )

    def _strangers(self) -> None:
        """Find rows of customers that should not be there at all: no group would look at them."""
        known = [self._ids.customers.get(person, "") for person in self._persons]
        for table in DERIVED_FROM_READINGS:
            counted = self._scan(table).group_by("customer_id").agg(rows=pl.len()).collect(engine="streaming")
            self._counts[table, "there"] = int(counted["rows"].sum())
            others = counted.filter(~pl.col("customer_id").is_in(known) | pl.col("customer_id").is_null())
            self._surplus_of(
                table, others["customer_id"].fill_null("null").to_list(), int(others["rows"].sum())
            )

    def _groups(self, users: pl.DataFrame, serials: pl.DataFrame) -> list[list[int]]:
        """Put the customers into groups of few enough readings; there is at least one group."""
        sizes = Counter[int]()
        for number, rows in users.select("number", "rows").drop_nulls().iter_rows():
            sizes[number] += rows
        device_rows = Counter[str]()
        for name, rows in serials.select("name", "rows").iter_rows():
            device_rows[name] += rows
        for person, device in self._people.rows:
            sizes[self._number[person]] += device_rows[device]
        groups: list[list[int]] = [[]]
        filled = 0
        for number in range(len(self._persons)):
            if groups[-1] and filled + sizes[number] > self._group_rows:
                groups.append([])
                filled = 0
            groups[-1].append(number)
            filled += sizes[number]
        return groups

    def _held(self, group: Sequence[int]) -> pl.DataFrame:
        wanted = {self._persons[number] for number in group}
        pairs = [
            (self._number[person], self._device_number[device])
            for person, device in self._people.rows
            if person in wanted
        ]
        return pl.DataFrame(pairs, schema={"person": pl.Int64, "device": pl.Int64}, orient="row")

    def _person_ids(self, group: Sequence[int]) -> pl.LazyFrame:
        ids = [self._ids.customers.get(self._persons[number]) for number in group]
        return pl.LazyFrame(
            {"customer_id": ids, "person": group}, schema={"customer_id": pl.String, "person": pl.Int64}
        ).drop_nulls()

    def _device_ids(self) -> pl.LazyFrame:
        ids = [self._ids.devices.get(device) for device in self._devices]
        numbers = range(len(self._devices))
        return pl.LazyFrame(
            {"device_id": ids, "device": numbers}, schema={"device_id": pl.String, "device": pl.Int64}
        )

    # The tables --------------------------------------------------------------------------------

    def _phone(self, users: pl.DataFrame, group: Sequence[int]) -> pl.DataFrame:
        """Return what accelerometer_trusted should have of a group, and compare."""
        begins = pl.LazyFrame(
            {
                "number": group,
                "begins": [self._people.verdict.consent_from[self._persons[number]] for number in group],
            },
            schema={"number": pl.Int64, "begins": pl.Int64},
        ).with_columns(pl.col("begins").cast(_TIME))
        whose = users.lazy().select("user", "number").join(begins, on="number", how="inner")
        sent = (
            self._scan(ACCELEROMETER_LANDING)
            .select("user", "timestamp", *_AXES)
            .join(whose, on="user", how="inner")
            .select("begins", person="number", time="timestamp", **_plus_zero())
            .collect(engine="streaming")
        )
        admitted = sent.filter(pl.col("time") >= pl.col("begins")).drop("begins")
        wanted = admitted.unique()
        counts = self._counts
        counts[ACCELEROMETER_TRUSTED, "known"] += sent.height
        counts[ACCELEROMETER_TRUSTED, "before_consent"] += sent.height - admitted.height
        counts[ACCELEROMETER_TRUSTED, "duplicate"] += admitted.height - wanted.height
        counts[ACCELEROMETER_TRUSTED, "used"] += wanted.height
        there = (
            self._scan(ACCELEROMETER_TRUSTED)
            .join(self._person_ids(group), on="customer_id", how="inner")
            .select("person", time="timestamp", **_plus_zero())
        )
        self._diff(ACCELEROMETER_TRUSTED, wanted, there)
        return wanted

    def _steps(
        self, serials: pl.DataFrame, holders: pl.DataFrame, mine: Sequence[int], group: Sequence[int]
    ) -> pl.DataFrame:
        """Return what step_trainer_trusted should have of a group, and compare.

        Args:
            serials: The spellings of serial numbers.
            holders: Who of the group has readings, and holds what.
            mine: The devices whose readings are counted with this group: a device may have holders in
                others.
            group: The customers.
        """
        devices = holders["device"].unique().sort()
        begins = [self._people.verdict.usable_from.get(self._devices[device]) for device in devices]
        usable = (
            pl.LazyFrame(
                {"number": devices, "begins": begins}, schema={"number": pl.Int64, "begins": pl.Int64}
            )
            .drop_nulls()
            .with_columns(pl.col("begins").cast(_TIME))
        )
        whose = serials.lazy().select("serial_number", "number").join(usable, on="number", how="inner")
        admitted = (
            self._scan(STEP_TRAINER_LANDING)
            .select("serial_number", "sensor_reading_time", "distance_from_object")
            .join(whose, on="serial_number", how="inner")
            .filter(pl.col("sensor_reading_time") >= pl.col("begins"))
            .select(device="number", time="sensor_reading_time", distance="distance_from_object")
            .collect(engine="streaming")
        )
        once = admitted.unique()
        here = pl.col("device").is_in(list(mine))
        used = once.filter(here).height
        self._counts[STEP_TRAINER_TRUSTED, "used"] += used
        self._counts[STEP_TRAINER_TRUSTED, "duplicate"] += admitted.filter(here).height - used
        wanted = once.join(holders, on="device", how="inner").select("person", "device", "time", "distance")
        self._counts[STEP_TRAINER_TRUSTED, "wanted"] += wanted.height
        there = (
            self._scan(STEP_TRAINER_TRUSTED)
            .join(self._person_ids(group), on="customer_id", how="inner")
            .join(self._device_ids(), on="device_id", how="left")
            .select("person", "device", time="sensor_reading_time", distance="distance_from_object")
        )
        self._diff(STEP_TRAINER_TRUSTED, wanted, there)
        return wanted

    def _pairs(self, steps: pl.DataFrame, phone: pl.DataFrame, group: Sequence[int]) -> None:
        """Compare machine_learning_curated with the pairs of a group: same customer, same time."""
        wanted = steps.join(phone, on=["person", "time"], how="inner").select(
            "person", "device", "time", *_AXES, "distance"
        )
        there = (
            self._scan(MACHINE_LEARNING_CURATED)
            .join(self._person_ids(group), on="customer_id", how="inner")
            .join(self._device_ids(), on="device_id", how="left")
            .select("person", "device", time="timestamp", **_plus_zero(), distance="distance_from_object")
        )
        self._counts[MACHINE_LEARNING_CURATED, "wanted"] += wanted.height
        self._diff(MACHINE_LEARNING_CURATED, wanted, there)
        paired = steps.join(phone.select("person", "time").unique(), on=["person", "time"], how="semi").height
        self._counts[MACHINE_LEARNING_CURATED, "used"] += paired
        self._exact += paired
        near = steps.sort("time").join_asof(
            phone.select("person", "time", near="time").sort("time"),
            on="time",
            by="person",
            strategy="nearest",
            tolerance=_NEARBY,
            check_sortedness=False,
        )
        self._nearby += near["near"].len() - near["near"].null_count()

    def _curate(self) -> None:
        """Compare customer_curated: a row per customer with readings and device that they hold."""
        born = tuple(CUSTOMER_COLUMNS).index("birth_day")
        claims = pl.DataFrame(
            [
                (self._number[person], self._device_number[device], *row[-2:], _decade(row[born]))
                for (person, device), row in self._people.rows.items()
            ],
            schema={
                "person": pl.Int64,
                "device": pl.Int64,
                "consent_from": pl.Int64,
                "device_consent_from": pl.Int64,
                "birth_decade": pl.Int32,
            },
            orient="row",
        ).with_columns(pl.col("consent_from", "device_consent_from").cast(_TIME))
        wanted = claims.join(pl.concat(self._curated), on="person", how="inner")
        self._counts[CUSTOMER_CURATED, "used"] = wanted.height
        there = (
            self._scan(CUSTOMER_CURATED)
            .rename({"first_reading_at": "first", "last_reading_at": "last"})
            .join(self._person_ids(range(len(self._persons))), on="customer_id", how="inner")
            .join(self._device_ids(), on="device_id", how="left")
            .select(wanted.columns)
        )
        self._diff(CUSTOMER_CURATED, wanted, there)

    def _diff(self, table: str, wanted: pl.DataFrame, there: pl.LazyFrame) -> None:
        """Count the rows that a table has too much and too little: as often as they are there."""
        found = there.select(wanted.columns).collect(engine="streaming")
        signed = pl.concat(
            [
                wanted.with_columns(balance=pl.lit(-1, pl.Int64)),
                found.with_columns(balance=pl.lit(1, pl.Int64)),
            ]
        )
        odd = signed.group_by(wanted.columns).agg(pl.col("balance").sum()).filter(pl.col("balance") != 0)
        missing = odd.filter(pl.col("balance") < 0)["balance"].sum()
        self._counts[table, "missing"] -= int(missing)
        surplus = odd.filter(pl.col("balance") > 0)
        whose = [
            self._ids.customers.get(self._persons[number], "unknown") for number in surplus["person"].unique()
        ]
        self._surplus_of(table, whose, int(surplus["balance"].sum()))

    def _surplus_of(self, table: str, customer_ids: Iterable[str], rows: int) -> None:
        self._surplus[table].extend(customer_ids)
        self._counts[table, "surplus"] += int(rows)

    # Outcome -----------------------------------------------------------------------------------

    def _findings(self) -> list[Finding]:
        findings = []
        for table in DERIVED_FROM_READINGS:
            if surplus := self._counts[table, "surplus"]:
                findings.append(surplus_rows(table, surplus, self._surplus[table]))
            if missing := self._counts[table, "missing"]:
                findings.append(missing_rows(table, missing))
        return findings

    def _accounts(
        self, users: pl.DataFrame, serials: pl.DataFrame, curated: Iterable[int]
    ) -> Mapping[str, Counted]:
        """Return the arithmetic of all five tables, from what was counted on the way."""
        counts, people = self._counts, self._people
        sent = int(users["rows"].sum())
        phone = {
            "not_trusted": sent - counts[ACCELEROMETER_TRUSTED, "known"],
            **{why: counts[ACCELEROMETER_TRUSTED, why] for why in ("before_consent", "duplicate")},
        }
        trusted = len(people.rows)
        curated_rows = counts[CUSTOMER_CURATED, "used"]
        steps = self._steps_dropped(serials, set(curated))
        stepped = counts[STEP_TRAINER_TRUSTED, "wanted"]
        paired = counts[MACHINE_LEARNING_CURATED, "used"]
        return {
            CUSTOMER_TRUSTED: Counted(people.records, trusted, people.dropped, trusted),
            ACCELEROMETER_TRUSTED: Counted(
                sent, counts[ACCELEROMETER_TRUSTED, "used"], phone, counts[ACCELEROMETER_TRUSTED, "used"]
            ),
            CUSTOMER_CURATED: Counted(
                trusted, curated_rows, {"no_readings": trusted - curated_rows}, curated_rows
            ),
            STEP_TRAINER_TRUSTED: Counted(
                int(serials["rows"].sum()), counts[STEP_TRAINER_TRUSTED, "used"], steps, stepped
            ),
            MACHINE_LEARNING_CURATED: Counted(
                stepped, paired, {"unpaired": stepped - paired}, counts[MACHINE_LEARNING_CURATED, "wanted"]
            ),
        }

    def _steps_dropped(self, serials: pl.DataFrame, curated: set[int]) -> dict[str, int]:
        """Return why step readings are out: the first that applies, as the design orders them."""
        verdict = self._people.verdict
        early = self._early(serials)
        dropped = Counter[str]()
        for spelling, rows, name in serials.select("serial_number", "rows", "name").iter_rows():
            if not verdict.holders.get(name, set()) & verdict.consent_from.keys():
                dropped["not_trusted"] += rows
            elif name not in verdict.usable_from:
                dropped["device_not_usable"] += rows
            else:
                before = early.get(spelling, 0)
                dropped["before_consent"] += before
                if self._device_number[name] not in curated:
                    dropped["no_readings"] += rows - before
        dropped["duplicate"] = self._counts[STEP_TRAINER_TRUSTED, "duplicate"]
        return dropped

    def _early(self, serials: pl.DataFrame) -> dict[str, int]:
        """Return, by spelling, how many readings were taken before their device may be used."""
        begins = [self._people.verdict.usable_from.get(name) for name in serials["name"]]
        from_then = serials.select(
            "serial_number", begins=pl.Series(begins, dtype=pl.Int64).cast(_TIME)
        ).drop_nulls()
        counted = (
            self._scan(STEP_TRAINER_LANDING)
            .select("serial_number", "sensor_reading_time")
            .join(from_then.lazy(), on="serial_number", how="inner")
            .filter(pl.col("sensor_reading_time") < pl.col("begins"))
            .group_by("serial_number")
            .agg(pl.len())
            .collect(engine="streaming")
        )
        return dict(counted.iter_rows())


def _plus_zero() -> dict[str, pl.Expr]:
    """Return the axes with -0.0 as 0.0: they are equal."""
    return {axis: pl.col(axis) + 0.0 for axis in _AXES}


def _decade(born: date | None) -> int | None:
    return None if born is None else born.year // 10 * 10
