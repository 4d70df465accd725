"""The command line: ``stedi``."""

from stedi.cli.failure import FAILED, fail
from stedi.cli.interrupt import noticed
from stedi.errors import StediError

__all__ = ["main"]


def main() -> None:
    """Run the command line: exit 0 when done, 1 on an error that stedi knows, 2 on wrong usage."""
    from stedi.cli.app import app  # noqa: PLC0415 - an import of this package must not build the app

    try:
        with noticed():
            app()
    except StediError as error:
        fail(str(error), FAILED)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        fail(f"the operating system refused ({error.strerror or type(error).__name__}){where}", FAILED)
