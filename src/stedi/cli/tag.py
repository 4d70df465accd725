"""stedi tag."""

from pathlib import Path

from rich.text import Text

from stedi.cli.output import console, print_json
from stedi.cli.streams import done
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
    done()
    if as_json:
        print_json({"tag": name, "run_id": run_id})
    else:
        console().print(Text.assemble(f"tagged run {run_id} as ", (name, "bold")))
