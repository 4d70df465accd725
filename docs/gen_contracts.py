"""Write a page per table, derived from its contract: the contracts are the only place that knows."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import mkdocs_gen_files

sys.path.insert(0, str(Path(__file__).parent))

from drawing import zones

from stedi.contract import CONTRACTS, Column, Contract, Kind, ListOf
from stedi.contract.reasons import Drop, Rejection
from stedi.names import EARLIEST, LATEST, Zone
from stedi.plan.lineage import LINEAGE, LineageStep
from stedi.warehouse.bucket import FEWEST_BUCKETS

_DERIVED: Final = {step.table: step for step in LINEAGE}
_RULES: Final = {
    Kind.STRING: "a JSON text, or an integer (taken as that text)",
    Kind.DOUBLE: "a finite JSON number",
    Kind.LONG: "a whole JSON number; `246.0` is 246",
    Kind.TIMESTAMPTZ: f"epoch milliseconds, from {EARLIEST:%Y-%m-%d} to before {LATEST:%Y-%m-%d}",
}
_ZONES: Final = {
    Zone.LANDING: "every record that keeps its contract, as it was sent",
    Zone.TRUSTED: "only customers who agreed, and only since they agreed",
    Zone.CURATED: "nothing that names a person",
    Zone.SYSTEM: "what keeps the lake honest",
}


def _page(contract: Contract) -> Iterator[str]:
    yield "---\nhide:\n  - toc\n---"  # the tables need the room
    yield f"# `{contract.name}`"
    yield f"One row is {contract.grain}."
    yield "\n".join(_facts(contract))
    yield "## Columns"
    yield _columns(contract)
    for column in contract.columns:
        if fields := _fields_of(column):
            yield f"### Fields of `{column.name}`"
            yield _fields(fields)
    if contract.zone is Zone.LANDING:
        yield from _landing(contract)
    if contract.name in _DERIVED:
        yield from _derived(_DERIVED[contract.name])
    used_by = [step.table for step in LINEAGE if contract.name in (step.driving, *step.others)]
    if used_by:
        yield "## Used by"
        yield ", ".join(_link(table) for table in used_by) + "."


def _facts(contract: Contract) -> Iterator[str]:
    yield f"- **Zone:** {contract.zone}, {_ZONES[contract.zone]}"
    key = ", ".join(f"`{name}`" for name in contract.key)
    yield f"- **Key:** {key or 'none, rows may repeat'}"
    spec = (
        f"`bucket[N](customer_id)`, N fixed when the lake is made ({FEWEST_BUCKETS}, or more for many "
        "landing files)"
        if contract.bucketed
        else "none"
    )
    yield f"- **Partition spec:** {spec}"
    pii = ", ".join(f"`{name}`" for name in contract.pii)
    yield f"- **Personal data:** {pii or 'none'}"


def _columns(contract: Contract) -> str:
    landing = contract.zone is Zone.LANDING
    head = ["Column", *(["Source key"] if landing else []), "Type", "Required", "PII", "Meaning"]
    lines = [_row(head), _row(["---"] * len(head))]
    for column in contract.columns:
        cells = [f"`{column.name}`"]
        if landing:
            cells.append(f"`{column.source}`" if column.source else "made by stedi")
        lines.append(_row([*cells, *_common(column)]))
    return "\n".join(lines)


def _fields_of(column: Column) -> tuple[Column, ...]:
    """Return the fields of the records that a column holds lists of."""
    element = column.kind.element if isinstance(column.kind, ListOf) else ()
    return element if isinstance(element, tuple) else ()


def _fields(fields: tuple[Column, ...]) -> str:
    head = ["Field", "Type", "Required", "Meaning"]
    lines = [_row(head), _row(["---"] * len(head))]
    for field in fields:
        lines.append(_row([f"`{field.name}`", _type(field), _yes(is_so=field.required), field.doc]))
        lines.extend(
            _row([f"`{field.name}.{inner.name}`", _type(inner), _yes(is_so=inner.required), inner.doc])
            for inner in _fields_of(field)
        )
    return "\n".join(lines)


def _common(column: Column) -> list[str]:
    pii = '<span class="pii">PII</span>' if column.pii else ""
    return [_type(column), _yes(is_so=column.required), pii, column.doc]


def _type(column: Column) -> str:
    if isinstance(column.kind, ListOf):
        return "`list<struct>`" if _fields_of(column) else f"`list<{column.kind.element}>`"
    return f"`{column.kind}`"


def _yes(*, is_so: bool) -> str:
    return "yes" if is_so else ""


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _landing(contract: Contract) -> Iterator[str]:
    yield "## Row rules"
    yield (
        "Source keys are matched without regard to case; other keys are ignored; an absent key is the same "
        "as `null`. A record that breaks a rule goes to [`quarantine`](quarantine.md) with "
        "[its reason](reasons.md#rejections)."
    )
    lines = [_row(["Source key", "A good value is", "Absent or `null`"]), _row(["---"] * 3)]
    for column in contract.source_columns:
        absent = "rejected: `missing`" if column.required else "kept as null"
        good = _RULES[Kind(str(column.kind))]
        if column.required and column.kind is Kind.STRING:
            good += "; not blank"
        lines.append(_row([f"`{column.source}`", good, absent]))
    yield "\n".join(lines)


def _derived(step: LineageStep) -> Iterator[str]:
    yield "## Lineage"
    others = " and ".join(_link(table) for table in step.others)
    yield (
        f"Made by [`stedi.{step.transform}`](../api.md#stedi.{step.transform}) from "
        f"{_link(step.driving)}, with {others}."
    )
    fan_out = (
        " One row can become several: the rows beyond the first are counted as `fan_out`."
        if step.fans_out
        else " A row is used at most once: the table never fans out."
    )
    yield (
        f"Every row of {_link(step.driving)} is used, or dropped with exactly one reason: the first of these "
        f"that matches.{fan_out}"
    )
    lines = [_row(["Reason", "In words"]), _row(["---"] * 2)]
    lines.extend(_row([f"`{reason}`", reason.words]) for reason in step.drops)
    yield "\n".join(lines)


def _link(table: str) -> str:
    return f"[`{table}`]({table}.md)"


def _index() -> Iterator[str]:
    yield "# Tables"
    yield (
        f"{len(CONTRACTS)} Iceberg tables, in the namespace `stedi` unless you choose another. The pages of "
        "this section are derived from the contracts in `stedi.contract`: what they say is what the code "
        "checks."
    )
    yield zones().replace("{contracts}", "")
    for zone, motto in _ZONES.items():
        yield f"## {zone.title()}"
        yield motto[0].upper() + motto[1:] + "."
        lines = []
        for contract in CONTRACTS.values():
            if contract.zone is zone:
                step = _DERIVED.get(contract.name)
                inputs = [", ".join(_link(name) for name in (step.driving, *step.others))] if step else []
                head = ["Table", "One row is", *(["Made of"] if step else [])]
                lines = lines or [_row(head), _row(["---"] * len(head))]
                lines.append(_row([_link(contract.name), contract.grain, *inputs]))
        yield "\n".join(lines)
    yield "## Words"
    yield (
        "All times are `timestamptz`: microseconds, UTC. `customer_id` and `device_id` are pseudonyms. "
        "A **rejected** record breaks its contract and is in quarantine; a **dropped** row is good, and a "
        "rule keeps it out, for [one reason](reasons.md). Columns that begin with `_` are provenance: which "
        "object held the record, at which position, and which run loaded it."
    )


def _reasons() -> Iterator[str]:
    yield "# Reasons"
    yield "Nothing is lost in silence. These are all the reasons, with the words that the command line uses."
    yield "## Rejections"
    yield (
        "A landing record that breaks its contract is in [`quarantine`](quarantine.md). The first reason "
        "that matches, in this order, is the one it gets."
    )
    lines = [_row(["Reason", "In words"]), _row(["---"] * 2)]
    lines.extend(_row([f"`{reason}`", reason.words]) for reason in Rejection)
    yield "\n".join(lines)
    yield "## Drops"
    yield "A good row that a rule keeps out of a derived table is counted under one reason."
    lines = [_row(["Reason", "In words", "Tables"]), _row(["---"] * 3)]
    for reason in Drop:
        tables = ", ".join(_link(step.table) for step in LINEAGE if reason in step.drops)
        lines.append(_row([f"`{reason}`", reason.words, tables]))
    yield "\n".join(lines)


def _write(path: str, parts: Iterator[str]) -> None:
    with mkdocs_gen_files.open(path, "w") as page:
        page.write("\n\n".join(parts) + "\n")


_write("contracts/index.md", _index())
_write("contracts/reasons.md", _reasons())
for _contract in CONTRACTS.values():
    _write(f"contracts/{_contract.name}.md", _page(_contract))
