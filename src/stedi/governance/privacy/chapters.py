"""The privacy report in words and tables: what its pages in HTML and Markdown both say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from stedi.governance.privacy.kinds import OTHERS
from stedi.governance.privacy.rounding import Figure, words
from stedi.names import (
    CUSTOMER_CURATED,
    CUSTOMER_LANDING,
    CUSTOMER_TRUSTED,
    MACHINE_LEARNING_CURATED,
    STEP_TRAINER_TRUSTED,
)

if TYPE_CHECKING:
    from stedi.governance.privacy.report import Count, PrivacyReport

_MEANS: Final = {
    CUSTOMER_LANDING: "sent a record",
    CUSTOMER_TRUSTED: "consent",
    CUSTOMER_CURATED: "and have phone readings from after their consent began",
    STEP_TRAINER_TRUSTED: "and step readings from after it, of a device that may be used",
    MACHINE_LEARNING_CURATED: "and both at the same time: they are in the training data",
}
"""What the customers in a table have done to be there."""

_MODES: Final = {
    "as_of": "obeys from when consent was given (as_of)",
    "current": "only asks whether consent is given now (current): readings from before it are in",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of a page.

    Attributes:
        caption: What it shows.
        headers: The names of its columns.
        rows: Its cells.
        figures: How many columns, the last ones, are of figures; the others are of words.
    """

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A picture of a page: figures as bars, each with its name."""

    caption: str
    bars: tuple[tuple[str, Figure], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter of a page: its title, what it says, its picture if it has one, and its tables."""

    title: str
    says: tuple[str, ...]
    picture: Bars | None = None
    grids: tuple[Grid, ...] = ()


def title(report: "PrivacyReport") -> str:
    """Return the title of a report."""
    return f"Privacy report of run {report.run_id}"


