"""The lake in a known state, the command line, and S3, for the tests of this folder."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bench import Bench
from lakes import lake_at, put_rows, run
from stedi.cli import main
from worlds import DEVICES, HOURS, NOW, PEOPLE, customer, reading, step


class Typed:
    """What a command gave back."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def stedi(monkeypatch, capsys):
    """Return a function that runs ``stedi`` with arguments, in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["stedi", *map(str, arguments)])
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        else:
            code = 0
        streams = capsys.readouterr()
        return Typed(code, streams.out, streams.err)

    return run


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return the bench, whatever state it is in."""
    return Bench.build(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Return the bench with a lake that has one run."""
    return bench.filled()


@pytest.fixture(scope="session")
def withdrawn(tmp_path_factory: pytest.TempPathFactory):
    """Return the folder of a lake of two runs: Ann (two pairs) and Bob (one), tagged; then Ann withdraws."""
    place = tmp_path_factory.mktemp("withdrawn")
    bob, device = PEOPLE[3][0], DEVICES[1][0]
    put_rows(
        place / "1",
        customer=[
            customer(share=HOURS[0], at=HOURS[1]),
            customer(bob, device, share=HOURS[0], at=HOURS[1]),
        ],
        accelerometer=[reading(at=HOURS[2]), reading(at=HOURS[3]), reading(bob, HOURS[4])],
        step_trainer=[step(at=HOURS[2]), step(at=HOURS[3]), step(device, HOURS[4])],
    )
    put_rows(place / "2", customer=[customer(at=HOURS[5])])
    lake = lake_at(place / "lake")
    run(lake, place / "1")
    lake.tag("both")
    run(lake, place / "2", now=NOW + timedelta(hours=1))
    return place / "lake"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """Return the URL of an S3 server of our own."""
    server_of = pytest.importorskip("moto.server")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch):
    """Return an empty bucket on it, named stedi; the ordinary environment variables lead there."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    import boto3
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    bucket = boto3.resource("s3").Bucket("stedi")
    bucket.create()
    bucket.objects.all().delete()
    return bucket
