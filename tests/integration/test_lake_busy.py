"""Eight writers with an erasure, maintenance and audits beside them: each delivery is loaded exactly once."""

import json
import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

import stedi
from lakes import PSEUDONYMS, pour
from processes import start
from servers import postgres, postgres_programs
from worlds import PEOPLE, random_world

WRITERS = 8
DELIVERIES = int(os.environ.get("STEDI_CAMPAIGN_DELIVERIES", "60"))
ERASED = PEOPLE[0][0]
pytestmark = pytest.mark.campaign


def deliveries(folder: Path) -> list[Path]:
    """Write landing roots for all writers, each a folder of deliveries; return the writers' folders."""
    for number in range(DELIVERIES):
        pour(folder / str(number % WRITERS) / f"{number:03d}", random_world(number))
    return [folder / str(number) for number in range(WRITERS)]


def work(options: dict[str, object], folder: Path) -> None:
    """Have all work at once, and check that nothing was lost and nothing doubled."""
    where = json.dumps(options)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(start("busy.py", *arguments))
            for arguments in (
                *(("deliver", where, str(root)) for root in deliveries(folder)),
                ("erase", where, ERASED),
                ("maintain", where, "4"),
                ("verify", where, "6"),
            )
        ]
        ends = [(process.wait(), *process.communicate()) for process in processes]
    assert [code for code, _, _ in ends] == [0] * len(ends), [end for end in ends if end[0]]
    lake = stedi.Lake.open(**options, pseudonyms=PSEUDONYMS, buckets=2)
    runs = lake.runs()
    assert runs.filter(kind="run").height == DELIVERIES
    assert runs["base_run_id"].to_list() == [None, *runs["run_id"].to_list()[:-1]]
    assert "erasure" in set(runs["kind"])
    ledger = lake.scan("object").collect()
    assert ledger["path"].is_unique().all()
    sent = sorted(str(file) for file in folder.rglob("*.json"))
    assert sorted(ledger["path"]) == sent
    assert ledger.filter(duplicate=False).select("table_name", "digest").is_unique().all()
    lake.maintain(keep_days=0, older_than=timedelta(0))
    assert lake.verify(older_than=timedelta(0)).findings == ()


def test_on_a_local_lake(tmp_path):
    work({"path": str(tmp_path / "lake")}, tmp_path / "landing")


@pytest.mark.skipif(
    postgres_programs() is None and "STEDI_REQUIRE_POSTGRES" not in os.environ, reason="needs PostgreSQL"
)
@pytest.mark.usefixtures("s3_bucket")
def test_on_postgresql_and_s3(s3_server, tmp_path):
    with postgres() as uri:
        catalog = {
            "type": "sql",
            "uri": uri,
            "s3.endpoint": s3_server,
            "s3.access-key-id": "test",
            "s3.secret-access-key": "test",
            "s3.region": "us-east-1",
        }
        work({"catalog": catalog, "warehouse": "s3://stedi/warehouse"}, tmp_path / "landing")
