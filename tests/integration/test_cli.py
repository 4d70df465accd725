"""The command line, as a user types it: what it prints, where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unicodedata import normalize

import pytest

from stedi import Lake, Pseudonyms
from stedi.names import MACHINE_LEARNING_CURATED
from stedi.pipeline.keys import key_file
from stedi.simulate import simulate, truth

COMMANDS = (
    "demo",
    "simulate",
    "run",
    "status",
    "show",
    "sql",
    "export",
    "ddl",
    "quarantine",
    "explain",
    "erase",
    "tag",
    "maintain",
)
TABLES = ("customer_trusted", "accelerometer_trusted", "customer_curated", "step_trainer_trusted")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the folder of one demo."""
    folder = tmp_path_factory.mktemp("demo")
    configuration = tmp_path_factory.mktemp("configuration")
    os.environ["XDG_CONFIG_HOME"] = str(configuration)
    done = subprocess.run(
        [sys.executable, "-m", "stedi", "demo", "--dir", "demo", "--customers", "12"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (folder / "printed.txt").write_text(done.stdout)
    return folder


@pytest.mark.quick
def test_help_names_every_command(stedi):
    shown = stedi("--help")
    assert shown.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in shown.out
    assert "..." not in shown.out.replace("[ARGS]...", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(stedi, command):
    shown = stedi(command, "--help")
    assert shown.code == 0
    assert "--json" in shown.out


def test_version(stedi):
    assert stedi("--version").out == "stedi 0.1.0\n"


def test_help_loads_nothing_heavy():
    heavy = ["polars", "pyarrow", "pyiceberg", "narwhals", "rich", "numpy", "sqlalchemy", "boto3", "s3fs"]
    code = (
        "import sys, stedi, stedi.cli\n"
        "sys.argv = ['stedi', '--help']\n"
        "try:\n    stedi.cli.main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_run_of_a_local_lake_does_without_sqlalchemy(tmp_path):
    code = (
        "import sys, stedi, stedi.simulate\n"
        "stedi.simulate.simulate('landing', customers=2, seed=1)\n"
        "stedi.Lake.open('lake', pseudonyms=stedi.Pseudonyms.generate()).run('landing')\n"
        "print('pyiceberg' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


def test_demo_shows_the_funnel_and_what_to_try_next(demo):
    printed = (demo / "printed.txt").read_text()
    for table in (*TABLES, MACHINE_LEARNING_CURATED):
        assert f"\n{table} " in printed
    assert "the customer does not consent" in printed
    assert "match rate: 9" in printed
    assert "Try next" in printed


def test_demo_shows_who_came_in_and_a_picture(demo):
    printed = (demo / "printed.txt").read_text()
    assert "agreed when they registered" in printed
    assert (demo / "demo" / "session.png").read_bytes().startswith(b"\x89PNG")
    assert f"marked: {Path('demo') / 'session.png'}" in printed


def test_demo_counts_who_came_in(stedi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = stedi("demo", "--dir", "demo", "--customers", "30", "--seed", "5", "--json").json
    lake = Lake.open(tmp_path / "demo" / "lake")
    training = lake.scan(MACHINE_LEARNING_CURATED).collect()
    people = {row["history"]: row for row in told["histories"]}
    assert sum(row["customers"] for row in people.values()) == 30
    known = truth(tmp_path / "demo" / "landing", Pseudonyms.from_file(key_file()))
    named = training["customer_id"].unique()
    of_the_website = named.is_in(known.customers["customer_id"].implode()).sum()
    assert sum(row["used_customers"] for row in people.values()) == of_the_website == len(named)
    assert people["never"]["used_sessions"] == people["withdrawn"]["used_steps"] == 0
    assert 0 < people["at_registration"]["used_steps"] <= people["at_registration"]["steps"]
    assert told["picture"] == str(Path("demo") / "session.png")


def test_what_demo_says_to_try_works(stedi, demo, monkeypatch):
    monkeypatch.chdir(demo)
    lines = (demo / "printed.txt").read_text().partition("Try next")[2].splitlines()
    commands = [line.split("  ")[1].split() for line in lines if line.startswith("  stedi ")]
    assert len(commands) >= 5
    for _, *arguments in commands:
        assert stedi(*arguments).code == 0, arguments


@pytest.mark.campaign
def test_demo_twice_changes_nothing(stedi, demo, monkeypatch):
    monkeypatch.chdir(demo)
    before = stedi("status", "--lake", "demo/lake", "--json").json
    again = stedi("demo", "--dir", "demo2", "--customers", "12", "--json").json
    twice = stedi("demo", "--dir", "demo2", "--customers", "12", "--json").json
    assert again["changed"]
    assert not twice["changed"]
    assert {name: table["snapshot_id"] for name, table in again["tables"].items() if name in TABLES} == {
        name: table["snapshot_id"] for name, table in twice["tables"].items() if name in TABLES
    }
    rows = {table["table"]: table["rows"] for table in before["tables"]}
    assert {name: again["tables"][name]["rows_out"] for name in TABLES} == {
        name: rows[name] for name in TABLES
    }


@pytest.mark.quick
def test_simulate_and_run_account_for_every_record(stedi, tmp_path):
    made = stedi("simulate", tmp_path / "landing", "--customers", "8", "--dirt", "0.02", "--json").json
    run = stedi(
        "run",
        tmp_path / "landing",
        "--lake",
        tmp_path / "lake",
        "--now",
        made["as_of"][:19],
        "--max-rejected",
        "0.6",
        "--json",
    ).json
    for name, table in made["tables"].items():
        assert run["tables"][name]["rows_in"] == table["written"]
        assert run["tables"][name]["used"] == table["kept"]
        assert run["tables"][name]["dropped"] == table["rejected"]
    counts = stedi("quarantine", "--lake", tmp_path / "lake", "--json").json
    expected = sum(sum(table["rejected"].values()) for table in made["tables"].values())
    assert sum(row["records"] for row in counts) == expected


def test_show_hides_personal_data_unless_asked(stedi, demo):
    lake = demo / "demo" / "lake"
    shown = stedi("show", "customer_trusted", "--lake", lake, "--json").json
    assert shown
    assert not {"email", "customer_name", "phone", "birth_day", "serial_number"} & set(shown[0])
    asked = stedi("show", "customer_trusted", "--lake", lake, "--personal-data", "--json").json
    emails = [row["email"] for row in asked]
    assert all("@" in normalize("NFKC", email) for email in emails)
    printed = stedi("show", "customer_trusted", "--lake", lake)
    assert "hidden personal data" in printed.out
    assert not any(email in printed.out for email in emails)


def test_show_limits_and_finds_older_runs(stedi, demo):
    lake = demo / "demo" / "lake"
    assert len(stedi("show", MACHINE_LEARNING_CURATED, "--lake", lake, "-n", "3", "--json").json) == 3
    run_id = stedi("status", "--lake", lake, "--json").json["runs"][0]["run_id"]
    at = stedi("show", MACHINE_LEARNING_CURATED, "--lake", lake, "-n", "3", "--at", run_id, "--json")
    assert len(at.json) == 3
    assert len(stedi("show", "customer_curated", "--lake", lake, "--at", "2100-01-01", "--json").json) > 0


def test_tag_and_list_tags(stedi, demo):
    lake = demo / "demo" / "lake"
    made = stedi("tag", "training-1", "--lake", lake, "--json").json
    assert stedi("tag", "--lake", lake, "--json").json == {"training-1": made["run_id"]}
    again = stedi("tag", "training-1", "--lake", lake)
    assert again.code == 1
    assert "exists" in again.err


def test_quarantine_lists_and_releases(stedi, demo):
    lake = demo / "demo" / "lake"
    records = stedi("quarantine", "--lake", lake, "--records", "--json").json
    assert records
    assert all("raw" not in record for record in records)
    raw = stedi("quarantine", "--lake", lake, "--records", "--personal-data", "--json").json
    assert any(record["raw"] for record in raw)
    wanted = records[0]["id"]
    released = stedi("quarantine", "--lake", lake, "--release", wanted, "--json")
    assert released.code == 0, released.err
    after = stedi("quarantine", "--lake", lake, "--records", "--json").json
    assert len(after) == len(records)
    assert [record["id"] for record in after if record["released_at"]] == [wanted]
    twice = stedi("quarantine", "--lake", lake, "--release", wanted)
    assert twice.code == 1


@pytest.fixture
def somebody(stedi, demo):
    """Return a customer of the demo, as the trusted table has them."""
    lake = demo / "demo" / "lake"
    return stedi("show", "customer_trusted", "--lake", lake, "-n", "1", "--personal-data", "--json").json[0]


@pytest.mark.parametrize("kind", ["email", "serial_number", "customer_id"])
def test_explain_finds_out_what_is_asked_for(stedi, demo, somebody, kind):
    lake = demo / "demo" / "lake"
    asked = f" {somebody[kind].upper()}" if kind != "customer_id" else somebody[kind]
    told = stedi("explain", asked, "--lake", lake, "--json").json
    assert (told["kind"], told["asked"], told["known"]) == (kind, asked, True)
    printed = stedi("explain", asked, "--lake", lake)
    assert printed.code == 0
    assert " ".join(printed.out.split()).startswith(f"{asked.strip()} {told['verdict'][:1].upper()}")
    assert "What became of the rows" in printed.out
    others = {"email", "serial_number", "customer_id", "customer_name", "phone", "device_id"} - {kind}
    for other in others:
        assert somebody[other] not in printed.out
        assert somebody[other] not in json.dumps(told)


def test_explain_agrees_with_the_trusted_table(stedi, demo, somebody):
    told = stedi("explain", somebody["email"], "--lake", demo / "demo" / "lake", "--json").json
    assert told["consent_from"] == somebody["consent_from"]
    assert told["timeline"][-1]["says"] == "grant"
    assert [reason["rule"] for reason in told["reasons"]][:2] == [1, 2]


@pytest.mark.parametrize(
    ("asked", "options", "kind"),
    [
        ("nobody@example.com", (), "email"),
        ("no-such-device", (), "serial_number"),
        ("0" * 32, ("--as", "serial_number"), "serial_number"),
        ("no-such-device", ("--as", "email"), "email"),
    ],
)
def test_explain_takes_what_nobody_knows_for_a_stranger(stedi, demo, asked, options, kind):
    told = stedi("explain", asked, *options, "--lake", demo / "demo" / "lake", "--json").json
    assert (told["kind"], told["known"], told["included"]) == (kind, False, False)


def _empty(path):
    path.mkdir()
    return path


ERRORS = {
    "a missing root": lambda tmp: ("run", tmp / "nowhere", "--lake", tmp / "lake"),
    "an empty folder": lambda tmp: ("run", _empty(tmp / "landing"), "--lake", tmp / "lake"),
    "a lake that is a file": lambda _: ("status", "--lake", __file__),
    "no lake": lambda tmp: ("status", "--lake", tmp / "lake"),
    "an unknown table": lambda tmp: ("show", "customer_trustd", "--lake", tmp / "lake"),
    "a root with too long a name": lambda tmp: ("run", "x" * 300, "--lake", tmp / "lake"),
    "a blank person": lambda tmp: ("explain", " ", "--as", "email", "--lake", tmp / "lake"),
    "nothing to explain": lambda tmp: ("explain", "ann@example.com", "--lake", tmp / "lake"),
    "a bad tag": lambda tmp: ("tag", "run-1", "--lake", tmp / "lake"),
    "a foreign folder": lambda _: ("simulate", Path(__file__).parent),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_clear_line(stedi, tmp_path, name):
    given = stedi(*ERRORS[name](tmp_path))
    assert given.code == 1
    assert given.out == ""
    assert given.err.startswith("stedi: ")
    assert given.err.count("\n") == 1
    assert "Traceback" not in given.err
    assert not (tmp_path / "lake").exists()


def test_an_unknown_table_is_met_with_a_hint(stedi, tmp_path):
    assert "Did you mean 'customer_trusted'?" in stedi("show", "customer_trustd", "--lake", tmp_path).err


@pytest.mark.quick
@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("nonsense",),
        ("show", "run", "--limit", "x"),
        ("simulate", "x", "--dirt", "2"),
        ("explain",),
        ("explain", "x", "--as", "y"),
        ("run", "x", "--consent", "never"),
        ("run", "x", "--max-rejected", "1.5"),
        ("run", "x", "--max-rejected", "nan"),
        ("run", "x", "--now", "9026-01-01"),
        ("run", "x", "--now", "1999-12-31"),
        ("run", "x", "--now", "9999-12-31T23:59:59-14:00"),
        ("run", "x", "--wait", "nan"),
        ("verify", "--older-than", "nan"),
        ("show", "run", "--at", "0001-01-01T00:00:00+14:00"),
        ("report", "--at", "9999-12-31T23:59:59-14:00"),
        ("report", "--format", "xml"),
        ("simulate", "x", "--preset", "y"),
        ("simulate", "x", "--clocks", "three"),
        ("simulate", "x", "--order", "y"),
        ("simulate", "x", "--dirt", "y=0.1"),
        ("explain", "\udcff"),
        ("export", "run", "x\udcff.csv"),
        ("erase", "ann@x.com", "--yes", "--by", "J\udcf6rg"),
    ],
)
def test_wrong_usage_is_exit_2(stedi, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    given = stedi(*arguments)
    assert (given.code, given.out) == (2, "")
    assert "Traceback" not in given.err
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_an_option_cannot_have_is_told_with_what_it_can(stedi):
    asked = stedi("run", "x", "--consent", "asof").err
    assert "Invalid value for --consent: no consent mode is named 'asof'. Did you mean 'as_of'?" in asked
    assert "one from 2000 on and before 2100" in stedi("run", "x", "--now", "9026-01-01").err


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        (["--version"], 0, "stedi 0.", ""),
        (["status", "--lake", "nowhere"], 1, "", "stedi: there is no published run in the lake "),
        (["stat"], 2, "", "Usage: "),
    ],
)
def test_a_process_ends_with_all_that_it_said_and_with_its_code(tmp_path, words, code, out, err):
    done = subprocess.run(
        [sys.executable, "-m", "stedi", *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == code
    assert done.stdout.startswith(out)
    assert bool(done.stdout) == bool(out)
    assert done.stderr.startswith(err)


def test_a_closed_pipe_is_no_error(demo):
    lake = demo / "demo" / "lake"
    show = f"{sys.executable} -m stedi show {MACHINE_LEARNING_CURATED} --lake {lake} -n 5000 --json"
    done = subprocess.run(f"{show} | head -n 1", shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_colour_is_left_out_of_pipes_and_narrow_terminals_are_fine(demo):
    lake = demo / "demo" / "lake"
    done = subprocess.run(
        [sys.executable, "-m", "stedi", "status", "--lake", str(lake)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "40"},
    )
    assert "\x1b" not in done.stdout
    assert "machine_learning_curated" in done.stdout


def test_ctrl_c_leaves_the_lake_as_it_was(tmp_path):
    landing = tmp_path / "landing"
    simulate(landing, customers=60)
    lake = tmp_path / "lake"
    process = subprocess.Popen(
        [sys.executable, "-m", "stedi", "run", str(landing), "--lake", str(lake)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "configuration")},
    )
    while not (lake / "scratch").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err.splitlines()[-1] == (
        "stedi: interrupted: what was published stands, and nothing else was left behind"
    )
    assert not lake.exists()


def test_maintain_plans_acts_and_is_no_run(stedi, tmp_path):
    lake = tmp_path / "lake"
    for seed in range(2):
        stedi("simulate", tmp_path / str(seed), "--customers", "4", "--seed", seed)
        assert stedi("run", tmp_path / str(seed), "--lake", lake, "--max-rejected", "1").code == 0
    rows = {
        table["table"]: table["rows"] for table in stedi("status", "--lake", lake, "--json").json["tables"]
    }
    planned = stedi("maintain", "--lake", lake, "--plan")
    assert "customer_landing" in planned.out
    assert "2 -> 1" in planned.out
    assert "nothing was changed" in planned.out
    assert stedi("maintain", "--lake", lake, "--plan", "--json").json["changed"]
    done = stedi("maintain", "--lake", lake, "--keep-days", "0", "--older-than", "0")
    assert done.code == 0, done.err
    assert "the same rows, checked" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    again = stedi("maintain", "--lake", lake, "--keep-days", "0", "--older-than", "0")
    assert again.out.startswith("Nothing to do")
    told = stedi("status", "--lake", lake, "--json").json
    after = {table["table"]: table["rows"] for table in told["tables"]}
    assert {**after, "run": 2} == rows
    assert [each["run_id"] for each in told["runs"]][-1] == told["last_run"]
    assert told["run_count"] == len(told["runs"]) == 2
    published = Lake.open(lake).runs()
    assert published["kind"].to_list() == ["run", "run", "maintenance"]
    assert told["last_maintained"] == published["published_at"][2].isoformat()
    printed = stedi("status", "--lake", lake).out
    assert "last maintained: " in printed
    assert published["run_id"][2] not in printed


def test_maintain_refuses_negative_ages_as_wrong_usage(stedi, tmp_path):
    assert stedi("maintain", "--lake", tmp_path, "--keep-days", "-1").code == 2
    assert stedi("maintain", "--lake", tmp_path / "lake").code == 1
