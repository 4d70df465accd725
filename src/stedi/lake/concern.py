"""What somebody should look at: each concern is true of the lake as it stands, and says what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stedi.contract import LANDING
from stedi.errors import TableFormatError
from stedi.lake.upcoming import Upcoming
from stedi.names import ERASED, MACHINE_LEARNING_CURATED
from stedi.pipeline.history import Run
from stedi.pipeline.receipts.handed_in import HandedIn, Standing
from stedi.warehouse.layout import ICEBERG_FORMAT
from stedi.wording import count

_REJECTED_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something that somebody should look at: a code for programs, a count, and a sentence."""

    code: str
    count: int
    message: str


def about_run(run: Run) -> Iterator[Concern]:
    """Say where many new records were rejected, whether the sensors pair, and what is left to train on."""
    for contract in LANDING:
        account = run.accounts[contract.name]
        rejected = account.rows_in - account.used - account.dropped.get(ERASED, 0)
        if account.rows_in and rejected / account.rows_in > _REJECTED_SHARE:
            yield Concern(
                code="rejected_share",
                count=rejected,
                message=f"the last run rejected {rejected:,} of {account.rows_in:,} new records for "
                f"{contract.name} ({rejected / account.rows_in:.1%}): stedi quarantine says why",
            )
    if told := run.match.warning():
        message = told[:1].lower() + told[1:]
        yield Concern(code="low_match_rate", count=run.match.exact, message=message)
    if not run.accounts[MACHINE_LEARNING_CURATED].rows_out:
        yield Concern(
            code="no_training_rows",
            count=0,
            message=f"{MACHINE_LEARNING_CURATED} has no rows: look at what the last run dropped, and why",
        )


def about_unfinished(newest: Run) -> Iterator[Concern]:
    """Say what nobody else may write beside until it is finished."""
    verbs = {
        "erasing": ("an erasure", "stedi erase again for the same person"),
        "rotating": ("a rotation of the key", "stedi rotate-key again"),
    }
    if newest.kind in verbs:
        what, remedy = verbs[newest.kind]
        message = f"{what} was begun and is not finished, and nothing else may write: run {remedy}"
        yield Concern(code="unfinished", count=1, message=message)


def about_receipts(handed_in: Sequence[HandedIn]) -> Iterator[Concern]:
    """Say which receipts that were kept elsewhere the lake does not have."""
    for each in handed_in:
        if each.standing is not Standing.HELD:
            code = "wrong_receipt" if each.standing is Standing.CHANGED else "receipt_gone"
            yield Concern(code=code, count=each.number, message=each.words)


def about_clock(newest: Run, now: datetime) -> Iterator[Concern]:
    """Say where the clock is behind what was published: the lake goes on from there until then."""
    if now < newest.published_at:
        behind = newest.published_at - now
        yield Concern(
            code="clock_behind",
            count=round(behind.total_seconds()),
            message=f"the clock is {behind.total_seconds():,.0f} s behind the newest run, published at "
            f"{newest.published_at:%Y-%m-%d %H:%M:%S}Z: was it set back, or was it ahead then? Until it has "
            "caught up all that is published bears that time, and old runs do not age",
        )


def about_formats(formats: Mapping[str, int]) -> Iterator[Concern]:
    """Say which tables another tool upgraded to a format of Iceberg that stedi does not write."""
    for table, version in formats.items():
        if version != ICEBERG_FORMAT:
            yield Concern(
                code="table_format", count=version, message=str(TableFormatError.of(table, version))
            )


def about_deliveries(twice: int) -> Iterator[Concern]:
    """Say how many landing objects brought what was there already."""
    if twice:
        yield Concern(
            code="delivered_twice",
            count=twice,
            message=f"{count(twice, 'landing object')} brought bytes that were loaded before: nothing is "
            "doubled, but look at the delivery",
        )


def about_quarantine(held: int) -> Iterator[Concern]:
    """Say how many rejected records are not released."""
    if held:
        yield Concern(
            code="held_in_quarantine",
            count=held,
            message=f"{count(held, 'record')} {'is' if held == 1 else 'are'} held in quarantine: "
            "stedi quarantine lists and releases them",
        )


def about_consents(begins: Upcoming | None) -> Iterator[Concern]:
    """Say whose consent begins later."""
    if begins is not None:
        yield Concern(
            code="upcoming_consents",
            count=begins.customers,
            message=f"the consent of {count(begins.customers, 'customer')} begins after the last run, the "
            f"next at {begins.next_at:%Y-%m-%d %H:%M:%S}Z: the first run from then on lets them in",
        )


def about_tags(holding: Sequence[str], withdrawn: int) -> Iterator[Concern]:
    """Say which tags still hold customers whom the newest run does not trust.

    Args:
        holding: These tags.
        withdrawn: How many customers they hold in all.
    """
    if holding:
        which = f"the tag {holding[0]} holds" if len(holding) == 1 else f"{len(holding)} tags hold"
        yield Concern(
            code="tags_hold_withdrawn",
            count=withdrawn,
            message=f"{which} {count(withdrawn, 'customer')} whom the newest run does not trust: scans leave "
            "them out, the files do not",
        )
