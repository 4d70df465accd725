"""Everybody but one person: also where it is not known any more who that is."""

import polars as pl
import pytest

from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.governance.erase.neighbours import Neighbours
from stedi.names import CUSTOMER_LANDING
from worlds import customer

ROWS = [
    customer("ann@x.com", "dev-a", customer_name="Ann Lee", phone="8015551212"),
    customer("bob@x.com", "dev-b", customer_name="Bob Ray", phone="8015553434"),
]


def scan(table: str) -> pl.LazyFrame:
    schema = polars_schema(contract_of(table))
    rows = [{name: row.get(name) for name in schema} for row in ROWS] if table == CUSTOMER_LANDING else []
    return pl.DataFrame(rows, schema=schema).lazy()


@pytest.mark.parametrize(
    ("person", "names", "emails"),
    [
        ("ann@x.com", {"bob ray"}, {"bob@x.com"}),
        # An erasure by serial number that was killed when no table told the person any more.
        (None, {"ann lee", "bob ray"}, {"ann@x.com", "bob@x.com"}),
    ],
)
def test_everybody_else_is_a_neighbour(person, names, emails):
    neighbours = Neighbours(scan=scan, person=person)
    assert names <= neighbours.quasi_identifiers
    assert ("ann lee" in neighbours.quasi_identifiers) == ("ann lee" in names)
    assert neighbours.emails == emails
    assert bool(neighbours.mine()) == (person is not None)
