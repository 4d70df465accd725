"""Which files a landing root holds."""

import os
from dataclasses import replace
from pathlib import Path
from traceback import format_exception

import pytest

from stedi.contract import landing_contract
from stedi.errors import LandingError
from stedi.landing.objects import LandingObject, find_objects

CUSTOMER = landing_contract("customer")


def touch(path: Path, content: bytes = b"{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(root: Path) -> list[str]:
    return [os.path.relpath(item.path, root) for item in find_objects(root, CUSTOMER)]


def test_all_files_at_any_depth_are_found_in_order(tmp_path: Path) -> None:
    for name in ("customer/b.json", "customer/landing/2026/a.json.gz", "customer/a", "accelerometer/x.json"):
        touch(tmp_path / name)
    touch(tmp_path / "customer" / "empty.json", b"")
    assert names(tmp_path) == [
        "customer/a",
        "customer/b.json",
        "customer/empty.json",
        "customer/landing/2026/a.json.gz",
    ]


def test_an_object_says_what_changes_when_it_does(tmp_path: Path) -> None:
    file = touch(tmp_path / "customer" / "a.json", b"{}\n")
    (found,) = find_objects(str(tmp_path), CUSTOMER)
    assert found == LandingObject(
        table="customer_landing", path=str(file.resolve()), size=3, version=str(file.stat().st_mtime_ns)
    )
    os.utime(file, ns=(5, 5))
    assert find_objects(tmp_path, CUSTOMER)[0].version == "5"
    assert "a.json" not in repr(found)


@pytest.mark.parametrize("name", ["_SUCCESS", ".hidden", "_temporary/part-0", ".git/config", "x/.crc"])
def test_what_is_no_data_is_skipped(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "customer" / name)
    assert names(tmp_path) == []


def test_a_root_may_lie_in_a_hidden_folder(tmp_path: Path) -> None:
    touch(tmp_path / ".data" / "_x" / "customer" / "a.json")
    assert names(tmp_path / ".data" / "_x") == ["customer/a.json"]


def test_a_missing_folder_holds_nothing_and_a_missing_root_is_an_error(tmp_path: Path) -> None:
    assert find_objects(tmp_path, CUSTOMER) == ()
    with pytest.raises(LandingError, match="is no folder: give the folder that holds customer/"):
        find_objects(tmp_path / "nothing", CUSTOMER)
    with pytest.raises(LandingError, match="is no folder"):
        find_objects(touch(tmp_path / "file"), CUSTOMER)


def test_links_within_the_root_are_read_once_per_name(tmp_path: Path) -> None:
    file = touch(tmp_path / "customer" / "a.json")
    (tmp_path / "customer" / "b.json").symlink_to(file)
    (tmp_path / "customer" / "again").symlink_to(tmp_path / "customer")
    assert names(tmp_path) == ["customer/a.json", "customer/b.json"]


@pytest.mark.parametrize("target", ["outside.json", "outside", "nowhere"])
@pytest.mark.parametrize("link", ["customer/a.json", "customer"])
def test_links_out_of_the_root_are_refused(tmp_path: Path, target: str, link: str) -> None:
    touch(tmp_path / "outside.json")
    (tmp_path / "outside").mkdir()
    root = tmp_path / "root"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(tmp_path / target)
    with pytest.raises(LandingError, match="is a link that leads out of the landing root"):
        find_objects(root, CUSTOMER)


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "customer" / "a.json")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert [item.path for item in find_objects(tmp_path / "root", CUSTOMER)] == [
        str((tmp_path / "real" / "customer" / "a.json").resolve())
    ]


def test_pipes_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "customer").mkdir()
    os.mkfifo(tmp_path / "customer" / "pipe")
    assert names(tmp_path) == []


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "customer").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/customer/\xff.json")).touch()
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    with pytest.raises(LandingError, match="is not Unicode: rename it"):
        find_objects(tmp_path, CUSTOMER)


def test_an_object_is_found_by_what_messages_call_it(tmp_path: Path) -> None:
    file = touch(tmp_path / "Quintessa Zorbleak" / "customer" / "of Zorbleak.json")
    (found,) = find_objects(tmp_path / "Quintessa Zorbleak", CUSTOMER)
    assert found.name == f"customer/<redacted>.json (inode {file.stat().st_ino})"
    remote = replace(found, path="s3://zorbleak/customer/of Zorbleak.json", version="etag")
    assert remote.name == "customer/<redacted>.json (ETag etag)"
    plain = replace(found, path="s3://bucket/customer/export.json")
    assert plain.name == "customer/export.json"


def test_what_is_refused_is_named_by_its_inode_alone(tmp_path: Path) -> None:
    folder = tmp_path / "customer"
    folder.mkdir()
    link = folder / "Zorbleak.json"
    link.symlink_to(tmp_path / "zorbleak elsewhere")
    with pytest.raises(LandingError, match="is a link") as caught:
        find_objects(tmp_path, CUSTOMER)
    assert str(caught.value).startswith(f"customer/<redacted>.json (inode {link.lstat().st_ino}) is a link")
    assert "orbleak" not in "".join(format_exception(caught.value))
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(LandingError, match="is a link") as caught:
        find_objects(tmp_path, CUSTOMER)
    assert "orbleak" not in "".join(format_exception(caught.value))


@pytest.mark.parametrize("refused", ["stat", "scandir"])
def test_what_the_system_refuses_is_named_without_names(
    tmp_path: Path, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "customer" / "of Zorbleak" / "zorbleak.json")
    real = getattr(os, refused)

    def refuse(path, *arguments, **options):
        if "orbleak" in os.fspath(path):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, refused, refuse)
    with pytest.raises(LandingError, match=r"^customer/<redacted>.*: Permission denied") as caught:
        find_objects(tmp_path, CUSTOMER)
    assert "orbleak" not in "".join(format_exception(caught.value))
