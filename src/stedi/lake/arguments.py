"""What a lake is asked with: refused in one clear line where it can't be meant, before anything is done.

Everything public of a lake gives a name one meaning, so that each is checked in one place.
"""

import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial, wraps
from numbers import Integral, Real
from types import MappingProxyType
from typing import Final, ParamSpec, TypeVar, get_args

from stedi.consent.pseudonyms import Pseudonyms
from stedi.errors import ConfigurationError, UnknownNameError
from stedi.names import CONSENT_MODES
from stedi.pipeline.keys import find_key
from stedi.pipeline.published import check_at, judged
from stedi.pipeline.receipts.receipt import DeviceDecision, Receipt
from stedi.warehouse.bucket import MOST_BUCKETS

__all__ = ["CHECKS", "check_at", "checked", "find_key", "judged"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Check = Callable[[str, object], None]
"""Refuses a value by the name of its argument."""

LONGEST_DAYS: Final = 36_500
_TEXTS: Final = "several texts, such as ['one', 'another']"
_RECEIPT: Final = "what stedi.Lake.erase returned, or Receipt.from_json(text)"


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function refuse arguments that can't be meant, before anything is done.

    What it has for a default is no question.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def check(*arguments: _P.args, **options: _P.kwargs) -> _R:
        try:
            given = signature.bind_partial(*arguments, **options).arguments
        except TypeError:
            return function(*arguments, **options)  # Python says best what does not fit
        for name, value in given.items():
            if name in CHECKS and value is not signature.parameters[name].default:
                CHECKS[name](name, value)
        return function(*arguments, **options)

    return check


def _kind(name: str, value: object, *, kind: type | tuple[type, ...], such: str) -> None:
    """Refuse a value of another kind. Only the kind is told: the value may be a secret, or name somebody."""
    if not isinstance(value, kind):
        given = "None" if value is None else f"of the type {type(value).__name__}"
        raise ConfigurationError(f"{name} can't be {given}: pass {such}")


def _text(name: str, value: object) -> None:
    _kind(name, value, kind=str, such="a text")
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} holds what is no character of Unicode: write it in UTF-8") from None


def _texts(name: str, values: object) -> None:
    # A text is a collection of letters, and never meant as one.
    if isinstance(values, str | bytes):
        raise ConfigurationError(f"{name} can't be one text: pass {_TEXTS}")
    _kind(name, values, kind=Collection, such=_TEXTS)
    for value in values if isinstance(values, Collection) else ():
        _text(f"an item of {name}", value)


def _receipts(name: str, values: object) -> None:
    _kind(name, values, kind=Collection, such=f"several of {_RECEIPT}")
    for value in values if isinstance(values, Collection) else ():
        _kind(f"an item of {name}", value, kind=Receipt, such=_RECEIPT)


def _place(name: str, value: object) -> None:
    such = "a text or a pathlib.Path"
    _kind(name, value, kind=(str, os.PathLike), such=such)
    if isinstance(value, os.PathLike):
        _kind(name, os.fspath(value), kind=str, such=such)


def _one(_: str, value: object, *, what: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UnknownNameError.of(what, value, known)


def _share(name: str, value: object) -> None:
    _kind(name, value, kind=Real, such="a share between 0 and 1, such as 0.5")
    if isinstance(value, Real) and not 0 <= float(value) <= 1:
        raise ConfigurationError(f"{name} is a share between 0 and 1, not {value}")


def _whole(name: str, value: object, *, least: int, most: int) -> None:
    _kind(name, value, kind=Integral, such=f"a whole number between {least} and {most}")
    if isinstance(value, Integral) and not least <= int(value) <= most:
        raise ConfigurationError(f"{name} must be between {least} and {most}, not {value}")


def _length(name: str, value: object) -> None:
    _kind(name, value, kind=timedelta, such="a length of time, such as timedelta(hours=1)")
    if isinstance(value, timedelta) and not timedelta(0) <= value <= timedelta(days=LONGEST_DAYS):
        raise ConfigurationError(f"{name} is a length of time: 0 or more, and at most {LONGEST_DAYS} days")


def _call(name: str, value: object) -> None:
    if not callable(value):
        raise ConfigurationError(
            f"{name} can't be called: pass a function of what is done, how much of it, and of how much"
        )


_pseudonyms: Final = partial(_kind, kind=Pseudonyms, such="a key, such as stedi.Pseudonyms.from_hex(text)")

CHECKS: Final[Mapping[str, _Check]] = MappingProxyType(
    {
        **dict.fromkeys(("path", "landing"), _place),
        **dict.fromkeys(("table", "name", "warehouse", "namespace"), _text),
        **dict.fromkeys(("email", "serial_number", "customer_id", "reason", "asked_by"), _text),
        **dict.fromkeys(("record_ids", "drop_tags", "move_tags", "rebuild_tags"), _texts),
        **dict.fromkeys(("pseudonyms", "new"), _pseudonyms),
        **dict.fromkeys(("wait", "older_than"), _length),
        "catalog": partial(_kind, kind=Mapping, such="settings, such as {'type': 'glue'}"),
        "buckets": partial(_whole, least=1, most=MOST_BUCKETS),
        "keep_days": partial(_whole, least=0, most=LONGEST_DAYS),
        "consent": partial(_one, what="consent mode", known=CONSENT_MODES),
        "device": partial(_one, what="decision about a shared device", known=get_args(DeviceDecision)),
        "max_rejected": _share,
        "receipt": partial(_kind, kind=Receipt, such=_RECEIPT),
        "receipts": _receipts,
        "progress": _call,
    }
)
"""What is checked of each argument; times (``now``, ``at``) are where they are read, in ``published``."""
