"""The nearest time of one sensor to each time of the other, per customer.

An as-of join that every engine can run: both sensors' times in one column, the last and the next time of
the right one filled in from the neighbours.
"""

from datetime import timedelta

import narwhals as nw

from stedi.frame.checked import Rows, null_like, with_gap
from stedi.names import US_PER_MS


def nearest_times(left: Rows, right: Rows, tolerance: timedelta) -> Rows:
    """Return (customer_id, sensor_reading_time, _matched, match_gap_ms) of the times that have a match.

    One row per distinct (customer_id, sensor_reading_time). Of two equally near times the earlier wins.
    """
    wanted = (
        left.select("customer_id", at="sensor_reading_time")
        .unique()
        .with_columns(_phone=null_like(nw.col("at")), _side=nw.lit(1))
    )
    offered = (
        right.select("customer_id", at="timestamp")
        .unique()
        .with_columns(_phone=nw.col("at"), _side=nw.lit(0))
    )
    line = nw.concat([offered, wanted.select("customer_id", "at", "_phone", "_side")])
    order = {"order_by": ["at", "_side"]}
    filled = line.with_columns(
        _last=nw.col("_phone").fill_null(strategy="forward").over("customer_id", **order),
        _next=nw.col("_phone").fill_null(strategy="backward").over("customer_id", **order),
    ).filter(nw.col("_side") == 1)
    both = with_gap(with_gap(filled, "_before", "at", "_last"), "_after", "_next", "at")
    later = nw.col("_last").is_null() | (nw.col("_after") < nw.col("_before"))
    matched = both.with_columns(
        _matched=nw.when(later).then(nw.col("_next")).otherwise(nw.col("_last")),
        _gap=nw.when(later).then(nw.col("_after")).otherwise(-nw.col("_before")),
    )
    span = tolerance // timedelta(microseconds=1)
    return matched.filter((nw.col("_gap") >= -span) & (nw.col("_gap") <= span)).select(
        "customer_id",
        "_matched",
        sensor_reading_time=nw.col("at"),
        match_gap_ms=nw.col("_gap").cast(nw.Float64) / US_PER_MS,
    )
