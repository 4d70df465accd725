"""The row rules of the landing contracts, written once for files and frames alike."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa

from stedi.consent.pseudonyms import key
from stedi.contract.column import Column, Kind
from stedi.contract.reasons import Rejection
from stedi.contract.registry import contract_of
from stedi.contract.schemas import polars_schema
from stedi.contract.table import Contract
from stedi.landing.draft import (
    EARLIEST_MS,
    EMAILS,
    LATEST_MS,
    POSITION,
    RAW,
    REASON,
    SERIALS,
    UPDATE_TIME,
    fault,
)
from stedi.landing.limits import LIMITS
from stedi.landing.salvage import DOUBLED, WIDE, Salvaged, salvage
from stedi.landing.split import Split
from stedi.names import CUSTOMER_LANDING, QUARANTINE, US_PER_MS

_BLANK: Final = r"\A[\s\x1c-\x1f]*\z"  # what Python strips; Rust's \s alone lacks the separators 1c to 1f
_CODE: Final = "_code"
_STRUCTURAL: Final = 255

_WRAPPED: Final = rf"[\\\\%&\x00\x1b\x{{ff20}}\x{{fe6b}}]|{DOUBLED}|{WIDE}"
"""What may hide a name, or an @."""
_QUOTED: Final = r"""(?i)"%s"[ \t]*:[ \t]*"([^"\\<>()\[\]{},;:|/=&#?]*)\""""
"""A key and its text, in which no mark could part or join names."""
_NAMES: Final = ("email", "user", "serial_number")


class Origin(NamedTuple):
    """Where the records of a draft came from: the provenance that they share."""

    path: str
    digest: str | None
    run: str | None

    def __repr__(self) -> str:
        """Show all but the path, which can hold personal data."""
        return f"Origin(digest={self.digest!r}, run={self.run!r})"


class _Rule(NamedTuple):
    """What rejects a record.

    Attributes:
        reason: Its reason.
        field: The column that it is about.
        broken: Whether a record breaks it.
        sound: True only if no record of a draft breaks it: cheaper to find out than which ones do.
    """

    reason: Rejection
    field: str
    broken: pl.Expr
    sound: pl.Expr


def judge(
    draft: pl.DataFrame,
    contract: Contract,
    origin: Origin,
    *,
    raw: Callable[[pl.Series], pl.Series] | None = None,
) -> Split:
    """Apply the row rules of a landing contract to a draft.

    Args:
        draft: The records (see `stedi.landing.draft`).
        contract: The contract of the landing table.
        origin: Where the records came from.
        raw: Gives the raw texts of the rows with these numbers in the draft, where the draft has none.

    Returns:
        The kept and the rejected records, each in the order of the draft.
    """
    rules = _rules(contract, tuple(draft.schema.items()))
    if _all_sound(rules, draft):
        return Split(_keep(draft, contract, origin), Split.empty(contract).rejected)
    codes = draft.select(_verdict(rules, draft).alias(_CODE))[_CODE]
    if codes.null_count() == len(codes):
        return Split(_keep(draft, contract, origin), Split.empty(contract).rejected)
    broken = codes.is_not_null()
    bad = draft.with_columns(codes).filter(broken)
    if raw is not None:
        bad = bad.with_columns(raw(broken.arg_true()).alias(RAW))
    return Split(_keep(draft.filter(~broken), contract, origin), _reject(bad, contract, origin, rules))


def _all_sound(rules: Sequence[_Rule], draft: pl.DataFrame) -> bool:
    if REASON in draft.columns:
        return False
    found = draft.select(rule.sound.alias(str(number)) for number, rule in enumerate(rules))
    return all(found.row(0))


def _verdict(rules: Sequence[_Rule], draft: pl.DataFrame) -> pl.Expr:
    """Return the number of the first rule that a record breaks, from 1; null where it breaks none."""
    whole = pl.col(REASON).is_not_null() if REASON in draft.columns else pl.lit(value=False)
    verdict: pl.Expr = pl.when(whole).then(pl.lit(_STRUCTURAL, pl.UInt8))
    numbered = (pl.when(rule.broken).then(pl.lit(code, pl.UInt8)) for code, rule in enumerate(rules, start=1))
    return pl.coalesce(verdict, *numbered)


