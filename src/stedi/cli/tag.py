"""stedi tag."""

from pathlib import Path

from stedi.cli.output import console, print_json
from stedi.lake.lake import Lake


def tag(name: str | None, *, lake: Path, as_json: bool) -> None:
    """Tag the newest run, or list the tags."""
    opened = Lake.open(lake)
    if name is None:
        tags = opened.tags()
        if as_json:
            print_json(tags)
            return
        for each, run_id in sorted(tags.items()):
            console().print(f"{each}  {run_id}")
        if not tags:
            console().print("no tags yet: stedi tag NAME tags the newest run")
        return
    run_id = opened.tag(name)
    if as_json:
        print_json({"tag": name, "run_id": run_id})
    else:
        console().print(f"tagged run {run_id} as [bold]{name}[/bold]")
