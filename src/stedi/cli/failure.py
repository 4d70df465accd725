"""How a command fails: one line on stderr, and an exit code."""

import sys
from typing import Final, NoReturn

from stedi.cli.escape import escape_line

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong in one line, and end."""
    sys.stderr.write("stedi: " + escape_line(" ".join(message.split())) + "\n")
    sys.exit(code)