@cache
def _rules(contract: Contract, schema: tuple[tuple[str, pl.DataType], ...]) -> tuple[_Rule, ...]:
    """Return the rules for drafts of a schema: worked out once for all of them."""
    types = dict(schema)
    columns = contract.source_columns
    wrong = [
        _Rule(Rejection.WRONG_TYPE, column.name, broken, ~broken.any())
        for column in columns
        for broken in _wrong_type(column, types)
    ]
    return (*wrong, *(rule for column in columns for rule in _column_rules(column, types)))


def _wrong_type(column: Column, types: dict[str, pl.DataType]) -> list[pl.Expr]:
    value = pl.col(column.name)
    broken = []
    if fault(column) in types:
        broken.append(pl.col(fault(column)) == Rejection.WRONG_TYPE.value)
    if column.kind is Kind.TIMESTAMPTZ and types[column.name].is_float():
        broken.append(value != value.floor())  # NaN and infinity equal themselves here
    return broken


def _column_rules(column: Column, types: dict[str, pl.DataType]) -> list[_Rule]:
    value = pl.col(column.name)
    faulty = fault(column) in types
    rules: list[_Rule] = []

    def add(reason: Rejection, broken: pl.Expr, sound: pl.Expr | None = None) -> None:
        rules.append(_Rule(reason, column.name, broken, ~broken.any() if sound is None else sound))

    if column.required:
        missing = value.is_null()
        add(Rejection.MISSING, missing & pl.col(fault(column)).is_null() if faulty else missing)
        if column.kind is Kind.STRING:
            # All texts begin with a character that is printed, if the first and the last in order do.
            printed = (value.min() >= "!") & (value.max() < "\x7f")
            add(Rejection.BLANK, value.str.contains(_BLANK), printed)
    if faulty:
        add(Rejection.NOT_FINITE, pl.col(fault(column)) == Rejection.NOT_FINITE.value)
    if types[column.name].is_float():
        add(Rejection.NOT_FINITE, ~value.is_finite())
    if faulty:
        add(Rejection.OUT_OF_RANGE, pl.col(fault(column)) == Rejection.OUT_OF_RANGE.value)
    if column.kind is Kind.TIMESTAMPTZ:
        add(Rejection.IMPLAUSIBLE_TIME, (value < EARLIEST_MS) | (value >= LATEST_MS))
    return rules


def _keep(draft: pl.DataFrame, contract: Contract, origin: Origin) -> pl.DataFrame:
    columns = {**_values(contract), **_provenance(origin)}
    return draft.select(columns[name] for name in contract.names)


@cache
def _values(contract: Contract) -> Mapping[str, pl.Expr]:
    schema = polars_schema(contract)
    return {
        column.name: _value(column).cast(schema[column.name]).alias(column.name)
        for column in contract.source_columns
    }


