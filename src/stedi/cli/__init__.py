"""The command line: ``stedi``."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Final

from stedi.cli.failure import FAILED, USAGE, fail
from stedi.cli.interrupt import noted_interrupts
from stedi.cli.streams import flush_streams, prepare_streams, tolerate_lost_output
from stedi.errors import StediError
from stedi.interrupts import Terminated

__all__ = ["main", "process"]

_OBJECTS: Final = 1_000_000
_SETTINGS: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "_RJEM_MALLOC_CONF": f"narenas:{max(1, (os.cpu_count() or 1) // 2)}",
}
"""What libraries read from the environment when they are loaded; whoever set it otherwise has their way."""


def main() -> None:
    """Run the command line: exit 0 when done, 1 on an error that stedi knows, 2 on wrong usage."""
    prepare_streams()
    _check_arguments(sys.argv[1:])
    from stedi.cli.app import app  # noqa: PLC0415 - an import of this package must not build the app

    try:
        with noted_interrupts():
            app()
    except StediError as error:
        fail(str(error), FAILED)
    except OSError as error:
        fail(
            f"the operating system refused ({error.strerror or type(error).__name__}){_place(error)}", FAILED
        )


def _check_arguments(arguments: Sequence[str]) -> None:
    """Refuse bytes of another encoding than UTF-8: nothing that stedi writes down can have them."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            fail(f"argument {number} of the command is no text in UTF-8", USAGE)


def _place(error: OSError) -> str:
    """Return where the system refused; of what may be a landing object, what messages call it."""
    from stedi.lake.display import shown_path  # noqa: PLC0415 - help needs no lake

    return f": {shown_path(error.filename)}" if isinstance(error.filename, str) else ""


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Say nothing of a signal that a library's callback swallows: it was noted, and is heard of."""
    if not issubclass(found.exc_type, KeyboardInterrupt | Terminated):
        sys.__unraisablehook__(found)


def process() -> None:
    """Be the process ``stedi``: run the command line, in a third less CPU where there is little to do.

    Imports make objects that live as long as the process, so garbage is looked for less often. NumPy's linear
    algebra, which no command needs, starts no thread that waits for work in a loop. Polars' allocator keeps
    fewer places of free memory than its four per core: 5 % less is held, and the system is asked for a third
    fewer pages. At the end everything is written and closed, so nothing is taken apart.
    """
    gc.set_threshold(_OBJECTS)
    sys.unraisablehook = _unraisable
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    os._exit(carry_out())


def carry_out() -> int:
    """Run the command line, whoever listens to it; return the exit code."""
    prepare_streams()
    tolerate_lost_output()
    code = 0
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise
        code = ended.code or 0
    return flush_streams(code)
