"""Explanations: what they say of each kind of person, and that their counts are those of the run."""

import json
import re
from collections import Counter
from io import StringIO

import pytest
from rich.console import Console

import stedi
from lakes import PSEUDONYMS, as_landed, figures, lake_at, pour, put, rich_world, run, sent
from oracle import key
from stedi.cli.explain import print_explanation
from stedi.errors import ConfigurationError, KeyMismatchError, LakeError
from stedi.governance.explain.explanation import RULES
from stedi.names import EPOCH
from worlds import HOURS, MS, NOW, World, customer, reading, rejected, step

MODES = ("as_of", "current")
READ_AT = HOURS[:6]


def person(name, *records, read=READ_AT, device=None):
    """Return the world of one customer: (at, share) or (at, share, device) of each record; None: no share."""
    email, own = f"{name}@example.com", device or f"{name}-device"
    rows = []
    for at, share, *more in records:
        serial = more[0] if more else own
        rows.append(customer(email, serial, at=HOURS[at], share=None if share is None else HOURS[share]))
    serials = dict.fromkeys(row["serial_number"] for row in rows)
    return World(
        customers=tuple(rows),
        accelerometer=tuple(reading(email, at) for at in read),
        steps=tuple(step(serial, at) for serial in serials for at in read if device is None),
    )


def together(*worlds):
    """Return one world; each person's customer records are in an object of their own."""
    rows = World(
        customers=tuple(
            {**row, "_digest": row["_digest"] or row["email"]} for world in worlds for row in world.customers
        ),
        accelerometer=tuple({**row, "_digest": "a"} for world in worlds for row in world.accelerometer),
        steps=tuple({**row, "_digest": "s"} for world in worlds for row in world.steps),
        rejected=tuple(row for world in worlds for row in world.rejected),
    )
    return as_landed(rows)


def damaged(name, **options):
    return World(rejected=(rejected(f"{name}@example.com", f"{name}-device", **options),))


STORIES = together(
    person("never", (1, None)),
    World(customers=(customer("public@example.com", "p-dev", share_with_public_as_of_date=HOURS[0]),)),
    person("registration", (1, 1)),
    person("later", (1, None), (3, 3)),
    person("withdrawn", (1, 1), (4, None)),
    person("regranted", (0, 0), (2, None), (4, 0)),
    person("future", (1, 7)),
    person("tie", (1, 1), (1, None)),
    person("ann", (1, 1), device="shared"),
    person("ben", (2, None), device="shared"),
    World(steps=tuple(step("shared", at) for at in READ_AT)),
    person("carl", (1, 1), device="agreed"),
    person("dora", (3, 3), device="agreed"),
    World(steps=tuple(step("agreed", at) for at in READ_AT)),
    # Old-owner passed the old device on, and said so; new-owner has it now.
    person("old-owner", (0, 0, "passed-on"), (1, None, "passed-on"), (2, 2)),
    person("new-owner", (3, 3), device="passed-on"),
    person("cut", (1, 1)),
    damaged("cut", digest="cut@example.com"),
    person("lone", (1, 1)),
    damaged("lone", digest="of its own"),
    person("dated", (1, 1), (4, 4)),
    damaged("dated", at=HOURS[2], digest="of its own, too"),
    damaged("only-damaged", digest="of its own, three"),
    World(rejected=(rejected(None, "whose", digest="of its own, four"),)),
    person("again", (1, 1), (1, 1), (1, 1)),
    person("phoneless", (1, 1), read=()),
    World(steps=(step("phoneless-device", HOURS[3]),)),
    person("early", (5, 5), read=HOURS[:3]),
    World(accelerometer=(reading("stranger@example.com"), reading("stranger@example.com", HOURS[4]))),
    World(steps=(step("nobody-s-device"),)),
)  # fmt: skip


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    return pour(tmp_path_factory.mktemp("explain") / "landing", STORIES)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, landing):
    opened = lake_at(tmp_path_factory.mktemp("as-of") / "lake")
    run(opened, landing)
    return opened


@pytest.fixture(scope="module")
def current(tmp_path_factory, landing):
    opened = lake_at(tmp_path_factory.mktemp("current") / "lake")
    run(opened, landing, consent="current")
    return opened


