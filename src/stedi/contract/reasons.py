"""Why a record is rejected, or a row dropped: the code that tables hold, and the words that people read."""

from enum import StrEnum


class Rejection(StrEnum):
    """Why a landing record breaks its contract. The first that matches, in this order, is its reason."""

    TOO_LONG = "too_long"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    WRONG_TYPE = "wrong_type"
    MISSING = "missing"
    BLANK = "blank"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    IMPLAUSIBLE_TIME = "implausible_time"

    @property
    def words(self) -> str:
        """The reason in words that a person understands."""
        return _REJECTION_WORDS[self]


class Drop(StrEnum):
    """Why a rule keeps a good row out. The first that matches, in this order, is its reason."""

    NO_CONSENT = "no_consent"
    DEVICE_NOT_HELD = "device_not_held"
    SUPERSEDED = "superseded"
    NOT_TRUSTED = "not_trusted"
    DEVICE_NOT_USABLE = "device_not_usable"
    BEFORE_CONSENT = "before_consent"
    NO_READINGS = "no_readings"
    DUPLICATE = "duplicate"
    UNPAIRED = "unpaired"

    @property
    def words(self) -> str:
        """The reason in words that a person understands."""
        return _DROP_WORDS[self]


_REJECTION_WORDS = {
    Rejection.TOO_LONG: "longer than the limit",
    Rejection.CUT_OFF: "cut off: the object ends in it",
    Rejection.NOT_JSON: "not JSON",
    Rejection.NOT_AN_OBJECT: "JSON, but no object",
    Rejection.DUPLICATE_KEY: "a key stands in it twice",
    Rejection.WRONG_TYPE: "a value of the wrong type",
    Rejection.MISSING: "a required value is missing",
    Rejection.BLANK: "a required text is blank",
    Rejection.NOT_FINITE: "a number that is not finite",
    Rejection.OUT_OF_RANGE: "a number that does not fit the column",
    Rejection.IMPLAUSIBLE_TIME: "a time outside 2000 to 2100 (not in ms?)",
}

_DROP_WORDS = {
    Drop.NO_CONSENT: "the customer does not consent",
    Drop.DEVICE_NOT_HELD: "the customer no longer holds the device",
    Drop.SUPERSEDED: "a newer record of customer and device replaces it",
    Drop.NOT_TRUSTED: "no consenting customer is behind it",
    Drop.DEVICE_NOT_USABLE: "another customer of the device does not consent",
    Drop.BEFORE_CONSENT: "the reading is older than the consent",
    Drop.NO_READINGS: "the customer has no trusted phone reading",
    Drop.DUPLICATE: "the same reading was delivered before",
    Drop.UNPAIRED: "no phone reading of the customer at that time",
}


def words_of(reason: str) -> str:
    """Return a reason in words; a code that no table of this version holds, as it is.

    Examples:
        >>> words_of("before_consent"), words_of("blank"), words_of("full_moon")
        ('the reading is older than the consent', 'rejected: a required text is blank', 'full_moon')
    """
    if reason in set(Rejection):
        return f"rejected: {Rejection(reason).words}"
    return Drop(reason).words if reason in set(Drop) else reason
