"""What a landing root holds beside what runs read is told, and what can't be read is said truly."""

import bz2
import json
import lzma
import os

import pytest

import stedi
from lakes import PSEUDONYMS, put, sent
from stedi.errors import LandingError, RejectedError
from stedi.pipeline.refusals import looks_like
from worlds import HOURS, NOW, customer, reading, step

GRANT = customer("ann@x.com", "dev-a", at=HOURS[1], share=HOURS[1])


@pytest.fixture
def root(tmp_path):
    """Return a landing root with one customer, a reading and a step."""
    put(tmp_path / "landing", "customer/a.json", [sent(GRANT)])
    put(tmp_path / "landing", "accelerometer/a.json", [sent(reading("ann@x.com", HOURS[5]))])
    put(tmp_path / "landing", "step_trainer/a.json", [sent(step("dev-a", HOURS[5]))])
    return tmp_path / "landing"


@pytest.fixture
def lake(tmp_path):
    return stedi.Lake.open(tmp_path / "lake", pseudonyms=PSEUDONYMS, buckets=2)


def run(lake, root, **settings):
    return lake.run(root, now=NOW, **{"max_rejected": 1.0} | settings)


def told(report) -> str:
    return " ".join(report.notes)


def test_a_root_like_any_other_is_no_matter(lake, root):
    (root / "truth").mkdir()
    (root / "_temporary").mkdir()
    (root / ".hidden").write_text("")
    assert run(lake, root).notes == ()


def test_what_nobody_reads_is_told(lake, root):
    put(root, "Customer/b.json", [sent(GRANT)])
    put(root, "customers/c.json", [sent(GRANT)])
    put(root, "withdrawals.json", [sent(GRANT)])
    put(root, "for ann@x.com.json", [sent(GRANT)])
    report = run(lake, root)
    (note,) = report.notes
    assert note.startswith("Customer/, customers/, <redacted>.json, withdrawals.json: not read")
    assert note in report.to_dict()["warnings"]


@pytest.mark.parametrize("name", ["b.json.part", pytest.param("B.TMP", marks=pytest.mark.campaign)])
def test_an_unfinished_file_waits_until_it_is_renamed(lake, root, name):
    withdrawal = customer("ann@x.com", "dev-a", at=HOURS[2], share=None)
    file = put(root, f"customer/{name}", [sent(withdrawal)])
    report = run(lake, root)
    assert f"customer/{name}: not read yet" in told(report)
    assert lake.scan("customer_trusted").collect().height == 1
    file.rename(root / "customer" / "b.json")
    assert run(lake, root).notes == ()
    assert lake.scan("customer_trusted").collect().is_empty()


def test_what_is_no_file_and_what_a_link_hides_is_told(lake, root):
    os.mkfifo(root / "customer" / "pipe.json")
    (root / "customer" / "pipe.json.part").symlink_to("pipe.json")
    put(root, "customer/2026/b.json", [sent(GRANT)])
    (root / "customer" / "new").symlink_to("2026")
    linked, no_file = sorted(run(lake, root).notes, key=lambda note: "a pipe" in note)
    assert linked.startswith("customer/<redacted>: not read through this link to a folder")
    names, _, why = no_file.partition(": ")
    assert sorted(names.split(", ")) == ["customer/<redacted>.json", "customer/<redacted>.json.part"]
    assert why == "not read: a pipe, a socket or a device, and no file"


def test_a_root_without_its_folders_is_refused(lake, root, tmp_path):
    run(lake, root)
    (tmp_path / "other" / "customers").mkdir(parents=True)
    with pytest.raises(LandingError, match=r"none of the folders customer/.*there is customers/"):
        run(lake, tmp_path / "other")


def test_a_folder_of_another_name_is_told_where_its_table_has_no_file(lake, root):
    (root / "customer").rename(root / "Customers")
    with pytest.raises(LandingError, match=r"no file for customer_landing.*Customers/: not read"):
        run(lake, root)


def test_folders_that_are_there_and_empty_are_told(lake, root, tmp_path):
    run(lake, root)
    for name in ("customer", "accelerometer"):
        (tmp_path / "later" / name).mkdir(parents=True)
    report = run(lake, tmp_path / "later")
    assert list(report.notes) == [
        "customer/ holds no file that a run reads",
        "accelerometer/ holds no file that a run reads",
    ]


def test_a_lake_in_its_landing_root_is_no_delivery(root):
    lake = stedi.Lake.open(root / "lake", pseudonyms=PSEUDONYMS, buckets=2)
    assert run(lake, root).notes == ()
    assert run(lake, root).notes == ()


def test_links_that_lead_to_themselves_are_one_line(lake, root):
    (root / "customer" / "loop").symlink_to(root / "customer" / "loop")
    (root / "round").symlink_to(root / "round")
    with pytest.raises(LandingError, match="link that leads out of the landing root") as error:
        run(lake, root)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_one_line(lake, root):
    folder = root / "customer" / "locked"
    folder.mkdir(mode=0)
    try:
        with pytest.raises(LandingError, match="can't be listed: Permission denied"):
            run(lake, root)
    finally:
        folder.chmod(0o700)


