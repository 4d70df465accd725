"""The sign of life of whoever holds a lake: as long as ever, and read again where it was replaced."""

from pathlib import Path

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from stedi.warehouse import shared_lock
from stedi.warehouse.shared_lock import SharedLock


@pytest.fixture
def lock(tmp_path, monkeypatch) -> SharedLock:
    monkeypatch.setattr(shared_lock, "_PAUSE", (0.0, 0.0))
    (tmp_path / shared_lock.LOCK_FOLDER).mkdir()
    return SharedLock(lambda: pytest.fail("no table is needed"), PyArrowFileIO(), str(tmp_path))


def test_every_sign_is_as_long_as_the_one_before(lock, tmp_path):
    signs = []
    for count in (0, 9, 10, 12_345):
        lock._beat("token", count)
        signs.append((Path(tmp_path) / shared_lock.LOCK_FOLDER / "token").read_bytes())
        assert lock._read("token") == signs[-1]
    assert len(set(signs)) == 4
    assert len(set(map(len, signs))) == 1


@pytest.mark.parametrize("failures", [0, 1, 4, 5])
def test_a_sign_that_is_replaced_while_it_is_read_is_read_again(lock, monkeypatch, failures):
    lock._beat("token", 7)
    opened = lock._io.new_input
    asked = []

    def new_input(location):
        asked.append(location)
        if len(asked) <= failures:
            raise OSError("AWS Error INTERNAL_FAILURE during GetObject operation")
        return opened(location)

    monkeypatch.setattr(lock._io, "new_input", new_input)
    if failures < 5:
        assert int(lock._read("token")) == 7
    else:
        with pytest.raises(OSError, match="GetObject"):
            lock._read("token")
    assert len(asked) == min(failures + 1, 5)


def test_of_one_who_let_go_there_is_no_sign(lock):
    assert lock._read("nobody") is None
