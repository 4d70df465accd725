"""stedi tag."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stedi import Lake
from stedi.cli import options as opt
from stedi.cli.output import Output


def tag_command(
    name: Annotated[str | None, typer.Argument(help="The new tag; without one, the tags are listed.")] = None,
    *,
    lake: opt.LakeOption = opt.DEFAULT_LAKE,
    json: opt.JsonOption = False,
) -> None:
    """Name the newest run, to find it again."""
    opened, output = Lake.open(lake), Output(json=json)
    if name is None:
        tags = opened.tags()
        output.show(lambda: tags, lambda out: _print(out, tags))
        return
    run_id = opened.tag(name)
    output.show(
        lambda: {"tag": name, "run_id": run_id},
        lambda out: out.print(Text.assemble(f"tagged run {run_id} as ", (name, "bold"))),
        done=True,
    )


def _print(out: Console, tags: Mapping[str, str]) -> None:
    for each, run_id in sorted(tags.items()):
        out.print(f"{each}  {run_id}")
    if not tags:
        out.print("no tags yet: stedi tag NAME tags the newest run")