def printed(explanation, width=100):
    out = StringIO()
    print_explanation(Console(file=out, width=width, highlight=False), explanation)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def account(explanation, table, device=None):
    (found,) = [
        each.account for each in explanation.portions if each.account.table == table and each.device == device
    ]
    rows_in, used, dropped, _, rows_out = figures(found)
    return rows_in, used, dropped, rows_out


def effects(explanation):
    return [(entry.says, entry.effect) for entry in explanation.timeline]


def rules(explanation):
    return [reason.rule for reason in explanation.reasons]


def words(explanation, rule):
    return [reason.words for reason in explanation.reasons if reason.rule == rule]


def test_never_consented(lake):
    told = lake.explain(email="never@example.com")
    assert told.verdict == (
        "not in the training data: the newest record (2022-06-01 09:00) has no date of sharing with research"
    )
    assert (told.known, told.included, told.consent_from) == (True, False, None)
    assert effects(told) == [("denial", "there is no consent")]
    assert rules(told) == [1, 4]
    assert account(told, "accelerometer_trusted") == (6, 0, {"not_trusted": 6}, 0)
    assert account(told, "step_trainer_trusted", "device 1") == (6, 0, {"not_trusted": 6}, 0)
    assert account(told, "machine_learning_curated", "device 1") == (0, 0, {}, 0)


def test_sharing_with_the_public_is_not_enough(lake):
    told = lake.explain(email="public@example.com")
    assert told.verdict.endswith("has no date of sharing with research (it shares with the public only)")
    assert words(told, 6) == [
        "the newest record shares with the public, but not with research: that is not enough"
    ]


def test_consented_at_registration(lake):
    told = lake.explain(email="registration@example.com")
    assert told.verdict == "in the training data since 2022-06-01 09:00, with 5 rows"
    assert (told.included, told.rows, told.consent_from) == (True, 5, HOURS[1])
    assert effects(told) == [("grant", "consent is given, for readings from 2022-06-01 09:00 on")]
    assert rules(told) == [1, 2, 4]
    assert words(told, 4) == [
        "device 1: nobody else ever listed it; its readings count from 2022-06-01 09:00 on"
    ]
    assert account(told, "customer_trusted") == (1, 1, {}, 1)
    assert account(told, "accelerometer_trusted") == (6, 5, {"before_consent": 1}, 5)
    assert account(told, "step_trainer_trusted", "device 1") == (6, 5, {"before_consent": 1}, 5)
    assert account(told, "machine_learning_curated", "device 1") == (5, 5, {}, 5)


def test_consented_later(lake):
    told = lake.explain(email="later@example.com")
    assert told.verdict == "in the training data since 2022-06-01 11:00, with 3 rows"
    assert effects(told) == [
        ("denial", "there is no consent"),
        ("grant", "consent is given, for readings from 2022-06-01 11:00 on"),
    ]
    assert [entry.superseded for entry in told.timeline] == [True, False]


def test_withdrawn(lake):
    told = lake.explain(email="withdrawn@example.com")
    assert not told.included
    assert "the newest record (2022-06-01 12:00) has no date of sharing with research" in told.verdict
    assert effects(told) == [
        ("grant", "consent is given, for readings from 2022-06-01 09:00 on"),
        ("denial", "consent ends; earlier readings may no longer be used either"),
    ]
    assert words(told, 1)[0].endswith("so this customer does not consent, whatever they said before")


def test_a_regrant_cannot_reach_back(lake):
    told = lake.explain(email="regranted@example.com")
    assert told.consent_from == HOURS[2] + MS
    assert told.verdict == "in the training data since 2022-06-01 10:00, with 3 rows"
    assert effects(told)[-1] == (
        "grant",
        "consent is given again, but can't reach back over the denial of 2022-06-01 10:00",
    )
    assert words(told, 2) == [
        (
            "the newest record shares since 2022-06-01 08:00, but no consent reaches back over a denial, and "
            "the last one is of 2022-06-01 10:00: only readings after it may be used"
        )
    ]
    assert account(told, "accelerometer_trusted") == (6, 3, {"before_consent": 3}, 3)