def chapters(report: "PrivacyReport") -> tuple[Chapter, ...]:
    """Return the chapters of a report."""
    return (
        _summary(report),
        _consent(report),
        _funnel(report),
        _anonymity(report),
        _IDENTIFICATION,
        _held(report),
        _tags(report),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text, which are told apart by an empty line."""
    return tuple(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _summary(report: "PrivacyReport") -> Chapter:
    says = f"""
        Every figure counts people, or looks of people, and is rounded down to a multiple of {report.base}: it
        stands for that many or up to {report.base - 1} more, and nobody can tell none from a few. Of whatever
        is told apart, a rest is not shown, so that no count can be worked out from the others. Readings are
        not counted: one customer can have most of them.

        Between two reports that differ by one person, a figure that counts them stays as it is about four
        times in five, and else changes by {report.base}. Make reports at set dates, not whenever somebody
        comes or goes.
    """
    rows = (
        ("lake", report.lake),
        ("run", report.run_id),
        ("published", _moment(report.published_at)),
        ("consent judged at", _moment(report.now)),
        ("consent mode", _MODES[report.consent]),
        ("fingerprint of the pseudonym key", report.key_fingerprint),
        ("report made", f"{_moment(report.made_at)} by stedi {report.code_version}"),
    )
    run = Grid(caption="The run", headers=("what", "value"), rows=rows)
    return Chapter(title="What this report is about", says=_paragraphs(says), grids=(run,))


def _consent(report: "PrivacyReport") -> Chapter:
    says = f"""
        A customer consents if no record among their newest denies (rule 1). Consent counts from the date of
        sharing on, and never reaches back over a denial (rule 2). A device may be used once everybody who
        ever listed it consents (rule 4). A record that could not be read denies where its e-mail could be
        (rule 7).

        The others {OTHERS}: how many is not shown.
    """
    grids = (
        _counted("Customers, by what their records say", report.customers),
        _counted("Of those who consent", report.consenting),
        _counted("Of those who consent, by the year from which it counts", report.years),
    )
    return Chapter(
        title="Who consents, and by which rule",
        says=_paragraphs(says),
        picture=Bars(
            caption="Consenting customers, by the year from which their consent counts",
            bars=tuple((each.what, each.count) for each in report.years),
        ),
        grids=tuple(grid for grid in grids if grid.rows),
    )


def _counted(caption: str, counts: "Iterable[Count]") -> Grid:
    rows = tuple((each.what, words(each.count)) for each in counts)
    return Grid(caption=caption, headers=("which", "customers"), rows=rows, figures=1)


def _funnel(report: "PrivacyReport") -> Chapter:
    says = """
        Every row of a table's input is used, or dropped with one reason; the table run of the lake counts
        them. Here the customers are counted who have a row in the table.
    """
    return Chapter(
        title="Who is left on the way to the training data",
        says=_paragraphs(says),
        picture=Bars(
            caption="Customers in each table on the way to the training data",
            bars=tuple((each.table, each.customers) for each in report.funnel),
        ),
        grids=(
            Grid(
                caption="Customers in each table",
                headers=("table", "they", "customers"),
                rows=tuple((each.table, _MEANS[each.table], words(each.customers)) for each in report.funnel),
                figures=1,
            ),
        ),
    )


def _anonymity(report: "PrivacyReport") -> Chapter:
    says = f"""
        Of what leaves the trusted zone in {CUSTOMER_CURATED}, per customer. To somebody who knows the columns
        of a line from elsewhere, customers who are equal in them look the same. A look is rare if fewer than
        {report.base} customers share it: whoever knows these things of them knows nearly, or exactly, which
        rows are theirs. The smallest group (the k of k-anonymity) is not shown: one customer who looks like
        nobody else would bring it down to 1.
    """
    looks = Grid(
        caption="Looks of customers",
        headers=("known", "different looks", "rare ones"),
        rows=tuple(
            (", ".join(each.columns), words(each.different), words(each.rare)) for each in report.anonymity
        ),
        figures=2,
    )
    return Chapter(title="How well customers hide", says=_paragraphs(says), grids=(looks,))


_IDENTIFICATION: Final = Chapter(
    title="Pseudonymised, not anonymous",
    says=_paragraphs("""
        Curated tables hold no name, e-mail, phone number, birthday or serial number. They are personal data
        all the same, and have to be treated so:

        Times identify people. Whoever knows when somebody exercised, from a diary, a camera or a message,
        finds their rows: hardly two customers read at the same milliseconds.

        Gait identifies people. The way somebody walks can be recognised in the readings of a phone.

        Ids stay the same. Two extracts under one key can be joined by customer_id and device_id.

        The key undoes it. Who holds the pseudonym key can compute the id of any known e-mail.

        A device that changed hands links the people who held it.
    """),
)


def _held(report: "PrivacyReport") -> Chapter:
    held = report.held
    readable = (
        "Older runs can still be read: stedi status lists them."
        if held.readable
        else "No older run can still be read."
    )
    says = f"""
        Withdrawal and erasure take effect in the newest run. Older runs may still hold rows of those who
        left, until maintenance has taken them: after 30 days, but for the last ten runs and those with a tag.
        stedi leaves such rows out when it scans an older run.

        {readable}

        What is sent again of people who were erased is kept out.
    """
    rows = (
        ("the newest run does not trust them, and an older run holds them", words(held.customers)),
        ("were erased, and an older run holds them", words(held.erased)),
        ("were erased from this lake so far", words(report.erased)),
    )
    gone = Grid(caption="People who are gone", headers=("which", "people"), rows=rows, figures=1)
    return Chapter(title="Withdrawn or erased, and not yet purged", says=_paragraphs(says), grids=(gone,))


def _tags(report: "PrivacyReport") -> Chapter:
    tags = tuple(report.tags.items())
    if not tags:
        return Chapter(title="Tags", says=("Nobody set a tag.",))
    return Chapter(title="Tags", says=(), grids=(Grid(caption="Tags", headers=("tag", "run"), rows=tags),))


def _moment(time: datetime) -> str:
    """Return a time as a person reads it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
