"""sanitize_customers: rules 1, 2, 4, 6, 7 and 8, each by examples worked by hand."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

import stedi
from engines import PSEUDONYMS, frame_of
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.errors import StediError
from stedi.names import EPOCH
from worlds import BIRTHDAYS, HOURS, IMPLAUSIBLE, MS, NOW, customer, rejected

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
A, B, C = "50a1b2c3-d4e5", "device-b", "device-c"
ANN_ID = PSEUDONYMS.customer_id(ANN)


def sanitized(*customers, bad=(), now=NOW, consent="as_of") -> list[dict]:
    frame = stedi.sanitize_customers(
        frame_of(customers, "customer_landing"),
        now=now,
        pseudonyms=PSEUDONYMS,
        consent=consent,
        rejected=frame_of(bad, "quarantine"),
    )
    return sorted(frame.to_dicts(), key=lambda row: (row["email"].strip().lower(), row["serial_number"]))


def starts(*customers, email=ANN, **options) -> datetime | None:
    """Return the customer's consent_from, or None."""
    who = PSEUDONYMS.customer_id(email)
    found = {row["consent_from"] for row in sanitized(*customers, **options) if row["customer_id"] == who}
    assert len(found) <= 1
    return found.pop() if found else None


def held(*customers, **options) -> set[tuple[str, str]]:
    return {(row["email"], row["serial_number"]) for row in sanitized(*customers, **options)}


def usable(*customers, **options) -> dict[tuple[str, str], datetime | None]:
    return {
        (row["email"], row["serial_number"]): row["device_consent_from"]
        for row in sanitized(*customers, **options)
    }


class TestAGrant:
    @pytest.mark.parametrize("share", [HOURS[0], NOW - MS, NOW])
    def test_not_after_now(self, share):
        assert starts(customer(share=share)) == share

    @pytest.mark.parametrize("share", [None, NOW + MS, HOURS[7], *IMPLAUSIBLE])
    def test_absent_future_or_implausible_is_a_denial(self, share):
        assert starts(customer(share=share)) is None

    @pytest.mark.parametrize(
        ("share", "granted"),
        [
            (datetime(1999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), False),
            (datetime(2000, 1, 1, tzinfo=UTC), True),
            (datetime(2099, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), True),
            (datetime(2100, 1, 1, tzinfo=UTC), False),
        ],
    )
    def test_plausible_from_2000_to_before_2100(self, share, granted):
        late = datetime(2150, 1, 1, tzinfo=UTC)
        assert starts(customer(share=share), now=late) == (share if granted else None)

    def test_a_future_share_becomes_a_grant_when_its_time_comes(self):
        record = customer(share=HOURS[5])
        assert starts(record, now=HOURS[5] - MS) is None
        assert starts(record, now=HOURS[5]) == HOURS[5]

    def test_now_may_be_in_any_time_zone(self):
        record = customer(share=HOURS[5])
        zone = timezone(timedelta(hours=-7))
        assert starts(record, now=HOURS[5].astimezone(zone)) == HOURS[5]
        assert starts(record, now=(HOURS[5] - MS).astimezone(zone)) is None