def test_a_share_date_in_the_future(lake):
    told = lake.explain(email="future@example.com")
    assert told.verdict == (
        "not in the training data: the newest record (2022-06-01 09:00) has a date of sharing with research "
        "that is still to come (2022-06-01 15:00)"
    )
    assert effects(told) == [("denial", "there is no consent")]


def test_of_two_records_of_one_time_a_denial_wins(lake):
    told = lake.explain(email="tie@example.com")
    assert told.verdict == (
        "not in the training data: of the 2 newest records (2022-06-01 09:00) one has no date of sharing "
        "with research"
    )
    assert effects(told) == [
        ("grant", "another record of the same time denies, and a denial wins"),
        ("denial", "there is no consent"),
    ]
    assert [entry.superseded for entry in told.timeline] == [False, False]


def test_a_shared_device_where_the_other_refuses(lake):
    told = lake.explain(email="ann@example.com")
    assert told.consent_from == HOURS[1]
    assert told.verdict == (
        "not in the training data, though this customer consents since 2022-06-01 09:00: their device may "
        "not be used, since another customer who listed it does not consent"
    )
    assert words(told, 4) == [
        (
            "device 1: another customer listed it too and does not consent; its readings may not be used, "
            "since nobody knows whose they are"
        )
    ]
    assert account(told, "accelerometer_trusted") == (6, 5, {"before_consent": 1}, 5)
    assert account(told, "step_trainer_trusted", "device 1") == (6, 0, {"device_not_usable": 6}, 0)
    assert told.devices[0].to_dict() == {
        "name": "device 1",
        "claimants": 2,
        "refusing": 1,
        "holders": 1,
        "held": True,
        "consent_from": None,
    }


def test_a_device_shows_who_refuses_as_a_number(lake):
    told = lake.explain(serial_number=" SHARED ")
    assert told.verdict == (
        "not in the training data: 1 of the 2 customers who ever listed it does not consent"
    )
    assert [(each.name, each.consent_from, each.words) for each in told.people] == [
        ("customer 1", HOURS[1], "consents since 2022-06-01 09:00"),
        (
            "customer 2",
            None,
            "does not consent: the newest record (2022-06-01 10:00) has no date of sharing with research",
        ),
    ]
    assert [(entry.customer, entry.effect) for entry in told.timeline] == [
        ("customer 1", "the first customer of the device"),
        ("customer 2", "one more customer of the device; they do not hold the device"),
    ]


def test_a_shared_device_whose_customers_all_consent(lake):
    told = lake.explain(serial_number="agreed")
    assert told.consent_from == HOURS[3]
    # Each of the three readings is everybody's, and each has a phone reading at its time.
    assert told.verdict == "in the training data since 2022-06-01 11:00, with 6 rows of 2 customers"
    assert account(told, "step_trainer_trusted", "the device") == (6, 3, {"before_consent": 3}, 6)
    assert account(told, "machine_learning_curated", "the device") == (6, 6, {}, 6)
    carl = lake.explain(email="carl@example.com")
    assert (carl.rows, carl.consent_from) == (3, HOURS[1])
    assert account(carl, "step_trainer_trusted", "device 1") == (6, 3, {"before_consent": 3}, 6)
    assert account(carl, "machine_learning_curated", "device 1") == (3, 3, {}, 3)


def test_a_device_that_was_passed_on(lake):
    told = lake.explain(email="old-owner@example.com")
    assert [(each.name, each.claimants, each.held) for each in told.devices] == [
        ("device 1", 2, False),
        ("device 2", 1, True),
    ]
    assert words(told, 4)[0] == (
        "device 1: another customer listed it too and consents; this customer's newest record that lists it "
        "is a denial, so they no longer hold it, and its readings count for whoever holds it now"
    )
    assert account(told, "customer_trusted") == (3, 1, {"device_not_held": 2}, 1)
    # The old device's readings are used, but none of the rows is theirs.
    assert account(told, "step_trainer_trusted", "device 1")[:2] == (6, 3)
    assert account(told, "machine_learning_curated", "device 1") == (0, 0, {}, 0)
    assert "used for another customer, who holds the device" in printed(told)
    device = lake.explain(serial_number="passed-on")
    assert [(each.name, each.consent_from, each.holds) for each in device.people] == [
        ("customer 1", HOURS[2], False),
        ("customer 2", HOURS[3], True),
    ]
    assert device.verdict == "in the training data since 2022-06-01 11:00, with 3 rows of 1 customer"


