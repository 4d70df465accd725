"""What was measured, in Markdown: the figures, and which targets they meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from contest import CONTESTANTS, DUCKDB, SPARK, STEDI, BenchmarkError, Contestant, Usage
from landing import Landing

BEGIN: Final = "<!-- begin: written by benchmarks/compare.py -->"
END: Final = "<!-- end: written by benchmarks/compare.py -->"
_MB: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one contestant took for one size, round by round."""

    landing: Landing
    contestant: Contestant
    rounds: tuple[Usage, ...]

    def middle(self, figure: str) -> float:
        """Return the median of a figure over the rounds."""
        return median(float(getattr(usage, figure)) for usage in self.rounds)

    def span(self, figure: str) -> tuple[float, float]:
        """Return the least and the greatest of a figure over the rounds."""
        figures = [getattr(usage, figure) for usage in self.rounds]
        return min(figures), max(figures)


class Target(NamedTuple):
    """What stedi wants to be, at one size."""

    words: str
    times: int
    most: float
    figure: str
    against: Contestant | None
    show: Callable[[float], str]


def _ratio(value: float) -> str:
    return f"{value:#.3g}"


def _megabytes(value: float) -> str:
    return f"{value / _MB:,.0f} MB"


TARGETS: Final = (
    Target("CPU ÷ PySpark's", 100, 1 / 10, "cpu_s", SPARK, _ratio),
    Target("Wall time ÷ PySpark's", 100, 1 / 8, "wall_s", SPARK, _ratio),
    Target("CPU ÷ DuckDB's for the same tables", 100, 1.0, "cpu_s", DUCKDB, _ratio),
    Target("Peak memory", 100, 800 * _MB, "peak_bytes", None, _megabytes),
)


def figures(results: Sequence[Result]) -> str:
    """Return the table of all figures."""
    lines = [
        "| Size | | CPU s | min–max | Wall s | Peak MB | Written MB | CPU: stedi ÷ it | Wall: stedi ÷ it |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for result in results:
        own = _of(results, result.landing.times, STEDI)
        low, high = result.span("cpu_s")
        lines.append(
            f"| ×{result.landing.times} | {result.contestant.title} | {_seconds(result.middle('cpu_s'))} "
            f"| {_seconds(low)}–{_seconds(high)} | {_seconds(result.middle('wall_s'))} "
            f"| {result.middle('peak_bytes') / _MB:,.0f} | {result.middle('written_bytes') / _MB:,.1f} "
            f"| {_against(own, result, 'cpu_s')} | {_against(own, result, 'wall_s')} |"
        )
    return "\n".join(lines)


def targets(results: Sequence[Result]) -> str:
    """Return the table of the targets, and whether they are met."""
    lines = ["| stedi | Target | Measured | |", "|---|--:|--:|---|"]
    for target in TARGETS:
        row = f"| {target.words}, at ×{target.times} | ≤ {target.show(target.most)} |"
        own = _of(results, target.times, STEDI)
        other = _of(results, target.times, target.against) if target.against else None
        if own is None or (target.against and other is None):
            lines.append(f"{row} – | not measured |")
            continue
        value = own.middle(target.figure) / (other.middle(target.figure) if other else 1)
        met = "met" if value <= target.most else "**missed**"
        lines.append(f"{row} {target.show(value)} | {met} |")
    return "\n".join(lines)


def sizes(results: Sequence[Result]) -> str:
    """Return what there is to read at each size."""
    landings = {result.landing.times: result.landing for result in results}
    return "; ".join(
        f"×{times}: {landing.records:,} records, {landing.size / _MB:,.0f} MB of JSON"
        for times, landing in landings.items()
    )


def check_page(text: str) -> None:
    """Refuse a page without a place for the results.

    Raises:
        BenchmarkError: The marks are missing.
    """
    if text.find(BEGIN) < 0 or text.find(END) < text.find(BEGIN):
        raise BenchmarkError(f"the page has no place for the results: put {BEGIN} and {END} into it")


def fill_page(text: str, results: str) -> str:
    """Return a page with new results between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{results}\n\n{END}{rest.partition(END)[2]}"


def taking_part(results: Sequence[Result]) -> list[Contestant]:
    """Return who took part, in a fixed order."""
    present = {result.contestant.name for result in results}
    return [contestant for contestant in CONTESTANTS if contestant.name in present]


def _of(results: Sequence[Result], times: int, contestant: Contestant) -> Result | None:
    for result in results:
        if result.landing.times == times and result.contestant.name == contestant.name:
            return result
    return None


def _against(own: Result | None, other: Result, figure: str) -> str:
    if own is None or own is other:
        return ""
    return _ratio(own.middle(figure) / other.middle(figure))


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"  # noqa: PLR2004 - three digits are enough