class TestRule1NewestRecordsDecide:
    def test_a_newer_denial_withdraws(self):
        assert starts(customer(at=HOURS[1], share=HOURS[0]), customer(at=HOURS[2])) is None

    def test_a_newer_denial_with_a_future_share_withdraws(self):
        assert starts(customer(at=HOURS[1], share=HOURS[0]), customer(at=HOURS[2], share=HOURS[7])) is None

    def test_of_records_that_tie_one_denial_is_enough(self):
        tie = [customer(share=HOURS[0]), customer(share=HOURS[0], phone="1"), customer(phone="2")]
        assert starts(*tie) is None

    def test_a_tie_between_two_devices_is_a_tie_of_the_customer(self):
        assert starts(customer(serial=A, share=HOURS[0]), customer(serial=B)) is None

    def test_one_millisecond_is_no_tie(self):
        older = customer(at=HOURS[1])
        assert starts(older, customer(at=HOURS[1] + MS, share=HOURS[0])) == HOURS[1] + MS

    def test_the_newest_wins_not_the_last_in_the_file(self):
        assert starts(customer(at=HOURS[3]), customer(at=HOURS[2], share=HOURS[0])) is None

    def test_spellings_are_one_customer(self):
        assert held(customer(share=HOURS[0]), customer(" ANN@Example.com", at=HOURS[2])) == set()

    def test_a_sharp_s_is_not_two(self):
        assert starts(
            customer("stra\u00dfe@example.com", share=HOURS[0]),
            customer("strasse@example.com", B, at=HOURS[2]),
            email="stra\u00dfe@example.com",
        )

    def test_customers_do_not_decide_for_each_other(self):
        assert held(customer(share=HOURS[0]), customer(BOB, B, at=HOURS[2])) == {(ANN, A)}


class TestRule2ConsentFrom:
    def test_the_greatest_share_date_of_the_newest(self):
        assert starts(customer(share=HOURS[0]), customer(share=HOURS[3])) == HOURS[3]

    def test_the_share_date_of_older_records_does_not_matter(self):
        assert (
            starts(customer(at=HOURS[1], share=HOURS[5]), customer(at=HOURS[2], share=HOURS[0])) == HOURS[0]
        )

    @pytest.mark.parametrize(
        ("share", "start"),
        [
            (HOURS[0], HOURS[2] + MS),
            (HOURS[2] - MS, HOURS[2] + MS),
            (HOURS[2], HOURS[2] + MS),
            (HOURS[2] + MS, HOURS[2] + MS),
            (HOURS[2] + 2 * MS, HOURS[2] + 2 * MS),
        ],
    )
    def test_a_regrant_starts_at_least_one_millisecond_after_the_denial(self, share, start):
        assert starts(customer(at=HOURS[2]), customer(at=HOURS[3], share=share)) == start

    def test_the_last_denial_counts_not_the_first(self):
        denials = (customer(at=HOURS[1]), customer(at=HOURS[3], serial=B), customer(at=HOURS[2]))
        assert starts(*denials, customer(at=HOURS[4], share=HOURS[0])) == HOURS[3] + MS

    def test_grants_between_denials_do_not_reopen_the_past(self):
        history = (
            customer(at=HOURS[0], share=HOURS[0]),
            customer(at=HOURS[1]),
            customer(at=HOURS[2], share=HOURS[0]),
            customer(at=HOURS[3]),
            customer(at=HOURS[4], share=HOURS[2]),
        )
        assert starts(*history) == HOURS[3] + MS

    def test_an_earlier_future_share_is_a_denial_too(self):
        history = (customer(at=HOURS[2], share=HOURS[7]), customer(at=HOURS[3], share=HOURS[0]))
        assert starts(*history) == HOURS[2] + MS


