"""A consent timeline: what people said when, and which of their readings are used for it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from stedi.errors import FrameError
from stedi.plots.checked import Holds, need, shortened
from stedi.plots.library import single
from stedi.plots.margin import label_lanes, legend_below
from stedi.plots.palette import BLUE, GREY, INK, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHARE: Final = "share_with_research_as_of_date"
_RECORDS: Final = {"customer_id": Holds.ANY, "last_update_date": Holds.TIMES, _SHARE: Holds.TIMES}
_READINGS: Final = {"customer_id": Holds.ANY, "timestamp": Holds.TIMES, "trusted": Holds.TRUTHS}
_CONSENTS: Final = {"customer_id": Holds.ANY, "consent_from": Holds.TIMES}
_SAID, _USED, _UNUSED = -0.24, 0.1, 0.3
_TICKS: Final = 800
_ROOM: Final = 0.03
_LINE_INCHES: Final = 0.62


class _Span(NamedTuple):
    """From when to when the picture goes, in UTC without a zone."""

    start: datetime
    end: datetime


def consent_timeline(
    records: pl.DataFrame,
    readings: pl.DataFrame | None = None,
    *,
    consents: pl.DataFrame | None = None,
    now: datetime | None = None,
    axes: "Axes | None" = None,
) -> "Axes":
    """Draw one lane per customer: what they said above, and below it their readings, used and unused.

    A band shows from when on readings may be used. A share date has a thin line to the record that sent it;
    one that lies further back than the whole rest, or is still to come, stands as a triangle at the edge.
    Labels are shortened pseudonyms: the picture holds no name.

    Args:
        records: What was said: ``customer_id``, ``last_update_date``, ``share_with_research_as_of_date``
            (null: a denial). As in ``customer_landing``, with pseudonyms in place of e-mails.
        readings: ``customer_id``, ``timestamp`` and ``trusted`` (whether it is used).
        consents: ``customer_id`` and ``consent_from`` of those who consent, as in ``customer_trusted``.
        now: When consent was judged: share dates after it are denials. By default no share date is.
        axes: Where to draw; by default on a new figure.

    Raises:
        FrameError: A column is missing or of another type, or there is no record.
        MissingLibraryError: matplotlib is not installed.

    Examples:
        >>> from datetime import UTC, datetime
        >>> said = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)]
        >>> records = pl.DataFrame({"customer_id": "0f3a" * 8, "last_update_date": said})
        >>> records = records.with_columns(share_with_research_as_of_date=pl.Series([said[0], None]))
        >>> drawn = consent_timeline(records)
        >>> [label.get_text() for label in drawn.get_yticklabels()]
        ['0f3a0f3a…']
        >>> [text.get_text() for text in drawn.get_legend().get_texts()]
        ['grant', 'denial', 'share date']
    """
    said = _plain(need(records, "records", _RECORDS)).drop_nulls("last_update_date")
    if said.is_empty():
        raise FrameError("records: there is nothing to draw: no record has an update time")
    read = _plain(_optional(readings, "readings", _READINGS)).drop_nulls("timestamp")
    since = _plain(_optional(consents, "consents", _CONSENTS)).drop_nulls("consent_from").unique()
    judged = now.replace(tzinfo=None) - (now.utcoffset() or timedelta()) if now is not None else None
    customers = pl.concat([said["customer_id"], read["customer_id"], since["customer_id"]]).unique(
        maintain_order=True
    )
    lanes = pl.DataFrame({"customer_id": customers}).with_row_index("lane")
    said, read, since = (
        frame.join(lanes, on="customer_id", maintain_order="left") for frame in (said, read, since)
    )
    span = _span(said, read, since, judged)
    drawn = single(axes, size=(10, 1.3 + _LINE_INCHES * len(customers)))
    _draw_consents(drawn, since, span, judged)
    _draw_said(drawn, said, span, judged)
    _draw_readings(drawn, read, span)
    if judged is not None:
        drawn.axvline(judged, color=GREY, linewidth=1, linestyle="--", zorder=0, label="now")  # type: ignore[arg-type]  # dates are fine
    label_lanes(drawn, shortened(customers.to_list()))
    drawn.set_xlim(span.start, span.end)  # type: ignore[arg-type]  # dates are fine
    _date(drawn)
    drawn.set_title(_title(len(customers), read), loc="left")
    legend_below(drawn, columns=4)
    return drawn


def _optional(frame: pl.DataFrame | None, what: str, columns: dict[str, Holds]) -> pl.DataFrame:
    if frame is not None:
        return need(frame, what, columns, empty=True)
    return pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring times to UTC without a zone, which is what matplotlib shows, and ids to text."""
    times = pl.Datetime("us")
    return frame.select(
        pl.col(name).cast(pl.String)
        if name == "customer_id"
        else pl.col(name)
        if dtype == pl.Boolean
        else pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(times)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
        else pl.col(name).cast(pl.Boolean if name == "trusted" else times)
        for name, dtype in frame.schema.items()
    )


