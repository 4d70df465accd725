"""The privacy report of a run, as values: its pages in HTML and Markdown derive from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from stedi.governance.privacy.chapters import chapters, title
from stedi.governance.privacy.html import html_page
from stedi.governance.privacy.markdown import markdown_page
from stedi.governance.privacy.rounding import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many customers there are, and of which kind."""

    what: str
    count: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A table on the way to the training data, and how many customers have rows in it."""

    table: str
    customers: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymity:
    """How well customers hide who are known by some columns.

    Attributes:
        columns: The columns.
        different: How many different looks there are.
        rare: How many of them fewer than five customers share.
    """

    columns: tuple[str, ...]
    different: Figure
    rare: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCustomers:
    """What older runs that can still be read hold of customers whom the newest run does not trust.

    Attributes:
        readable: Any older run can still be read. How many, and since when, would tell which runs held a
            single person who was erased.
        customers: How many such customers they hold, all of them together.
        erased: How many of those were erased.
    """

    readable: bool
    customers: Figure
    erased: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """Who is in a run and why, how well they hide, and what is still held.

    Every figure counts people, or looks of people, and is rounded down to a multiple of ``base``: 0 means
    fewer than that. No figure counts rows, and no time is anybody's.
    :mod:`stedi.governance.privacy.rounding` has the rule, and why two reports can't be subtracted.

    Attributes:
        lake: The lake.
        made_at: When the report was made.
        code_version: The version of stedi that made it.
        base: What figures are multiples of.
        run_id: The run.
        published_at: When it was published.
        now: The time at which it judged consent.
        consent: The lake's consent mode.
        key_fingerprint: The fingerprint of its pseudonym key.
        customers: All customers, and those of some kinds, by what their records say. The rest is not shown.
        consenting: Consenting customers of some kinds; somebody can be of several, or of none.
        years: Consenting customers by the year from which their consent counts: the last four whole years.
        funnel: How many customers are left at each stage on the way to the training data.
        anonymity: How well customers of customer_curated hide.
        tags: The tags, and the run of each.
        held: Who withdrew, or was erased, and is still held by an older run.
        erased: How many people were erased so far.
    """

    lake: str
    made_at: datetime
    code_version: str
    base: int
    run_id: str
    published_at: datetime
    now: datetime
    consent: str
    key_fingerprint: str
    customers: tuple[Count, ...]
    consenting: tuple[Count, ...]
    years: tuple[Count, ...]
    funnel: tuple[Stage, ...]
    anonymity: tuple[Anonymity, ...]
    tags: Mapping[str, str]
    held: HeldCustomers
    erased: Figure

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; times stay times."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Return the report as a page of Markdown."""
        return markdown_page(title(self), chapters(self))

    def to_html(self) -> str:
        """Return the report as one page of HTML that loads nothing from elsewhere."""
        return html_page(title(self), chapters(self))