class TestRule4Devices:
    def test_a_device_of_two_opens_at_the_later_consent(self):
        assert usable(customer(share=HOURS[0]), customer(BOB, share=HOURS[3])) == {
            (ANN, A): HOURS[3],
            (BOB, A): HOURS[3],
        }

    def test_a_claimant_who_denies_closes_the_device_and_not_the_customer(self):
        assert usable(customer(share=HOURS[0]), customer(BOB)) == {(ANN, A): None}
        assert starts(customer(share=HOURS[0]), customer(BOB)) == HOURS[0]

    def test_a_claim_is_for_ever(self):
        history = (
            customer(BOB, A, at=HOURS[0], share=HOURS[0]),
            customer(BOB, B, at=HOURS[1]),
            customer(share=HOURS[0]),
        )
        assert usable(*history) == {(ANN, A): None}

    def test_spellings_are_one_device(self):
        assert usable(customer(share=HOURS[0]), customer(BOB, f" {A.upper()}\n")) == {(ANN, A): None}

    def test_the_newest_record_of_a_device_decides_who_holds_it(self):
        history = (
            customer(serial=A, at=HOURS[0], share=HOURS[0]),
            customer(serial=A, at=HOURS[1]),
            customer(serial=B, at=HOURS[2], share=HOURS[2]),
        )
        assert usable(*history) == {(ANN, B): HOURS[2]}

    def test_a_tie_with_a_denial_is_not_a_holder(self):
        history = (
            customer(serial=A, at=HOURS[1], share=HOURS[0]),
            customer(serial=A, at=HOURS[1]),
            customer(serial=B, at=HOURS[2], share=HOURS[2]),
        )
        assert held(*history) == {(ANN, B)}

    def test_a_device_listed_again_is_held_again(self):
        history = (customer(at=HOURS[1]), customer(at=HOURS[2], share=HOURS[2]))
        assert usable(*history) == {(ANN, A): HOURS[2]}

    def test_older_devices_are_held_until_denied(self):
        history = (
            customer(serial=A, at=HOURS[0], share=HOURS[0]),
            customer(serial=B, at=HOURS[2], share=HOURS[2]),
        )
        assert usable(*history) == {(ANN, A): HOURS[2], (ANN, B): HOURS[2]}

    def test_a_claimant_who_is_no_holder_still_has_a_say(self):
        history = (
            customer(serial=A, share=HOURS[0]),
            customer(BOB, A, at=HOURS[2]),
            customer(BOB, B, at=HOURS[3], share=HOURS[4]),
        )
        assert usable(*history) == {(ANN, A): HOURS[4], (BOB, B): HOURS[4]}


class TestRule6OtherSharing:
    def test_public_and_friends_are_not_research(self):
        shared = {"share_with_public_as_of_date": HOURS[0], "share_with_friends_as_of_date": HOURS[0]}
        assert sanitized(customer(**shared)) == []
        assert starts(customer(share=HOURS[3], **shared)) == HOURS[3]


