"""customer_landing → customer_trusted: who consents, from when, with which devices."""

from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from stedi.consent import rule, statements
from stedi.consent.pseudonyms import Pseudonyms
from stedi.contract import contract_of
from stedi.contract.reasons import Drop
from stedi.errors import ConfigurationError, UnknownNameError
from stedi.frame.checked import Rows, carry, fetch, first_reason, give, lazy, take
from stedi.frame.lookup import birthday, lookup
from stedi.names import CONSENT_MODES, CUSTOMER_LANDING, CUSTOMER_TRUSTED, EPOCH, Consent
from stedi.outline import outline

_LANDING: Final = contract_of(CUSTOMER_LANDING)
_SENT: Final = tuple(column.name for column in _LANDING.source_columns)
_NOBODY: Final = pl.DataFrame(schema={"claimant": pl.String, "customer_id": pl.String})
_PRECEDENCE: Final = ("last_update_date", *(name for name in _SENT if name != "last_update_date"))


def sanitize_customers(
    customer_landing: IntoFrameT,
    *,
    now: datetime,
    pseudonyms: Pseudonyms,
    consent: Consent = "as_of",
    rejected: IntoFrame | None = None,
) -> IntoFrameT:
    """Keep the customers who consent to research, with the devices that they hold.

    One row per (customer_id, device_id); a record is used at most once: never fans out. The distinct
    e-mails, serial numbers and birthdays are read at once, even of a lazy frame, to make ids of them.

    Args:
        customer_landing: Records of the website export, with the columns of that table.
        now: The time at which consent is judged; a share date after it is a denial.
        pseudonyms: Makes customer_id and device_id.
        consent: ``"as_of"`` obeys from when consent was given. ``"current"`` only asks whether it is
            given now: it reproduces the published course counts and is never the default.
        rejected: Rejected records (``Split.rejected``): each whose e-mail can be read is a denial.

    Returns:
        The customer_trusted table, in the engine of ``customer_landing``.

    Raises:
        FrameError: A column is missing or has another type.
        ConfigurationError: ``now`` has no time zone.
        UnknownNameError: There is no such consent mode.

    Examples:
        >>> from datetime import UTC, datetime
        >>> import polars as pl, stedi
        >>> landing = stedi.conform(
        ...     pl.DataFrame(
        ...         {
        ...             "customerName": ["Ann Example"],
        ...             "email": ["Ann@example.com"],
        ...             "phone": ["8015551212"],
        ...             "birthDay": ["1961-07-20"],
        ...             "serialNumber": ["device-1"],
        ...             "registrationDate": [1655564376361],
        ...             "lastUpdateDate": [1655564376361],
        ...             "shareWithResearchAsOfDate": [1655564376361],
        ...             "shareWithPublicAsOfDate": [None],
        ...             "shareWithFriendsAsOfDate": [None],
        ...         }
        ...     ),
        ...     "customer_landing",
        ... ).kept
        >>> customers = stedi.sanitize_customers(
        ...     landing, now=datetime(2024, 1, 1, tzinfo=UTC), pseudonyms=stedi.Pseudonyms(bytes(32))
        ... )
        >>> customers.select("email", "birth_day", "consent_from").row(0)
        ('Ann@example.com', datetime.date(1961, 7, 20), datetime.datetime(2022, 6, 18, ...))
    """
    weighed = weigh_customers(
        customer_landing, now=now, pseudonyms=pseudonyms, consent=consent, rejected=rejected
    )
    return give(newest(judge_customers(weighed)), contract_of(CUSTOMER_TRUSTED), like=customer_landing)


class Weighed(NamedTuple):
    """What customer records say, and what the consent rule makes of it.

    Attributes:
        records: The good records, each with its ids.
        statements: What they and the rejected ones say.
        consents: (customer_id, consent_from) of every customer who consents.
        held: (customer_id, device_id) of every holder.
        usable: (device_id, device_consent_from) of every device that may be used.
        together: (claimant, customer_id) of claimants in the statements that stand for several customers.
    """

    records: Rows
    statements: Rows
    consents: Rows
    held: Rows
    usable: Rows
    together: pl.DataFrame

    def __repr__(self) -> str:
        """Show shapes, and no row."""
        return outline(self)


