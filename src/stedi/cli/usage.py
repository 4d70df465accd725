"""Values that an option can't have: wrong usage, told as such before anything is done."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import typer

from stedi.errors import ConfigurationError, UnknownNameError
from stedi.pipeline.published import check_at


@contextmanager
def usage(option: str) -> Iterator[None]:
    """Let what refuses the value of an option in this block be wrong usage: exit code 2, and not 1."""
    try:
        yield
    except (ConfigurationError, UnknownNameError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def one_of(option: str, value: str | None, known: Collection[str]) -> None:
    """Refuse an option that is none of the words that it can be."""
    if value is not None and value not in known:
        with usage(option):
            raise UnknownNameError.of(option.strip("-"), value, known)


def run_or_time(at: str | None) -> str | None:
    """Return what names a run; refuse a time that can't be meant."""
    if at is not None:
        with usage("--at"):
            check_at(at)
    return at
