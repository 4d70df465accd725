"""The consent timeline: everything said and read in the lane of its customer, and no name."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from matplotlib.dates import date2num

from stedi.errors import FrameError
from stedi.plots import consent_timeline

ANNE, BERT = "a1" * 16, "b2" * 16
UTC_TIME = pl.Datetime("us", "UTC")


def day(month, of_month=1, year=2024):
    return datetime(year, month, of_month, tzinfo=UTC)


def records(*rows):
    return pl.DataFrame(
        list(rows),
        schema={
            "customer_id": pl.String,
            "last_update_date": UTC_TIME,
            "share_with_research_as_of_date": UTC_TIME,
        },
        orient="row",
    )


def readings(*rows):
    schema = {"customer_id": pl.String, "timestamp": UTC_TIME, "trusted": pl.Boolean}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


SAID = records((ANNE, day(2), day(1)), (ANNE, day(5), None), (BERT, day(3), day(3)))


def marks(drawn, label):
    """Return the times of a kind of mark, and the lanes in which they stand."""
    (line,) = [line for line in drawn.lines if line.get_label() == label]
    times = [np.datetime64(at, "D") if isinstance(at, datetime) else at for at in line.get_xdata()]
    return [(str(np.datetime64(at, "D")), round(y)) for at, y in zip(times, line.get_ydata(), strict=True)]


def labels(drawn):
    return [text.get_text() for text in drawn.get_legend().get_texts()]


def test_grants_denials_and_share_dates_stand_in_the_lane_of_their_customer():
    drawn = consent_timeline(SAID)
    assert marks(drawn, "grant") == [("2024-02-01", 0), ("2024-03-01", 1)]
    assert marks(drawn, "denial") == [("2024-05-01", 0)]
    assert marks(drawn, "share date") == [("2024-01-01", 0), ("2024-03-01", 1)]
    assert drawn.get_title(loc="left") == "2 customers: what they said, and when"


def test_labels_are_shortened_pseudonyms():
    assert [label.get_text() for label in consent_timeline(SAID).get_yticklabels()] == [
        "a1a1a1a1…",
        "b2b2b2b2…",
    ]


def test_a_share_date_to_come_is_a_denial():
    drawn = consent_timeline(records((ANNE, day(2), day(3, 10))), now=day(3))
    assert labels(drawn) == ["denial", "share date", "now"]
    assert labels(consent_timeline(records((ANNE, day(2), day(3, 10))), now=day(3, 10))) == [
        "grant",
        "share date",
        "now",
    ]


def test_readings_used_and_unused_stand_apart_and_are_counted():
    read = readings((ANNE, day(1, 5), False), (ANNE, day(2, 5), True), (BERT, day(4), True))
    drawn = consent_timeline(SAID, read)
    assert marks(drawn, "readings, used") == [("2024-02-05", 0), ("2024-04-01", 1)]
    assert marks(drawn, "readings, not used") == [("2024-01-05", 0)]
    assert drawn.get_title(loc="left") == "2 customers: 2 of 3 readings used"
    used, unused = (
        next(line for line in drawn.lines if line.get_label() == f"readings, {name}")
        for name in ("used", "not used")
    )
    assert used.get_marker() != unused.get_marker()
    assert used.get_ydata()[0] < unused.get_ydata()[0]


def test_thousands_of_readings_are_counted_but_drawn_once_a_pixel():
    start = day(2)
    read = readings(*((ANNE, start + timedelta(milliseconds=20 * n), True) for n in range(5000)))
    drawn = consent_timeline(SAID, read)
    assert "5,000 of 5,000 readings used" in drawn.get_title(loc="left")
    # 100 seconds of three months: one pixel, or two where they fall on a border.
    assert 1 <= len(marks(drawn, "readings, used")) <= 2


def test_consent_is_a_band_from_consent_from_until_now():
    consents = pl.DataFrame({"customer_id": [BERT, BERT], "consent_from": [day(3)] * 2})
    drawn = consent_timeline(SAID, consents=consents, now=day(6))
    (band,) = drawn.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx(
        (date2num(day(3)), date2num(day(6)))
    )
    assert round(band.get_y() + band.get_height() / 2) == 1


def test_dates_far_away_stand_at_the_edge_and_do_not_stretch_the_picture():
    said = records((ANNE, day(2), day(1, year=2000)), (ANNE, day(3), day(1, year=2040)))
    consents = pl.DataFrame({"customer_id": [ANNE], "consent_from": [datetime(1970, 1, 1, tzinfo=UTC)]})
    drawn = consent_timeline(said, consents=consents)
    start, end = drawn.get_xlim()
    assert date2num(day(1)) < start < date2num(day(2))
    assert date2num(day(3)) < end < date2num(day(4))
    far = [line for line in drawn.lines if line.get_label() == "share date, further away"]
    assert [line.get_marker() for line in far] == ["<", ">"]
    (band,) = drawn.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((start, end))


def test_times_of_another_zone_are_the_same_instants():
    elsewhere = SAID.with_columns(pl.col(pl.Datetime).dt.convert_time_zone("Asia/Tokyo"))
    east = day(6).astimezone(timezone(timedelta(hours=9)))
    there, here = consent_timeline(elsewhere, now=east), consent_timeline(SAID, now=day(6))
    assert marks(there, "grant") == marks(here, "grant")
    assert there.get_xlim() == here.get_xlim()
    assert there.get_xlabel() == "UTC"


def test_who_has_readings_and_said_nothing_has_a_lane():
    drawn = consent_timeline(SAID.head(1), readings((BERT, day(2), False)))
    assert len(drawn.get_yticks()) == 2
    assert marks(drawn, "readings, not used") == [("2024-02-01", 1)]


def test_a_single_record_can_be_drawn():
    start, end = consent_timeline(SAID.tail(1)).get_xlim()
    assert start < date2num(day(3)) < end


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"records": SAID.clear()}, "records: there is nothing to draw"),
        ({"records": SAID.drop("last_update_date")}, "no column 'last_update_date'"),
        ({"records": SAID.with_columns(last_update_date=1)}, "times"),
        ({"records": SAID, "readings": readings().drop("trusted")}, "no column 'trusted'"),
        ({"records": SAID, "readings": readings().with_columns(trusted=pl.lit(1))}, "booleans"),
        ({"records": SAID, "consents": SAID}, "no column 'consent_from'"),
        (
            {"records": SAID.with_columns(last_update_date=pl.lit(None, UTC_TIME))},
            "no record has an update time",
        ),
    ],
)
def test_frames_that_can_not_be_drawn_are_refused(arguments, said):
    with pytest.raises(FrameError, match=said):
        consent_timeline(**arguments)
