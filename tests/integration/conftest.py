"""The lake in a known state, and S3, for the tests of this folder."""

from collections.abc import Iterator

import pytest

from bench import Bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return the bench, whatever state it is in."""
    return Bench.build(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Return the bench with a lake that has one run."""
    return bench.filled()


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
