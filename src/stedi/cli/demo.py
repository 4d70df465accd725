"""stedi demo."""

from pathlib import Path

from stedi.cli.output import console, print_json, progress, size
from stedi.cli.run import print_report
from stedi.lake.lake import Lake
from stedi.simulate import simulate

_DIRT = 0.002


def demo(folder: Path, *, customers: int, seed: int, as_json: bool) -> None:
    """Make sample data, run the pipeline, and say what to try next."""
    landing, lake = folder / "landing", folder / "lake"
    out = console()
    with progress(quiet=as_json) as tell:
        tell(f"making up {customers} customers", 0, 1)
        made = simulate(landing, customers=customers, seed=seed, dirt=_DIRT)
    written = sum(path.stat().st_size for path in made.paths)
    if not as_json:
        out.print(
            f"Made up {customers} customers: {made.records:,} records in {len(made.paths)} files "
            f"({size(written)}), some of them damaged on purpose, under {landing}",
            soft_wrap=True,
        )
    with progress(quiet=as_json) as tell:
        # Consent is judged when the made-up export ends, so that the demo is the same on every day.
        report = Lake.open(lake).run(landing, now=made.as_of, progress=tell)
    if as_json:
        print_json({"landing": str(landing), "lake": str(lake)} | report.to_dict())
        return
    print_report(out, report, lake)
    out.print()
    out.print("[bold]Try next[/bold]")
    for command, purpose in (
        (f"stedi show machine_learning_curated --lake {lake}", "the training set"),
        (f"stedi show customer_trusted --lake {lake}", "who is in it; personal data stays hidden"),
        (f"stedi quarantine --lake {lake}", "what was rejected, and why"),
        (f"stedi run {landing} --lake {lake}", "run again: nothing is doubled"),
        (f"stedi status --lake {lake}", "tables, runs and tags"),
    ):
        out.print(f"  {command:<62} [dim]{purpose}[/dim]", soft_wrap=True)
