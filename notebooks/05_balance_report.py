# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A balance report
#
# One customer exercised eight times in seven months. What can be said about how they step, and what can't? This
# notebook makes the report that a physiotherapist might read: a line per session, what changed, and above all **how
# much change is only chance**.
#
# The person is made up. It is a report of steps, **not of the risk to fall**: the last part says why.

# %%
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from matplotlib import dates

import stedi
from stedi.ml import StepDataset, detect_steps, score_steps, summarise_session, summarise_sessions
from stedi.plots import bland_altman, coverage, poincare
from stedi.plots.palette import BLUE, GREEN, GREY, INK, ORANGE, PALE
from stedi.simulate import simulate, truth

pl.Config(
    tbl_rows=20,
    tbl_cols=12,
    fmt_str_lengths=60,
    tbl_width_chars=140,
    tbl_hide_column_data_types=True,
    tbl_hide_dataframe_shape=True,
)
plt.rcParams.update(
    {
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
    }
)

# %% [markdown]
# ## The sessions
#
# Forty customers; only those who agreed to research are in the dataset, and only from then on. Steps are what the
# baseline detector finds. The true steps, which only a simulator knows, are used twice: to check its counts, and at
# the end.

# %%
workspace = tempfile.TemporaryDirectory()
landing = Path(workspace.name) / "landing"
made = simulate(landing, customers=40, seed=6)

# A fixed key, so that the figures below come out the same each time. Never do this with real people.
pseudonyms = stedi.Pseudonyms(bytes(32))
lake = stedi.Lake.open(Path(workspace.name) / "lake", pseudonyms=pseudonyms)
lake.run(landing, now=made.as_of)

known = truth(landing, pseudonyms)
dataset = StepDataset.from_lake(lake, labels=known.step_events)
begun = pl.DataFrame(
    {
        "session_id": [session.session_id for session in dataset.sessions],
        "started_at": [session.started_at for session in dataset.sessions],
    }
)
summaries = summarise_sessions(dataset.sessions).join(begun, on="session_id", maintain_order="left")
dataset

# %% [markdown]
# The report is about whoever has most usable sessions, over the longest time.

# %%
span = (pl.col("started_at").max() - pl.col("started_at").min()).alias("span")
person = (
    summaries.filter("usable")
    .group_by("customer_id")
    .agg(pl.len().alias("sessions"), span)
    .sort("sessions", "span", "customer_id", descending=True)
    .row(0, named=True)
)
mine = summaries.filter(customer_id=person["customer_id"]).sort("started_at")
about = known.customers.filter(customer_id=person["customer_id"]).row(0, named=True)
print(f"{person['sessions']} sessions in {person['span'].days} days; {about['age']:.0f} years old")

mine.select(
    pl.col("started_at").dt.date().alias("day"),
    "steps",
    pl.col("cadence").round(2).alias("steps a second"),
    pl.col("time_to_30_s").round(1).alias("time to 30 steps, s"),
    (100 * pl.col("interval_cv")).round(1).alias("variability, %"),
    pl.col("symmetry").round(3),
    "hesitations",
    "usable",
)

# %% [markdown]
# Variability is the spread of the time between steps, in per cent of their mean, without hesitations. Symmetry is 1
# when both feet take equally long. A hesitation is a pause of more than 1.6 usual steps; or steps that were not
# found, which looks the same. Where fewer than thirty were found, there is no time to thirty, and none is made up.
#
# ## What can be relied on
#
# First the sensors: figures of a session in which they were not there would be figures of nothing. A lane is a
# session; each sensor is drawn where it was there.

# %%
sessions = {session.session_id: session for session in dataset.sessions}


