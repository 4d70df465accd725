"""The names of tables and zones, and the few values that the whole project agrees on."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from stedi.errors import ConfigurationError

Consent = Literal["as_of", "current"]
CONSENT_MODES: Final[tuple[Consent, ...]] = ("as_of", "current")

RunKind = Literal["run", "maintenance", "erasing", "erasure", "rotating", "rotation"]
"""What a row of the run table is.

A run; a maintenance, which changes files and no row; a step of an erasure that is not finished; its end; a
new pseudonym key, whose rotation is not finished; its end.
"""

TombstoneKind = Literal["person", "device", "shared_device", "claimed_device", "aside"]
"""What was erased: a person, a device of theirs alone, or their part in a device that others listed too, or
that only a record of theirs lists which was kept out later; or a name or phone number."""

DISTRIBUTION: Final = "stedi"
"""What the package is installed as; pyproject.toml has it, too. On PyPI this name is somebody else's: whoever
publishes stedi there has to choose another, here and there."""

NAMESPACE: Final = "stedi"

CUSTOMER_LANDING: Final = "customer_landing"
ACCELEROMETER_LANDING: Final = "accelerometer_landing"
STEP_TRAINER_LANDING: Final = "step_trainer_landing"
QUARANTINE: Final = "quarantine"
OBJECT: Final = "object"
TOMBSTONE: Final = "tombstone"
CUSTOMER_TRUSTED: Final = "customer_trusted"
ACCELEROMETER_TRUSTED: Final = "accelerometer_trusted"
CUSTOMER_CURATED: Final = "customer_curated"
STEP_TRAINER_TRUSTED: Final = "step_trainer_trusted"
MACHINE_LEARNING_CURATED: Final = "machine_learning_curated"
RUN: Final = "run"


TRUTH: Final = "truth"
"""The folder of a simulated landing root that holds what is true of it: no delivery."""

ERASED: Final = "erased"
"""Why a record is not in a landing table: a tombstone kept it out, or an erasure took it away."""


class Zone(StrEnum):
    """Where a table stands on the way from the raw record to the model."""

    LANDING = "landing"
    TRUSTED = "trusted"
    CURATED = "curated"
    SYSTEM = "system"


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""``consent_from`` of every customer of a lake whose consent mode is ``current``."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Times before this are implausible: most likely seconds that were sent as milliseconds."""

LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Times from here on are implausible: most likely microseconds that were sent as milliseconds."""

END_OF_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""When a rejected customer record takes effect if nothing says when: after everything else."""

MILLISECOND: Final = timedelta(milliseconds=1)
US_PER_MS: Final = 1000

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_name(kind: str, name: str) -> str:
    """Return a name that is safe in paths and queries of every engine.

    Raises:
        ConfigurationError: It is not.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"the {kind} {name!r} is no plain name: use lower-case letters, digits and _, "
            "beginning with a letter"
        )
    return name
