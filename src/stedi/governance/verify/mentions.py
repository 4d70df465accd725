"""Whether a text or a path names somebody erased: read anew, by no code of the erasure's."""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from stedi.contract import CONTRACTS
from stedi.governance.verify.ids import MakeId, Tombstones
from stedi.governance.verify.rule import normalized

_EMAIL: Final = re.compile(r"[^\s/\\\"<>,;:=(){}\[\]|@]+@[\w.-]+(?!@)")
_FIELD: Final = re.compile(r"\bserial_?number\"?\s*[:=]\s*(?:\"([^\"\\]+)\"|(\d+)(?=[\s,}\]]))")
_WORD: Final = re.compile(r"[^\W_][^\s/\\\"<>,;=(){}\[\]|@]*")
_NUMBER: Final = re.compile(r"\d+e\d+|0x[0-9a-f]+|\d{4}-\d\d-\d\d([t ].*)?")
_CODED: Final = re.compile(r"\\u([0-9a-f]{4})")
_TABLES: Final = {name: [column.name for column in contract.columns] for name, contract in CONTRACTS.items()}
"""What stands in every lake, whoever is called so."""
_SHORTEST: Final = 6
_PARTS: Final = 12


def telling(name: str) -> bool:
    """Say whether a name can't be taken for a word, a count or a time: only such are looked for in texts.

    Examples:
        >>> [telling(name) for name in ("ann@x.com", "dev-ann", "a417b9", "417", "unknown")]
        [True, True, True, False, False]
    """
    if re.fullmatch(r".+@.+", name):
        return True
    if any(name in (table, table.removesuffix("_landing"), *columns) for table, columns in _TABLES.items()):
        return False
    letters = re.search(r"[^\W\d_]", name)
    mixed = re.search(r"\d", name) or re.search(r"\w[^\w\s]+\w|[^\W_]_+[^\W_]", name)
    return len(name) >= _SHORTEST and bool(letters and mixed) and not _NUMBER.fullmatch(name)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Finds what names somebody erased.

    Attributes:
        tombstones: Who and what was erased.
        make: Makes ids.
        living: The names of customers and devices that the lake has now: texts may name who is back, and what
            stands in a longer name of somebody else is theirs.
    """

    tombstones: Tombstones
    make: MakeId
    living: Collection[str]

    def in_text(self, text: str) -> bool:
        """Say whether a text holds an erased e-mail as a whole, or an erased serial number as one."""
        plain = normalized(_CODED.sub(lambda found: chr(int(found[1], 16)), text.lower()))
        if any(map(self._is_person, map(_bare, _EMAIL.findall(plain)))):
            return True
        return any(map(self._is_device, (quoted or number for quoted, number in _FIELD.findall(plain))))

    def in_longer(self, name: str) -> bool:
        """Say whether what was read as a name holds an erased e-mail beside something else."""
        whole = normalized(name)
        found = {_bare(each) for each in _EMAIL.findall(normalized(html.unescape(unquote(name))))}
        return whole not in self.living and any(map(self._is_person, found - {whole}))

    def in_path(self, path: str) -> bool:
        """Say whether a part of a path holds an erased e-mail or serial number, between marks."""
        plain = normalized(unquote(path))
        emails = (name for found in _EMAIL.findall(plain) for name in self._cut(found) if "@" in name)
        if any(self.make("customer", name) in self.tombstones.people for name in emails):
            return True
        names = (name for word in _WORD.findall(plain) for name in self._cut(word) if telling(name))
        return any(self.make("device", name) in self.tombstones.alone for name in names)

    def _cut(self, word: str) -> Iterator[str]:
        """Yield what stands between some marks of a word, but for what is part of a living's name."""
        whole: list[tuple[int, int]] = []
        for start, end in sorted(_spans(word), key=lambda span: span[0] - span[1]):
            if any(first <= start and end <= last for first, last in whole):
                continue
            yield word[start:end]
            if word[start:end] in self.living:
                whole.append((start, end))

    def _is_person(self, name: str) -> bool:
        return name not in self.living and self.make("customer", name) in self.tombstones.people

    def _is_device(self, name: str) -> bool:
        return name not in self.living and self.make("device", name) in self.tombstones.alone


def _bare(email: str) -> str:
    return email.strip(".'*`!?").rstrip("-")


def _spans(word: str) -> Iterator[tuple[int, int]]:
    marks = [place.start() for place in re.finditer(r"[-_.+~#]", word)][:_PARTS]
    for start in (0, *(place + 1 for place in marks)):
        for end in (*(place for place in marks if place > start), len(word)):
            yield start, end
