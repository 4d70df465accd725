"""Whose folder it is: an empty one, or one that was simulated before."""

import pytest
from plain_reader import digest_of

from stedi.errors import LandingError
from stedi.simulate import simulate


def small(folder, **options):
    return simulate(folder, customers=1, **options)


def test_an_empty_folder_is_taken(tmp_path):
    assert small(tmp_path).landing == tmp_path


def test_a_path_may_be_text(tmp_path):
    assert small(str(tmp_path / "new")).landing == tmp_path / "new"


def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "customer" / "landing").mkdir(parents=True)
    (tmp_path / "customer" / "landing" / "customer-1.json").write_text("{}")
    before = digest_of(tmp_path)
    with pytest.raises(LandingError, match="not simulate it"):
        small(tmp_path)
    assert digest_of(tmp_path) == before


def test_an_own_folder_with_a_foreign_file_is_refused_and_left_alone(tmp_path):
    small(tmp_path)
    (tmp_path / "customer" / "landing" / "mine.json").write_text("{}")
    before = digest_of(tmp_path)
    with pytest.raises(LandingError, match=r"1 files .* such as customer/landing/mine\.json"):
        small(tmp_path, seed=2)
    assert digest_of(tmp_path) == before


def test_an_own_folder_is_replaced_wholly(tmp_path):
    small(tmp_path / "folder", seed=1, dirt=0.5)
    small(tmp_path / "folder", seed=2)
    small(tmp_path / "fresh", seed=2)
    assert digest_of(tmp_path / "folder") == digest_of(tmp_path / "fresh")
    folders = {path.relative_to(tmp_path / "folder").as_posix() for path in (tmp_path / "folder").rglob("*/")}
    assert not any("small" in name or "again" in name for name in folders)


def test_an_interrupted_simulation_is_replaced(tmp_path, monkeypatch):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("stedi.simulate.generate.read_sensors", stop)
        with pytest.raises(KeyboardInterrupt):
            small(tmp_path / "folder", seed=1)
    assert (tmp_path / "folder" / "truth" / "files.txt").exists()
    small(tmp_path / "folder", seed=2)
    small(tmp_path / "fresh", seed=2)
    assert digest_of(tmp_path / "folder") == digest_of(tmp_path / "fresh")


def test_a_link_inside_is_foreign_and_never_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.json").write_text("{}")
    small(tmp_path / "folder")
    (tmp_path / "folder" / "customer" / "more").symlink_to(outside)
    with pytest.raises(LandingError, match="customer/more"):
        small(tmp_path / "folder")
    assert (outside / "precious.json").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LandingError, match="not a folder"):
        small(tmp_path / "file")
    with pytest.raises(LandingError, match="can't be written"):
        small(tmp_path / "file" / "below")


def test_a_url_is_refused():
    with pytest.raises(LandingError, match="local folder"):
        small("s3://bucket/landing")
