"""The lake's own reader finds in simulated files exactly what the simulator says is there."""

import json
from collections import Counter

import pytest
from plain_reader import TABLES

from stedi.landing.read_landing import read_landing


@pytest.mark.parametrize("noun", TABLES)
def test_each_rejected_record_has_its_reason_and_place(dirty, noun):
    rejected = read_landing(dirty.landing / noun, f"{noun}_landing").rejected
    found = Counter(rejected.select("_object", "_position", "reason").iter_rows())
    places = [json.loads(line) for line in (dirty.truth / "rejected.ndjson").read_text().splitlines()]
    assert found == Counter(
        (str((dirty.landing / place["object"]).resolve()), place["position"], place["reason"])
        for place in places
        if place["table"] == f"{noun}_landing"
    )


@pytest.mark.parametrize("noun", TABLES)
def test_the_kept_records_are_the_same_with_and_without_dirt(clean, dirty, noun):
    def kept(simulated, *, copies):
        split = read_landing(simulated.landing / noun, f"{noun}_landing")
        whole = split.kept if copies else split.kept.filter(~split.kept["_object"].str.contains("-copy"))
        assert whole.height == simulated.of(noun).kept + copies * simulated.of(noun).redelivered
        columns = [column for column in whole.columns if column[0] != "_"]
        return whole.select(columns).sort(columns)

    assert kept(dirty, copies=False).equals(kept(clean, copies=False))
    kept(dirty, copies=True)
