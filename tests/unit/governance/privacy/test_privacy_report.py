"""What a privacy report is made of: no number of people can be in it that the rule didn't make."""

from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

from stedi.governance.privacy.report import Count, PrivacyReport
from stedi.governance.privacy.rounding import Figure

OF_THE_LAKE = {"PrivacyReport.base", "HeldCustomers.readable"}
"""Numbers, yes or no among them, that are of the lake or of the rule, and not of people."""


def numbers(kind):
    """Yield each place of a number in a value of a type, and the type of that number."""
    for field, hint in get_type_hints(kind).items():
        for part in (hint, *get_args(hint)):
            if is_dataclass(part):
                yield from numbers(part)
            elif part in (int, float, bool) or getattr(part, "__supertype__", None) is int:
                yield f"{kind.__name__}.{field}", part


def test_every_number_of_people_is_a_figure():
    found = dict(numbers(PrivacyReport))
    assert {place for place, kind in found.items() if kind is not Figure} == OF_THE_LAKE
    assert {
        "Count.count",
        "Stage.customers",
        "Anonymity.rare",
        "HeldCustomers.erased",
        "PrivacyReport.erased",
    } <= set(found)
    assert [field.name for field in fields(Count)] == ["what", "count"]
