"""A landing file is read as it is at one moment, and never from outside its root."""

import errno
import os

import pytest

from stedi.landing.fetch import digest_of, fetch_object
from stedi.landing.objects import LandingObject
from stedi.landing.pinned import OutsideError, ReadError, pin_file


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root/customer").mkdir(parents=True)
    return tmp_path / "root"


def test_what_is_appended_meanwhile_is_seen_and_not_read(root):
    file = root / "customer/a.json"
    file.write_text("one\n")
    with pin_file(file, root) as pinned:
        with file.open("a") as out:
            out.write("two\n")
        assert pinned.changed
        assert pinned.open().read() == b"one\n"
        assert pinned.as_it_is.open().read() == b"one\ntwo\n"
        file.unlink()
        with pinned.open() as source:
            assert source.read(2) == b"on"
            source.seek(0)
            assert source.read() == b"one\n"


def test_its_digest_is_that_of_the_ledger(root):
    file = root / "customer/a.json"
    file.write_text("one\n")
    item = LandingObject(table="customer_landing", path=str(file), size=4, version="0")
    with pin_file(file, root) as pinned, fetch_object(item) as fetched:
        assert digest_of(pinned.open()) == fetched.digest
        assert (pinned.size, pinned.version, pinned.changed) == (4, str(file.stat().st_mtime_ns), False)


def test_a_link_inside_is_followed_and_one_that_leads_out_is_not(root):
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a.json").write_text("secret")
    (root / "customer/b.json").write_text("one\n")
    (root / "customer/in.json").symlink_to("b.json")
    (root / "customer/out.json").symlink_to(outside / "a.json")
    (root / "step_trainer").symlink_to(outside)
    with pin_file(root / "customer/in.json", root) as pinned:
        assert pinned.open().read() == b"one\n"
    for place in ("customer/out.json", "step_trainer/a.json"):
        with pytest.raises(OutsideError), pin_file(root / place, root):
            pass


def test_what_is_no_file_is_refused_at_once(root):
    os.mkfifo(root / "customer/pipe")
    for place in ("customer/pipe", "customer"):
        with pytest.raises(OutsideError), pin_file(root / place, root):
            pass
    (root / "customer/loop").symlink_to("loop")
    with pytest.raises(OutsideError), pin_file(root / "customer/loop", root):
        pass
    with pytest.raises(ReadError) as caught, pin_file(root / "customer/none", root):
        pass
    assert caught.value.errno == errno.ENOENT
    assert str(root) not in str(caught.value)
