"""Which records a piece of text holds, and why one is rejected."""

from datetime import UTC, datetime

import pytest

from stedi.contract import landing_contract
from stedi.landing.chunks import chunks
from stedi.landing.limits import Limits
from stedi.landing.reader import Reader
from stedi.landing.rules import Origin
from stedi.landing.split import Split

TIME = "1655564376361"
GOOD = '{"user":"a@b.c","timestamp":1655564376361,"x":1.0,"y":2,"z":-0.5}'
STEP = '{"sensorReadingTime":1655564376361,"serialNumber":"s","distanceFromObject":246}'


def read(data: bytes | str, table: str = "accelerometer", limits: Limits | None = None) -> Split:
    """Read both ways; they must agree."""
    content = data if isinstance(data, bytes) else data.encode()
    splits = []
    for fast in (True, False):
        used = limits or Limits(few=0, short=0, fast=fast)
        contract = landing_contract(table)
        reader = Reader(contract, Origin("object", "digest", "run"), used)
        splits.append(Split.concat(reader.read(chunks([content], used, contract)), contract))
    left, right = splits
    assert left.kept.equals(right.kept)
    assert left.rejected.equals(right.rejected)
    return left


def verdicts(data: bytes | str, table: str = "accelerometer", limits: Limits | None = None) -> list[str]:
    split = read(data, table, limits)
    rows = [(position, "kept") for position in split.kept["_position"]]
    rows += [
        (position, reason if field is None else f"{reason} {field}")
        for position, reason, field in split.rejected.select("_position", "reason", "field").iter_rows()
    ]
    assert [position for position, _ in sorted(rows)] == list(range(len(rows)))
    return [verdict for _, verdict in sorted(rows)]


def with_value(field: str, value: str) -> str:
    values = {"user": '"a@b.c"', "timestamp": TIME, "x": "1.0", "y": "2.0", "z": "3.0", field: value}
    return "{" + ",".join(f'"{name}":{text}' for name, text in values.items()) + "}\n"


def step(field: str, value: str) -> str:
    values = {"sensorReadingTime": TIME, "serialNumber": '"s"', "distanceFromObject": "246", field: value}
    return "{" + ",".join(f'"{name}":{text}' for name, text in values.items()) + "}\n"


PRINTED = GOOD.replace("{", "{\n  ").replace(",", ",\n  ").replace("}", "\n}")