def spans(session):
    """Return when each sensor was there: a row per span."""
    rows = []
    for sensor, there in zip(("accelerometer", "step_trainer"), session.observed.T, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
        rows += [
            {"session_id": f"{session.started_at:%d %b %Y}", "sensor": sensor, "start_s": begin, "end_s": end}
            for begin, end in edges.reshape(-1, 2) / session.rate_hz
        ]
    return rows


figure, axis = plt.subplots(figsize=(9, 4.2))
coverage(pl.DataFrame([row for name in mine["session_id"] for row in spans(sessions[name])]), axes=axis)
plt.show()

# %% [markdown]
# The training table holds pairs, so where the phone was silent there is nothing of the step trainer either. Compare
# the table above: each session with a hesitation has such a gap. Did the person pause, or were two steps not seen?
# Here the answer is known:

# %%
paused = (
    known.sessions.join(
        mine.select(customer_id="customer_id", started_at="started_at", found="hesitations")
        .with_columns(pl.col("started_at").cast(pl.Datetime("us", "UTC")))
        .sort("started_at"),
        on="customer_id",
    )
    .filter((pl.col("started_at") - pl.col("started_at_right")).abs() < pl.duration(minutes=1))
    .sort("started_at")
)
paused.select(
    pl.col("started_at").dt.date().alias("day"),
    pl.col("found").alias("hesitations in the report"),
    pl.col("hesitations").alias("true ones"),
)

# %% [markdown]
# One of the three was a pause. The other two are steps that nobody saw: a hesitation beside a gap is no finding.
#
# A session that can't carry the figures is not used, and the summary says why. All of the above can; so here are two
# of them, damaged on purpose: one was broken off after twelve seconds, in the other both sensors fail every other
# second.

# %%
whole = sessions[mine["session_id"][0]]
short = int(12 * whole.rate_hz)
broken_off = replace(whole, samples=whole.samples[:short], observed=whole.observed[:short])
silent = (np.arange(len(whole.samples)) / whole.rate_hz) % 2 >= 1
failing = replace(
    whole,
    samples=np.where(silent[:, None], np.nan, whole.samples).astype(np.float32),
    observed=whole.observed & ~silent[:, None],
)
refused = [summarise_session(session) for session in (broken_off, failing)]
pl.DataFrame(
    {"session": words, "usable": told.usable, "why not": told.reason or ""}
    for words, told in zip(
        ("as it was", "broken off", "sensors fail"), (summarise_session(whole), *refused), strict=True
    )
)

# %% [markdown]
# Then the counts. Here it is known how many steps everybody really took; on real people, somebody would have to count
# from a video. Each point is a session; points that coincide are larger.

# %%
counted = [len(detect_steps(session)) for session in dataset.sessions]
true = [len(session.steps_s) for session in dataset.sessions]
figure, axis = plt.subplots(figsize=(9, 3.8))
bland_altman(true, counted, axes=axis)
plt.show()

# %% [markdown]
# It misses a few steps where the sensors are silent, and invents hardly any.
#
# ## How it went
#
# Five figures of each session. The band is this person's mean ± 2 standard deviations: what lies inside of it is
# nothing unusual for them.

# %%
PANELS = (
    ("cadence", "steps a second", 1, BLUE, "o"),
    ("time_to_30_s", "time to 30 steps, s", 1, BLUE, "o"),
    ("interval_cv", "variability, %", 100, ORANGE, "s"),
    ("symmetry", "symmetry", 1, GREEN, "^"),
    ("hesitations", "hesitations", 1, INK, "D"),
)
used = mine.filter("usable")
figure, axes = plt.subplots(len(PANELS), 1, figsize=(9, 8.2), sharex=True)
for axis, (column, words, scale, colour, marker) in zip(axes, PANELS, strict=True):
    values = scale * used[column].to_numpy().astype(float)
    if column == "hesitations":
        axis.set_ylim(-0.5, max(values.max(), 2) + 0.5)
        axis.vlines(used["started_at"], 0, values, color=GREY, linewidth=1)
        axis.yaxis.get_major_locator().set_params(integer=True)
    else:
        middle, spread = np.nanmean(values), np.nanstd(values, ddof=1)
        axis.axhspan(middle - 2 * spread, middle + 2 * spread, color=PALE, alpha=0.45, linewidth=0)
        axis.axhline(middle, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    axis.plot(used["started_at"], values, marker, color=colour, markersize=7, markeredgecolor="white")
    axis.set_title(words, fontsize=10)
axes[-1].xaxis.set_major_formatter(dates.DateFormatter("%b %Y"))
axes[-1].xaxis.set_major_locator(dates.MonthLocator())
plt.show()

# %% [markdown]
# How evenly they step: each time between two steps against the one before it. A long cloud along the line means that
# the pace wanders; a wide one, that each step differs from the last; two clouds, that one foot is slower. The first
# and the last session without a hesitation:

# %%
steady = used.filter(hesitations=0)
chosen = [sessions[steady["session_id"][place]] for place in (0, -1)]
figure, axes = plt.subplots(1, 2, figsize=(10, 5.6))
for axis, session in zip(axes, chosen, strict=True):
    poincare(detect_steps(session), axes=axis)
    axis.set_title(f"{session.started_at:%d %B %Y}: {axis.get_title(loc='left')}", loc="left", fontsize=10)
low, high = (pick(*(axis.get_xlim()[side] for axis in axes)) for side, pick in ((0, min), (1, max)))
for axis in axes:
    axis.set(xlim=(low, high), ylim=(low, high))
    axis.locator_params(nbins=5)
    axis.plot((low, high), (low, high), color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
plt.show()

# %% [markdown]
# ## How much change is a change?
#
# The cadence above seems to fall from winter to spring. Does this person get slower?
#
# In this simulation nobody gets better or worse: each person has one usual pace, one balance, one asymmetry. **So
# each difference between two sessions of one person is chance**: of the day, of thirty steps, of the sensors. From
# the spread within people follows the smallest change that is more than that in 95 of 100 comparisons of two
# sessions: 1.96 · √2 times the standard deviation (the *minimal detectable change*).

# %%
several = summaries.filter("usable").filter(pl.len().over("customer_id") >= 2)
within, between = {}, {}
for column in ("cadence", "time_to_30_s", "interval_cv", "symmetry"):
    by_person = (
        several.group_by("customer_id")
        .agg(
            pl.col(column).var().alias("variance"),
            pl.col(column).mean().alias("mean"),
            pl.col(column).count().alias("n"),
        )
        .filter(pl.col("n") >= 2)
    )
    freedom = by_person["n"] - 1
    within[column] = float(np.sqrt((by_person["variance"] * freedom).sum() / freedom.sum()))
    between[column] = float(by_person["mean"].std())
smallest = {column: 1.96 * np.sqrt(2) * spread for column, spread in within.items()}

pl.DataFrame(
    {
        "figure": words,
        "spread within a person": f"{scale * within[column]:.3g}",
        "spread between people": f"{scale * between[column]:.3g}",
        "smallest change beyond chance": f"{scale * smallest[column]:.2g}",
    }
    for column, words, scale, _, _ in PANELS
    if column in within
)

# %%
order = (
    several.group_by("customer_id")
    .agg(pl.len().alias("n"), pl.col("cadence").mean().alias("mean_cadence"))
    .filter(pl.col("n") >= 3)
    .sort("mean_cadence", "customer_id")
)
figure, both = plt.subplots(1, 2, figsize=(10, 5.2), sharey=True)
for axis, (column, words, scale, _, _) in zip(both, (PANELS[0], PANELS[2]), strict=True):
    for place, name in enumerate(order["customer_id"]):
        values = scale * several.filter(customer_id=name)[column].to_numpy()
        half = scale * smallest[column] / 2
        me = name == person["customer_id"]
        axis.barh(place, 2 * half, left=values.mean() - half, height=0.7, color=PALE, alpha=0.6)
        axis.plot(
            values,
            np.full(len(values), place),
            "D" if me else "o",
            color=ORANGE if me else BLUE,
            markersize=6 if me else 5,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    axis.use_sticky_edges = False
    axis.margins(x=0.04)
    axis.autoscale_view()
    axis.set(xlabel=words)
    axis.tick_params(axis="y", length=0)
both[0].set_yticks(range(order.height), [f"{name[:6]}…" for name in order["customer_id"]], fontsize=8.5)
both[0].set_title("Cadence tells people apart")
both[1].set_title("Variability hardly does")
both[1].text(
    1.0,
    -0.14,
    "orange: this report; band: as wide as the smallest change",
    transform=both[1].transAxes,
    ha="right",
    va="top",
    fontsize=9,
    color=INK,
)
plt.show()

# %% [markdown]
# Each row is a person, each mark a session. Whoever sees a mark move within a band has seen nothing. And now look at
# the person of this report: between their first and last session the cadence changed by more than the band, **and yet
# nothing had happened**. One in twenty comparisons does so by chance; eight sessions make twenty-eight pairs, and
# five figures a hundred and forty. Who looks for a change will find one. So decide beforehand what to compare, and
# compare means of several sessions: chance shrinks with the root of their number.
#
# ## Why there is no fall risk here
#
# The word sells, and `stedi` has no such figure. There are good reasons:
#
# - **No fall was ever recorded.** A risk must be learned from people of whom one knows who fell later. Neither the
#   sources nor the simulator know.
# - **The exercise is not the day.** Thirty steps in front of a sensor say little about stairs, ice, medicine and
#   haste.
# - **A change has many causes**: other shoes, another place of the phone, a tired day, and, as above, chance.
# - **Those who agreed are not everybody.** Who shares data may walk otherwise than who does not.
# - **Nothing was validated on patients.** What a figure says about a person is for a clinician to judge, with the
#   person in the room.
#
# What the report can say: how many steps were counted, in what time, how evenly, how well the sensors saw it, and
# whether two sessions differ by more than chance.

# %% tags=["result"]
steps = {session.session_id: detect_steps(session) for session in chosen}
f1 = {name: score_steps(found, sessions[name].steps_s).f1 for name, found in steps.items()}
off = np.array(counted) - np.array(true)
walks = known.sessions.filter(customer_id=person["customer_id"])
result = {
    "sessions": len(dataset.sessions),
    "sessions_of_the_person": person["sessions"],
    "days": person["span"].days,
    "usable": int(mine["usable"].sum()),
    "refused": [told.reason for told in refused],
    "cadence": round(used["cadence"].mean(), 3),
    "true_cadence": round(walks["cadence"].mean(), 3),
    "hesitations": paused["found"].to_list(),
    "true_hesitations": paused["hesitations"].to_list(),
    "least_coverage": round(
        mine.select(pl.min_horizontal("accelerometer_coverage", "step_trainer_coverage").min()).item(), 3
    ),
    "count_bias": round(float(off.mean()), 3),
    "count_off_by_more_than_2": int((np.abs(off) > 2).sum()),
    "f1_first_and_last": [round(each, 3) for each in f1.values()],
    "first_to_last_cadence": round(used["cadence"][-1] - used["cadence"][0], 3),
    "smallest_change": {column: float(f"{change:.3g}") for column, change in smallest.items()},
    "cadence_tells_people_apart": round(between["cadence"] / within["cadence"], 2),
}
print(json.dumps(result, indent=2))

# %%
workspace.cleanup()
