"""A dataset card for people."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from stedi.ml.assemble import REASONS
from stedi.ml.recipe import Recipe
from stedi.plan.match import percent

if TYPE_CHECKING:
    from stedi.ml.card import DatasetCard, RunFacts

_PSEUDONYMISED: Final = (
    "The ids of the customers are pseudonyms, and sensor times can identify people: this is pseudonymised "
    "data, not anonymous data. The card as JSON lists the ids."
)


def markdown_of(card: "DatasetCard") -> str:
    """Return a card as Markdown, without the ids of customers."""
    recipe, labels = card.recipe, card.labels
    lines = [
        "# Dataset card",
        "",
        f"{card.sessions:,} sessions of {len(card.customers):,} customers, {card.duration_s:,.0f} s in all.",
        "",
        _PSEUDONYMISED,
        "",
        "## What it rests on",
        "",
    ]
    lines += ["Frames; no run of a lake is known.", ""] if card.run is None else _run_lines(card.run, recipe)
    lines += ["## How it was made", "", "| choice | |", "|---|---|"]
    lines += [f"| {name} | {_shown(value)} |" for name, value in asdict(recipe).items()]
    lines += ["", "## The sensors", ""]
    lines += ["| | " + " | ".join(name.replace("_", " ") for name in card.sensors) + " |"]
    lines += ["|---" * (len(card.sensors) + 1) + "|"]
    facts = {name: asdict(each) for name, each in card.sensors.items()}
    for row in next(iter(facts.values())):
        lines.append(f"| {row} | " + " | ".join(_shown(each[row]) for each in facts.values()) + " |")
    if card.clock_offset_s is not None:
        lines += [
            "",
            f"Taken off the phones' times (least, median, greatest): {_shown(card.clock_offset_s)} s.",
        ]
    lines += ["", "## Sessions and steps left out", ""]
    lines += [f"- {count:,} sessions: {REASONS[name]}" for name, count in card.left_out.items()]
    kept = "left out" if recipe.shared_steps == "drop" else "kept"
    lines += [f"- {card.shared_steps:,} step readings attributed to more than one customer: {kept}", ""]
    lines += ["## Labels", ""]
    if labels.source is None:
        lines += ["None.", ""]
    else:
        what = "a frame" if labels.source == "frame" else "the baseline detector: these are no truth"
        lines += [f"{labels.steps:,} steps in {labels.sessions:,} sessions, from {what}."]
        lines += [f"{labels.outside:,} labels lie in no session.", ""]
    lines += _split_lines(card)
    lines += ["## Digests (SHA-256)", "", "| what | digest |", "|---|---|"]
    lines += [f"| {name} | `{value}` |" for name, value in card.digests.items()]
    return "\n".join(lines) + "\n"


def _run_lines(run: "RunFacts", recipe: Recipe) -> list[str]:
    withdrawn = (
        "**kept**: this dataset may hold people who withdrew since"
        if recipe.include_withdrawn
        else "left out, as of the newest run at that time"
    )
    rate = "unknown" if run.match_rate is None else percent(run.match_rate)
    lines = [
        f"- Run `{run.run_id}`, published at {run.published_at}, by stedi {run.code_version}",
        f"- Consent mode `{run.consent}`, judged at {run.judged_at}",
        f"- Customers who withdrew after that run: {withdrawn}",
        f"- Match rate of the two sensors: {rate}",
        "",
        "| table | snapshot | rows in | used | rows out | dropped |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, row in run.rows.items():
        dropped = row["dropped"]
        reasons = (
            ", ".join(f"{count:,} {reason}" for reason, count in dropped.items() if count)
            if isinstance(dropped, dict)
            else ""
        )
        figures = " | ".join(f"{row[key]:,}" for key in ("in", "used", "out"))
        lines.append(f"| {name} | {run.snapshots.get(name, '')} | {figures} | {reasons} |")
    return [*lines, ""]


def _split_lines(card: "DatasetCard") -> list[str]:
    lines = []
    if card.part is not None:
        part = card.part
        lines.append(
            f"This is the {part.side} side of fold {part.fold + 1} of {part.folds} of split "
            f"`{part.split_id}` ({part.kind}, seed {part.seed})."
        )
    if card.split is not None:
        split = card.split
        tests = ", ".join(str(len(test)) for test in split.tests)
        lines.append(
            f"Split `{split.split_id}` ({split.kind}, seed {split.seed}), by customer. "
            f"Customers in the tests: {tests}."
        )
    return ["## Split", "", *lines, ""] if lines else []


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " – ".join(map(_shown, value))
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:,}" if type(value) is int else "not said" if value is None else str(value)