def test_a_cut_off_record_is_dated_like_its_file(lake):
    told = lake.explain(email="cut@example.com")
    assert told.verdict == (
        "not in the training data: of the 2 newest records (2022-06-01 09:00) one is damaged (a value of the "
        "wrong type) and denies until it is released"
    )
    assert [(entry.at, entry.record, entry.says) for entry in told.timeline] == [
        (HOURS[1], "good", "grant"),
        (HOURS[1], "rejected", "denial"),
    ]
    assert "its own date can't be read, so it is dated like the newest record of its file" in (
        told.timeline[1].words
    )
    assert rules(told) == [1, 4, 7]
    assert words(told, 7)[0].startswith("1 record was rejected and held in quarantine.")
    assert account(told, "customer_landing") == (2, 1, {"wrong_type": 1}, 1)


def test_a_damaged_record_without_a_date_counts_last(lake):
    told = lake.explain(email="lone@example.com")
    assert told.verdict == (
        "not in the training data: a damaged record (a value of the wrong type) without a date counts as the "
        "newest, and denies until it is released"
    )
    assert [(entry.at, entry.superseded) for entry in told.timeline] == [(HOURS[1], True), (None, False)]
    assert "no date" in printed(told)


def test_a_damaged_record_with_a_date_is_superseded(lake):
    told = lake.explain(email="dated@example.com")
    assert effects(told) == [
        ("grant", "consent is given, for readings from 2022-06-01 09:00 on"),
        ("denial", "consent ends; earlier readings may no longer be used either"),
        ("grant", "consent is given again, for readings from 2022-06-01 12:00 on"),
    ]
    assert told.included


def test_nothing_but_a_damaged_record(lake):
    told = lake.explain(email="only-damaged@example.com")
    assert told.known
    assert "counts as the newest" in told.verdict
    assert account(told, "customer_landing") == (1, 0, {"wrong_type": 1}, 0)
    device = lake.explain(serial_number="only-damaged-device")
    assert device.verdict == (
        "not in the training data: the only customer who ever listed it does not consent"
    )


def test_a_damaged_record_of_nobody_claims_nothing(lake):
    told = lake.explain(serial_number="whose")
    assert told.verdict == (
        "not in the training data: every customer record that lists it was rejected, and none of them counts"
    )
    assert (told.known, told.timeline, told.people) == (True, (), ())


def test_equal_records_are_one(lake):
    told = lake.explain(email="again@example.com")
    assert [(entry.sent, entry.words) for entry in told.timeline] == [
        (3, "shares with research since 2022-06-01 09:00; lists device 1; sent 3 times")
    ]
    assert words(told, 1) == [
        (
            "the newest record (2022-06-01 09:00) shares with research since 2022-06-01 09:00, so this "
            "customer consents"
        )
    ]
    assert account(told, "customer_trusted") == (3, 1, {"superseded": 2}, 1)


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("phoneless@example.com", "no phone reading of theirs was ever sent"),
        ("early@example.com", "all phone readings of theirs are older than the consent"),
    ],
)
def test_consent_alone_is_not_enough(lake, email, why):
    told = lake.explain(email=email)
    assert told.verdict.startswith("not in the training data, though this customer consents since ")
    assert told.verdict.endswith(f": {why}")


def test_strangers(lake):
    told = lake.explain(email="Stranger@example.com")
    assert told.verdict == (
        "not in the training data: 2 phone readings were sent, but no customer record, so nobody agreed to "
        "share them"
    )
    assert (told.known, told.timeline, told.reasons, told.devices) == (True, (), (), ())
    assert account(told, "accelerometer_trusted") == (2, 0, {"not_trusted": 2}, 0)
    device = lake.explain(serial_number="nobody-s-device")
    assert device.verdict == (
        "not in the training data: 1 reading was sent, but no customer ever listed the device"
    )
    assert account(device, "step_trainer_trusted", "the device") == (1, 0, {"not_trusted": 1}, 0)


