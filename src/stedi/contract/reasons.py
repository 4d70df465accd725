"""Why a record is rejected, or a row dropped: the code that tables hold, and the words that people read."""

from enum import StrEnum
from typing import Self


class _Reason(StrEnum):
    """A code, and the reason in words that a person understands."""

    words: str

    def __new__(cls, code: str, words: str = "") -> Self:  # to look a member up, its code is enough
        """Make the member: equal to its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member


class Rejection(_Reason):
    """Why a landing record breaks its contract. The first that matches, in this order, is its reason."""

    TOO_LONG = "too_long", "longer than the limit"
    CUT_OFF = "cut_off", "cut off: the object ends in it"
    NOT_JSON = "not_json", "not JSON"
    NOT_AN_OBJECT = "not_an_object", "JSON, but no object"
    DUPLICATE_KEY = "duplicate_key", "a key stands in it twice"
    WRONG_TYPE = "wrong_type", "a value of the wrong type"
    MISSING = "missing", "a required value is missing"
    BLANK = "blank", "a required text is blank"
    NOT_FINITE = "not_finite", "a number that is not finite"
    OUT_OF_RANGE = "out_of_range", "a number that does not fit the column"
    IMPLAUSIBLE_TIME = "implausible_time", "a time outside 2000 to 2100 (not in ms?)"


class Drop(_Reason):
    """Why a rule keeps a good row out. The first that matches, in this order, is its reason."""

    NO_CONSENT = "no_consent", "the customer does not consent"
    DEVICE_NOT_HELD = "device_not_held", "the customer no longer holds the device"
    SUPERSEDED = "superseded", "a newer record of customer and device replaces it"
    NOT_TRUSTED = "not_trusted", "no consenting customer is behind it"
    DEVICE_NOT_USABLE = "device_not_usable", "another customer of the device does not consent"
    BEFORE_CONSENT = "before_consent", "the reading is older than the consent"
    NO_READINGS = "no_readings", "the customer has no trusted phone reading"
    DUPLICATE = "duplicate", "the same reading was delivered before"
    UNPAIRED = "unpaired", "no phone reading of the customer at that time"


def words_of(reason: str) -> str:
    """Return a reason in words; a code that no table of this version holds, as it is.

    Examples:
        >>> words_of("before_consent"), words_of("blank"), words_of("full_moon")
        ('the reading is older than the consent', 'rejected: a required text is blank', 'full_moon')
    """
    if reason in set(Rejection):
        return f"rejected: {Rejection(reason).words}"
    return Drop(reason).words if reason in set(Drop) else reason
