"""Landing data on S3, on a server of our own."""

import gzip
import hashlib
from traceback import format_exception
from types import SimpleNamespace

import pytest

from stedi.contract import landing_contract
from stedi.errors import LandingError
from stedi.landing import s3
from stedi.landing.fetch import fetch_object
from stedi.landing.limits import Limits
from stedi.landing.objects import find_objects
from stedi.landing.read_landing import read_landing

STEP = landing_contract("step_trainer")
CUSTOMER = landing_contract("customer")
RECORD = b'{"sensorReadingTime":1655564376361,"serialNumber":"%s","distanceFromObject":246}\n'
ROOT = "s3://stedi/root"


@pytest.fixture
def put(s3_bucket):
    """Return what writes objects."""

    def put(name: str, content: bytes) -> str:
        return s3_bucket.put_object(Key=name, Body=content).e_tag.strip('"')

    return put


def test_objects_are_found_at_any_depth_with_size_and_etag(put) -> None:
    content = RECORD % b"a"
    tag = put("root/step_trainer/landing/2026/a.json", content)
    put("root/step_trainer/b.json", b"")
    put("root/step_trainer/_SUCCESS", b"")
    put("root/step_trainer/.tmp/c.json", content)
    put("root/step_trainer/folder/", b"")
    put("root/step_trainer_old/x.json", content)
    put("root/customer/c.json", b"{}")
    found = find_objects(ROOT, STEP)
    assert [(item.path, item.size) for item in found] == [
        (f"{ROOT}/step_trainer/b.json", 0),
        (f"{ROOT}/step_trainer/landing/2026/a.json", len(content)),
    ]
    assert found[1].version == tag == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert find_objects(ROOT + "/", landing_contract("accelerometer")) == ()
    assert [item.path for item in find_objects("s3a://stedi/root", CUSTOMER)] == [f"{ROOT}/customer/c.json"]


def test_a_version_changes_with_the_bytes(put) -> None:
    put("root/customer/a.json", b"{}")
    first = find_objects(ROOT, CUSTOMER)
    put("root/customer/a.json", b"[]")
    second = find_objects(ROOT, CUSTOMER)
    assert [item.path for item in first] == [item.path for item in second]
    assert first[0].version != second[0].version


def test_a_bucket_can_be_the_root(put) -> None:
    put("customer/a.json", b"{}")
    assert [item.path for item in find_objects("s3://stedi", CUSTOMER)] == ["s3://stedi/customer/a.json"]


@pytest.mark.parametrize("memory", [1 << 20, 0])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_object_is_fetched_with_its_digest(put, memory: int, pack) -> None:
    content = pack(RECORD % b"s" * 500 + b"bad\n")
    put("root/step_trainer/a b=ä.json", content)
    (obj,) = find_objects(ROOT, STEP)
    with fetch_object(obj, limits=Limits(memory=memory)) as fetched:
        assert fetched.digest == hashlib.sha256(content).hexdigest()[:32]
        splits = list(fetched.splits(STEP, run="r"))
        assert (fetched.summary.records, fetched.summary.rejected) == (500, 1)
    assert splits[0].kept["_object"].unique().to_list() == [f"{ROOT}/step_trainer/a b=ä.json"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"{ROOT}/step_trainer/a.json", ["a"]),
        (f"{ROOT}/step_trainer", ["a", "b"]),
        (f"{ROOT}/step_trainer/", ["a", "b"]),
        (f"{ROOT}/step_trainer/*.json", ["a"]),
        (f"{ROOT}/step_trainer/**", ["a", "b"]),
    ],
)
def test_a_source_is_an_object_a_prefix_or_a_pattern(put, source: str, expected: list[str]) -> None:
    put("root/step_trainer/a.json", RECORD % b"a")
    put("root/step_trainer/x/b.json", RECORD % b"b")
    assert read_landing(source, "step_trainer_landing").kept["serial_number"].to_list() == expected


def test_settings_can_be_passed_along(put, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put("root/step_trainer/a.json", RECORD % b"a")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    options = {"endpoint_url": s3_server, "key": "test", "secret": "test"}
    (obj,) = find_objects(ROOT, STEP, storage_options=options)
    with fetch_object(obj, storage_options=options) as fetched:
        assert sum(len(split.kept) for split in fetched.splits(STEP, run=None)) == 1
    assert len(read_landing(ROOT + "/step_trainer", "step_trainer", storage_options=options).kept) == 1


def test_what_is_missing_is_an_error_of_one_line_without_personal_data(put) -> None:
    put("root/customer/a.json", b"{}")
    with pytest.raises(LandingError, match="nothing is under the landing root"):
        find_objects("s3://stedi/elsewhere", CUSTOMER)
    with pytest.raises(LandingError, match=r"nothing is under the landing root|does not exist"):
        find_objects("s3://no-such-bucket", CUSTOMER)
    with pytest.raises(LandingError) as caught:
        read_landing(f"{ROOT}/jane@test.com.json", "customer")
    assert "jane" not in str(caught.value)
    assert "\n" not in str(caught.value)
    (obj,) = find_objects(ROOT, CUSTOMER)
    put("root/customer/a.json", b"")
    import boto3

    boto3.client("s3").delete_object(Bucket="stedi", Key="root/customer/a.json")
    with pytest.raises(LandingError, match="does not exist"), fetch_object(obj):
        pass


@pytest.mark.parametrize("raised", ["answer", "translated", "unreachable", "refused"])
def test_what_s3_answers_is_told_without_the_key_of_an_object(put, monkeypatch, raised: str) -> None:
    put("root/customer/form of Quintessa Zorbleak.json", b"{}" * 100)
    (obj,) = find_objects(ROOT, CUSTOMER)
    from botocore.exceptions import ClientError, EndpointConnectionError
    from s3fs.errors import translate_boto_error

    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": f"not for {obj.path}"}}, "GetObject")
    nowhere = EndpointConnectionError(endpoint_url=obj.path)
    error, said = {
        "answer": (denied, "AccessDenied"),
        "translated": (translate_boto_error(denied), "AccessDenied"),
        "unreachable": (nowhere, "Could not connect to the endpoint URL"),
        "refused": (OSError(5, obj.path), "Input/output error"),
    }[raised]

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(s3, "_file_system", lambda _: SimpleNamespace(find=fail, cat_file=fail, open=fail))
    name = f"customer/<redacted>.json (ETag {obj.version})"
    for place, read in (
        (f"the landing root {ROOT}", lambda: find_objects(ROOT, CUSTOMER)),
        (name, fetch_object(obj).__enter__),
        (name, fetch_object(obj, limits=Limits(memory=0)).__enter__),
    ):
        with pytest.raises(LandingError) as caught:
            read()
        assert str(caught.value).startswith(f"{place} can't be read: {said}. Check the endpoint")
        assert "orbleak" not in "".join(format_exception(caught.value))
