"""What a text names: whole tokens and values of fields, however they are escaped; and nothing like them."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stedi.consent.pseudonyms import key
from stedi.governance.verify.mentions import telling
from stedi.landing.tokens import emails_in, is_telling, serials_in, spellings, stands, tokens, values_of

ANN = "ann@ex.com"
NAMES = st.from_regex(
    r"[a-z0-9]{1,6}([-_.+][a-z0-9]{1,6}){0,2}@[a-z0-9]{1,5}(\.[a-z]{2,4}){1,2}", fullmatch=True
)
SERIALS = st.from_regex(r"[a-z]{1,4}[-_.][0-9]{2,6}([-_.][a-z0-9]{1,4})?", fullmatch=True)


def names(text, name):
    return any(stands(spelled, key(name)) for spelled in spellings(text))


@pytest.mark.parametrize(
    "text",
    [
        ANN,
        ANN.upper(),
        "\uff21\uff2e\uff2e\uff20ex.com",
        f"<mailto:{ANN}?subject=x>,",
        f"'{ANN}'",
        f"“{ANN}”.",
        f"({ANN});",
        f"ask {ANN}, or {ANN}.",
        f"?email={ANN}&x=1",
        f"{ANN}_2022.csv",
        f"{ANN}.json.gz",
        quote(ANN, safe=""),
        quote(quote(f"x {ANN}", safe=""), safe=""),
        r'{"e":"ann\u0040ex.com"}',
        r'{"e":"x\nann@ex.com\t"}',
        json.dumps({"a": json.dumps({"b": json.dumps({"email": ANN})})}).replace("@", "\\\\u0040"),
    ],
)
def test_an_email_stands_in_a_text_as_a_whole(text):
    assert names(text, ANN)


@pytest.mark.parametrize(
    "text",
    [
        "joann@ex.com",
        "j.ann@ex.com",
        "mary-ann@ex.com",
        "o'ann@ex.com",
        "_ann@ex.com",
        "x+ann@ex.com",
        "x%2Bann@ex.com",
        "ann+x@ex.com",
        "ann@ex.com.au",
        "ann@ex.community",
        "ann@ex.com-x.org",
        "ann@ex.co",
        "ann@ex.com@host",
        r'{"e":"ann@ex.com\u002eau"}',
        "ann@ex.com%2Eau",
        "J\u030c.ann@ex.com",
        "\u00b4ann@ex.com",
    ],
)
def test_what_only_holds_its_letters_is_somebody_else(text):
    assert not names(text, ANN)
    assert ANN not in {each for spelled in spellings(text) for each in tokens(spelled)}


def test_an_escape_before_a_name_is_no_letter_of_it():
    assert not names(r"x\nann@ex.com", "nann@ex.com")
    assert "nann@ex.com" not in set(tokens(key(r"x\nann@ex.com")))


@pytest.mark.parametrize(
    ("text", "serial", "there"),
    [
        ("it is dev-12b.", "dev-12b", True),
        ("dev-12b.json", "dev-12b", True),
        ("dev-12b.5", "dev-12b", False),
        ("dev-12b", "dev-12", False),
        ("x-dev-12b", "dev-12b", False),
        ("dev-12b@x", "dev-12b", False),
        ("#dev-12b/7", "dev-12b", True),
        ("50:a1:b2:c3:00", "50:a1:b2:c3", False),
        ("at 50:a1:b2:c3.", "50:a1:b2:c3", True),
    ],
)
def test_a_serial_number_stands_as_a_whole(text, serial, there):
    assert names(text, serial) is there


@given(
    st.lists(st.one_of(NAMES, SERIALS), min_size=1, max_size=4),
    st.sampled_from([" ", "\n", '","', ", ", "/"]),
)
def test_what_stands_by_itself_is_found_with_and_without_knowing_it(found, between):
    text = between.join(found)
    for name in filter(is_telling, found):
        assert names(text, name)
        assert name in {each for spelled in spellings(text) for each in tokens(spelled)}


@given(st.one_of(NAMES, SERIALS), st.text("abc019", min_size=1, max_size=3), st.booleans())
def test_letters_beside_a_name_make_another(name, more, before):
    text = more + name if before else name + more
    assert not names(text, name)
    assert name not in set(tokens(text))


@pytest.mark.parametrize(
    "name",
    [
        "12",
        "417",
        "2022",
        "1655564400000",
        "unknown",
        "subject",
        "true",
        "1e100000",
        "2022-06-18",
        "2022-06-18t10:00:00z",
        "0x1f40a",
        "dev-1",
        "356938035643809",
        "step_trainer",
        "customer_id",
        "machine_learning_curated",
    ],
)
def test_numbers_words_and_what_is_short_tell_nothing(name):
    assert not is_telling(name)
    assert not telling(name)


@given(st.one_of(NAMES, SERIALS))
def test_the_erasure_and_the_audit_agree_on_what_tells(name):
    assert is_telling(name) == telling(name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"serialNumber": "417"}', {"417"}),
        ('{"SERIALNUMBER": 417.0, "x": 12}', {"417"}),
        ('{"serial\\u004eumber": "417"}', {"417"}),
        ('{"serialNumber": ["417", {"old": 12}], "n": 3}', {"417", "12"}),
        ("{'serial_number': '417'", {"417"}),
        ('torn","serialNumber":"417","x', {"417"}),
        (json.dumps({"a": json.dumps({"serialNumber": 417, "n": 1})}), {"417"}),
        ('{"serialNumber": "417', set()),
        ('{"serialNumber": 417', set()),
        ('{"serialNumber": null, "n": 417}', set()),
        ('{"serialNumber": true, "n": 417}', set()),
        ('{"oldSerialNumber": "417"}', set()),
        ('{"n": 417, "note": "417"}', set()),
    ],
)
def test_the_value_of_a_serial_number_is_read_however_torn(text, found):
    assert set().union(*map(serials_in, spellings(text))) == found


def test_an_email_without_an_at_is_one_where_it_says_so():
    assert emails_in(key('{"Email": "Unknown", "note": "none"}')) == {"unknown"}
    assert values_of(("phone",), '{"phone": 5550100, "n": 1}') == {"5550100"}
