"""Landing objects on S3, through s3fs, which is loaded when a URL asks for it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from stedi.errors import LandingError
from stedi.landing.limits import MIB
from stedi.landing.redact import safe_path

if TYPE_CHECKING:
    from s3fs import S3FileSystem

_SCHEME: Final = "s3://"
_SCHEMES: Final = (_SCHEME, "s3a://", "s3n://")
_CODE: Final = re.compile(r"\w{1,80}", re.ASCII)


class S3Object(NamedTuple):
    """An object on S3.

    Attributes:
        url: Its URL.
        size: Its size in bytes.
        etag: Its ETag.
    """

    url: str
    size: int
    etag: str

    def __repr__(self) -> str:
        """Show all but the URL, which can hold personal data."""
        return f"S3Object(size={self.size}, etag={self.etag!r})"


def is_url(location: str) -> bool:
    """Return whether a location is on S3.

    Examples:
        >>> is_url("s3://bucket/landing"), is_url("landing")
        (True, False)
    """
    return location.startswith(_SCHEMES)


def canonical(url: str) -> str:
    """Return a URL in the spelling that all found URLs have.

    Examples:
        >>> canonical("s3a://bucket/landing/")
        's3://bucket/landing'
    """
    return _SCHEME + _key(url).rstrip("/")


def list_objects(
    prefix: str, options: Mapping[str, object] | None, *, name: str | None = None
) -> list[S3Object]:
    """Return all objects under a URL, sorted; none where there is nothing.

    Args:
        prefix: The URL.
        options: Options of s3fs.
        name: What messages call it; by default its path without names.
    """
    key = _key(prefix).rstrip("/")
    with _explained(prefix, name):
        files = _file_system(options)
        if "/" not in key and not files.exists(key):
            return []
        listed = files.find(key, detail=True)
    return _found(listed.values())


def list_top(root: str, options: Mapping[str, object] | None) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the objects right under a URL."""
    key = _key(root).rstrip("/")
    with _explained(root):
        listed = _file_system(options).ls(key, detail=True)
    names = [(str(entry["name"]).rstrip("/").rpartition("/")[2], entry["type"]) for entry in listed]
    folders, files = (sorted(name for name, kind in names if kind == each) for each in ("directory", "file"))
    return folders, files


def glob_objects(pattern: str, options: Mapping[str, object] | None) -> list[S3Object]:
    """Return the objects whose URL matches a pattern, sorted."""
    with _explained(pattern):
        listed = _file_system(options).glob(_key(pattern), detail=True)
    return _found(listed.values())


def read_object(url: str, options: Mapping[str, object] | None, *, name: str | None = None) -> bytes:
    """Return the bytes of an object; messages call it by its name."""
    with _explained(url, name):
        content: bytes = _file_system(options).cat_file(_key(url))
    return content


def download_object(
    url: str, target: IO[bytes], options: Mapping[str, object] | None, *, name: str | None = None
) -> None:
    """Write the bytes of an object to an open file; messages call it by its name."""
    with _explained(url, name), _file_system(options).open(_key(url), "rb", cache_type="readahead") as source:
        while block := source.read(8 * MIB):
            target.write(block)


def upload_object(source: str, url: str, options: Mapping[str, object] | None) -> None:
    """Put a local file in the place of an object."""
    with _explained(url):
        _file_system(options).put_file(source, _key(url))


def head_object(url: str, options: Mapping[str, object] | None) -> S3Object | None:
    """Return what an object is now; None where there is none."""
    with _explained(url):
        files = _file_system(options)
        try:
            entry = files.info(_key(url), refresh=True)
        except FileNotFoundError:
            return None
    return next(iter(_found(iter([entry]))), None)


def replace_object(source: str, url: str, options: Mapping[str, object] | None, *, etag: str) -> bool:
    """Put a local file in the place of an object, if it is still the one of an ETag.

    Returns:
        Whether it was. A store without conditional writes is asked just before.
    """
    found = head_object(url, options)
    if found is None or found.etag != etag:
        return False
    with _explained(url):
        files = _file_system(options)
        try:
            files.put_file(source, _key(url), IfMatch=f'"{etag}"')
        except OSError as error:
            code = _code(error)
            if code in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409"):
                return False
            if code not in ("NotImplemented", "501"):
                raise
            files.put_file(source, _key(url))
    return True


def _code(error: OSError) -> str:
    """Return what a store called an error."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def delete_object(url: str, options: Mapping[str, object] | None) -> None:
    """Delete an object."""
    with _explained(url):
        _file_system(options).rm_file(_key(url))


def _file_system(options: Mapping[str, object] | None) -> S3FileSystem:
    from s3fs import S3FileSystem  # noqa: PLC0415 - half a second that local data must not pay

    return S3FileSystem(**{"use_listings_cache": False, **(options or {})})


def _found(entries: Iterator[dict[str, object]]) -> list[S3Object]:
    return sorted(
        S3Object(_SCHEME + str(entry["name"]), int(str(entry["size"])), str(entry.get("ETag", "")).strip('"'))
        for entry in entries
        if entry["type"] == "file" and not str(entry["name"]).endswith("/")
    )


def _key(url: str) -> str:
    return url.split("://", 1)[1]


@contextmanager
def _explained(url: str, name: str | None = None) -> Iterator[None]:
    """Turn what S3 can answer into one clear line."""
    from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types
        BotoCoreError,
        ClientError,
    )

    try:
        yield
    except FileNotFoundError:
        raise LandingError(
            f"{name or safe_path(url)} does not exist: check the bucket and the path"
        ) from None
    except (BotoCoreError, ClientError, OSError) as error:
        raise LandingError(
            f"{name or safe_path(url)} can't be read: {_said(error)}. Check the endpoint, the region and the "
            "credentials (AWS_ENDPOINT_URL, AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID)"
        ) from None


def _said(error: BaseException) -> str:
    """Return what is wrong, without the words of S3, which may quote the key of an object."""
    # s3fs raises an OSError in the place of what S3 answered.
    for each in (error, error.__cause__):
        if isinstance(answer := getattr(each, "response", None), dict):
            code = str(answer.get("Error", {}).get("Code", ""))
            if _CODE.fullmatch(code):
                return code
        # How botocore words it, up to what it fills in.
        if isinstance(words := getattr(each, "fmt", None), str):
            return words.partition("{")[0].rstrip(" :\"'") or type(each).__name__
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else type(error).__name__
