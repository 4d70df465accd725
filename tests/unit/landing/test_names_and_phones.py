"""Names and phone numbers in texts: as whole sequences."""

import pytest

from stedi.consent.pseudonyms import key
from stedi.landing.names_and_phones import name_forms, quasi_identifiers_in, stands_alone


def found_in(text):
    return {each.form for each in quasi_identifiers_in(key(text))}


@pytest.mark.parametrize(
    "text",
    [
        "Ann Lee",
        "form of Ann_Lee.json",
        '"customerName":"ann  LEE"',
        "ANN-LEE",
        "Ann+Lee",
        "(Ann Lee)",
        "Ann. Lee",
    ],
)
def test_a_name_of_several_words_is_found_however_they_are_parted(text):
    assert "ann lee" in found_in(text)


@pytest.mark.parametrize("text", ["Joann Lee", "Ann Leeds", "Annlee", "Ann, the one called Lee", "Lee Ann"])
def test_what_only_holds_its_letters_is_another_name(text):
    assert "ann lee" not in found_in(text)


@pytest.mark.parametrize(
    "text", ["8015550000", '"phone":"(801) 555-0000"', "of 801.555.0000.json", "x_8015550000"]
)
def test_a_phone_number_is_found_by_its_digits(text):
    assert "8015550000" in found_in(text)


@pytest.mark.parametrize(
    "text", ["18015550000", "+1 801 555 0000", "80155500001", "a8015550000", '"lastUpdateDate": 8015550000,']
)
def test_a_longer_number_and_a_time_are_no_phone_number(text):
    assert "8015550000" not in found_in(text)


def test_a_date_is_no_phone_number_but_where_it_says_so():
    assert found_in("part-2022-06-18-15.json") & {"2022061815", "20220618"} == set()
    assert "2022061815" in found_in('"phone": "2022061815", "x"')


def test_a_word_or_a_short_number_counts_only_in_its_field():
    assert "quagga" not in found_in("the quagga is gone")
    assert "quagga" in found_in('"customerName":"Quagga","x')
    assert "5550100"[:6] not in found_in("call 555010")
    assert "555010" in found_in('"phone":"555010",')
    assert [each for each in ("quagga", "555010", "step trainer") if stands_alone(each)] == []


def test_a_name_has_one_form_with_its_marks_and_one_without():
    assert name_forms("Ann M. O'Lee") == {"ann m. o'lee", "ann m o lee"}
    assert name_forms("Ann") == name_forms("55") == frozenset()
