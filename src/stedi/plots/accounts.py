"""What a run did with each row, as the frame that the funnel is drawn of."""

import polars as pl

from stedi.contract import CONTRACTS, contract_of
from stedi.errors import FrameError, UnknownNameError
from stedi.names import Zone

_NEEDED = ("run_id", "kind", "tables")


def accounts(runs: pl.DataFrame, *, run_id: str | None = None) -> pl.DataFrame:
    """Return what became of the rows that drive each table, landing to machine_learning_curated.

    Args:
        runs: The runs of a lake, the newest last, as ``lake.runs()`` gives them.
        run_id: Which run; by default the newest that is no maintenance.

    Returns:
        One row per table outside the system tables, in the order in which they are made: ``table``,
        ``rows_in``, ``used``, ``rows_out``, and ``dropped``, a list of structs of ``reason`` and ``rows``.

    Raises:
        FrameError: The frame is not one of runs, or has none.
        UnknownNameError: There is no such run.

    Examples:
        >>> landing = {"table_name": "customer_landing", "rows_in": 5, "used": 4, "rows_out": 4}
        >>> landing |= {"dropped": [{"reason": "not_json", "rows": 1}]}
        >>> runs = pl.DataFrame({"run_id": ["1"], "kind": ["run"], "tables": [[landing]]})
        >>> accounts(runs).drop("dropped").rows()
        [('customer_landing', 5, 4, 4)]
    """
    for name in _NEEDED:
        if name not in runs.columns:
            raise FrameError(f"runs: the frame has no column {name!r}; pass what lake.runs() gives")
    judged = runs.filter(kind="run")
    if judged.is_empty():
        raise FrameError("runs: there is no run yet; make one with lake.run(...)")
    wanted = judged["run_id"].item(-1) if run_id is None else run_id
    chosen = judged.filter(run_id=wanted)
    if chosen.is_empty():
        raise UnknownNameError.of("run", wanted, judged["run_id"].to_list())
    made = [table for table in CONTRACTS if contract_of(table).zone is not Zone.SYSTEM]
    return (
        chosen.select(pl.col("tables").explode().struct.unnest())
        .rename({"table_name": "table"})
        .filter(pl.col("table").is_in(made))
        .sort(pl.col("table").cast(pl.Enum(made)))
        .select("table", "rows_in", "used", "rows_out", "dropped")
    )
