"""How much of a landing object is held, believed or unpacked at once."""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
_GIB: Final = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of reading.

    What is read depends on ``record``, ``raw``, ``spread`` and the limits of bombs only; the others trade
    time for memory.

    Attributes:
        chunk: Bytes of decompressed text that are parsed at a time.
        record: A record of more bytes than this is rejected as ``too_long``.
        raw: Bytes of such a record that its quarantine row keeps.
        memory: An object of up to this many bytes is read into memory once.
        bomb_size: Decompressed bytes up to which any compression ratio is believed.
        bomb_ratio: Beyond that size, an object that unpacks to more than this many times its own
            size stops the run.
        shapes: Layouts of a record that one object may have before the rest is read record by record.
        few: So few lines are read one by one: learning their layout costs more.
        spread: So many bytes of an object are looked at to see how its records lie, and no record of more
            that goes on over line ends is followed in an object whose records lie in lines.
        short: A chunk of so few bytes is read record by record.
        fast: Whether vectorised reading is used at all; off only to prove that it changes nothing.
    """

    chunk: int = 4 * MIB
    record: int = 4 * MIB
    raw: int = 64 * KIB
    memory: int = 64 * MIB
    bomb_size: int = _GIB
    bomb_ratio: int = 200
    shapes: int = 16
    few: int = 200
    spread: int = 64 * KIB
    short: int = 16 * KIB
    fast: bool = True


LIMITS: Final = Limits()