class TestRule7RejectedRecords:
    GOOD = (
        customer(share=HOURS[0], at=HOURS[4], _digest="other"),
        customer(BOB, B, share=HOURS[0], at=HOURS[1], _digest="one"),
        customer(EVE, C, share=HOURS[0], at=HOURS[3], _digest="one"),
    )

    @pytest.mark.parametrize(
        ("bad", "start"),
        [
            pytest.param(rejected(at=HOURS[2]), HOURS[2] + MS, id="at its own time"),
            pytest.param(rejected(at=HOURS[2], digest="one"), HOURS[2] + MS, id="its own time comes first"),
            pytest.param(rejected(at=HOURS[4]), None, id="a tie denies"),
            pytest.param(rejected(at=HOURS[5]), None, id="newest"),
            pytest.param(rejected(digest="one"), HOURS[3] + MS, id="at the newest of its object"),
            pytest.param(rejected(digest="other"), None, id="its object holds the newest grant"),
            pytest.param(rejected(digest="alone"), None, id="no good record in its object: for ever"),
            pytest.param(rejected(digest=None), None, id="no object: for ever"),
            pytest.param(rejected(" ANN@example.com"), None, id="spelled otherwise"),
            pytest.param(rejected(serial=None), None, id="no serial"),
            pytest.param(rejected(None), HOURS[0], id="no e-mail: nobody"),
            pytest.param(rejected([BOB, ANN], at=HOURS[5]), None, id="the second of two"),
            pytest.param(rejected(EVE, tombstones=[ANN_ID], at=HOURS[2]), None, id="erased: for ever"),
            pytest.param(rejected(None, tombstones=[ANN_ID]), None, id="nobody but who was erased"),
            pytest.param(
                rejected(None, tombstones=[ANN_ID], released_at=HOURS[0]), HOURS[0], id="that one released"
            ),
            pytest.param(rejected(released_at=HOURS[0]), HOURS[0], id="released"),
            pytest.param(rejected(table_name="accelerometer_landing"), HOURS[0], id="another table"),
        ],
    )
    def test_denies_when(self, bad, start):
        assert starts(*self.GOOD, bad=[bad]) == start

    def test_good_records_without_a_digest_share_no_object(self):
        good = customer(share=HOURS[0], at=HOURS[4], _digest=None)
        older = customer(BOB, B, share=HOURS[0], at=HOURS[1], _digest=None)
        assert starts(good, older, bad=[rejected(digest=None)]) is None

    def test_claims_its_device(self):
        assert usable(*self.GOOD, bad=[rejected("stranger@example.com", C)])[EVE, C] is None

    def test_several_claim_each_device_together(self):
        both = rejected([ANN, "stranger@example.com"], [A, C], at=HOURS[0])
        assert usable(*self.GOOD, bad=[both])[EVE, C] is None
        assert starts(*self.GOOD, bad=[both]) is not None
        # Ann and Eve agreed since: the device may be used from when the last of them did.
        known = rejected([ANN, EVE], [C], at=HOURS[0])
        alone = usable(*self.GOOD)[EVE, C]
        assert usable(*self.GOOD, bad=[known])[EVE, C] == max(alone, HOURS[0] + MS)

    def test_whoever_it_names_with_others_holds_no_device_that_it_names(self):
        listed = customer(ANN, A, at=HOURS[1], share=HOURS[0]), customer(ANN, B, at=HOURS[4], share=HOURS[0])
        both = rejected([ANN, "stranger@example.com"], [A, C], at=HOURS[2])
        assert held(*listed, bad=[both]) == {(ANN, B)}

    def test_claims_no_device_without_a_serial_or_an_e_mail(self):
        bad = [rejected("stranger@example.com", None), rejected(None, C)]
        assert usable(*self.GOOD, bad=bad)[EVE, C] == HOURS[0]

    def test_its_claimant_may_consent_by_a_later_record(self):
        bad = [rejected(ANN, C, at=HOURS[2])]
        assert usable(*self.GOOD, bad=bad)[EVE, C] == HOURS[2] + MS

    def test_is_a_statement_about_holding_its_device(self):
        history = (
            customer(serial=A, at=HOURS[1], share=HOURS[0]),
            customer(serial=B, at=HOURS[4], share=HOURS[0]),
        )
        assert held(*history, bad=[rejected(ANN, A, at=HOURS[2])]) == {(ANN, B)}
        assert held(*history, bad=[rejected(ANN, A, at=HOURS[0])]) == {(ANN, A), (ANN, B)}

    def test_without_a_serial_it_leaves_the_holders_alone(self):
        history = (
            customer(serial=A, at=HOURS[1], share=HOURS[0]),
            customer(serial=B, at=HOURS[4], share=HOURS[0]),
        )
        assert held(*history, bad=[rejected(ANN, None, at=HOURS[2])]) == {(ANN, A), (ANN, B)}

    def test_is_never_shown_as_a_row(self):
        assert sanitized(bad=[rejected(at=HOURS[0])]) == []

    def test_may_be_left_out(self):
        landing = frame_of([customer(share=HOURS[0])], "customer_landing")
        assert stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS).height == 1
        assert stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS, rejected=None).height == 1


