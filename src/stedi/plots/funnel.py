"""The funnel: what became of each row, table by table."""

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from stedi.contract.reasons import words_of
from stedi.errors import FrameError
from stedi.names import Zone
from stedi.plots.checked import Holds, need
from stedi.plots.library import single
from stedi.plots.margin import legend_below, text_beside
from stedi.plots.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS: Final = {
    "table": Holds.TEXT,
    "rows_in": Holds.NUMBERS,
    "used": Holds.NUMBERS,
    "rows_out": Holds.NUMBERS,
    "dropped": Holds.ANY,
}
_GAP: Final = 0.6
_HEIGHT: Final = 0.74
_LINE_INCHES: Final = 0.235


class _Bar(NamedTuple):
    """One line of the picture: where its bar begins and how long it is, as shares of the rows in."""

    y: float
    start: float
    share: float
    used: bool
    words: str


def funnel(accounts: pl.DataFrame, *, most_reasons: int = 4, axes: "Axes | None" = None) -> "Axes":
    """Draw how many rows came in for each table, were used, or were dropped, and why.

    Every row that came in stands in exactly one bar: below the bar of the used rows those of the dropped
    ones go on where the one above ends, up to 100 %.

    Args:
        accounts: One row per table, as ``stedi.plots.accounts(lake.runs())`` gives them: ``table``,
            ``rows_in``, ``used``, ``rows_out`` and ``dropped``, a list of structs of ``reason`` and ``rows``.
        most_reasons: How many reasons are told of one table; the last of them sums up the rest.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: A column is missing, there is no table, or an account does not add up.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> dropped = [{"reason": "before_consent", "rows": 30}, {"reason": "duplicate", "rows": 10}]
        >>> account = {"table": "accelerometer_trusted", "rows_in": 100, "used": 60, "rows_out": 60}
        >>> drawn = funnel(pl.DataFrame([account | {"dropped": dropped}]))
        >>> for text, bar in zip(drawn.texts, drawn.patches, strict=True):
        ...     print(f"{bar.get_x():.0f} to {bar.get_x() + bar.get_width():.0f} %: {text.get_text()}")
        0 to 60 %: 60 of 100
        60 to 90 %: 30  the reading is older than the consent
        90 to 100 %: 10  the same reading was delivered before
    """
    if most_reasons < 1:
        raise FrameError(f"{most_reasons} reasons can't be told of a table; at least 1")
    checked = need(accounts, "accounts", _COLUMNS)
    bars: list[_Bar] = []
    ticks: dict[float, str] = {}
    y = 0.0
    for row in checked.iter_rows(named=True):
        ticks[y] = row["table"]
        for bar in _bars(row, y, most_reasons):
            bars.append(bar)
            y = bar.y + 1
        y += _GAP
    drawn = single(axes, size=(10, 1.1 + _LINE_INCHES * y))
    for used, colour, face, hatch in ((True, BLUE, BLUE, ""), (False, ORANGE, "white", "/////")):
        chosen = [bar for bar in bars if bar.used is used]
        drawn.barh(
            [bar.y for bar in chosen],
            [100 * bar.share for bar in chosen],
            left=[100 * bar.start for bar in chosen],
            height=_HEIGHT,
            facecolor=face,
            edgecolor=colour,
            hatch=hatch,
            linewidth=0.8,
            label="used" if used else "dropped",
        )
    for bar in bars:
        text_beside(drawn, bar.y, bar.words, bold=bar.used)
    drawn.set_yticks(list(ticks), list(ticks.values()))
    drawn.tick_params("y", length=0)
    drawn.set_ylim(y - _GAP - 0.4, -0.6)
    drawn.set_xlim(0, 100)
    drawn.xaxis.set_major_formatter("{x:.0f} %")
    drawn.set_xlabel("of the rows that came in")
    drawn.set_title(_title(checked), loc="left")
    legend_below(drawn, columns=2)
    return drawn


def _bars(account: dict[str, object], y: float, most: int) -> list[_Bar]:
    rows_in, used, rows_out = (_count(account, name) for name in ("rows_in", "used", "rows_out"))
    drops = _dropped(account)
    if used + sum(rows for _, rows in drops) != rows_in:
        raise FrameError(
            f"accounts: {account['table']}: used and dropped rows are not the {rows_in:,} that came in; "
            "pass what stedi.plots.accounts gives"
        )
    words = f"{used:,} of {rows_in:,}" + (f", in {rows_out:,} rows" if rows_out != used else "")
    share = 1 / rows_in if rows_in else 0.0
    bars = [_Bar(y, 0.0, used * share, used=True, words=words)]
    reasons = [(rows, words_of(reason)) for reason, rows in drops]
    if str(account["table"]).endswith(f"_{Zone.LANDING}"):
        # Of rejected records no reason is checked before another in a way that matters to people.
        reasons.sort(key=lambda drop: -drop[0])
    if len(reasons) > most:
        rest = reasons[most - 1 :]
        reasons = [*reasons[: most - 1], (sum(rows for rows, _ in rest), f"for {len(rest)} other reasons")]
    before = used
    for place, (rows, reason) in enumerate(reasons, 1):
        bars.append(_Bar(y + place, before * share, rows * share, used=False, words=f"{rows:,}  {reason}"))
        before += rows
    return bars


def _count(account: dict[str, object], name: str) -> int:
    value = account[name]
    if not isinstance(value, int) or value < 0:
        raise FrameError(f"accounts: {account['table']}: {name} is no count")
    return value


def _dropped(account: dict[str, object]) -> list[tuple[str, int]]:
    dropped = account["dropped"] or []
    if not isinstance(dropped, list) or not all(
        isinstance(each, dict) and {"reason", "rows"} <= each.keys() for each in dropped
    ):
        raise FrameError(
            f"accounts: {account['table']}: column 'dropped' needs lists of structs of reason and rows"
        )
    return [(str(each["reason"]), int(each["rows"])) for each in dropped if each["rows"]]


def _title(checked: pl.DataFrame) -> str:
    landing = checked.filter(pl.col("table").str.ends_with(f"_{Zone.LANDING}"))
    last, rows = checked.select("table", "rows_out").row(-1)
    if landing.is_empty() or last in landing["table"]:
        return "what became of each row"
    return f"from {landing['rows_in'].sum():,} landing records to {rows:,} rows of {last}"
