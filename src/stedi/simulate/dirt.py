"""How much of each defect: respell some good records, and make bad ones beside them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from stedi.contract import Kind, landing_contract
from stedi.contract.reasons import Rejection
from stedi.names import CUSTOMER_LANDING
from stedi.simulate.customers import AS_OF_MS, DAY_MS, Record, new_record
from stedi.simulate.damage import CUT_OFF, damages_of, source_keys
from stedi.simulate.people import invent, invent_serial_number
from stedi.simulate.rates import Rates
from stedi.simulate.spelling import spellings_of

_NOBODY: Final = "example.net"
"""The domain of everybody whose records are rejected: no good record has it."""

_OFF_GRID_MS: Final = 7


class Line(NamedTuple):
    """A record as it will stand in a file; a bad one knows its defect and its reason."""

    text: bytes
    kind: str | None = None
    reason: Rejection | None = None

    @property
    def is_object(self) -> bool:
        """The text is a JSON object with keys: it may stand in a file without line ends."""
        try:
            return bool(self.text.startswith(b"{") and json.loads(self.text))
        except ValueError:
            return False


def respell_some(
    lines: Sequence[bytes], table: str, *, dirt: Rates, random: Random
) -> tuple[list[Line], Mapping[str, int]]:
    """Write some of the good lines differently, and count the ways."""
    contract = landing_contract(table)
    respelled = [Line(text) for text in lines]
    counts: Counter[str] = Counter()
    untouched = random.sample(range(len(lines)), len(lines)) if dirt.any else []
    for spelling, count in dirt.share_out(spellings_of(table), records=len(lines)):
        unfit = []
        while untouched and counts[spelling.kind] < count:
            index = untouched.pop()
            text = spelling.apply(json.loads(lines[index]), contract, random)
            if text is None:
                unfit.append(index)
            else:
                respelled[index] = Line(text)
                counts[spelling.kind] += 1
        untouched.extend(unfit)
    return respelled, counts


def make_bad(
    lines: Sequence[bytes], table: str, *, dirt: Rates, cut_offs: int, random: Random
) -> tuple[list[Line], list[Line]]:
    """Make bad lines beside the good ones: those for the middle of files, and those for their ends.

    They are extra records: without them the good ones are what they would be with ``dirt=0``.
    """
    contract = landing_contract(table)
    spare = _nobody if contract.name == CUSTOMER_LANDING else _between(lines, table)
    middle: list[Line] = []
    ends: list[Line] = []
    for damage, count in dirt.share_out(damages_of(table), records=len(lines)):
        is_end = damage is CUT_OFF
        for _ in range(min(count, cut_offs) if is_end else count):
            text = damage.apply(spare(random), contract, random)
            line = Line(text, damage.kind, damage.reason)
            (ends if is_end else middle).append(line)
    return middle, ends


def _nobody(random: Random) -> Record:
    """Return a record of a person, with a device, that no good record knows: its rejection denies nothing."""
    (person,) = invent(random, 1, domains=(_NOBODY,))
    registered = AS_OF_MS - random.randint(100, 1000) * DAY_MS
    record = new_record(person, invent_serial_number(random), registered=registered, updated=registered)
    return {**record, "shareWithResearchAsOfDate": registered}


def _between(lines: Sequence[bytes], table: str) -> Callable[[Random], Record]:
    """Copy good readings to times that no reading has: if one slips in, a table gets a row too many."""
    (time,) = source_keys(landing_contract(table), Kind.TIMESTAMPTZ)

    def spare(random: Random) -> Record:
        record: Record = json.loads(random.choice(lines))
        return {**record, time: int(str(record[time])) + _OFF_GRID_MS}

    return spare
