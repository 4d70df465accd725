"""The picture of the page: CPU seconds by size and contestant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from report import Result, taking_part

# Okabe and Ito's colours, told apart without colour by their marks and lines.
_STYLES: Final[dict[str, dict[str, Any]]] = {
    "stedi": {"color": "#000000", "marker": "o", "linestyle": "-", "linewidth": 2.4},
    "duckdb": {"color": "#0072b2", "marker": "s", "linestyle": "--"},
    "duckdb-derived": {"color": "#56b4e9", "marker": "D", "linestyle": ":"},
    "spark": {"color": "#d55e00", "marker": "^", "linestyle": "-."},
}


def draw(results: Sequence[Result], file: Path) -> None:
    """Write the picture as SVG."""
    mpl.rcParams["svg.hashsalt"] = "stedi"
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    for contestant in taking_part(results):
        mine = [result for result in results if result.contestant == contestant]
        middles = [result.middle("cpu_s") for result in mine]
        spans = [result.span("cpu_s") for result in mine]
        axes.errorbar(
            [result.landing.records for result in mine],
            middles,
            yerr=(
                [middle - low for middle, (low, _) in zip(middles, spans, strict=True)],
                [high - middle for middle, (_, high) in zip(middles, spans, strict=True)],
            ),
            label=contestant.title.replace("`", ""),
            capsize=4,
            markersize=7,
            **_STYLES[contestant.name],
        )
    axes.set(xscale="log", yscale="log", xlabel="records", ylabel="CPU seconds (median; least to most)")
    ticks = {
        result.landing.records: f"×{result.landing.times}\n{result.landing.records:,}" for result in results
    }
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", color="#cccccc", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside upper left", ncols=2)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None})
