"""stedi report: who is in a run and why, and nothing that names anybody."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from lakes import files_of, lake_at, pour, put_rows, rich_world, run
from plants import bury
from stedi.errors import LakeError, UnknownNameError
from stedi.lake.privacy.privacy_report import PrivacyReport
from worlds import HOURS, NOW, SECRET, customer, reading, step

CONSENTING, WITHDRAWN, SILENT, LATER = 12, 7, 6, 5


def crowd():
    """Return records of so many that nothing has to be hidden."""
    histories = {
        "yes": (CONSENTING, [(HOURS[1], HOURS[0])]),
        "gone": (WITHDRAWN, [(HOURS[1], HOURS[0]), (HOURS[2], None)]),
        "never": (SILENT, [(HOURS[1], None)]),
        "later": (LATER, [(HOURS[1], HOURS[7])]),
        "again": (6, [(HOURS[1], None), (HOURS[2], HOURS[0])]),
    }
    people = [
        (kind, number, records) for kind, (many, records) in histories.items() for number in range(many)
    ]
    return [
        customer(f"{kind}{number}@example.com", f"{kind}-{number}-serial", at=at, share=share, birth_day=born)
        for kind, number, records in people
        for at, share in records
        for born in ("1950-01-01" if number % 2 else "1961-05-05",)
    ]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    records = crowd()
    emails = sorted({record["email"] for record in records})
    serials = sorted({record["serial_number"] for record in records})
    put_rows(
        place / "1",
        customer=records,
        accelerometer=[reading(email, HOURS[3]) for email in emails],
        step_trainer=[step(serial, HOURS[3]) for serial in serials],
    )
    lake = lake_at(place / "lake")
    run(lake, place / "1")
    lake.tag("training")
    gone = [customer(f"yes{number}@example.com", f"yes-{number}-serial", at=HOURS[5]) for number in range(6)]
    put_rows(place / "2", customer=gone)
    run(lake, place / "2", now=NOW + timedelta(minutes=1))
    return lake


def counts(listed):
    return {each.what: each.count for each in listed}


def test_customers_are_counted_by_what_their_records_say(lake):
    report = lake.report("training")
    assert counts(report.customers) == {
        "all customers": 36,
        "consents": 18,
        "withdrew": 7,
        "never agreed": 6,
        "agreed, from a later date on": 5,
        "kept out by a record that could not be read": 0,
    }
    assert list(counts(report.rules).values()) == [18, 12, 6]
    assert list(counts(report.devices).values()) == [36, 18, 0, 18]
    assert counts(lake.report().customers)["consents"] == 12
    assert counts(lake.report().customers)["withdrew"] == 13


def test_the_funnel_is_the_runs_own_arithmetic(lake):
    report, account = lake.report("training"), lake.find_run("training").accounts
    for shown in report.funnel:
        own = account[shown.table]
        assert (shown.rows_in, shown.used, shown.rows_out) == (own.rows_in, own.used, own.rows_out)
        assert counts(shown.dropped) == {why: rows for why, rows in own.dropped.items() if rows}


def test_what_is_left_of_those_who_withdrew_is_said(lake):
    (held,) = lake.report().held
    assert held.tags == ("training",)
    assert held.customers == 6
    assert held.until is None
    assert lake.report().tags == {"training": held.run_id}


def test_k_anonymity_is_over_customers(lake):
    by_columns = {each.columns: each for each in lake.report("training").anonymity}
    decade = by_columns["birth_decade",]
    assert (decade.k, decade.classes, decade.below) == (9, 2, 0)
    assert by_columns["birth_decade", "consent_month"].k == 9


def test_small_counts_are_hidden(tmp_path):
    place = tmp_path
    put_rows(
        place / "1",
        customer=[customer(share=HOURS[0], at=HOURS[1])],
        accelerometer=[reading()],
        step_trainer=[step()],
    )
    lake = lake_at(place / "lake")
    run(lake, place / "1")
    report = lake.report()
    assert counts(report.customers)["consents"] is None
    assert counts(report.customers)["all customers"] is None
    assert all(shown.rows_out is None for shown in report.funnel)
    assert "hidden" in report.to_html()
    assert dict(lake.report().to_dict()["erased"]) == {"people": 0, "devices": 0, "first": None, "last": None}
    assert "Nobody was erased from this lake so far." in lake.report().to_markdown()
    bury(lake, {"0" * 32: datetime(2030, 1, 1, tzinfo=UTC)})
    hidden = {"people": None, "devices": 0, "first": None, "last": None}
    assert dict(lake.report().to_dict()["erased"]) == hidden
    assert "2030" not in lake.report().to_markdown()
    bury(lake, {f"{place:032}": datetime(2030 + place, 1, 1, tzinfo=UTC) for place in range(1, 5)})
    report = lake.report()
    first, last = datetime(2030, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
    assert (report.erased.people, report.erased.devices) == (5, 0)
    assert (report.erased.first, report.erased.last) == (first, last)
    told = (
        "Erased so far: people 5, devices 0, between 2030-01-01 00:00 UTC and 2034-01-01 00:00 UTC. "
        "What is sent of them again is kept out."
    )
    assert told in report.to_markdown()
    assert told in report.to_html()


@pytest.mark.campaign
def test_an_erasure_counts_people_and_devices_and_no_names(tmp_path):
    people = [f"p{place}@example.com" for place in range(5)]
    put_rows(
        tmp_path / "1",
        customer=[
            customer(each, f"device-{each}", share=HOURS[0], customer_name=f"Name of {each}")
            for each in people
        ],
        accelerometer=[reading(each) for each in people],
        step_trainer=[step(f"device-{each}") for each in people],
    )
    lake = lake_at(tmp_path / "lake")
    run(lake, tmp_path / "1")
    receipts = [lake.erase(email=each) for each in people]
    erased = lake.report().erased
    assert (erased.people, erased.devices) == (5, 5)
    assert (erased.first, erased.last) == (receipts[0].erased_at, receipts[-1].erased_at)


class Page(HTMLParser):
    """A page, taken apart: it must be well-formed, and load nothing."""

    VOID = ("meta", "wbr", "rect", "line", "polygon", "polyline")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_reads_aloud(lake):
    text = lake.report().to_html()
    page = Page(text)
    assert page.links == []
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    assert ("html", {"lang": "en"}) in page.tags
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 2
    assert all(each["role"] == "img" and len(each["aria-label"]) > 40 for each in pictures)
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags) > 6
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")
    assert "@page { size: A4" in text


def test_all_three_say_the_same(lake):
    report = lake.report("training")
    assert isinstance(report, PrivacyReport)
    page, markdown = report.to_html(), report.to_markdown()
    for each in (*report.customers[:1], *report.customers, *report.devices):
        assert each.what in page
        assert f"| {each.what} | {each.count:,} |" in markdown
    for line in markdown.splitlines():
        if line.startswith("|"):
            assert line.count("|") - line.count("\\|") >= 3


def test_nobody_is_named(filled):
    report = filled.lake.report()
    text = report.to_html() + report.to_markdown() + json.dumps(report.to_dict(), default=str)
    landing = filled.lake.scan("customer_landing").collect()
    for column in ("email", "serial_number", "phone", "customer_name"):
        for value in landing[column].drop_nulls().unique():
            if len(value) > 5:
                assert value not in text, column
    assert SECRET.hex() not in text


def test_the_command_writes_what_is_asked_for(lake, stedi, tmp_path):
    folder = lake._site.folder
    out = tmp_path / "reports"
    assert stedi("report", "--lake", folder, "--out", out).code == 0
    assert sorted(file.suffix for file in files_of(out)) == [".html", ".json", ".md"]
    assert stedi("report", "--lake", folder, "--out", tmp_path / "r.html", "--at", "training").code == 0
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert stedi("report", "--lake", folder).out.startswith("# Privacy report of run ")
    assert stedi("report", "--lake", folder, "--json").json["threshold"] == 5
    for wrong in (
        ("--out", tmp_path / "r.pdf"),
        ("--out", tmp_path / "r.md", "--format", "html"),
        ("--format", "pdf"),
        ("--json", "--format", "md"),
        ("--at", "nothing"),
    ):
        failed = stedi("report", "--lake", folder, *wrong)
        assert failed.code == 1
        assert re.fullmatch(r"stedi: .+\n", failed.err)


def test_no_run_and_no_lake_have_no_report(lake, tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        lake_at(tmp_path / "none").report()
    with pytest.raises(UnknownNameError, match="no run or tag"):
        lake.report("nothing")


@pytest.mark.parametrize("consent", ["as_of", "current"])
def test_customers_of_a_rich_world_add_up(tmp_path, consent):
    lake = lake_at(tmp_path / "lake")
    run(lake, pour(tmp_path / "landing", rich_world(4, parts=60)), consent=consent)
    total, *parts = lake.report().customers
    assert total.count > 20
    shown = [each.count for each in parts if each.count is not None]
    hidden = [each for each in parts if each.count is None]
    assert len(hidden) != 1
    assert sum(shown) + len(hidden) <= total.count
    trusted = lake.scan("customer_trusted").select("customer_id").unique().collect().height
    assert parts[0].count in (None, trusted)
