"""kill -9 while the key of a new lake is written: no half key, and the next run writes a whole one."""

import signal
import stat
import subprocess
import sys

import pytest

import stedi
from lakes import ANN, put_world, run
from stedi.pipeline.keys import KEY_VARIABLE, key_file

DIE_IN_SAVE = """
import os, sys
import stedi
def die(*_):
    os.kill(os.getpid(), 9)
setattr(os, sys.argv[2], die)
stedi.Pseudonyms.generate().save(sys.argv[1])
"""


@pytest.mark.parametrize("moment", ["open", "fsync", "link", "unlink"])
def test_a_killed_save_leaves_a_whole_key_or_none(monkeypatch, tmp_path, moment):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    killed = subprocess.run([sys.executable, "-c", DIE_IN_SAVE, key_file(), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert key_file().exists() is (moment == "unlink")
    lake = stedi.Lake.open(tmp_path / "lake", buckets=1)
    report = run(lake, put_world(tmp_path / "landing", ANN))
    assert stedi.Pseudonyms.from_file(key_file()).fingerprint == report.run.key_fingerprint
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
