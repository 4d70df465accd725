"""The glossary tells each word once, in order, and nothing of the code that is not there."""

import re
from pathlib import Path

from stedi.contract import CONTRACTS
from stedi.names import CONSENT_MODES, Zone

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Term")
]
SOURCES = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "stedi").rglob("*.py"))


def test_terms_are_in_order_and_each_is_told_once():
    terms = [term for term, _, _ in ROWS]
    words = [term.partition(" (")[0].casefold() for term in terms]
    assert words == sorted(words)
    assert len(terms) == len(set(terms)) > 40


def test_whatever_it_names_of_the_code_is_there():
    for term, _, names in ROWS:
        for name in re.findall(r"`([^`]+)`", names):
            last = name.rpartition(".")[2]
            defined = (
                rf"(?:def|class) {last}\b|^ *{last}(?:: [^=\n]+)? =|^ *{last}: |(?:import|from) .*\b{last}\b"
            )
            assert re.search(defined, SOURCES, re.MULTILINE), (term, name)
        assert "`" in names, term


def test_every_word_that_users_must_know_is_told():
    text = "\n".join(" ".join(row) for row in ROWS)
    for word in (*(zone.value for zone in Zone if zone is not Zone.SYSTEM), *CONSENT_MODES):
        assert re.search(rf"\b{word}\b", text), word
    for name, contract in CONTRACTS.items():
        if contract.zone is Zone.SYSTEM:
            assert re.search(rf"\b{name}\b", text), name