def test_nobody_at_all(lake):
    told = lake.explain(email="nobody@example.com")
    assert told.verdict == "not in the training data: this lake knows nobody with this e-mail"
    assert not told.known
    assert len(printed(told).splitlines()) == 3
    device = lake.explain(serial_number="no-device")
    assert device.verdict == "not in the training data: this lake knows no device with this serial number"
    assert not device.known
    nobody = lake.explain(customer_id="0" * 32)
    assert nobody.verdict == "not in the training data: this lake knows nobody with this customer_id"


def test_the_mode_current_asks_only_for_now(current):
    told = current.explain(email="regranted@example.com")
    assert told.verdict == "in the training data, with 6 rows"
    assert told.consent_from == EPOCH
    assert rules(told) == [1, 8]
    assert [effect for _, effect in effects(told)] == [
        "consent is given",
        "consent ends; earlier readings may no longer be used either",
        "consent is given again",
    ]
    refused = current.explain(email="withdrawn@example.com")
    assert not refused.included
    assert rules(refused) == [1, 8]
    # The other customer's refusal does not matter here, and theirs is not in.
    assert current.explain(serial_number="shared").verdict == (
        "in the training data, with 6 rows of 1 customer"
    )
    assert current.explain(email="never@example.com").devices[0].consent_from is None


def test_a_released_record_says_nothing(tmp_path):
    landing = pour(tmp_path / "landing", together(person("ann", (1, 1)), damaged("ann", digest="x")))
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    assert not lake.explain(email="ann@example.com").included
    (row,) = lake.scan("quarantine").collect().iter_rows(named=True)
    lake.release([f"{row['_digest'][:12]}:{row['_position']}"], now=NOW)
    told = lake.explain(email="ann@example.com")
    assert told.included
    assert [(entry.record, entry.says, entry.effect) for entry in told.timeline] == [
        ("good", "grant", "consent is given, for readings from 2022-06-01 09:00 on"),
        ("released", "nothing", ""),
    ]
    assert told.timeline[1].words.startswith(
        "is damaged (a value of the wrong type); it says nothing since it was released on 2022-06-01 14:00"
    )
    assert words(told, 7) == ["1 rejected record was released by a person: it no longer denies"]


def test_it_is_about_the_newest_run(tmp_path):
    landing = pour(tmp_path / "landing", together(person("ann", (1, 1)), person("zoe", (1, 7))))
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    assert lake.explain(email="ann@example.com").included
    put(landing, "customer/later.json", [sent(customer("ANN@example.com", "ann-device", at=HOURS[5]))])
    report = run(lake, landing)
    told = lake.explain(email="ann@example.com")
    assert (told.run_id, told.included) == (report.run_id, False)
    assert not lake.explain(email="zoe@example.com").consent_from
    run(lake, landing, now=HOURS[7])
    told = lake.explain(email="zoe@example.com")
    assert (told.now, told.consent_from) == (HOURS[7], HOURS[7])


def test_a_long_history(tmp_path):
    rows = [customer(at=HOURS[0] + n * MS, share=HOURS[0] if n % 2 else None) for n in range(600)]
    landing = pour(
        tmp_path / "landing",
        together(World(customers=tuple(rows), accelerometer=(reading(),), steps=(step(),))),
    )
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    told = lake.explain(email="ann@example.com")
    assert len(told.timeline) == 600
    assert told.consent_from == HOURS[0] + 599 * MS
    assert {entry.effect for entry in told.timeline[1::2]} == {
        "consent is given, but can't reach back over the denial of 2022-06-01 08:00",
        "consent is given again, but can't reach back over the denial of 2022-06-01 08:00",
    }


def test_many_of_whom_the_same_is_said_are_told_together(tmp_path):
    names = [{"email": f"p{number}@example.com", "serialNumber": "crowded"} for number in range(2000)]
    landing = pour(tmp_path / "landing", together(person("ann", (1, 1), device="crowded")))
    put(landing, "customer/list.json", [json.dumps({"records": names})])
    lake = lake_at(tmp_path / "lake")
    run(lake, landing)
    told = lake.explain(serial_number="crowded")
    assert len(told.people) == len(told.timeline) == 2001
    text = printed(told)
    assert len(text.splitlines()) < 40
    assert "Customers 2 to 2001, each: is damaged" in " ".join(text.split())
    assert re.search(r"^customers 2 to 2001, each  does not consent", text, re.MULTILINE)


