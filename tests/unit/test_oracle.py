"""The oracle against examples worked by hand, and against the published counts of the public sample."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import oracle
from oracle import judge
from worlds import HOURS, MS, NOW, SECRET, World, customer, random_world, reading, rejected, step

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
DEVICE, OTHER = "50a1b2c3-d4e5", "device-b"
ANN_ID = oracle.pseudonym(SECRET, "customer", ANN)


def judged(world: World, **options):
    return judge(
        world.customers,
        world.accelerometer,
        world.steps,
        world.rejected,
        now=world.now,
        secret=SECRET,
        **options,
    )


def counts(world: World, **options) -> list[int]:
    return [len(rows) for rows in judged(world, **options).tables.values()]


def test_a_consenting_customer_goes_all_the_way():
    world = World((customer(share=HOURS[1]),), (reading(at=HOURS[3]),), (step(at=HOURS[3]),))
    tables = judged(world).tables
    assert [len(rows) for rows in tables.values()] == [1, 1, 1, 1, 1]
    assert tables["machine_learning_curated"] == [
        {
            "customer_id": ANN_ID,
            "device_id": oracle.pseudonym(SECRET, "device", DEVICE),
            "timestamp": HOURS[3],
            "x": 1.0,
            "y": -1.0,
            "z": 0.5,
            "distance_from_object": 218,
        }
    ]


def test_a_tie_with_a_denial_denies():
    tie = (customer(at=HOURS[1], share=HOURS[1]), customer(at=HOURS[1], share=None))
    assert counts(World(tie, (reading(),), (step(),))) == [0, 0, 0, 0, 0]


def test_a_regrant_begins_one_millisecond_after_the_withdrawal():
    history = (customer(at=HOURS[2], share=None), customer(at=HOURS[3], share=HOURS[0]))
    readings = tuple(reading(at=HOURS[2] + gap * MS) for gap in (-1, 0, 1))
    tables = judged(World(history, readings)).tables
    assert tables["customer_trusted"][0]["consent_from"] == HOURS[2] + MS
    assert [row["timestamp"] for row in tables["accelerometer_trusted"]] == [HOURS[2] + MS]


def test_a_claimant_who_denies_closes_the_device():
    world = World(
        (customer(share=HOURS[0]), customer(BOB, DEVICE.upper(), share=None)), (reading(),), (step(),)
    )
    verdict = judged(world)
    assert [len(rows) for rows in verdict.tables.values()] == [1, 1, 1, 0, 0]
    assert verdict.tables["customer_curated"][0]["device_consent_from"] is None
    assert verdict.accounts["step_trainer_trusted"].dropped == {"device_not_usable": 1}


def test_a_claimant_who_no_longer_holds_the_device_still_delays_it():
    world = World(
        (
            customer(share=HOURS[0]),
            # Eve denied while she listed the device, consents now, and lists another.
            customer(EVE, DEVICE, at=HOURS[3], share=None),
            customer(EVE, OTHER, at=HOURS[4], share=HOURS[1]),
        ),
        (reading(), reading(EVE, HOURS[5])),
        (step(at=HOURS[3]), step(at=HOURS[3] + MS), step(at=HOURS[5])),
    )
    steps = judged(world).tables["step_trainer_trusted"]
    assert {row["customer_id"] for row in steps} == {ANN_ID}
    assert sorted(row["sensor_reading_time"] for row in steps) == [HOURS[3] + MS, HOURS[5]]


@pytest.mark.parametrize(
    ("bad", "starts"),
    [
        (rejected(at=HOURS[2]), HOURS[2] + MS),
        (rejected(at=HOURS[4]), None),
        (rejected(digest="d1"), HOURS[3] + MS),
        (rejected(digest="d2"), None),
        (rejected(digest=None), None),
        (rejected(digest="d2", released_at=HOURS[1]), HOURS[1]),
        (rejected(None, digest="d2"), HOURS[1]),
        (rejected(BOB, None, digest="d2"), HOURS[1]),
        (rejected(digest="d2", table_name="step_trainer_landing"), HOURS[1]),
    ],
)
def test_a_rejected_record_denies_at_its_time_or_its_objects_or_for_ever(bad, starts):
    world = World(
        (
            customer(at=HOURS[4], share=HOURS[1], _digest=None),
            customer(BOB, OTHER, at=HOURS[3], share=HOURS[1], _digest="d1"),
        ),
        rejected=(bad,),
    )
    rows = [row for row in judged(world).tables["customer_trusted"] if row["customer_id"] == ANN_ID]
    assert [row["consent_from"] for row in rows] == ([] if starts is None else [starts])


def test_current_mode_opens_everything_that_a_consenting_customer_ever_listed():
    world = World(
        (
            customer(at=HOURS[1], share=None),
            customer(serial=OTHER, at=HOURS[2], share=HOURS[2]),
            customer(BOB, DEVICE, share=None),
        ),
        (reading(at=HOURS[0]),),
        (step(at=HOURS[0]), step(OTHER, at=HOURS[0])),
    )
    assert counts(world) == [1, 0, 0, 0, 0]
    tables = judged(world, consent="current").tables
    assert [len(rows) for rows in tables.values()] == [2, 1, 2, 2, 2]
    assert {row["device_consent_from"] for row in tables["customer_trusted"]} == {oracle.EPOCH}


def test_a_rejected_record_denies_in_current_mode_too():
    world = World((customer(share=HOURS[1]),), rejected=(rejected(at=HOURS[2]),))
    assert counts(world, consent="current") == [0, 0, 0, 0, 0]


def test_the_row_shows_the_greatest_record_nulls_first():
    newest = [
        customer(share=HOURS[1], customer_name=name, phone=phone)
        for name, phone in ((None, "9"), ("Ann", None), ("Ann", "8"), ("Aaron", "9"))
    ]
    shown = judged(World((*newest, customer(at=HOURS[0], customer_name="Zoe", share=HOURS[0])))).tables
    assert [(row["customer_name"], row["phone"]) for row in shown["customer_trusted"]] == [("Ann", "8")]


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("1900-01-01", date(1900, 1, 1)),
        ("1899-12-31", None),
        ("2022-06-01", date(2022, 6, 1)),
        ("2022-06-02", None),
        ("967-01-01", None),
        ("1962-3-4", None),
        ("1962-02-30", None),
        ("1962-03-04\n", None),
        ("\uff11\uff19\uff16\uff12-03-04", None),
        (None, None),
    ],
)
def test_birthday(text, born):
    assert oracle.birthday(text, NOW) == born


def test_birthdays_are_judged_by_the_date_in_utc():
    late = datetime(2022, 6, 1, 23, 30, tzinfo=UTC).astimezone(tz=None)
    assert oracle.birthday("2022-06-02", late) is None


@pytest.mark.parametrize(
    ("near", "tolerance", "expected"),
    [
        ((-2, 2), 2, [-2.0]),
        ((-2, 1), 2, [1.0]),
        ((-2, 3), 1, []),
        ((-3, 3), 3, [-3.0]),
        ((0, 1), 0, [0.0]),
    ],
)
def test_nearest_pairing(near, tolerance, expected):
    world = World(
        (customer(share=HOURS[0]),),
        tuple(reading(at=HOURS[3] + gap * MS) for gap in near),
        (step(at=HOURS[3]),),
    )
    rows = judged(world, tolerance=tolerance * MS).tables["machine_learning_curated"]
    assert [row["match_gap_ms"] for row in rows] == expected


def test_every_reading_at_the_nearest_time_pairs():
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    world = World(
        (customer(share=HOURS[0]),),
        tuple(reading(at=HOURS[3] - MS, axes=xyz) for xyz in axes),
        (step(at=HOURS[3]),),
    )
    verdict = judged(world, tolerance=timedelta(seconds=1))
    assert len(verdict.tables["machine_learning_curated"]) == 2
    assert verdict.accounts["machine_learning_curated"].fan_out == 1


def test_each_row_is_dropped_for_the_first_reason_that_matches():
    world = World(
        (
            customer(share=HOURS[1]),
            customer(share=HOURS[1]),
            customer(BOB, OTHER, share=None),
            customer(EVE, "device-c", at=HOURS[1], share=None),
            customer(EVE, "device-d", at=HOURS[2], share=HOURS[2]),
        ),
        (reading(), reading(), reading(at=HOURS[0]), reading(at=HOURS[0]), reading(BOB)),
        (step(), step(), step(at=HOURS[0]), step(OTHER), step("device-d"), step(at=HOURS[4])),
    )
    accounts = judged(world).accounts
    assert {table: account.dropped for table, account in accounts.items()} == {
        "customer_trusted": {"superseded": 1, "no_consent": 1, "device_not_held": 1},
        "accelerometer_trusted": {"duplicate": 1, "before_consent": 2, "not_trusted": 1},
        "customer_curated": {"no_readings": 1},
        "step_trainer_trusted": {"duplicate": 1, "before_consent": 1, "not_trusted": 1, "no_readings": 1},
        "machine_learning_curated": {"unpaired": 1},
    }


@pytest.mark.parametrize("consent", ["as_of", "current"])
@pytest.mark.parametrize("tolerance", [None, timedelta(hours=1)])
def test_the_arithmetic_of_every_account_adds_up(consent, tolerance):
    for seed in range(200):
        verdict = judged(random_world(seed), consent=consent, tolerance=tolerance)
        for table, account in verdict.accounts.items():
            assert account.rows_in == account.used + sum(account.dropped.values())
            assert account.rows_out == account.used + account.fan_out == len(verdict.tables[table])
            assert account.dropped.keys() <= set(oracle.REASONS[table])
            assert account.fan_out >= 0


def test_random_worlds_reach_every_reason_and_every_table():
    reached = {table: set() for table in oracle.REASONS}
    rows = dict.fromkeys(oracle.REASONS, 0)
    for seed in range(300):
        verdict = judged(random_world(seed))
        for table, account in verdict.accounts.items():
            reached[table] |= account.dropped.keys()
            rows[table] += account.rows_out > 0
    assert reached == {table: set(reasons) for table, reasons in oracle.REASONS.items()}
    # Worlds in which nothing gets through would prove nothing.
    assert min(rows.values()) > 60, rows


CAMEL = {
    "customer": {
        "customerName": "customer_name",
        "email": "email",
        "phone": "phone",
        "birthDay": "birth_day",
        "serialNumber": "serial_number",
        "registrationDate": "registration_date",
        "lastUpdateDate": "last_update_date",
        "shareWithResearchAsOfDate": "share_with_research_as_of_date",
        "shareWithPublicAsOfDate": "share_with_public_as_of_date",
        "shareWithFriendsAsOfDate": "share_with_friends_as_of_date",
    },
    "accelerometer": {"user": "user", "timestamp": "timestamp", "x": "x", "y": "y", "z": "z"},
    "step_trainer": {
        "sensorReadingTime": "sensor_reading_time",
        "serialNumber": "serial_number",
        "distanceFromObject": "distance_from_object",
    },
}


def sample_rows(sample: Path, folder: str) -> list[dict]:
    def value(name: str, found: object) -> object:
        timed = name.endswith("_date") or name in ("timestamp", "sensor_reading_time")
        return oracle.EPOCH + found * MS if timed and found is not None else found

    return [
        {name: value(name, record.get(sent)) for sent, name in CAMEL[folder].items()}
        for file in sorted((sample / folder).rglob("*.json"))
        for record in map(json.loads, file.read_text("utf-8").splitlines())
    ]


@pytest.mark.sample
@pytest.mark.parametrize(
    ("consent", "published"),
    [("as_of", [482, 32025, 464, 11297, 32025]), ("current", [482, 40981, 482, 14460, 40981])],
)
def test_the_public_sample_has_its_published_counts(public_sample, consent, published):
    landing = [sample_rows(public_sample, folder) for folder in CAMEL]
    verdict = judge(*landing, now=datetime(2023, 8, 7, tzinfo=UTC), secret=SECRET, consent=consent)
    assert [len(rows) for rows in verdict.tables.values()] == published
