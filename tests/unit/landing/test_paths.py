"""Paths without names: between marks, and not within the names of others."""

import pytest

from stedi.landing.paths import masked

ANN = {
    ("name", "ann@ex.com"),
    ("name", "dev-12b"),
    ("name", "box 7/left"),
    ("quasi_identifier", "ann lee"),
    ("quasi_identifier", "8015550000"),
}


def mask(path, known=()):
    return masked(path, lambda *one: "X" if one in ANN else None, lambda *one: one in known)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("customer/ann@ex.com.json", "customer/X.json"),
        ("customer/of-Ann@Ex.com/2022.json", "customer/of-X/2022.json"),
        ("customer/ann%40ex.com.json.gz", "customer/X.json.gz"),
        ("customer/ann%2540ex.com", "customer/X"),
        ("customer/2026_dev-12b.json", "customer/2026_X.json"),
        ("customer/form of Ann_Lee.json", "customer/form of X.json"),
        ("customer/801-555-0000.json", "customer/X.json"),
        ("s3://bucket/customer/box%207%2Fleft.json", "s3://bucket/customer/X.json"),
        ("customer/joann@ex.com.json", None),
        ("customer/dev-12.json", None),
        ("customer/xdev-12b.json", None),
        ("customer/ann@ex.community.json", None),
        ("customer/Joann Lee.json", None),
        ("customer/18015550000.json", None),
        ("customer/a%2Fb joann%40ex.com", None),
    ],
)
def test_names_go_and_all_else_stays(path, left):
    assert mask(path) == (path if left is None else left)


def test_a_longer_name_of_somebody_known_stays():
    path = "customer/mary-ann@ex.com/ann@ex.com.au.json"
    assert mask(path) == "customer/mary-X/X.au.json"
    known = {("name", "mary-ann@ex.com"), ("name", "ann@ex.com.au")}
    assert mask(path, known) == path
    assert mask("Mary Ann Lee.json", {("quasi_identifier", "mary ann lee")}) == "Mary Ann Lee.json"
