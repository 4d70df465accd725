"""Names and phone numbers: quasi-identifiers.

They name a person where neither an e-mail nor a serial number can be read.

A name of several words stands in a text where these follow each other, however they are parted; a phone
number where its digits do, as a whole. A name of one word, or a short number, says something only as the
value of the field that is meant for it.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from stedi.consent.pseudonyms import key
from stedi.landing.tokens import OWN_WORDS, values_of

_SHORTEST: Final = 5
"""A name or phone number of fewer characters says nothing about who is meant."""
_WORDS: Final = 5
"""The most words that a name is looked for as."""
_PHONE: Final = 7
"""A number of fewer digits may be any."""

_FIELDS: Final = ("customername", "customer_name", "phone")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD: Final = re.compile(r"[^\W_]+")
_GAP: Final = re.compile(r"[\s_.+,'\u2019-]{1,4}")
_NUMBER: Final = re.compile(r"\d(?:[\d ().+/_-]*\d)?")
_DIGITS: Final = re.compile(r"\d+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_OF_TIME: Final = re.compile(r"(?:date|time|stamp|position|version|size)[\"']?\s*[:=]\s*\"?$")
_BEFORE: Final = 40
_DATE: Final = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d){0,2})?"
)


_OWN: Final = frozenset(word.replace("_", " ") for word in OWN_WORDS)


class QuasiIdentifier(NamedTuple):
    """What may be a name or a phone number: where it stands in a text, and its form."""

    start: int
    end: int
    form: str


def quasi_identifier(text: str) -> str | None:
    """Return what all spellings of a name or a phone number have in common; None if it says too little.

    Of a phone number the digits; of a name its key, with single blanks.

    Examples:
        >>> quasi_identifier("+1 (801) 555-1212"), quasi_identifier("  Ann   M. Lee"), quasi_identifier("Ann")
        ('18015551212', 'ann m. lee', None)
    """
    plain = " ".join(key(text).split())
    if not _LETTER.search(plain):
        plain = "".join(filter(str.isdigit, plain))
    return plain if len(plain) >= _SHORTEST else None


def name_forms(text: str) -> frozenset[str]:
    """Return the forms of a name or phone number: as it is written, and as nothing but its words.

    Examples:
        >>> sorted(name_forms("Ann M. Lee")), sorted(name_forms("801-555-1212")), name_forms("Ann")
        (['ann m lee', 'ann m. lee'], ['8015551212'], frozenset())
    """
    plain = quasi_identifier(text)
    if plain is None:
        return frozenset()
    words = " ".join(_WORD.findall(plain))
    return frozenset(each for each in (plain, words) if len(each) >= _SHORTEST)


def stands_alone(form: str) -> bool:
    """Say whether a form says who is meant wherever it stands.

    Examples:
        >>> [stands_alone(form) for form in ("ann lee", "8015551212", "unknown", "55512")]
        [True, True, False, False]
    """
    if form.isdigit():
        return len(form) >= _PHONE
    return len(_WORD.findall(form)) > 1 and form not in _OWN


def quasi_identifiers_in(spelled: str) -> Iterator[QuasiIdentifier]:
    """Yield what may be a name or a phone number in a text, however damaged.

    Args:
        spelled: The key of the text.

    Examples:
        >>> text = '{"customername":"ann m. lee","phone":801-555-1212,'
        >>> found = {each.form for each in quasi_identifiers_in(text)}
        >>> {"ann m. lee", "ann m lee", "8015551212"} <= found
        True
    """
    for value in values_of(_FIELDS, spelled):
        start = spelled.find(value)
        for form in name_forms(value):
            yield QuasiIdentifier(start, start + len(value), form)
    for quoted in _QUOTED.finditer(spelled):
        whole = quasi_identifier(quoted[1])
        if whole is not None and not whole.isdigit() and stands_alone(whole):
            yield QuasiIdentifier(quoted.start(1), quoted.end(1), whole)
    yield from _numbers(spelled)
    yield from _names(spelled)


def _names(spelled: str) -> Iterator[QuasiIdentifier]:
    words = list(_WORD.finditer(spelled))
    for place, first in enumerate(words):
        said = first[0]
        for before, last in zip(words[place:], words[place + 1 : place + _WORDS], strict=False):
            if not _GAP.fullmatch(spelled, before.end(), last.start()):
                break
            said = f"{said} {last[0]}"
            if len(said) >= _SHORTEST and _LETTER.search(said):
                yield QuasiIdentifier(first.start(), last.end(), said)


def _numbers(spelled: str) -> Iterator[QuasiIdentifier]:
    for run in _NUMBER.finditer(spelled):
        beside = spelled[run.start() - 1 : run.start()] + spelled[run.end() : run.end() + 1]
        before = spelled[max(run.start() - _BEFORE, 0) : run.start()]
        if any(map(str.isalpha, beside)) or _OF_TIME.search(before):
            continue
        groups = list(_DIGITS.finditer(spelled, run.start(), run.end()))
        # A number by itself beside others: but not what follows the code of a country.
        alone = [
            group
            for last, group in zip([None, *groups], groups, strict=False)
            if len(groups) > 1 and (last is None or len(last[0]) > _CODE)
        ]
        for found in (run, *alone):
            digits = "".join(filter(str.isdigit, found[0]))
            if len(digits) >= _PHONE and not _DATE.fullmatch(digits):
                yield QuasiIdentifier(found.start(), found.end(), digits)


_CODE: Final = 3


def within(inner: QuasiIdentifier, outer: QuasiIdentifier) -> bool:
    """Say whether a name stands in a longer one: ``ann lee`` in ``mary ann lee``."""
    return outer.start <= inner.start and inner.end <= outer.end