def test_a_good_record_has_its_values_and_its_provenance() -> None:
    assert read(GOOD + "\n").kept.rows() == [
        (
            "a@b.c",
            datetime(2022, 6, 18, 14, 59, 36, 361000, tzinfo=UTC),
            1.0,
            2.0,
            -0.5,
            "object",
            "digest",
            0,
            "run",
        )
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (GOOD + "\n" + GOOD + "\n", 2),
        (GOOD + "\n" + GOOD, 2),
        (GOOD + "\r\n" + GOOD + "\r\n", 2),
        (GOOD + "\n\n \n\t\r\n" + GOOD, 2),
        (GOOD + GOOD + GOOD, 3),
        (GOOD + " " + GOOD + "\t\r " + GOOD, 3),
        (GOOD + GOOD + "\n" + GOOD + "\r\n" + GOOD + GOOD, 5),
        ("\ufeff" + GOOD + "\n" + GOOD, 2),
        ("  " + GOOD + "  \n", 1),
        (GOOD.replace(":", " : ").replace(",", " ,\t"), 1),
        (GOOD.replace("timestamp", "timeStamp") + GOOD.upper().replace("A@B.C", "a") + GOOD, 3),
        (GOOD.replace('"user"', '"\\u0075ser"') * 2, 2),
        (GOOD + " " * 200 + GOOD, 2),
        (GOOD.replace("{", '{"a":["}{",":"],') * 2, 2),
        (GOOD.replace("a@b.c", '}{\\"user\\":') * 2, 2),
        (GOOD.replace("{", '{"}{":"}{",'), 1),
        (GOOD + ",\n" + GOOD + ",\n", 2),
        (GOOD + "," + GOOD, 2),
        ("[" + GOOD + "]\n", 1),
        ("[" + GOOD + "," + GOOD + "]", 2),
        ("[" + GOOD + "]\n[" + GOOD + ", " + GOOD + "]\n" + GOOD, 4),
        ("[\n" + GOOD + ",\n" + GOOD + "\n]\n", 2),
        ("[\n" + GOOD + "\n,\n" + GOOD + "\n]\n", 2),
        ("[" + GOOD + "\n," + GOOD + "\n]\n", 2),
        (GOOD + "\n" + GOOD.replace(",", "\n,\r\n") + "\n" + GOOD, 3),
        (GOOD + "\n" + GOOD.replace("{", '{"a":[{"b":1},\n{"b":2}\n],') + "\n" + GOOD, 3),
        ("[" + GOOD.replace("{", '{"a":[{"b":1},{"b":2}],') * 1 + ", " + GOOD + "]", 2),
        (GOOD.replace(",", ",\n  ") * 3, 3),
        ("", 0),
        ("\n \r\n", 0),
        ("\ufeff", 0),
        ("[]", 0),
        (" [\n]\n", 0),
        ("[" + GOOD + "][" + GOOD + ", " + GOOD + "]" + GOOD + "[" + GOOD + "]", 5),
        # Files that were put together, with or without a line end at the end of each.
        (GOOD + "\n\ufeff" + GOOD + "\n", 2),
        (GOOD + "\n" + GOOD + "[" + GOOD + ", " + GOOD + "]\n" + GOOD, 5),
        ("[\n" + GOOD + ",\n" + GOOD + "\n][" + GOOD + ", " + GOOD + "]", 4),
        (PRINTED + "\n" + PRINTED + "\n[" + GOOD + ", " + GOOD + "]", 4),
        (PRINTED + "\n[\n" + PRINTED + ",\n" + PRINTED + "\n]\n", 3),
        (PRINTED + PRINTED + "\n\ufeff" + PRINTED + "\n[\n" + PRINTED + "\n]\n" + GOOD, 5),
        (GOOD + "\n" + GOOD + "[\n" + PRINTED + ",\n" + PRINTED + "\n]\n", 4),
    ],
)
def test_good_records_are_found_however_they_are_written(text: str, count: int) -> None:
    assert verdicts(text) == ["kept"] * count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense\n" + GOOD, ["not_json", "kept"]),
        (GOOD + "x\n", ["not_json"]),
        (GOOD[:-1] + "\n" + GOOD, ["not_json", "kept"]),
        (GOOD[:-1], ["cut_off"]),
        (GOOD + GOOD[:30], ["kept", "cut_off"]),
        (GOOD + '{"us', ["kept", "cut_off"]),
        (GOOD + "{", ["kept", "cut_off"]),
        ("{}", ["missing user"]),
        ("{}{}" + GOOD + "{}\n", ["missing user", "missing user", "kept", "missing user"]),
        ("{}{", ["missing user", "cut_off"]),
        ("[" + GOOD + ", 1]\n", ["not_json"]),
        ("[" + GOOD + "," + GOOD[:-1] + "\n" + GOOD, ["kept", "not_json", "kept"]),
        ("[1]\n", ["not_an_object"]),
        ("[[" + GOOD + "]]\n", ["not_an_object"]),
        (GOOD + ";\n" + GOOD, ["not_json", "kept"]),
        ('{"a":[' + GOOD + ",\n" + GOOD + "\n" + GOOD, ["not_json", "kept", "kept"]),
        ("1\n", ["not_an_object"]),
        ("null", ["not_an_object"]),
        ('"text"', ["not_an_object"]),
        ("'single'\n", ["not_json"]),
        (GOOD.replace("a@b.c", "a\tb") + "\n", ["not_json"]),
        (GOOD.replace("a@b.c", "\\ud800") + "\n", ["not_json"]),
        (GOOD.replace("{", '{"other":{"deep":["\\udfff"]},') + "\n", ["not_json"]),
        (GOOD.replace("a@b.c", "\\ud83d\\ude00") + "\n", ["kept"]),
        (GOOD.replace("1.0", "01.0") + "\n", ["not_json"]),
        (GOOD.replace("1.0", "+1.0") + "\n", ["not_json"]),
        (GOOD.replace("1.0", ".5") + "\n", ["not_json"]),
        (GOOD.replace("1.0", "nan") + "\n", ["not_json"]),
        (GOOD.replace("{", '{"x":1.0,') + "\n", ["duplicate_key"]),
        (GOOD.replace("{", '{"X":1.0,') + "\n", ["duplicate_key"]),
        (GOOD.replace("{", '{"a":1,"a":1,') + "\n", ["duplicate_key"]),
        (GOOD.replace("{", '{"a":1,"A":1,') + "\n", ["kept"]),
        (GOOD.replace("{", '{"a":{"b":1,"b":2},') + "\n", ["kept"]),
        (GOOD.replace("{", '{"a":NaN,"b":[1e999],"c":true,"d":null,"e":"t",') + "\n", ["kept"]),
        (PRINTED + "\n" + PRINTED + "\n8 rows\n", ["kept", "kept", "not_json"]),
        ("[\n" + PRINTED + "\n]\n8 rows\n", ["kept", "not_json"]),
        (PRINTED + "\n---\n" + PRINTED + "\n", ["kept", "not_json", "kept"]),
        (PRINTED + "\n" + PRINTED[5:] + "\n" + PRINTED, ["kept", "not_json", "kept"]),
    ],
)
def test_what_is_no_record_is_rejected(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


def test_bytes_that_are_no_text_are_rejected_and_kept_readable() -> None:
    split = read(
        GOOD.encode() + b"\n" + GOOD.encode().replace(b"a@b.c", b"a\xff") + b"\n" + "é".encode() + b"\n"
    )
    assert split.rejected["reason"].to_list() == ["not_json", "not_json"]
    assert "a\\xff" in split.rejected["raw"][0]
    assert split.rejected["raw"][1] == "é"


def test_text_that_is_nested_without_end_is_rejected() -> None:
    assert verdicts(GOOD.replace("{", '{"a":' + "[" * 100_000, 1) + "\n" + GOOD) == ["not_json", "kept"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("x", "null", "missing x"),
        ("x", '"1.0"', "wrong_type x"),
        ("x", "true", "wrong_type x"),
        ("x", "[1]", "wrong_type x"),
        ("x", "{}", "wrong_type x"),
        ("x", "NaN", "not_finite x"),
        ("x", "-Infinity", "not_finite x"),
        ("x", "1e999", "not_finite x"),
        ("x", "1" * 400, "not_finite x"),
        ("x", "1" * 5000, "not_finite x"),
        ("x", "1" * 300, "kept"),
        ("x", "-0", "kept"),
        ("x", "1E-2", "kept"),
        ("user", "null", "missing user"),
        ("user", '""', "blank user"),
        ("user", '" \\t\\u001c\\u00a0"', "blank user"),
        ("user", "5", "kept"),
        ("user", "5.0", "kept"),
        ("user", "5.5", "wrong_type user"),
        ("user", "9007199254740992.0", "wrong_type user"),
        ("user", "NaN", "wrong_type user"),
        ("user", "false", "wrong_type user"),
        ("user", '"a\\u0000b"', "kept"),
        ("timestamp", "1655564376361.0", "kept"),
        ("timestamp", "1.655564376361e12", "kept"),
        ("timestamp", "1655564376361.5", "wrong_type timestamp"),
        ("timestamp", f'"{TIME}"', "wrong_type timestamp"),
        ("timestamp", "NaN", "not_finite timestamp"),
        ("timestamp", "1655564376", "implausible_time timestamp"),
        ("timestamp", "1655564376361000", "implausible_time timestamp"),
        ("timestamp", "946684799999", "implausible_time timestamp"),
        ("timestamp", "946684800000", "kept"),
        ("timestamp", "4102444799999", "kept"),
        ("timestamp", "4102444800000", "implausible_time timestamp"),
        ("timestamp", "-1", "implausible_time timestamp"),
        ("timestamp", "1" * 30, "implausible_time timestamp"),
    ],
)
def test_a_reading_keeps_its_contract(field: str, value: str, expected: str) -> None:
    assert verdicts(with_value(field, value)) == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("246.0", 246),
        ("2.46e2", 246),
        ("-0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9007199254740993", 9007199254740993),
        ("9223372036854775808", "out_of_range"),
        ("9007199254740993.0", "out_of_range"),
        ("1" * 5000, "out_of_range"),
        ("246.5", "wrong_type"),
        ("1e999", "not_finite"),
        ("NaN", "not_finite"),
        ("true", "wrong_type"),
        ('"246"', "wrong_type"),
    ],
)
def test_a_distance_is_an_integer_in_any_spelling(value: str, expected: int | str) -> None:
    split = read(step("distanceFromObject", value), "step_trainer")
    assert [*split.kept["distance_from_object"], *split.rejected["reason"]] == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8015551212", "8015551212"),
        ("8015551212.0", "8015551212"),
        ("-0", "0"),
        ("-5", "-5"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_an_integer_in_a_text_column_is_its_decimal_text(value: str, expected: str) -> None:
    assert read(step("serialNumber", value), "step_trainer").kept["serial_number"].to_list() == [expected]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"user":null,"timestamp":1,"x":1e999,"y":"1"}', "wrong_type y"),
        ('{"user":null,"timestamp":1,"x":1e999}', "missing user"),
        ('{"user":"","timestamp":1,"x":1e999}', "blank user"),
        ('{"user":"a","timestamp":1,"x":1e999}', "implausible_time timestamp"),
        ('{"user":"a","timestamp":1e999,"x":1e999}', "not_finite timestamp"),
        ('{"user":"a","timestamp":1655564376361,"x":1e999}', "not_finite x"),
        ('{"user":"a","user":1.5,"timestamp":1}', "duplicate_key"),
    ],
)
def test_the_first_reason_in_the_fixed_order_is_given(record: str, expected: str) -> None:
    assert verdicts(record + "\n") == [expected]


