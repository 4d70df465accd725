"""An object's digest, its records in bounded memory, and what it held."""

import hashlib
import os
from pathlib import Path

import pytest

from stedi.contract import landing_contract
from stedi.errors import LandingError
from stedi.landing.fetch import Summary, fetch_object
from stedi.landing.limits import Limits
from stedi.landing.objects import local_object

CUSTOMER = landing_contract("customer")
GOOD = b'{"email":"a@b.c","serialNumber":"s","lastUpdateDate":1655564376361}\n'
SHARING = GOOD.replace(b"{", b'{"SHAREWITHRESEARCHASOFDATE":1655564376361,')


@pytest.fixture
def write(tmp_path: Path):
    def write(content: bytes, name: str = "object.json") -> Path:
        file = tmp_path / name
        file.write_bytes(content)
        return file

    return write


@pytest.mark.parametrize("memory", [0, 1 << 20])
@pytest.mark.parametrize("content", [b"", GOOD, GOOD * 5000])
def test_the_digest_is_known_before_any_record(write, memory: int, content: bytes) -> None:
    with fetch_object(local_object(str(write(content)), CUSTOMER), limits=Limits(memory=memory)) as fetched:
        assert fetched.digest == hashlib.sha256(content).hexdigest()[:32]
        assert sum(len(split.kept) for split in fetched.splits(CUSTOMER, run="r")) == content.count(b"{")


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_splits_come_chunk_by_chunk_with_their_provenance(write, memory: int) -> None:
    file = write((GOOD * 9 + b"{}\n") * 100)
    obj = local_object(str(file), CUSTOMER)
    with fetch_object(obj, limits=Limits(memory=memory, chunk=5000)) as fetched:
        splits = list(fetched.splits(CUSTOMER, run="run-1"))
        assert len(splits) > 10
        assert fetched.summary == Summary(records=900, rejected=100, consent_field=False, lookalike=None)
    positions = sorted(
        [
            *(p for split in splits for p in split.kept["_position"]),
            *(p for split in splits for p in split.rejected["_position"]),
        ]
    )
    assert positions == list(range(1000))
    assert splits[3].kept.select("_object", "_digest", "_run").unique().rows() == [
        (str(file), fetched.digest, "run-1")
    ]
    assert splits[3].rejected.select(
        "table_name", "_object", "_digest", "_run", "released_at"
    ).unique().rows() == [("customer_landing", str(file), fetched.digest, "run-1", None)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD, False),
        (GOOD * 300, False),
        (GOOD + SHARING, True),
        (SHARING * 300, True),
        (GOOD * 300 + SHARING.replace(b"1655564376361,", b"null,"), True),
        (GOOD + b'{"shareWithResearchAsOfDate":"never"}\n', True),
        (GOOD + b'{"x":{"shareWithResearchAsOfDate":1}}\n', False),
        (GOOD + b'{"shareWithResearchAsOfDate":1', False),
        (b"", False),
    ],
)
def test_the_consent_field_is_noticed_in_any_case_kept_or_rejected(
    write,
    content: bytes,
    expected: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    with fetch_object(local_object(str(write(content)), CUSTOMER)) as fetched:
        list(fetched.splits(CUSTOMER, run=None))
        assert fetched.summary.consent_field is expected


def test_there_is_no_summary_before_the_end(write) -> None:
    with (
        fetch_object(local_object(str(write(GOOD)), CUSTOMER)) as fetched,
        pytest.raises(LandingError, match="no summary yet"),
    ):
        _ = fetched.summary


def test_splits_can_be_read_again(write) -> None:
    with fetch_object(local_object(str(write(GOOD)), CUSTOMER)) as fetched:
        first = list(fetched.splits(CUSTOMER, run=None))
        second = list(fetched.splits(CUSTOMER, run=None))
    assert first[0].kept.equals(second[0].kept)


def test_a_file_that_changes_between_its_digest_and_its_records_is_refused(write) -> None:
    file = write(GOOD)
    with fetch_object(local_object(str(file), CUSTOMER), limits=Limits(memory=0)) as fetched:
        file.write_bytes(GOOD * 2)
        os.utime(file, ns=(5, 5))
        with pytest.raises(LandingError, match="changes while it is read"):
            list(fetched.splits(CUSTOMER, run=None))


def test_a_file_that_is_gone_is_an_error_without_personal_data(write) -> None:
    obj = local_object(str(write(GOOD, "ann.example@test.com.json")), CUSTOMER)
    Path(obj.path).unlink()
    with (
        pytest.raises(LandingError, match=r"^<redacted>\.json can't be read: No such file") as caught,
        fetch_object(obj),
    ):
        pass
    assert "ann" not in str(caught.value)
