"""Whatever a landing object is called after, what messages call it says nothing of that."""

import re
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from stedi.landing.redact import REDACTED, safe_path

LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäéßñж", min_size=2, max_size=9)
PEOPLE = st.tuples(LETTERS, LETTERS).map(lambda name: f"{name[0].title()} Zq{name[1]}")
EMAILS = st.tuples(LETTERS, LETTERS).map(lambda name: f"{name[0]}@zq{name[1]}.example")
SERIALS = st.one_of(
    st.uuids().map(str),
    st.binary(min_size=3, max_size=16).map(bytes.hex).filter(lambda text: not text.isdecimal()),
    st.integers(0, 99_999).map("dev-{}".format),
    st.integers(0, 9_999).map("SN{:05}".format),
)
PHONES = (
    st.integers(10**6, 10**14)
    .map(str)
    .flatmap(
        lambda digits: st.sampled_from([digits, f"+{digits}", f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"])
    )
)
BIRTHDAYS = st.dates().filter(lambda day: day.year < 2000).map(str)
NAMED_AFTER = st.one_of(PEOPLE, EMAILS, SERIALS, PHONES, BIRTHDAYS)
SPELLED = st.sampled_from([str, str.upper, str.lower, quote, lambda text: text.replace(" ", "_")])
AROUND = st.sampled_from(["{}", "form of {}", "export-{}", "{}-2026-11-23", "part-00001-{}", "customer={}"])
PLACES = st.sampled_from(
    [
        "customer/{}/export.json",
        "customer/landing/2026/11/{}.json.gz",
        "step_trainer/{}",
        "step_trainer/year=2026/{}/part-0.ndjson",
        "{}/accelerometer/data.json",
        "{}.json",
    ]
)
ROOTS = st.sampled_from(["", "/home/zqann/landing/", "s3://bucket/zq landing/"])
NUMBERS = re.compile(
    r"part[-_]?\d{1,5}(?!\d)|(year|month|day|hour)=\d+|((date|dt)=)?20\d\d-\d\d(-\d\d(t\d\d)?)?(?!\d)"
    r"|20\d\d(/\d\d(?!\d)){1,3}|<redacted>"
)
"""Where the digits may stand that are left of a path."""
WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        accelerometer app archive backup consent consents customer customers daily data delta device devices
        export exports full hourly incremental landing monthly raw reading readings record records
        registration registrations sensor sensors step steps trainer trainers update updates website weekly
        withdrawal withdrawals json jsonl ndjson csv txt log gz gzip zst zstd""",
    )
)
"""The words that may be left."""


@given(NAMED_AFTER, SPELLED, AROUND, PLACES, ROOTS)
def test_what_an_object_is_named_after_is_never_shown(text, spelled, around, place, root) -> None:
    said = spelled(text)
    shown = safe_path(root + place.format(around.format(said)), digest="f" * 32)
    assert said.lower() not in shown.lower().replace(" (object ffffffffffff)", "")
    assert "zq" not in shown.lower()
    assert REDACTED in shown or place.startswith("{}/")


@given(st.lists(st.text(min_size=1).map(lambda text: text.replace("/", "-")), min_size=1, max_size=6))
@example(["2026", "11", "12", "a", "part-00001", "year=2026", "07"])
def test_only_plain_words_are_left_of_a_path(parts) -> None:
    shown = safe_path("/".join(["customer", *parts]))
    assert shown.isprintable()
    rest = NUMBERS.sub("", shown.lower())
    # One letter names nobody; beside others it is not shown.
    whole = "/".join(part for part in rest.split("/") if not re.fullmatch(r"[a-z](\.[a-z]+)*", part))
    assert {word for word in re.split(r"[-_. /]", whole) if word} <= WORDS
    assert safe_path(shown) == shown
