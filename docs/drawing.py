"""Pictures of the site as SVG, drawn from the lineage and from what stedi decided.

They are written into the pages, so that they take the colours of the reader's theme, light or dark. Every
state has a shape of its own: the pictures can be read in grey.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from ways import Stop
from worked_example import ANN, SHARED, Decision, Record, Story, at, decisions

from stedi.contract import contract_of
from stedi.names import (
    ACCELEROMETER_LANDING,
    ACCELEROMETER_TRUSTED,
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_LANDING,
    STEP_TRAINER_TRUSTED,
    Zone,
)
from stedi.plan.lineage import LINEAGE

Point = tuple[float, float]

# The zones ------------------------------------------------------------------------------------------

_BOX_WIDTH: Final = 222
_BOX_HEIGHT: Final = 58
_COLUMNS: Final = {Zone.LANDING: 20, Zone.TRUSTED: 369, Zone.CURATED: 718}
_ROWS: Final = (96, 216, 336)
_PLACES: Final = {
    CUSTOMER_LANDING: (Zone.LANDING, 0),
    ACCELEROMETER_LANDING: (Zone.LANDING, 1),
    STEP_TRAINER_LANDING: (Zone.LANDING, 2),
    CUSTOMER_TRUSTED: (Zone.TRUSTED, 0),
    ACCELEROMETER_TRUSTED: (Zone.TRUSTED, 1),
    STEP_TRAINER_TRUSTED: (Zone.TRUSTED, 2),
    CUSTOMER_CURATED: (Zone.CURATED, 0),
    MACHINE_LEARNING_CURATED: (Zone.CURATED, 2),
}
_MOTTOS: Final = {
    Zone.LANDING: "every good record, as it was sent",
    Zone.TRUSTED: "only who agreed, since they agreed",
    Zone.CURATED: "nothing that names a person",
}
_SAYS: Final = {
    CUSTOMER_LANDING: "the website's export",
    ACCELEROMETER_LANDING: "the app's readings",
    STEP_TRAINER_LANDING: "the device's readings",
    CUSTOMER_TRUSTED: "who agreed, from when",
    ACCELEROMETER_TRUSTED: "their phone readings",
    STEP_TRAINER_TRUSTED: "their devices' readings",
    CUSTOMER_CURATED: "who also has readings",
    MACHINE_LEARNING_CURATED: "same person, same time",
}


def zones() -> str:
    """Draw the tables in their zones, and an arrow for each input of each derived table."""
    parts = []
    for zone, left in _COLUMNS.items():
        x, wide = left - 16, _BOX_WIDTH + 32
        parts.append(
            f'<rect class="zone {zone}" x="{x}" y="8" width="{wide}" height="404" rx="14"/>'
            f'<text class="zone-name {zone}" x="{left + _BOX_WIDTH / 2}" y="42">{zone}</text>'
            f'<text class="zone-motto" x="{left + _BOX_WIDTH / 2}" y="66">{_MOTTOS[zone]}</text>'
        )
    for step in LINEAGE:
        for source in (step.driving, *step.others):
            if source in _PLACES:
                kind = "drives" if source == step.driving else "helps"
                parts.append(f'<path class="{kind}" d="{_route(source, step.table)}"/>')
    for table in _PLACES:
        x, y = _corner(table)
        parts.append(
            f'<a href="{{contracts}}{table}/"><title>{escape(contract_of(table).grain)}</title>'
            f'<rect class="box" x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8"/>'
            f'<text class="box-name" x="{x + _BOX_WIDTH / 2}" y="{y + 25}">{table}</text>'
            f'<text class="box-says" x="{x + _BOX_WIDTH / 2}" y="{y + 45}">{_SAYS[table]}</text></a>'
        )
    title = "The tables of the zones landing, trusted and curated, and which is made of which"
    return _svg(960, 420, title, [_ARROW, *parts], kind="zones")


def _corner(table: str) -> Point:
    zone, row = _PLACES[table]
    return _COLUMNS[zone], _ROWS[row]


def _route(source: str, target: str) -> str:
    """Return the path of an arrow: straight where the boxes are beside each other, else around them."""
    (from_x, from_y), (to_x, to_y) = _corner(source), _corner(target)
    right, middle = from_x + _BOX_WIDTH, _BOX_HEIGHT / 2
    if from_y == to_y:
        return f"M{right} {from_y + middle} H{to_x - 7}"
    if from_x == to_x and to_y - from_y == _ROWS[1] - _ROWS[0]:
        x = from_x + _BOX_WIDTH / 2
        return f"M{x} {from_y + _BOX_HEIGHT} V{to_y - 7}"
    if from_x == to_x:
        # Past the box between them, on its left.
        x = from_x - 38
        return (
            f"M{from_x} {from_y + 46} C{x} {from_y + 46} {x} {from_y + 66} {x} {from_y + 86} "
            f"V{to_y - 26} C{x} {to_y + 4} {x + 14} {to_y + 13} {to_x - 7} {to_y + 13}"
        )
    if from_x < to_x:
        gap = (right + to_x) / 2
        end = to_y + (46 if to_y < from_y else 13)
        return f"M{right} {from_y + middle} C{gap + 10} {from_y + middle} {gap} {end} {to_x - 7} {end}"
    start = from_x + _BOX_WIDTH / 2
    end = to_x + _BOX_WIDTH * 0.75
    return (
        f"M{start} {from_y + _BOX_HEIGHT} C{start} {to_y - 62} {start} {to_y - 46} {start - 120} {to_y - 46} "
        f"H{end + 30} C{end + 8} {to_y - 46} {end} {to_y - 36} {end} {to_y - 7}"
    )


# Timelines ------------------------------------------------------------------------------------------

_LEFT: Final = 208
_RIGHT: Final = 936
_LANE: Final = 62
_FIRST: Final = at(1, 1, 0)
_LAST: Final = at(7, 1, 0)
_MONTHS: Final = ("January", "February", "March", "April", "May", "June")


def ann() -> str:
    """Draw the timeline of one customer."""

    def lane(decision: Decision) -> tuple[str, datetime | None, Mapping[datetime, bool]]:
        since = decision.consent_from["ann"]
        used = {time: reason is None for time, reason in decision.phone["ann"].items()}
        return ("consents" if since else "does not consent"), since, used

    return _timeline(
        ANN,
        {"What Ann said": ANN.records},
        lane,
        title="Ann's consent, judged at three moments",
        dot="phone reading",
    )


def shared() -> str:
    """Draw the timeline of two customers who list the same device."""

    def lane(decision: Decision) -> tuple[str, datetime | None, Mapping[datetime, bool]]:
        since = decision.device_from["trainer-7"]
        used = {time: reason is None for time, reason in decision.steps["trainer-7"].items()}
        return ("device may be used" if since else "device may not be used"), since, used

    by_person = {
        f"What {person.title()} said": [record for record in SHARED.records if record.person == person]
        for person in ("ben", "cleo")
    }
    return _timeline(
        SHARED, by_person, lane, title="A device of two people, judged at four moments", dot="step reading"
    )


def _timeline(
    story: Story,
    records: Mapping[str, Sequence[Record]],
    lane: Callable[[Decision], tuple[str, datetime | None, Mapping[datetime, bool]]],
    *,
    title: str,
    dot: str,
) -> str:
    top = 58
    lanes_top = top + _LANE * len(records) + 14
    height = lanes_top + _LANE * len(story.moments) + 52
    parts = [_months(lanes_top + _LANE * len(story.moments) - 6)]
    for place, (who, said) in enumerate(records.items()):
        y = top + _LANE * place + 22
        parts.append(f'<text class="lane" x="16" y="{y + 5}">{who}</text>')
        parts.append(f'<path class="rail" d="M{_LEFT} {y} H{_RIGHT}"/>')
        parts.extend(_said(record, y) for record in said)
    parts.append(f'<path class="rule" d="M16 {lanes_top - 12} H{_RIGHT}"/>')
    for place, decision in enumerate(decisions(story)):
        y = lanes_top + _LANE * place + 26
        verdict, since, used = lane(decision)
        parts.append(_judged(decision.moment, verdict, since, used, y))
    parts.append(_legend(height - 20, dot))
    return _svg(960, height, title, parts, kind="timeline")


def _months(bottom: float) -> str:
    parts = []
    for place, name in enumerate(_MONTHS):
        x = _x(at(place + 1, 1, 0))
        wide = (_x(at(place + 2, 1, 0)) if place + 2 <= len(_MONTHS) else _RIGHT) - x
        parts.append(f'<path class="month" d="M{x:.1f} 34 V{bottom}"/>')
        parts.append(f'<text class="month-name" x="{x + wide / 2:.1f}" y="26">{name}</text>')
    parts.append(f'<path class="month" d="M{_RIGHT} 34 V{bottom}"/>')
    return "".join(parts)


def _said(record: Record, y: float) -> str:
    x = _x(record.written)
    label = f'<text class="said" x="{x:.1f}" y="{y - 14}">{escape(record.label)}</text>'
    if record.share is None:
        return label + _cross(x, y)
    back = ""
    if record.share < record.written:
        to = _x(record.share)
        middle = (x + to) / 2
        back = (
            f'<path class="reach" d="M{x:.1f} {y} C{x - 40:.1f} {y + 24} {to + 40:.1f} {y + 24} '
            f'{to + 8:.1f} {y + 8}"/>'
            f'<text class="reach-says" x="{middle:.1f}" y="{y + 34}">“since {_day(record.share)}”</text>'
        )
    return label + back + f'<path class="grant" d="M{x:.1f} {y - 8} l8 8 l-8 8 l-8 -8 z"/>'


def _judged(
    moment: datetime, verdict: str, since: datetime | None, used: Mapping[datetime, bool], y: float
) -> str:
    now = _x(moment)
    parts = [
        f'<text class="lane" x="16" y="{y - 2}">on {_day(moment)}</text>',
        f'<text class="lane-says" x="16" y="{y + 16}">{verdict}</text>',
        f'<path class="rail" d="M{_LEFT} {y} H{now:.1f}"/>',
    ]
    if since is not None:
        start = _x(since)
        parts.append(
            f'<rect class="force" x="{start:.1f}" y="{y - 12}" width="{now - start:.1f}" height="24" rx="4"/>'
        )
    parts.extend(_dot(_x(time), y, used=is_used) for time, is_used in used.items())
    parts.append(f'<path class="now" d="M{now:.1f} {y - 19} V{y + 19}"/>')
    return "".join(parts)


def _legend(y: float, dot: str) -> str:
    return (
        f'<path class="grant" d="M{_LEFT + 8} {y - 13} l8 8 l-8 8 l-8 -8 z"/>'
        f'<text class="legend" x="{_LEFT + 24}" y="{y}">grant</text>'
        f"{_cross(_LEFT + 88, y - 5)}"
        f'<text class="legend" x="{_LEFT + 104}" y="{y}">denial</text>'
        f'<rect class="force" x="{_LEFT + 164}" y="{y - 15}" width="34" height="20" rx="4"/>'
        f'<text class="legend" x="{_LEFT + 206}" y="{y}">in force</text>'
        f"{_dot(_LEFT + 290, y - 5, used=True)}"
        f'<text class="legend" x="{_LEFT + 303}" y="{y}">{dot}, used</text>'
        f"{_dot(_LEFT + 440, y - 5, used=False)}"
        f'<text class="legend" x="{_LEFT + 453}" y="{y}">left out</text>'
        f'<path class="now" d="M{_LEFT + 534} {y - 15} V{y + 5}"/>'
        f'<text class="legend" x="{_LEFT + 544}" y="{y}">the moment of judging</text>'
    )


def _dot(x: float, y: float, *, used: bool) -> str:
    kind = "used" if used else "out"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y}" r="6"/>'


def _cross(x: float, y: float) -> str:
    return f'<path class="denial" d="M{x - 7:.1f} {y - 7} l14 14 m0 -14 l-14 14"/>'


def _x(time: datetime) -> float:
    return _LEFT + (_RIGHT - _LEFT) * ((time - _FIRST) / (_LAST - _FIRST))


def _day(time: datetime) -> str:
    return f"{time.day} {_MONTHS[time.month - 1]}"


# Both -----------------------------------------------------------------------------------------------

_ARROW: Final = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="12" markerHeight="12" '
    'markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
    '<path class="tip" d="M0 0 L10 5 L0 10 z"/></marker></defs>'
)


# Ways through the code -------------------------------------------------------------------------------

_STOP_WIDTH: Final = 292
_STOP_HEIGHT: Final = 74
_STOPS_A_ROW: Final = 3


def way(stops: Sequence[Stop], title: str) -> str:
    """Draw the modules of a way in rows, read like lines of text, an arrow from each to the next."""
    parts = []
    for number, stop in enumerate(stops):
        row, column = divmod(number, _STOPS_A_ROW)
        x, y = 16 + column * (_STOP_WIDTH + 26), 12 + row * (_STOP_HEIGHT + 34)
        middle = x + _STOP_WIDTH / 2
        parts.append(
            f'<rect class="box" x="{x}" y="{y}" width="{_STOP_WIDTH}" height="{_STOP_HEIGHT}" rx="8"/>'
            f'<text class="box-name" x="{middle}" y="{y + 22}">{number + 1}. {escape(stop.module)}</text>'
            f'<text class="box-says" x="{middle}" y="{y + 43}">{escape(stop.does)}</text>'
            f'<text class="box-gives" x="{middle}" y="{y + 62}">→ {escape(stop.gives)}</text>'
        )
        if number + 1 == len(stops):
            continue
        if column + 1 < _STOPS_A_ROW:
            end = x + _STOP_WIDTH + 19
            parts.append(f'<path class="drives" d="M{x + _STOP_WIDTH} {y + _STOP_HEIGHT / 2} H{end}"/>')
        else:
            below, first = y + _STOP_HEIGHT + 17, 16 + _STOP_WIDTH / 2
            parts.append(
                f'<path class="drives" d="M{middle} {y + _STOP_HEIGHT} V{below} H{first} V{below + 10}"/>'
            )
    rows = -(-len(stops) // _STOPS_A_ROW)
    return _svg(976, 12 + rows * (_STOP_HEIGHT + 34), title, [_ARROW, *parts], kind="zones way")


def _svg(width: float, height: float, title: str, parts: Iterable[str], *, kind: str) -> str:
    return (
        f'<div class="picture {kind}"><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        + "".join(parts)
        + "</svg></div>"
    )
