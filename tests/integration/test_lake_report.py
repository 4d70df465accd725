"""stedi report: who is in a run and why, and nothing that names anybody."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import escape
from html.parser import HTMLParser

import pytest

from lakes import files_of, lake_at, pour, put_rows, rich_world, run
from plants import bury
from stedi.errors import LakeError, UnknownNameError
from stedi.governance.privacy.report import PrivacyReport
from stedi.governance.privacy.rounding import words
from worlds import HOURS, NOW, SECRET, customer, reading, step

CONSENTING, WITHDRAWN, SILENT, LATER = 12, 7, 6, 5


def crowd():
    """Return records of so many that each kind is shown."""
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


def left(report):
    return {each.table: each.customers for each in report.funnel}


def test_customers_are_counted_by_what_their_records_say(lake):
    """36 in all: 18 consent, 7 withdrew, 6 never agreed, and the others are not shown."""
    report = lake.report("training")
    assert counts(report.customers) == {"all customers": 35, "consents": 15, "withdrew": 5, "never agreed": 5}
    assert list(counts(report.consenting).values()) == [5, 15, 0]
    assert counts(report.years) == {"2018": 0, "2019": 0, "2020": 0, "2021": 0}
    assert counts(lake.report().customers)["consents"] == 10
    assert counts(lake.report().customers)["withdrew"] == 10


@pytest.mark.parametrize("at", ["training", None])
def test_the_funnel_is_the_customers_whom_the_tables_hold(lake, at):
    found = left(lake.report(at))
    for table in list(found)[1:]:
        held = lake.scan(table, at=at, include_withdrawn=True).select("customer_id").unique().collect().height
        assert found[table] == held // 5 * 5, table
    assert found["machine_learning_curated"] == (15 if at else 10)


def test_what_is_left_of_those_who_withdrew_is_said(lake):
    report = lake.report()
    assert report.held.readable
    assert (report.held.customers, report.held.erased) == (5, 0)
    assert report.tags == {"training": lake.find_run("training").run_id}


def test_looks_are_those_of_customers(lake):
    by_columns = {each.columns: each for each in lake.report("training").anonymity}
    assert len(by_columns) == 5
    assert all((each.different, each.rare) == (0, 0) for each in by_columns.values())


def test_a_lake_of_one_says_no_more_than_one_of_nobody(tmp_path):
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
    assert not any(
        (*counts(report.customers).values(), *counts(report.consenting).values(), *left(report).values())
    )
    assert "| all customers | fewer than 5 |" in report.to_markdown()
    assert "<svg" not in report.to_html()


def test_erasures_are_counted_as_people_and_their_times_are_nobodys_to_know(tmp_path):
    lake = lake_at(tmp_path / "lake")
    put_rows(
        tmp_path / "1",
        customer=[customer(share=HOURS[0], at=HOURS[1])],
        accelerometer=[reading()],
        step_trainer=[step()],
    )
    run(lake, tmp_path / "1")
    assert lake.report().erased == 0
    nobody = "| were erased from this lake so far | fewer than 5 |"
    assert nobody in lake.report().to_markdown()
    bury(lake, {f"{place:032}": datetime(2030 + place, 1, 1, tzinfo=UTC) for place in range(4)})
    assert lake.report().erased == 0
    assert nobody in lake.report().to_markdown()
    bury(lake, {"4" * 32: datetime(2034, 1, 1, tzinfo=UTC)})
    report = lake.report()
    assert report.erased == 5
    for text in (report.to_markdown(), report.to_html(), str(report)):
        assert not re.search(r"\b203[0-4]\b", text)
    assert "| were erased from this lake so far | 5 to 9 |" in report.to_markdown()


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
    assert len(pictures) == 1
    assert all(each["role"] == "img" and len(each["aria-label"]) > 40 for each in pictures)
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags) > 5
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")
    assert "@page { size: A4" in text


def test_all_three_say_the_same(lake):
    report = lake.report("training")
    assert isinstance(report, PrivacyReport)
    page, markdown = report.to_html(), report.to_markdown()
    for each in (*report.customers, *report.consenting, *report.years):
        assert escape(each.what) in page
        assert f"| {each.what} | {words(each.count)} |" in markdown
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
    assert stedi("report", "--lake", folder, "--json").json["base"] == 5
    for wrong in (
        ("--out", tmp_path / "r.pdf"),
        ("--out", tmp_path / "r.md", "--format", "html"),
        ("--json", "--format", "md"),
        ("--at", "nothing"),
    ):
        failed = stedi("report", "--lake", folder, *wrong)
        assert failed.code == 1
        assert re.fullmatch(r"stedi: .+\n", failed.err)
    assert stedi("report", "--lake", folder, "--format", "pdf").code == 2


def test_no_run_and_no_lake_have_no_report(lake, tmp_path):
    with pytest.raises(LakeError, match="no published run"):
        lake_at(tmp_path / "none").report()
    with pytest.raises(UnknownNameError, match="no run or tag"):
        lake.report("nothing")


@pytest.mark.parametrize("consent", ["as_of", "current"])
def test_customers_of_a_rich_world_add_up(tmp_path, consent):
    lake = lake_at(tmp_path / "lake")
    run(lake, pour(tmp_path / "landing", rich_world(4, parts=60)), consent=consent)
    report = lake.report()
    total, *parts = report.customers
    assert total.count > 20
    assert sum(each.count for each in parts) <= total.count
    trusted = lake.scan("customer_trusted").select("customer_id").unique().collect().height
    assert parts[0].count == trusted // 5 * 5
    assert list(left(report).values()) == sorted(left(report).values(), reverse=True)