def _value(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    return value.cast(pl.Int64) * US_PER_MS if column.kind is Kind.TIMESTAMPTZ else value


def _provenance(origin: Origin) -> Mapping[str, pl.Expr]:
    shared = {"_object": origin.path, "_digest": origin.digest, "_run": origin.run}
    return {
        POSITION: pl.col(POSITION).cast(pl.Int64),
        **{name: pl.lit(value, pl.String).alias(name) for name, value in shared.items()},
    }


def _reject(bad: pl.DataFrame, contract: Contract, origin: Origin, rules: tuple[_Rule, ...]) -> pl.DataFrame:
    codes = list(range(1, len(rules) + 1))

    def of_rule(texts: list[str]) -> pl.Expr:
        return pl.col(_CODE).replace_strict(codes, texts, default=None, return_dtype=pl.String)

    reason = of_rule([rule.reason.value for rule in rules])
    quarantine = polars_schema(contract_of(QUARANTINE))
    given = {
        "table_name": pl.lit(contract.name),
        "reason": pl.coalesce(pl.col(REASON), reason) if REASON in bad.columns else reason,
        "field": of_rule([rule.field for rule in rules]),
        "raw": pl.lit(_beginning(bad[RAW])),
        "tombstones": pl.lit([], pl.List(pl.String)),
        "released_at": pl.lit(None),
        **{name: pl.lit(values) for name, values in named_in(bad, contract).items()},
    }
    return bad.select(
        *(expression.cast(quarantine[name]).alias(name) for name, expression in given.items()),
        *_provenance(origin).values(),
    ).select(quarantine.names())


def _beginning(raw: pl.Series) -> pl.Series:
    """Return as much of each raw text as is kept."""
    if not (raw.str.len_bytes() > LIMITS.raw).any():
        return raw
    texts = [text.encode()[: LIMITS.raw].decode(errors="ignore") for text in raw]
    return pl.Series(RAW, texts, dtype=pl.String)


def named_in(bad: pl.DataFrame, contract: Contract) -> dict[str, pl.Series]:
    """Return the columns ``emails``, ``serial_numbers`` and ``last_update_date`` of rejected records.

    Args:
        bad: Rows of a draft, with their raw texts.
        contract: The contract that they break.
    """
    found, plain = _of_whole(bad), _plain(bad, contract)
    texts = bad[RAW].fill_null("")
    for place, (text, named) in enumerate(zip(texts, found, strict=True)):
        if named is None:
            found[place] = plain[place] or salvage(text, contract)
    known = [named for named in found if named is not None]
    times = [None if each.updated is None else int(each.updated) * US_PER_MS for each in known]
    return {
        "emails": _lists([each.emails for each in known]),
        "serial_numbers": _lists([each.serial_numbers for each in known]),
        "last_update_date": pl.Series(times, dtype=pl.Int64),
    }


def _lists(texts: Sequence[tuple[str, ...]]) -> pl.Series:
    # Arrow takes a fifth of the time that polars takes, which makes a series of each.
    return pl.Series(pa.array(texts, pa.large_list(pa.large_string())))


def _of_whole(bad: pl.DataFrame) -> list[Salvaged | None]:
    """Return what was read in all of a record of which only the beginning is kept."""
    if EMAILS not in bad.columns:
        return [None] * bad.height
    return [
        None if emails is None else Salvaged(tuple(emails), tuple(serials), updated)
        for emails, serials, updated in bad.select(EMAILS, SERIALS, UPDATE_TIME).iter_rows()
    ]


def _plain(bad: pl.DataFrame, contract: Contract) -> list[Salvaged | None]:
    """Return what readings name, where nothing is wrapped and they name one or nobody: so nearly all do.

    There are many of them, and a search costs more. What it would find in such a text is known without it.
    """
    if contract.name == CUSTOMER_LANDING:
        return [None] * bad.height
    column = next(each for each in contract.source_columns if each.name in _NAMES)
    raw = pl.col(RAW).fill_null("")
    keys = raw.str.count_matches(f"(?i){column.source}")
    written = raw.str.extract(_QUOTED % column.source)
    name = pl.when(keys == 0).then(pl.lit("")).otherwise(written)
    # Whatever has an @ is an e-mail, too, even a serial number.
    known = name.str.count_matches("@") if column.name == "user" else pl.lit(0)
    alone = (keys <= 1) & (raw.str.count_matches("@") == known)
    texts = bad.select(pl.when(~raw.str.contains(_WRAPPED) & alone).then(name)).to_series()
    named = {text: _one(text, column.name) for text in texts.unique().drop_nulls()}
    return [None if text is None else named[text] for text in texts]


def _one(text: str, column: str) -> Salvaged:
    found = (text,) if key(text) else ()
    return Salvaged(found, (), None) if column == "user" else Salvaged((), found, None)