def weigh_customers(
    customer_landing: IntoFrame,
    *,
    now: datetime,
    pseudonyms: Pseudonyms,
    consent: Consent,
    rejected: IntoFrame | None,
    tombstones: pl.DataFrame | None = None,
) -> Weighed:
    """Return what customer records say, and who consents, from when, and with which devices.

    Tombstones are a lake's: an erased person denies until the erasure, and so do their devices.
    """
    if consent not in CONSENT_MODES:
        raise UnknownNameError.of("consent mode", consent, CONSENT_MODES)
    if not isinstance(now, datetime):
        # Whoever does not check types.
        raise ConfigurationError(f"now is a {type(now).__name__}, and no datetime: pass datetime.now(UTC)")
    if not isinstance(pseudonyms, Pseudonyms):
        raise ConfigurationError("pseudonyms are no key: pass one, such as stedi.Pseudonyms.from_hex(text)")
    if now.tzinfo is None:
        raise ConfigurationError("now has no time zone: pass datetime.now(UTC), or .replace(tzinfo=UTC)")
    records = _identify(_with_digest(customer_landing), pseudonyms, now)
    said = statements.from_records(records, now)
    denials = None if rejected is None else statements.from_rejected(rejected, records, pseudonyms)
    if denials is not None:
        said = nw.concat([said, denials.statements])
    if tombstones is not None:
        said = nw.concat([said, statements.from_tombstones(tombstones, said)])
    consents = rule.customer_consents(said)
    if consent == "current":
        held = records.select("customer_id", "device_id").unique()
        consents = consents.with_columns(consent_from=nw.lit(EPOCH))
        usable = held.select("device_id").unique().with_columns(device_consent_from=nw.lit(EPOCH))
    else:
        held = rule.device_holders(said)
        everybody = consents
        if denials is not None:
            everybody = nw.concat([consents, rule.all_together(carry(denials.together, consents), consents)])
        usable = rule.device_consents(said, everybody)
    if tombstones is not None:
        usable = rule.after_erasure(usable, tombstones)
    return Weighed(
        records=records,
        statements=said,
        consents=consents,
        held=held,
        usable=usable,
        together=_NOBODY if denials is None else denials.together,
    )


def judge_customers(weighed: Weighed) -> Rows:
    """Return each record with its ids, its consent, and in ``_reason`` why it is kept out (or null)."""
    held = weighed.held
    return (
        weighed.records.join(weighed.consents, on="customer_id", how="left")
        .join(held.with_columns(_held=nw.lit(1)), on=["customer_id", "device_id"], how="left")
        .join(weighed.usable, on="device_id", how="left")
        .with_columns(
            _reason=first_reason(
                (nw.col("consent_from").is_null(), Drop.NO_CONSENT),
                (nw.col("_held").is_null(), Drop.DEVICE_NOT_HELD),
            )
        )
    )


def newest(judged: Rows) -> Rows:
    """Return the greatest admitted record per (customer_id, device_id); the others are superseded."""
    return (
        judged.filter(nw.col("_reason").is_null())
        .unique(["customer_id", "device_id"], keep="last", order_by=list(_PRECEDENCE))
        .with_columns(birth_day=nw.col("_birth_day"))
    )


def _with_digest(customer_landing: IntoFrame) -> Rows:
    if "_digest" in lazy(customer_landing).collect_schema():
        return take(customer_landing, _LANDING, (*_SENT, "_digest"))
    # Without provenance nothing is known of a rejected record's neighbours: it denies for good.
    return take(customer_landing, _LANDING, _SENT).with_columns(_digest=nw.lit(None, dtype=nw.String))


def _identify(records: Rows, pseudonyms: Pseudonyms, now: datetime) -> Rows:
    spelled = fetch(records.select("email", "serial_number", "birth_day").unique())
    day = partial(birthday, today=now.astimezone(UTC).date())
    for name, meaning, value, dtype in (
        ("email", pseudonyms.customer_id, "customer_id", pl.String()),
        ("serial_number", pseudonyms.device_id, "device_id", pl.String()),
        ("birth_day", day, "_birth_day", pl.Date()),
    ):
        small = lookup(spelled[name].unique(), meaning, name=name, value=value, dtype=dtype)
        records = records.join(carry(small, records), on=name, how="left")
    return records