# How it is asked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"email": "a@example.com", "serial_number": "d"},
        {"email": None},
        {"email": " "},
        {"customer_id": "A" * 32},
        {"customer_id": "ann@example.com"},
    ],
)
def test_exactly_one_thing_is_asked_for(lake, asked):
    with pytest.raises(ConfigurationError) as caught:
        lake.explain(**asked)
    assert "example.com" not in str(caught.value)


def test_a_lake_without_a_run_has_nothing_to_explain(tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        stedi.Lake.open(tmp_path / "lake").explain(email="ann@example.com")


def test_no_key_is_needed_by_e_mail_or_serial_number(lake, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("STEDI_PSEUDONYM_KEY", raising=False)
    keyless = stedi.Lake.open(lake._site.folder)
    for asked in ({"email": "regranted@example.com"}, {"serial_number": "shared"}):
        assert keyless.explain(**asked) == lake.explain(**asked)
    trusted = PSEUDONYMS.customer_id("registration@example.com")
    assert keyless.explain(customer_id=trusted).rows == 5
    refused = PSEUDONYMS.customer_id("withdrawn@example.com")
    with pytest.raises(KeyMismatchError, match="Asking by e-mail or serial number needs no key"):
        keyless.explain(customer_id=refused)
    assert lake.explain(customer_id=refused).timeline == lake.explain(email="withdrawn@example.com").timeline
    stranger = lake.explain(customer_id=PSEUDONYMS.customer_id("stranger@example.com"))
    assert "2 phone readings were sent" in stranger.verdict


def test_repr_holds_no_personal_data(lake):
    for asked in ({"email": "registration@example.com"}, {"serial_number": "passed-on"}):
        text = repr(lake.explain(**asked))
        assert "example.com" not in text
        assert "passed-on" not in text
        assert not re.search("[0-9a-f]{32}", text)


# All of a world -------------------------------------------------------------------------------------


IN_CAMPAIGNS = [pytest.param(mode, marks=pytest.mark.campaign) for mode in ("as_of", "current")]


@pytest.fixture(scope="module", params=IN_CAMPAIGNS)
def everybody(request, tmp_path_factory):
    """Return a lake of a rich world, its report, and an explanation of everybody and every device in it."""
    place = tmp_path_factory.mktemp(f"everybody-{request.param}")
    lake = lake_at(place / "lake")
    report = run(lake, pour(place / "landing", rich_world(seed=7, parts=6)), consent=request.param)
    columns = {
        "email": (("customer_landing", "email"), ("accelerometer_landing", "user"), ("quarantine", "emails")),
        "serial_number": (
            ("customer_landing", "serial_number"),
            ("step_trainer_landing", "serial_number"),
            ("quarantine", "serial_numbers"),
        ),
    }
    told = {
        kind: {
            one: lake.explain(**{kind: one})
            for one in sorted(
                {
                    key(text)
                    for table, column in places
                    for text in lake.scan(table).collect()[column].explode().drop_nulls()
                }
            )
        }
        for kind, places in columns.items()
    }
    assert min(map(len, told.values())) > 12
    return lake, report, told


def added(explanations):
    """Return the figures of accounts, summed over many explanations, table by table."""
    sums = {}
    for told in explanations:
        for portion in told.portions:
            rows_in, used, dropped, fan_out, rows_out = figures(portion.account)
            table = sums.setdefault(portion.account.table, Counter())
            table.update({"in": rows_in, "used": used, "fan_out": fan_out, "out": rows_out, **dropped})
    return sums


def expected(account):
    rows_in, used, dropped, fan_out, rows_out = figures(account)
    return Counter({"in": rows_in, "used": used, "fan_out": fan_out, "out": rows_out, **dropped})


def test_summed_over_everybody_the_counts_are_those_of_the_run(everybody):
    _, report, told = everybody
    people, devices = added(told["email"].values()), added(told["serial_number"].values())
    for table in (
        "customer_trusted",
        "accelerometer_trusted",
        "customer_curated",
        "machine_learning_curated",
    ):
        assert +people[table] == +expected(report.accounts[table]), table
    for table in ("customer_trusted", "customer_curated", "step_trainer_trusted", "machine_learning_curated"):
        assert +devices[table] == +expected(report.accounts[table]), table
    # The rich world has what there is to count.
    assert {"no_consent", "superseded"} <= people["customer_trusted"].keys()
    assert {"not_trusted", "before_consent", "duplicate"} & people["accelerometer_trusted"].keys()


def test_every_record_that_was_sent_is_counted(everybody):
    lake, _, told = everybody
    people, devices = added(told["email"].values()), added(told["serial_number"].values())
    quarantine = lake.scan("quarantine").collect()
    for table, sums, column in (
        ("customer_landing", people, "emails"),
        ("customer_landing", devices, "serial_numbers"),
        ("accelerometer_landing", people, "emails"),
        ("step_trainer_landing", devices, "serial_numbers"),
    ):
        # A record that names several is told to each of them.
        held = quarantine.filter(table_name=table)[column].list.len().sum()
        assert sums[table]["used"] == lake.scan(table).collect().height
        assert sums[table]["in"] == sums[table]["used"] + held


def test_every_explanation_agrees_with_the_tables(everybody):
    lake, _, told = everybody
    customers = lake.scan("customer_trusted").collect()
    pairs = lake.scan("machine_learning_curated").collect()
    for email, each in told["email"].items():
        me = PSEUDONYMS.customer_id(email)
        mine = customers.filter(customer_id=me)
        assert set(mine["consent_from"]) <= {each.consent_from}
        held = sum(device.held for device in each.devices)
        assert mine.height == (held if each.consent_from else 0)
        assert each.rows == pairs.filter(customer_id=me).height
        assert each.included == each.verdict.startswith("in the training data")
        open_from = {device.consent_from for device in each.devices if device.held}
        assert set(mine["device_consent_from"]) <= open_from
    for serial, each in told["serial_number"].items():
        it = PSEUDONYMS.device_id(serial)
        rows = customers.filter(device_id=it)
        assert {each.consent_from} == (set(rows["device_consent_from"]) or {None})
        assert each.rows == pairs.filter(device_id=it).height
        assert each.included == each.verdict.startswith("in the training data")
        assert len(each.people) == each.devices[0].claimants


def test_the_same_question_has_the_same_answer(everybody):
    """Records and listings of one time are the rule in a rich world: their order is fixed, too."""
    lake, _, told = everybody
    for kind, explanations in told.items():
        for asked, each in list(explanations.items())[::4]:
            again = lake.explain(**{kind: f" {asked} "})
            assert again.to_dict() == each.to_dict() | {"asked": f" {asked} "}


def test_nobody_else_is_named(everybody):
    """Neither on the screen nor in JSON: no other e-mail, serial number, name, phone, birthday or id."""
    lake, _, told = everybody
    sent_by = lake.scan("customer_landing").collect()
    secrets = {
        key(text)
        for table, column in (
            ("customer_landing", "email"),
            ("customer_landing", "serial_number"),
            ("customer_landing", "phone"),
            ("customer_landing", "birth_day"),
            ("accelerometer_landing", "user"),
            ("step_trainer_landing", "serial_number"),
            ("quarantine", "emails"),
            ("quarantine", "serial_numbers"),
        )
        for text in lake.scan(table).collect()[column].explode().drop_nulls()
        if text.strip()
    } | {key(name) for name in sent_by["customer_name"].drop_nulls() if len(name) > 3}
    # Some were born on a day on which records were written.
    secrets -= {HOURS[0].date().isoformat(), EPOCH.date().isoformat()}
    assert len(secrets) > 40
    for kind in told:
        for asked, each in told[kind].items():
            for text in (printed(each), json.dumps(each.to_dict(), ensure_ascii=False), repr(each)):
                plain = key(text).replace(asked, "")
                found = [secret for secret in secrets if secret in plain]
                assert not found, (asked, found)
                assert not re.search(r"\b[0-9a-f]{32}\b", plain)
                assert "@" not in plain


def test_everything_is_printed_at_any_width(everybody):
    _, _, told = everybody
    for each in (*told["email"].values(), *told["serial_number"].values()):
        for width in (80, 100):
            assert max(map(len, printed(each, width).splitlines())) <= width
        text = " ".join(printed(each).split())
        for reason in each.reasons:
            assert RULES[reason.rule] in text
        json.loads(json.dumps(each.to_dict()))
