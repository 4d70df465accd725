"""Steps at which a process kills itself by SIGKILL: just before and just after something is written.

It stands beside the scripts that use it, and imports nothing of the tests, so that they start fast.
"""

import functools
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

from stedi.warehouse.sqlite_catalog import SqliteCatalog


class Steps:
    """The steps of a process so far.

    Args:
        deadly: The number of the step to die at; 0 to live.
    """

    def __init__(self, deadly: int) -> None:
        """Begin before the first."""
        self.names: list[str] = []
        self._deadly = deadly

    def step(self, name: str) -> None:
        """Die here, if this is the step."""
        self.names.append(name)
        if len(self.names) == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, *names: str) -> None:
        """Make a step before and a step after every call of some functions."""
        for name in names:
            setattr(owner, name, self._stepping(getattr(owner, name), name))

    def in_catalog(self, *statements: str) -> None:
        """Make a step before statements of the catalog, by the word that they begin with."""
        connect = SqliteCatalog._connect

        def traced(statement: str) -> None:
            if (word := statement.split(maxsplit=1)[0]) in statements:
                self.step(f"before {word}")

        def connected(catalog: SqliteCatalog) -> sqlite3.Connection:
            connection = connect(catalog)
            connection.set_trace_callback(traced)
            return connection

        SqliteCatalog._connect = connected

    def _stepping(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **options: Any) -> Any:
            self.step(f"before {name}")
            result = function(*args, **options)
            self.step(f"after {name}")
            return result

        return wrapped
