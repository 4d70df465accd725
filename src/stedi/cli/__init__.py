"""The command line: ``stedi``."""

import os
import sys

from stedi.errors import StediError

__all__ = ["main"]

_FAILED = 1
_INTERRUPTED = 130


def main() -> None:
    """Run the command line: exit 0 when done, 1 on an error that stedi knows, 2 on wrong usage."""
    from stedi.cli.app import app  # noqa: PLC0415 - an import of this package must not build the app

    try:
        app()
    except StediError as error:
        _fail(str(error), _FAILED)
    except KeyboardInterrupt:
        _fail("interrupted; what was published before stands, and nothing else was", _INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe went away: that is its right. Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_FAILED)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _fail(f"the operating system refused ({error.strerror or type(error).__name__}){where}", _FAILED)


def _fail(message: str, code: int) -> None:
    sys.stderr.write("stedi: " + " ".join(message.split()) + "\n")
    sys.exit(code)
