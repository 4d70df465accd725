"""The looks of customers that a privacy report counts are the equivalence classes that pycanon finds."""

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from lakes import lake_at
from stedi.governance.privacy.anonymity import QUASI_IDENTIFIERS, Looks, customers_of, looks_of
from stedi.governance.privacy.rounding import BASE, rounded
from stedi.simulate import simulate

pytestmark = pytest.mark.campaign

# pycanon is no dependency of the tests: it needs an older NumPy than they do.
PACKAGES = ("pycanon==1.3.6",)
SCRIPT = Path(__file__).parent / "pycanon_classes.py"


def by_pycanon(customers: pl.DataFrame, place: Path) -> list[Looks]:
    """Return the looks for each choice of columns."""
    uv = shutil.which("uv")
    assert uv is not None, "this campaign needs uv"
    # Not known is a value like others.
    customers.select(pl.all().cast(pl.String).fill_null("unknown")).write_csv(place)
    packages = [part for package in PACKAGES for part in ("--with", package)]
    columns = [",".join(names) for names in QUASI_IDENTIFIERS]
    done = subprocess.run(
        [uv, "run", "--quiet", "--no-project", "--isolated", *packages, "python", SCRIPT, place, *columns],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sizes = [list(map(int, line.split())) for line in done.stdout.splitlines()]
    return [Looks(different=len(each), rare=sum(size < BASE for size in each)) for each in sizes]


@pytest.mark.parametrize("customers", [30, 300])
def test_a_report_shows_what_pycanon_finds(tmp_path, customers):
    made = simulate(tmp_path / "landing", customers=customers, seed=5)
    lake = lake_at(tmp_path / "lake")
    lake.run(tmp_path / "landing", now=made.as_of)
    known = customers_of(lake.scan("customer_curated").collect())
    found = by_pycanon(known, tmp_path / "customers.csv")
    assert [looks_of(known, names, threshold=BASE) for names in QUASI_IDENTIFIERS] == found
    shown = [(each.different, each.rare) for each in lake.report().anonymity]
    assert shown == [(rounded(looks.different), rounded(looks.rare)) for looks in found]


def test_of_crowds_pycanon_finds_the_same(tmp_path):
    """Few values each, so that many share a look, and some of them unknown."""
    found = set()
    for seed in range(5):
        crowd = pl.DataFrame({"customer_id": map(str, range(400))}).with_columns(
            **{
                name: (pl.int_range(pl.len()).hash(seed + place) % (2 + seed % 2)).cast(pl.Int64)
                for place, name in enumerate(sorted({name for names in QUASI_IDENTIFIERS for name in names}))
            }
        )
        crowd = crowd.with_columns(birth_decade=pl.col("birth_decade").replace(0, None))
        mine = [looks_of(crowd, names, threshold=BASE) for names in QUASI_IDENTIFIERS]
        assert mine == by_pycanon(crowd, tmp_path / "crowd.csv")
        found |= set(mine)
    assert any(looks.rare for looks in found)
    assert any(not looks.rare for looks in found)