def test_a_share_date_in_seconds_is_not_let_in() -> None:
    record = (
        '{"email":"a@b.c","serialNumber":"s","lastUpdateDate":%s,"shareWithResearchAsOfDate":1655564376}\n'
    )
    split = read(record % TIME, "customer")
    assert split.rejected.select("reason", "field", "emails", "serial_numbers").row(0) == (
        "implausible_time", "share_with_research_as_of_date", ["a@b.c"], ["s"],
    )  # fmt: skip
    assert split.rejected["last_update_date"][0] == datetime(2022, 6, 18, 14, 59, 36, 361000, tzinfo=UTC)


def test_optional_texts_are_kept_as_sent() -> None:
    known = '{"email":"a@b.c","serialNumber":"s","lastUpdateDate":%s,'
    record = known + '"customerName":" ","phone":"","birthDay":"967-01-01"}\n'
    kept = read(record % TIME, "customer").kept
    assert kept.select("customer_name", "phone", "birth_day").row(0) == (" ", "", "967-01-01")
    assert kept["registration_date"].to_list() == [None]


SHORT = Limits(few=0, short=0, record=100, raw=40)


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_record_that_is_too_long_is_rejected_and_reading_goes_on(end: str) -> None:
    long = GOOD.replace("a@b.c", "a" * 100)
    text = end.join([GOOD, long, GOOD]) + "\n"
    assert verdicts(text, limits=SHORT) == ["kept", "too_long", "kept"]
    assert read(text, limits=SHORT).rejected["raw"].to_list() == [long[:40]]


def test_a_layout_that_no_pattern_explains_is_read_all_the_same() -> None:
    nested = GOOD.replace("{", '{"meta":{"app":"1"},')
    assert verdicts((nested + "\n" + GOOD + "\n") * 300) == ["kept"] * 600


def test_more_layouts_than_the_limit_are_read_all_the_same() -> None:
    texts = [GOOD.replace("{", f'{{"k{number}":1,') + "\n" for number in range(40)]
    assert verdicts("".join(texts * 10)) == ["kept"] * 400


def test_more_forms_of_boundaries_than_are_remembered_are_found() -> None:
    texts = [GOOD.replace("{", f'{{"k{number}":1,') for number in range(40)]
    assert verdicts("".join(texts * 3)) == ["kept"] * 120
