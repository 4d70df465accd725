"""The audit's own notion of what names somebody erased."""

from datetime import UTC, datetime

import pytest

from stedi.governance.verify.ids import Tombstones
from stedi.governance.verify.mentions import Mentions
from stedi.governance.verify.needles import Identifier, make_needles
from stedi.governance.verify.search import NeedleSearch
from stedi.governance.verify.traces import NAME, PHONE, SERIAL, _tells, own_words

AT = datetime(2024, 1, 1, tzinfo=UTC)
TOMBSTONES = Tombstones(
    people={"customer:ann@ex.com": AT},
    devices={},
    erased_devices={},
    alone={"device:dev-12b": AT, "device:417": AT},
)


def mentions(*living):
    return Mentions(TOMBSTONES, lambda domain, name: f"{domain}:{name}", frozenset(living))


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("ask <Ann@Ex.com>.", True),
        (r'{"email":"ann\u0040ex.com"}', True),
        ('{"serialNumber": 417, "x": 1}', True),
        ('{"serialNumber": "DEV-12B"}', True),
        ("joann@ex.com, ann@ex.com.au, ann+x@ex.com", False),
        ('{"serialNumber": 4170, "n": 417}', False),
        ("the 417 of dev-12b", False),
    ],
)
def test_a_text_names_the_erased_by_whole_names(text, there):
    assert mentions().in_text(text) is there


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/a/customer/of-ann@ex.com.json", True),
        ("/a/customer/ann%40ex.com.json.gz", True),
        ("/a/step_trainer/2026_dev-12b.json", True),
        ("/a/customer/joann@ex.com.json", False),
        ("/a/customer/417/dev-12.json", False),
    ],
)
def test_a_path_names_the_erased_between_marks(path, there):
    assert mentions().in_path(path) is there


def test_what_is_part_of_a_living_name_is_theirs_and_who_is_back_may_be_named():
    assert mentions().in_path("/a/mary-ann@ex.com.json")
    assert not mentions("mary-ann@ex.com").in_path("/a/mary-ann@ex.com.json")
    assert not mentions("ann@ex.com").in_text("ann@ex.com")


@pytest.mark.parametrize(
    ("text", "kind", "tells"),
    [
        ("dev-12b", SERIAL, True),
        ("unknown", SERIAL, False),
        ("backups", SERIAL, False),
        ("356938035643809", SERIAL, False),
        ("8015550000", PHONE, True),
        ("1655564400000", PHONE, False),
        ("5550100", PHONE, False),
        ("Ann Lee Smith", NAME, True),
        ("Quaggafeather", NAME, False),
    ],
)
def test_words_counts_and_times_are_not_looked_for(text, kind, tells):
    assert _tells(text, kind) is tells


@pytest.mark.parametrize("text", ["18015550000", "80155500001"])
def test_a_phone_number_is_not_found_in_a_longer_run_of_digits(text):
    def found_in(searched):
        hits = []
        search = NeedleSearch(make_needles([Identifier(PHONE, "8015550000")], own_words()), hits.append)
        search.add("here", searched.encode())
        search.flush()
        return bool(hits)

    assert found_in("call 8015550000.")
    assert not found_in(text)
