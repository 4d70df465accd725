"""How long a lake keeps what nobody needs every day: told once, for maintenance, audit and status."""

from datetime import timedelta
from typing import Final

KEEP_DAYS: Final = 30
"""For how many days old runs stay readable by their id."""

KEPT_RUNS: Final = 10
"""How many of the newest runs stay readable for good, whatever their age."""

UNREACHED_FOR: Final = timedelta(hours=1)
"""The age from which a file that no snapshot reaches is deleted: a younger one may be committed yet."""