class TestRule8Current:
    def test_everything_ever_listed_is_held_and_usable_from_the_epoch(self):
        history = (
            customer(serial=A, at=HOURS[0]),
            customer(serial=B, at=HOURS[1], share=HOURS[1]),
            customer(BOB, B, at=HOURS[1]),
        )
        rows = sanitized(*history, consent="current")
        assert {(row["email"], row["serial_number"]) for row in rows} == {(ANN, A), (ANN, B)}
        assert (
            {row["consent_from"] for row in rows} == {row["device_consent_from"] for row in rows} == {EPOCH}
        )

    def test_rule_1_still_decides_who_consents(self):
        assert starts(customer(share=HOURS[0]), customer(at=HOURS[2]), consent="current") is None
        assert starts(customer(share=HOURS[0]), customer(), consent="current") is None
        assert starts(customer(share=HOURS[7]), consent="current") is None

    def test_a_rejected_record_still_denies(self):
        good = customer(share=HOURS[0])
        assert starts(good, consent="current", bad=[rejected(at=HOURS[1])]) is None
        assert starts(good, consent="current", bad=[rejected(at=HOURS[0])]) == EPOCH

    def test_a_device_that_only_a_rejected_record_lists_is_not_held(self):
        bad = [rejected(ANN, C, at=HOURS[0])]
        assert held(customer(share=HOURS[0]), consent="current", bad=bad) == {(ANN, A)}

    def test_as_of_is_the_default(self):
        landing = frame_of([customer(share=HOURS[3])], "customer_landing")
        rows = stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS).to_dicts()
        assert [row["consent_from"] for row in rows] == [HOURS[3]]

    def test_no_other_mode_exists(self):
        landing = frame_of([], "customer_landing")
        with pytest.raises(StediError, match="as_of"):
            stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS, consent="latest")


class TestTheRow:
    def test_ids_and_columns(self):
        (row,) = sanitized(customer(" ANN@example.com", A.upper(), share=HOURS[0]))
        assert tuple(row) == contract_of("customer_trusted").names
        assert row["customer_id"] == PSEUDONYMS.customer_id(ANN)
        assert row["device_id"] == PSEUDONYMS.device_id(A)
        assert (row["email"], row["serial_number"]) == (" ANN@example.com", A.upper())

    def test_one_row_per_customer_and_device_shows_the_newest_record(self):
        older = customer(" ANN@example.com", A.upper(), at=HOURS[0], share=HOURS[0], customer_name="Zoe")
        newer = customer(at=HOURS[1], share=HOURS[0], customer_name="Ann")
        (row,) = sanitized(older, newer)
        assert (row["email"], row["serial_number"], row["customer_name"]) == (ANN, A, "Ann")

    @pytest.mark.parametrize(
        ("lesser", "greater"),
        [
            ({"customer_name": None}, {"customer_name": ""}),
            ({"customer_name": "Z"}, {"customer_name": "a"}),
            ({"customer_name": "z"}, {"customer_name": "\u00e4"}),
            # By code point: UTF-16 would have them the other way round.
            ({"customer_name": "\uffe6"}, {"customer_name": "\U0001f600"}),
            ({"customer_name": "A", "phone": "9"}, {"customer_name": "B", "phone": None}),
            ({"email": "ANN@example.com"}, {"email": ANN}),
            ({"phone": "8"}, {"phone": "80"}),
            ({"birth_day": "1962-03-04"}, {"birth_day": "967-01-01"}),
            ({"serial_number": A.upper()}, {"serial_number": A}),
            ({"registration_date": None}, {"registration_date": EPOCH}),
            (
                {"share_with_research_as_of_date": HOURS[0], "share_with_public_as_of_date": HOURS[3]},
                {"share_with_research_as_of_date": HOURS[1]},
            ),
            (
                {"share_with_public_as_of_date": HOURS[0], "share_with_friends_as_of_date": HOURS[3]},
                {"share_with_public_as_of_date": HOURS[1]},
            ),
            ({"share_with_friends_as_of_date": None}, {"share_with_friends_as_of_date": HOURS[0]}),
        ],
    )
    def test_of_records_that_tie_the_greatest_is_shown(self, lesser, greater):
        less, great = ({**customer(share=HOURS[0]), **changes} for changes in (lesser, greater))
        for order in ([less, great], [great, less]):
            (row,) = sanitized(*order)
            assert {name: row[name] for name in greater if name != "birth_day"} == {
                name: value for name, value in greater.items() if name != "birth_day"
            }
            assert row["birth_day"] is None

    @pytest.mark.parametrize(
        ("text", "born"),
        [
            ("1900-01-01", date(1900, 1, 1)),
            ("1962-03-04", date(1962, 3, 4)),
            ("2000-02-29", date(2000, 2, 29)),
            ("2022-06-01", date(2022, 6, 1)),
            *(
                (text, None)
                for text in (
                    *(text for text in BIRTHDAYS if text[:4] not in ("1969", "1970", "1999", "2000")),
                    None,
                    "",
                    "1899-12-31",
                    "1900-02-29",
                    "2022-06-02",
                    "967-01-01",
                )
            ),
        ],
    )
    def test_birthday(self, text, born):
        (row,) = sanitized(customer(share=HOURS[0], birth_day=text))
        assert row["birth_day"] == born

    def test_the_birthday_is_compared_with_the_date_in_utc(self):
        record = customer(share=HOURS[0], birth_day="2022-06-02")
        east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
        late = datetime(2022, 6, 1, 23, 59, 59, tzinfo=UTC)
        assert sanitized(record, now=late.astimezone(east))[0]["birth_day"] is None
        assert sanitized(record, now=(late + timedelta(seconds=1)).astimezone(west))[0]["birth_day"]


