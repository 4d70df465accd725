"""stedi simulate."""

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console

from stedi.cli import options as opt
from stedi.cli.listing import table_of
from stedi.cli.output import Output, number
from stedi.errors import UnknownNameError
from stedi.simulate import PRESETS, Simulated, simulate


def _words(argument: str) -> tuple[str, ...]:
    """Return the words that an argument of ``simulate`` takes."""
    return get_args(signature(simulate).parameters[argument].annotation)


def simulate_command(
    landing: Annotated[Path, typer.Argument(help="An empty or a new folder.")],
    *,
    customers: opt.CustomersOption = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 0,
    dirt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RATE",
            help="The share of damaged records, from 0 to 1; or KIND=RATE, which may be repeated.",
        ),
    ] = None,
    preset: Annotated[
        str,
        opt.word_option(
            "--preset", PRESETS, "How hard the signals are: easy, realistic or hard.", metavar="NAME"
        ),
    ] = "realistic",
    clocks: Annotated[
        str,
        opt.word_option(
            "--clocks",
            _words("clocks"),
            "one: the app stamps both sensors. two: each its own.",
            metavar="WHICH",
            kind="number of clocks",
        ),
    ] = "one",
    order: Annotated[
        str,
        opt.word_option(
            "--order", _words("order"), "How readings arrive: by time, or shuffled.", metavar="ORDER"
        ),
    ] = "time",
    files: Annotated[int, typer.Option(min=1, help="Into how many files each sensor's readings go.")] = 12,
    json: opt.JsonOption = False,
) -> None:
    """Write landing files of made-up customers."""
    words: dict[str, Any] = {"preset": preset, "clocks": clocks, "order": order}
    rates, output = _rates(dirt or ()), Output(json=json)
    try:
        with output.progress() as tell:
            made = simulate(
                landing, customers=customers, seed=seed, dirt=rates, files=files, progress=tell, **words
            )
    except UnknownNameError as error:
        # All other words are known.
        raise typer.BadParameter(str(error), param_hint="--dirt") from None
    output.show(lambda: _plain(made), lambda out: _print(out, made), done=True)


def _plain(made: Simulated) -> dict[str, object]:
    return {
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


def _print(out: Console, made: Simulated) -> None:
    rows = (
        (each.table, number(each.written), number(each.kept), number(sum(each.rejected.values())))
        for each in made.written
    )
    out.print(table_of("table", ">written", ">good", ">damaged", rows=rows))
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
