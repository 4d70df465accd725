"""The privacy report in words and tables: what its pages in HTML and Markdown both say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from stedi.contract.reasons import Drop
from stedi.lake.privacy.drawing import draw_consent, draw_funnel
from stedi.lake.privacy.privacy_report import Count, PrivacyReport, Step
from stedi.names import CUSTOMER_CURATED

_HIDDEN: Final = "hidden"
_NOBODY: Final = "Nobody: no run that can still be read holds a customer whom the newest run does not trust."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of a page. The first column is of words; the others are of numbers, unless said otherwise.

    Attributes:
        caption: What it shows.
        headers: The names of its columns.
        rows: Its cells.
        words: All columns are of words.
    """

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter of a page: its title, what it says, a picture (SVG) if it has one, and its tables."""

    title: str
    says: tuple[str, ...]
    picture: str = ""
    grids: tuple[Grid, ...] = ()


def title(report: PrivacyReport) -> str:
    """Return the title of a report."""
    return f"Privacy report of run {report.run_id}"


def chapters(report: PrivacyReport) -> tuple[Chapter, ...]:
    """Return the chapters of a report."""
    return (
        _summary(report),
        _consent(report),
        _funnel(report),
        _anonymity(report),
        _identification(),
        _held(report),
        _snapshots(report),
    )


def _summary(report: PrivacyReport) -> Chapter:
    mode = (
        "obeys from when consent was given (as_of)"
        if report.consent == "as_of"
        else "only asks whether consent is given now (current): readings from before it are in"
    )
    return Chapter(
        title="What this report is about",
        says=(
            (
                f"Counts of 1 to {report.threshold - 1} are hidden, for they may be about one known person;"
                " and so much more that no hidden count can be worked out from those shown."
            ),
        ),
        grids=(
            Grid(
                caption="The run",
                headers=("what", "value"),
                words=True,
                rows=(
                    ("lake", report.lake),
                    ("run", report.run_id),
                    ("published", moment(report.published_at)),
                    ("consent judged at", moment(report.now)),
                    ("consent mode", mode),
                    ("fingerprint of the pseudonym key", report.key_fingerprint),
                    ("report made", f"{moment(report.made_at)} by stedi {report.code_version}"),
                ),
            ),
        ),
    )


def _consent(report: PrivacyReport) -> Chapter:
    return Chapter(
        title="Who consents, and by which rule",
        says=(
            (
                "A customer consents if no record among their newest denies (rule 1). Consent counts from "
                "the date of sharing on, and never reaches back over a denial (rule 2). A device may be "
                "used once everybody who ever listed it consents (rule 4). A record that could not be read"
                " denies where its e-mail could be (rule 7)."
            ),
        ),
        picture=draw_consent(report.consented, report.threshold),
        grids=(
            _counted("Customers, by what their records say", "customers", report.customers),
            _counted("Consenting customers, by what decides from when", "customers", report.rules[1:]),
            _counted("Devices, by whether their readings may be used", "devices", report.devices),
        ),
    )


def _counted(caption: str, what: str, counts: Iterable[Count]) -> Grid:
    return Grid(
        caption=caption,
        headers=("which", what),
        rows=tuple((each.what, number(each.count)) for each in counts),
    )


def _funnel(report: PrivacyReport) -> Chapter:
    return Chapter(
        title="What became of the rows",
        says=("Every row of a table's input is used, or dropped with one reason.",),
        picture=draw_funnel(report.funnel),
        grids=(
            Grid(
                caption="Rows of each table, and of its input",
                headers=("table", "its input", "rows in", "used", "added by fan-out", "rows out"),
                rows=tuple(
                    (
                        step.table,
                        step.driving,
                        number(step.rows_in),
                        number(step.used),
                        number(step.fan_out),
                        number(step.rows_out),
                    )
                    for step in report.funnel
                ),
            ),
            Grid(
                caption="Rows that a rule kept out, by reason",
                headers=("table", "why", "rows"),
                rows=tuple(row for step in report.funnel for row in _dropped(step)),
            ),
        ),
    )


def _dropped(step: Step) -> list[tuple[str, str, str]]:
    return [(step.table, Drop(each.what).words, number(each.count)) for each in step.dropped]


def _anonymity(report: PrivacyReport) -> Chapter:
    return Chapter(
        title="How well customers hide",
        says=(
            (
                f"Of what leaves the trusted zone in {CUSTOMER_CURATED}, per customer. Somebody who knows "
                "the columns of a line from elsewhere finds at least k customers who look the same. k = 1 "
                "means that at least one customer stands alone: whoever knows these things of them knows "
                "which rows are theirs."
            ),
        ),
        grids=(
            Grid(
                caption="k-anonymity over customers",
                headers=(
                    "known",
                    "k",
                    "different looks",
                    f"customers with fewer than {report.threshold - 1} like them",
                ),
                rows=tuple(
                    (", ".join(each.columns), number(each.k), number(each.classes), number(each.below))
                    for each in report.anonymity
                ),
            ),
        ),
    )


def _identification() -> Chapter:
    return Chapter(
        title="Pseudonymised, not anonymous",
        says=(
            (
                "Curated tables hold no name, e-mail, phone number, birthday or serial number. They are "
                "personal data all the same, and have to be treated so:"
            ),
            (
                "Times identify people. Whoever knows when somebody exercised, from a diary, a camera or a "
                "message, finds their rows: hardly two customers read at the same milliseconds."
            ),
            "Gait identifies people. The way somebody walks can be recognised in the readings of a phone.",
            "Ids stay the same. Two extracts under one key can be joined by customer_id and device_id.",
            "The key undoes it. Who holds the pseudonym key can compute the id of any known e-mail.",
            "A device that changed hands links the people who held it.",
        ),
    )


def _held(report: PrivacyReport) -> Chapter:
    so_far = report.erased
    erased = (
        "Nobody was erased from this lake so far."
        if so_far.people == 0
        else f"Erased so far: people {number(so_far.people)}, devices {number(so_far.devices)}"
    )
    if so_far.first is not None and so_far.last is not None:
        erased += f", between {moment(so_far.first)} and {moment(so_far.last)}"
    if so_far.people != 0:
        erased += ". What is sent of them again is kept out."
    delayed = (
        "Withdrawal and erasure take effect in the newest run. Older runs may still hold rows of those who "
        "left, until maintenance has taken them: stedi leaves them out when it scans such a run."
    )
    says = (delayed, erased)
    if not report.held:
        return Chapter(title="Withdrawn or erased, and not yet purged", says=(*says, _NOBODY))
    return Chapter(
        title="Withdrawn or erased, and not yet purged",
        says=says,
        grids=(
            Grid(
                caption="Older runs that hold customers whom the newest run does not trust",
                headers=("run", "customers", "of these erased", "kept by", "purged by maintenance from"),
                words=True,
                rows=tuple(
                    (
                        each.run_id,
                        number(each.customers),
                        number(each.erased),
                        ", ".join(each.tags) or ("its age" if each.until else "being one of the last ten"),
                        moment(each.until) if each.until else "not while that is so",
                    )
                    for each in report.held
                ),
            ),
        ),
    )


def _snapshots(report: PrivacyReport) -> Chapter:
    tags = tuple(report.tags.items())
    grids = [
        Grid(
            caption="Snapshots that can still be read",
            headers=("table", "snapshots", "oldest"),
            rows=tuple((each.table, number(each.snapshots), moment(each.oldest)) for each in report.kept),
        )
    ]
    if tags:
        grids.append(Grid(caption="Tags", headers=("tag", "run"), rows=tags, words=True))
    return Chapter(
        title="Snapshots and tags",
        says=() if tags else ("Nobody set a tag.",),
        grids=tuple(grids),
    )


def moment(time: datetime) -> str:
    """Return a time as a person reads it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def number(count: int | None) -> str:
    """Return a count with thousands set apart, or that it is hidden."""
    return _HIDDEN if count is None else f"{count:,}"