def _span(said: pl.DataFrame, read: pl.DataFrame, since: pl.DataFrame, now: datetime | None) -> _Span:
    """From when to when: what was said and read counts; other dates only if they are not far away."""
    sure = [*said["last_update_date"], *read["timestamp"], *([now] if now is not None else [])]
    first, last = min(sure), max(sure)
    reach = max(last - first, timedelta(days=1))
    near = [
        each
        for each in (*said[_SHARE].drop_nulls(), *since["consent_from"])
        if first - reach / 2 <= each <= last + reach / 2
    ]
    first, last = min(first, *near) if near else first, max(last, *near) if near else last
    room = _ROOM * max(last - first, timedelta(days=1))
    return _Span(first - room, last + room)


def _draw_consents(axes: "Axes", since: pl.DataFrame, span: _Span, now: datetime | None) -> None:
    end = now if now is not None else span.end
    seen = since.filter(pl.col("consent_from") < end).with_columns(
        pl.col("consent_from").clip(lower_bound=span.start)
    )
    if seen.is_empty():
        return
    axes.barh(
        seen["lane"].to_list(),
        [end - start for start in seen["consent_from"]],
        left=seen["consent_from"].to_list(),
        height=0.84,
        color=PALE,
        label="may be used: from consent_from on",
        zorder=0,
    )


def _draw_said(axes: "Axes", said: pl.DataFrame, span: _Span, now: datetime | None) -> None:
    granted = pl.col(_SHARE).is_not_null()
    if now is not None:
        granted &= pl.col(_SHARE) <= now
    for grants, marker, colour, label in ((True, "o", BLUE, "grant"), (False, "X", ORANGE, "denial")):
        chosen = said.filter(granted if grants else ~granted)
        _mark(axes, chosen, "last_update_date", marker, colour, label, size=8.0 if grants else 9.0)
    shared = said.drop_nulls(_SHARE)
    for lane, record, share in shared.select("lane", "last_update_date", _SHARE).iter_rows():
        axes.plot([share, record], [lane + _SAID] * 2, color=INK, linewidth=0.8, zorder=2, label="_")
    within = pl.col(_SHARE).is_between(span.start, span.end)
    _mark(axes, shared.filter(within), _SHARE, "|", INK, "share date", size=11)
    for marker, edge, beyond in (
        ("<", span.start, pl.col(_SHARE) < span.start),
        (">", span.end, pl.col(_SHARE) > span.end),
    ):
        far = shared.filter(beyond).with_columns(pl.lit(edge).alias(_SHARE))
        _mark(axes, far, _SHARE, marker, INK, "share date, further away", size=6)


def _mark(
    axes: "Axes", frame: pl.DataFrame, time: str, marker: str, colour: str, label: str, *, size: float
) -> None:
    if frame.is_empty():
        return
    axes.plot(
        frame[time].to_list(),
        [lane + _SAID for lane in frame["lane"]],
        marker,
        color=colour,
        markersize=size,
        markeredgecolor="white" if marker in "oX" else colour,
        markeredgewidth=0.6 if marker in "oX" else 1.6,
        label=label,
        clip_on=False,
        zorder=3,
    )


def _draw_readings(axes: "Axes", read: pl.DataFrame, span: _Span) -> None:
    # Many readings fall on one pixel: one mark for each is enough, and drawing stays quick.
    pixel = max((span.end - span.start) / _TICKS, timedelta(microseconds=1))
    seen = read.with_columns(
        pixel=(pl.col("timestamp") - span.start).dt.total_microseconds()
        // (pixel // timedelta(microseconds=1))
    ).unique(["lane", "trusted", "pixel"], keep="first", maintain_order=True)
    for trusted, place, colour, label in (
        (True, _USED, BLUE, "readings, used"),
        (False, _UNUSED, ORANGE, "readings, not used"),
    ):
        chosen = seen.filter(pl.col("trusted") == trusted)
        if chosen.is_empty():
            continue
        axes.plot(
            chosen["timestamp"].to_list(),
            [lane + place for lane in chosen["lane"]],
            "|" if trusted else "s",
            color=colour,
            markerfacecolor="white",
            markersize=11 if trusted else 4.5,
            markeredgewidth=1.8 if trusted else 1.2,
            label=label,
            zorder=2,
        )


def _date(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - an extra

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # matplotlib has no types for it
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # the same
    axes.set_xlabel("UTC")


def _title(customers: int, read: pl.DataFrame) -> str:
    who = f"{customers:,} customer{'s' if customers != 1 else ''}"
    if read.is_empty():
        return f"{who}: what they said, and when"
    return f"{who}: {read['trusted'].sum():,} of {read.height:,} readings used"
