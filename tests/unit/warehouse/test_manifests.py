"""What files hold is remembered as long as they are what they were, and no more of it than was said."""

import os

import pytest

from stedi.warehouse import manifests
from stedi.warehouse.manifests import Remembered


@pytest.fixture
def read():
    """Return a reader of a file's letters that counts how often it is asked."""
    asked = []

    def of(file):
        def letters():
            asked.append(file)
            return list(file.read_text())

        return letters

    of.asked = asked
    return of


def test_a_file_is_read_once_and_again_when_it_was_written_anew(tmp_path, read):
    file = tmp_path / "m.avro"
    file.write_text("abc")
    known = Remembered()
    for _ in range(3):
        assert list(known.of(str(file), read(file))) == ["a", "b", "c"]
        assert list(known.of(f"file://{file}", read(file))) == ["a", "b", "c"]
    assert len(read.asked) == 1
    at = file.stat().st_mtime_ns
    file.write_text("abd")
    os.utime(file, ns=(at + 1, at + 1))
    assert list(known.of(str(file), read(file))) == ["a", "b", "d"]
    assert len(read.asked) == 2


def test_one_that_another_was_put_in_the_place_of_is_read_again(tmp_path, read):
    file, other = tmp_path / "m.avro", tmp_path / "other"
    file.write_text("abc")
    known = Remembered()
    known.of(str(file), read(file))
    other.write_text("xyz")
    at = file.stat().st_mtime_ns
    os.utime(other, ns=(at, at))
    other.rename(file)
    assert list(known.of(str(file), read(file))) == ["x", "y", "z"]


def test_one_that_is_gone_is_gone(tmp_path, read):
    file = tmp_path / "m.avro"
    file.write_text("abc")
    known = Remembered()
    known.of(str(file), read(file))
    file.unlink()
    with pytest.raises(FileNotFoundError):
        known.of(str(file), read(file))


def test_what_is_elsewhere_is_read_each_time():
    known, asked = Remembered(), []
    for _ in range(2):
        known.of("s3://bucket/m.avro", lambda: asked.append(1) or [1])
    assert len(asked) == 2


def test_the_oldest_is_forgotten_where_it_becomes_much(tmp_path, read, monkeypatch):
    monkeypatch.setattr(manifests, "_MOST", 7)
    known = Remembered()
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text("xyz")
        known.of(str(file), read(file))
    for file in reversed(files):
        known.of(str(file), read(file))
    assert read.asked == [*files, files[0]]
    # One that is larger by itself is remembered alone.
    large = tmp_path / "large"
    large.write_text("x" * 100)
    known.of(str(large), read(large))
    known.of(str(large), read(large))
    assert read.asked[-1] == large
    assert read.asked.count(large) == 1
