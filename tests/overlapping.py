"""People whose names stand in each other's, in every kind of text; and whose each byte of a landing root is.

Each record holds a mark that tells its owner, so that it can be counted whatever becomes of its file.
"""

import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from lakes import files_of, sent
from worlds import HOURS, Row, customer, reading, step

_EMAILS: Final = (
    "ann@ex.com",
    "joann@ex.com",
    "mary-ann@ex.com",
    "ann@ex.com.au",
    "ann+news@ex.com",
    "j.ann@ex.com",
    "o'ann@ex.com",
    "ann@ex.co",
    "unknown",
    "ann@sub.ex.com",
    "ann_b@ex.com",
    "x@ann-ex.com",
)
_SERIALS: Final = (
    "12",
    "dev-12",
    "dev-1",
    "417",
    "2022",
    "unknown",
    "dev-123",
    "true",
    "x-dev-123",
    "1655564400000",
    "backups",
    "dev-123.4",
)
_NAMES: Final = (
    "Ann Lee",
    "Joann Lee",
    "Mary Ann Lee",
    "Ann Leeds",
    "Lee Ann",
    "Annlee",
    "Ann O'Lee",
    "Customer",
    "Ann Lee Smith",
    "Data File",
    "Bo Ann",
    "Lake Folder",
)
_PHONES: Final = (
    "8015550000",
    "18015550000",
    "80155500001",
    "15550000",
    "+1 801 555 0001",
    "5550100",
    "801-555-0002",
    "2022061815",
    "80155500",
    "0044 20 7946 0000",
    "9998015550000",
    "801555000",
)
_MARK: Final = re.compile(r"mark-(\d+)-\d+-\d+-end")


class Person(NamedTuple):
    """One of them."""

    number: int
    email: str
    serial: str
    name: str
    phone: str


def people(dice: random.Random, count: int) -> list[Person]:
    """Return so many people, who share nothing but parts of their names."""
    columns = [dice.sample(column, count) for column in (_EMAILS, _SERIALS, _NAMES, _PHONES)]
    return [Person(number, *each) for number, each in enumerate(zip(*columns, strict=True))]


@dataclass
class Sender:
    """Writes landing files, and knows whose each record is."""

    root: Path
    dice: random.Random
    made: int = 0
    sent: Counter[str] = field(default_factory=Counter)

    def mark(self, person: Person) -> str:
        """Return a mark that stands nowhere else."""
        self.made += 1
        return f"mark-{person.number}-{self.made}-{self.dice.randrange(10**6)}-end"

    def record(self, person: Person, **others: object) -> Row:
        """Return a good customer record."""
        row = customer(
            person.email, person.serial, customer_name=person.name, phone=person.phone, share=HOURS[0]
        )
        return sent(row) | {"m": self.mark(person)} | others

    def customers(self, person: Person) -> list[str]:
        """Return customer records of a person in every state of repair."""
        whole = json.dumps(self.record(person))
        odd = json.dumps(self.record(person, phone={"x": 1}, note="asked for a call"))
        escaped = json.dumps(self.record(person, birthDay=3)).replace("@", "\\u0040")
        torn = json.dumps({"m": self.mark(person), "email": person.email, "lastUpdateDate": 1}) + ', "x":'
        return [whole, odd, escaped, torn[: -len(', "x":') - 1] + ', "x":']

    def nameless(self, person: Person) -> list[str]:
        """Return torn records that only a name of several words, or a whole phone number, tells of."""
        texts = []
        if len(person.name.split()) > 1:
            texts.append(f'"m":"{self.mark(person)}","customerName":"{person.name}","birth')
        if sum(map(str.isdigit, person.phone)) > 6:
            texts.append(f'"m":"{self.mark(person)}","phone":"{person.phone}","birth')
        return texts

    def readings(self, person: Person) -> dict[str, list[str]]:
        """Return readings, and torn ones, by kind."""
        at = HOURS[2]
        phone = [{**sent(reading(person.email, at)), "m": self.mark(person)}]
        trainer = [{**sent(step(person.serial, at)), "m": self.mark(person)}]
        torn = f'"m":"{self.mark(person)}","serialNumber":{json.dumps(person.serial)},"sensorReadi'
        return {
            "accelerometer": list(map(json.dumps, phone)),
            "step_trainer": [*map(json.dumps, trainer), torn],
        }

    def put(self, place: str, lines: list[str]) -> Path:
        """Write or append to an object."""
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
        self.sent.update(found[0] for line in lines for found in _MARK.finditer(line))
        return file

    def deliver(self, everybody: list[Person], name: str) -> None:
        """Send something of everybody: together, in a row, in arrays, and files that are named after them."""
        lines = [line for each in everybody for line in (*self.customers(each), *self.nameless(each))]
        self.dice.shuffle(lines)
        self.put(f"customer/{name}.json", lines)
        # Not all in one: a broken line claims every device that it names, for everybody whom it names.
        self.put(f"customer/{name}-array.json", [json.dumps([self.record(each)]) for each in everybody])
        self.put(f"customer/{name}-row.json", ["".join(json.dumps(self.record(each)) for each in everybody)])
        kinds: dict[str, list[str]] = {"accelerometer": [], "step_trainer": []}
        for each in everybody:
            for kind, texts in self.readings(each).items():
                kinds[kind] += texts
        for kind, texts in kinds.items():
            self.put(f"{kind}/{name}.json", texts)
        for each in everybody:
            self.put(f"customer/{self.dice.choice(_named(each))}", [json.dumps(self.record(each))])

    def left(self) -> Counter[str]:
        """Return the marks that stand in the landing root now."""
        return Counter(
            found[0]
            for file in files_of(self.root)
            if not file.is_symlink()
            for found in _MARK.finditer(file.read_text("utf-8"))
        )


def owner(mark: str) -> int:
    """Return whose a mark is."""
    found = _MARK.fullmatch(mark)
    assert found
    return int(found[1])


def _named(person: Person) -> list[str]:
    """Return names of objects that name a person, as far as such names tell anything."""
    names = [f"plain-{person.number}.json"]
    if "@" in person.email:
        names += [f"{person.email}.json", f"of {person.email}/a.json", f"{quote(person.email, safe='')}.json"]
    if len(person.name.split()) > 1:
        names.append(f"form of {person.name}.json")
    return names
