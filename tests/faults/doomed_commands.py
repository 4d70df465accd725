"""Carry out commands that end by a signal, each in a child of its own.

Started once, with ``doomed_commands.py ROOT``: it imports everything, and waits. For each line of its input,
a command and a fault in JSON, it forks, before any query: Polars and Arrow start their threads at the first.
The child carries the command out, the parent says how the child ended, and whether the fault struck.
"""

import json
import os
import sys
from pathlib import Path

import interrupting
from commands import COMMANDS
from interrupting import Fault, Place, Visits

# What commands import on their way: here once, and not in each child.
import stedi.governance.erase.erase
import stedi.governance.erase.find
import stedi.governance.maintain.maintain
import stedi.governance.rotate.rotate  # noqa: F401

STRUCK = "!"


def main() -> None:
    """Answer line by line."""
    root = Path(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        fault = Fault(asked["kind"], asked["moment"], Place(asked["operation"], asked["by"]), asked["visit"])
        heard, told = os.pipe()
        child = os.fork()
        if not child:
            _die(root, asked["command"], fault, told)
        os.close(told)
        _, status = os.waitpid(child, 0)
        with os.fdopen(heard, "rb") as answers:
            said = answers.read().decode()
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "struck": said.startswith(STRUCK),
            "error": said.removeprefix(STRUCK),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _die(root: Path, command: str, fault: Fault, told: int) -> None:
    strike = interrupting.strike

    def announced(kind: str) -> None:
        os.write(told, STRUCK.encode())
        strike(kind)

    interrupting.strike = announced
    code = 1
    try:
        visits = Visits(root, fault)
        with visits.watching():
            COMMANDS[command](root)
        code = 0
    except BaseException as error:  # noqa: BLE001 - it is told, and the child ends in any case
        os.write(told, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