# What can't be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "resembles"),
    [
        (b"customerName;email\nann;ann@x.com\n", "CSV"),
        (b"<?xml version='1.0'?><customers/>", "XML or HTML"),
        (b"PAR1\x15\x04\x15", "Parquet"),
        (json.dumps(sent(GRANT)).encode("utf-16-le"), "UTF-16 without its mark, or UTF-32"),
        (lzma.compress(json.dumps(sent(GRANT)).encode()), "an xz archive"),
        (bz2.compress(json.dumps(sent(GRANT)).encode()), "a bzip2 archive"),
        (bytes(50), "no text"),
        (json.dumps({"records": [sent(GRANT)] * 3}).encode(), "records within another object"),
        (b"hello", None),
    ],
)
def test_customers_that_are_no_json_are_no_drift(lake, root, content, resembles):
    (root / "customer" / "a.json").write_bytes(content)
    with pytest.raises(RejectedError, match=r"nothing in the customer objects is a customer record") as error:
        run(lake, root)
    assert "customer/a.json" in str(error.value)
    assert "ann" not in str(error.value)
    (found,) = error.value.objects
    assert (found["object"], found["position"], found["resembles"]) == ("customer/a.json", 0, resembles)
    assert (f"it looks like {resembles}" in str(error.value)) == (resembles is not None)


def test_an_object_that_says_nothing_of_anybody_is_told(lake, root):
    run(lake, root)
    for name in ("b.json", "d.json"):
        (root / "customer" / name).write_bytes(lzma.compress(json.dumps(sent(customer())).encode()) + b"\n")
    put(root, "customer/c.json", ['{"email": "cid@x.com", "torn'])
    (note,) = run(lake, root, max_rejected=1.0).notes
    assert note.startswith("nothing could be read in customer/b.json")
    assert "c.json" not in note


def test_drift_names_the_key_that_resembles_the_one_of_consent(lake, root):
    record = sent(GRANT)
    record["shareWithResearch"] = record.pop("shareWithResearchAsOfDate")
    put(root, "customer/a.json", [record])
    with pytest.raises(LandingError, match="there is the key 'shareWithResearch'"):
        run(lake, root)


def test_a_key_like_that_of_consent_warns_where_older_objects_had_the_right_one(lake, root):
    run(lake, root)
    record = sent(customer("bob@x.com", "dev-b", at=HOURS[5], share=HOURS[5]))
    record["share_with_research_as_of_date"] = record.pop("shareWithResearchAsOfDate")
    put(root, "customer/b.json", [record])
    withdrawal = sent(customer("cid@x.com", "dev-c", at=HOURS[5], share=None))
    put(root, "customer/c.json", [withdrawal] * 300)
    (note,) = run(lake, root).notes
    assert note.startswith("customer/b.json has the key 'share_with_research_as_of_date' and never")


def test_a_key_that_may_name_somebody_is_not_quoted(lake, root):
    record = sent(GRANT)
    record["share_with_research ann@x.com"] = record.pop("shareWithResearchAsOfDate")
    put(root, "customer/a.json", [record])
    with pytest.raises(LandingError, match="there is a key that resembles that of consent") as error:
        run(lake, root)
    assert "ann" not in str(error.value)
    put(root, "customer/b.json", [sent(customer("bob@x.com", "dev-b", at=HOURS[5], share=HOURS[5]))])
    (note,) = run(lake, root).notes
    assert note.startswith("customer/a.json has a key that resembles that of consent (not shown")
    assert "ann" not in note


def test_the_worst_objects_are_named_where_a_run_stops(lake, root):
    good = [sent(reading("ann@x.com", HOURS[5])) for _ in range(3)]
    put(root, "accelerometer/b.json", [*good, "x", "{}", "{}"])
    put(root, "accelerometer/c.json", ["nonsense"] * 9)
    put(root, "accelerometer/for ann@x.com.json", [*good, "{}", "{}", "{}", "{}"])
    put(root, "accelerometer/d.json", [*good, "{}"])
    with pytest.raises(RejectedError) as error:
        run(lake, root, max_rejected=0.1)
    said = str(error.value)
    assert "accelerometer/c.json (9 of 9 rejected: not JSON, first at position 0)" in said
    assert "accelerometer/b.json (3 of 6 rejected: a required value is missing, first at position 4)" in said
    assert "d.json" not in said
    assert "ann@x.com" not in said
    assert [each["rejected"] for each in error.value.objects] == [9, 4, 3]


def test_the_worst_objects_are_named_in_plans_and_reports(lake, root):
    put(root, "accelerometer/b.json", ["{}", "{}"])
    for plan in (True, False):
        report = run(lake, root, plan=plan)
        (worst,) = report.to_dict()["most_rejected"]
        assert worst == {
            "table": "accelerometer_landing",
            "object": "accelerometer/b.json",
            "records": 2,
            "rejected": 2,
            "reason": "missing",
            "position": 0,
            "resembles": None,
        }


def test_a_command_that_stops_says_in_json_where(stedi, root, tmp_path):
    put(root, "accelerometer/b.json", ["{}"] * 9)
    for more in ([], ["--plan"]):
        done = stedi("run", root, "--lake", tmp_path / "lake", "--json", *more)
        assert done.code == 1
        found = json.loads(done.out)
        assert found["most_rejected"][0]["object"] == "accelerometer/b.json"
        assert found["error"] in done.err


@pytest.mark.parametrize("text", ["{", '{"a":1', "[1, 2]", "", "a: b, c"])
def test_what_may_be_json_looks_like_nothing_else(text):
    assert looks_like(text) is None
