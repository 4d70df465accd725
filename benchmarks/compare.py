"""Compare stedi with what one would write instead: DuckDB SQL, and PySpark.

    uv run --extra spark python benchmarks/compare.py

Every contestant makes the same tables of the same landing files, each in a process of its own, in turn
within each round; then their five derived tables are compared. The results are printed, and put into
docs/benchmarks.md.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import agree
import machine
import report
from contest import CONTESTANTS, SPARK, STEDI, BenchmarkError, Contestant, Usage, measure
from landing import Landing, Source
from plot import draw
from report import Result

_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_PICTURE = "assets/benchmarks.svg"


def main() -> None:
    """Read the arguments, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100], help="the sizes (1 10 100)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs, at each size (3)")
    parser.add_argument("--source", type=Path, metavar="DIR", help="another landing root to copy")
    parser.add_argument("--simulate", type=int, metavar="N", help="make data up, with N customers at ×1")
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=[contestant.name for contestant in CONTESTANTS if contestant is not STEDI],
        help="leave contestants out",
    )
    parser.add_argument("--out", type=Path, default=_PAGE, help="the page to fill (docs/benchmarks.md)")
    given = parser.parse_args()
    if min(*given.times, given.rounds) < 1:
        parser.error("--times and --rounds begin at 1")
    if given.source is not None and given.simulate is not None:
        parser.error("--source and --simulate exclude each other")
    contestants = [contestant for contestant in CONTESTANTS if contestant.name not in given.without]
    try:
        text = given.out.read_text("utf-8")
        report.check_page(text)
        _check_spark(contestants)
        source = Source.choose(given.source, given.simulate)
        about = machine.describe()
        results = compare(source, sorted(set(given.times)), contestants, rounds=given.rounds)
    except (BenchmarkError, OSError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        sys.exit(1)
    written = _write_up(results, source, about, rounds=given.rounds)
    draw(results, given.out.parent / _PICTURE)
    given.out.write_text(report.fill_page(text, written), "utf-8")
    print(written)


def compare(
    source: Source, sizes: Sequence[int], contestants: Sequence[Contestant], *, rounds: int
) -> list[Result]:
    """Measure all contestants at all sizes, and see to it that they agree."""
    results = []
    with tempfile.TemporaryDirectory(prefix="stedi-benchmark-") as scratch:
        place = Path(scratch)
        source.check_room(max(sizes), place)
        # Everybody's code is compiled, and in memory, before anything is measured.
        practice = Source(folder=None, customers=1).make(place / "landing", 1)
        _round(practice, contestants, place / "run")
        for times in sizes:
            shutil.rmtree(place / "landing")
            _tell(f"×{times}: writing landing files")
            landing = source.make(place / "landing", times)
            usages: dict[str, list[Usage]] = {contestant.name: [] for contestant in contestants}
            for number in range(rounds):
                # Nobody is always first.
                turn = number % len(contestants)
                order = [*contestants[turn:], *contestants[:turn]]
                for name, usage in _round(landing, order, place / "run").items():
                    usages[name].append(usage)
                    _tell(f"×{times}, round {number + 1} of {rounds}: {name} {usage.cpu_s:.1f} s of CPU")
            results += [
                Result(landing=landing, contestant=contestant, rounds=tuple(usages[contestant.name]))
                for contestant in contestants
            ]
    return results


def _round(landing: Landing, contestants: Sequence[Contestant], place: Path) -> dict[str, Usage]:
    usages, found = {}, {}
    for contestant in contestants:
        usages[contestant.name], out = measure(contestant, landing.root, landing.now, place=place)
        look = agree.of_lake if contestant is STEDI else agree.of_parquet
        found[contestant.name] = look(out)
    agree.check(found, landing.rows)
    shutil.rmtree(place)
    return usages


def _check_spark(contestants: Sequence[Contestant]) -> None:
    if SPARK not in contestants:
        return
    if find_spec("pyspark") is None or shutil.which("java") is None:
        raise BenchmarkError(
            "PySpark or Java is not there: run uv with --extra spark and install Java 17, or leave it out "
            "with --without spark"
        )


def _write_up(results: Sequence[Result], source: Source, about: Sequence[str], *, rounds: int) -> str:
    middle = "one round" if rounds == 1 else f"medians of {rounds} rounds"
    return "\n\n".join(
        [
            f"Measured on {_today()}; {middle}.",
            f"The data: {source.words}. {report.sizes(results)}.",
            "\n".join(f"- {line}" for line in about),
            f"![CPU seconds by number of records and contestant, on logarithmic axes]({_PICTURE})",
            report.figures(results),
            "What is aimed at, and what is reached:",
            report.targets(results),
        ]
    )


def _today() -> str:
    today = datetime.now(UTC)
    return f"{today.day} {today:%B %Y}"


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
