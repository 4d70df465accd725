"""stedi simulate."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import typer
from rich.table import Table

from stedi.cli.output import console, number, print_json, progress
from stedi.cli.streams import done
from stedi.cli.usage import usage
from stedi.simulate import simulate as make
from stedi.simulate.clocks import Clocks, check_clocks
from stedi.simulate.generate import rates_of
from stedi.simulate.preset import preset_of
from stedi.simulate.signals import Order, check_order


def simulate(
    landing: Path,
    *,
    customers: int,
    seed: int,
    dirt: Sequence[str],
    preset: str,
    clocks: str,
    order: str,
    files: int,
    as_json: bool,
) -> None:
    """Write made-up landing files and say what is in them."""
    rates = _rates(dirt)
    with usage("--dirt"):
        rates_of(rates)
    with usage("--preset"):
        preset_of(preset)
    with usage("--clocks"):
        check_clocks(clocks)
    with usage("--order"):
        check_order(order)
    with progress(quiet=as_json) as tell:
        made = make(
            landing,
            customers=customers,
            seed=seed,
            dirt=rates,
            preset=preset,
            clocks=cast("Clocks", clocks),
            order=cast("Order", order),
            files=files,
            progress=tell,
        )
    done()
    if as_json:
        print_json(
            {
                "landing": str(made.landing),
                "truth": str(made.truth),
                "as_of": made.as_of,
                "files": len(made.paths),
                "tables": {
                    table.table: {"written": table.written, "kept": table.kept, "rejected": table.rejected}
                    for table in made.written
                },
                "defects": [
                    {name: getattr(each, name) for name in ("table", "kind", "unit", "count", "outcome")}
                    for each in made.defects
                ],
            }
        )
        return
    out = console()
    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("table")
    for name in ("written", "good", "damaged"):
        listed.add_column(name, justify="right")
    for table in made.written:
        bad = sum(table.rejected.values())
        listed.add_row(table.table, number(table.written), number(table.kept), number(bad))
    out.print(listed)
    out.print()
    out.print(
        f"{len(made.paths)} files under {made.landing}; what is true of them: {made.truth}", soft_wrap=True
    )
    out.print(f"Next: stedi run {made.landing} --now {made.as_of:%Y-%m-%dT%H:%M:%S}", soft_wrap=True)


def _rates(dirt: Sequence[str]) -> float | Mapping[str, float]:
    """Read ``--dirt 0.01``, or ``--dirt cut_off=0.001 --dirt seconds=0.01``."""
    own: dict[str, float] = {}
    for text in dirt:
        kind, equals, rate = text.rpartition("=")
        share = _share(text, rate)
        if not equals and len(dirt) == 1:
            return share
        if not equals:
            raise typer.BadParameter("pass either one rate, or KIND=RATE for each kind", param_hint="--dirt")
        own[kind] = share
    return own


def _share(text: str, rate: str) -> float:
    try:
        share = float(rate)
    except ValueError:
        share = -1.0
    if 0 <= share <= 1:
        return share
    raise typer.BadParameter(
        f"{text!r} is no rate from 0 to 1, such as 0.01, nor KIND=RATE, such as cut_off=0.001",
        param_hint="--dirt",
    )
