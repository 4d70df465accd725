"""Where the command line writes: tables for people on stdout, progress on stderr, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import cast

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from stedi.cli.escape import CONTROLS
from stedi.cli.interrupt import check_interrupted
from stedi.cli.streams import note_done
from stedi.cli.terminal import SafeConsole
from stedi.errors import ConfigurationError
from stedi.progress import Progress

_WIDE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a command says what it did: for programs as JSON, else for people."""

    json: bool

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show how far long work is, on stderr, if a person is watching."""
        err = SafeConsole(stderr=True)
        if self.json or not err.is_terminal:
            yield lambda *_: check_interrupted()
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=err, transient=True) as bars:
            task = bars.add_task("starting", total=None)

            def tell(what: str, done: int, total: int) -> None:
                check_interrupted()
                bars.update(task, description=what, completed=done, total=total)

            yield tell

    def show(
        self, plain: Callable[[], object], people: Callable[[Console], object], *, done: bool = False
    ) -> None:
        """Print a result on stdout.

        Args:
            plain: Returns it as plain values, for programs.
            people: Prints it for people.
            done: The command changed something: whatever becomes of its output, it did not fail.
        """
        if done:
            note_done()
        if self.json:
            _print_json(plain())
        self.tell(people)

    def tell(self, people: Callable[[Console], object]) -> None:
        """Print something that is for people only."""
        if not self.json:
            out = SafeConsole()
            # In a pipe a table is as wide as it needs.
            people(out if out.is_terminal else SafeConsole(width=_WIDE))

    def check_answerable(self, what: str) -> None:
        """Refuse to begin where nobody can be asked whether it is meant.

        Raises:
            ConfigurationError: Programs, or no terminal, would have to answer.
        """
        if self.json or not sys.stdin.isatty():
            raise ConfigurationError(f"{what} can't be undone: look at it with --plan, then pass --yes")


def confirm(question: str, unchanged: str) -> None:
    """Ask a person who must type yes.

    Raises:
        ConfigurationError: The answer is another.
    """
    sys.stdout.write(f"{question} Type yes: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise ConfigurationError(f"{unchanged}: the answer was not yes")


def _print_json(value: object) -> None:
    text = json_text(value)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json_text(value, ascii_only=True)
    sys.stdout.write(text)


def json_text(value: object, *, ascii_only: bool = False) -> str:
    """Return a value as one JSON document; what a terminal would obey stands in it as an escape."""
    text = json.dumps(value, default=_plain, ensure_ascii=ascii_only, indent=2) + "\n"
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame as plain values, which JSON has words for."""
    text = json.dumps(frame.to_dicts(), default=_plain)
    # JSON has no word for NaN and the infinite numbers.
    return cast("list[dict[str, object]]", json.loads(text, parse_constant=lambda _: None))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def number(value: int | None) -> str:
    """Return a count with thousands set apart; nothing for None."""
    return "" if value is None else f"{value:,}"


def size(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - SI prefixes
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