class TestTheFrame:
    def landing(self) -> pl.DataFrame:
        return frame_of([customer("Secret.Person@example.com", share=HOURS[0])], "customer_landing")

    def test_schema(self):
        made = stedi.sanitize_customers(self.landing(), now=NOW, pseudonyms=PSEUDONYMS)
        assert made.schema == polars_schema(contract_of("customer_trusted"))

    def test_extra_columns_and_their_order_are_ignored(self):
        landing = self.landing().with_columns(extra=pl.lit(1))
        odd = landing.select(sorted(landing.columns, reverse=True))
        expected = stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS)
        assert stedi.sanitize_customers(odd, now=NOW, pseudonyms=PSEUDONYMS).equals(expected)

    @pytest.mark.parametrize("lazy", [False, True])
    @pytest.mark.parametrize("name", ["email", "last_update_date", "share_with_research_as_of_date"])
    def test_a_missing_column_is_named(self, name, lazy):
        landing = self.landing().drop(name)
        with pytest.raises(StediError, match=name) as caught:
            stedi.sanitize_customers(landing.lazy() if lazy else landing, now=NOW, pseudonyms=PSEUDONYMS)
        assert "Secret" not in str(caught.value)

    @pytest.mark.parametrize("name", ["email", "last_update_date", "share_with_research_as_of_date"])
    def test_a_mistyped_column_is_named(self, name):
        landing = self.landing().with_columns(pl.lit(1).alias(name))
        with pytest.raises(StediError, match=name) as caught:
            stedi.sanitize_customers(landing, now=NOW, pseudonyms=PSEUDONYMS)
        assert "Secret" not in str(caught.value)

    def test_no_key_and_no_person_in_the_query_plan(self):
        lazy = stedi.sanitize_customers(self.landing().lazy(), now=NOW, pseudonyms=PSEUDONYMS)
        plan = lazy.explain(optimized=False)
        for told in ("Secret", "secret.person", json.dumps(list(range(32)))[1:20], bytes(range(32)).hex()):
            assert told not in plan

    def test_a_now_without_a_time_zone_is_refused(self):
        naive = NOW.replace(tzinfo=None)
        with pytest.raises(StediError, match="no time zone"):
            stedi.sanitize_customers(self.landing(), now=naive, pseudonyms=PSEUDONYMS)

    def test_what_is_no_time_or_no_key_is_refused(self):
        with pytest.raises(StediError, match="now is a str, and no datetime"):
            stedi.sanitize_customers(self.landing(), now="2026-01-01", pseudonyms=PSEUDONYMS)
        with pytest.raises(StediError, match="pseudonyms are no key"):
            stedi.sanitize_customers(self.landing(), now=NOW, pseudonyms="ab" * 32)
