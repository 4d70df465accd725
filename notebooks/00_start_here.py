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
# # Start here
#
# Five minutes, from nothing to windows that a model can learn from. There is no data to fetch: `stedi` makes up
# people who walk in front of a step trainer with a phone in their pocket, and it knows when each foot came down.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

import stedi
from stedi.ml import StepDataset
from stedi.plots.palette import BLUE, GREY, INK, ORANGE, PALE
from stedi.simulate import simulate, truth

plt.rcParams.update(
    {
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
    }
)
_ = pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=120)

# %% [markdown]
# ## A lake
#
# A lake is a folder of tables. `run` reads the landing files, keeps what people agreed to share with research, and
# publishes all tables at once. Your own lake is already there: you would only open it.

# %%
workspace = tempfile.TemporaryDirectory()
landing = Path(workspace.name) / "landing"
made = simulate(landing, customers=40, seed=7)

# A fixed key gives the same pseudonyms each time, so that this page tells the same story each time. For real people
# take stedi.Pseudonyms.generate(), and keep the key.
pseudonyms = stedi.Pseudonyms(bytes(range(32)))
lake = stedi.Lake.open(Path(workspace.name) / "lake", pseudonyms=pseudonyms)
lake.run(landing, now=made.as_of)

lake.tables().select("table", "zone", "rows").filter(pl.col("zone").is_in(["trusted", "curated"]))

# %% [markdown]
# ## One frame of training data
#
# Each row is a reading of the step trainer with a reading of the same person's phone at the same time. There is no
# name in it and no e-mail address, and nobody who said no.

# %%
training = lake.scan("machine_learning_curated").collect()
training.head().with_columns(pl.col("customer_id", "device_id").str.head(6) + "…")

# %% [markdown]
# ## Five lines
#
# A frame of readings is not yet something to learn from. Readings come unevenly, a sensor falls silent for a moment,
# one session ends and the next begins a week later. `StepDataset` puts each session on an even grid and says where a
# sensor was missing. Then it cuts windows, and splits **by person**: nobody is in both training and test.
#
# The labels are the true steps of the simulation. For real recordings pass a frame of your own, or
# `labels="baseline"`, which lets a simple detector say where it sees steps.

# %%
steps = truth(landing, pseudonyms).step_events
dataset = StepDataset.from_lake(lake, labels=steps)
windows = dataset.windows(length_s=2, step_s=2)
train, test = dataset.split("group_kfold", n=5, seed=7)[0]
X, y, groups = windows.X, windows.y, windows.groups

# %%
print(dataset)
print(f"X       {X.dtype} {X.shape}: windows, channels (x, y, z, distance), samples")
print(f"y       {y.dtype} {y.shape}: steps in each window, from {y.min()} to {y.max()}")
print(f"groups  {groups.dtype} {groups.shape}: whose each window is")
print(f"train   {len(train.customers)} people, test {len(test.customers)} others")

# %% [markdown]
# These are plain arrays. scikit-learn takes them as they are, and `torch.from_numpy(X)` takes them without a copy.
#
# ## What a model sees
#
# One session of somebody in the test part: first they stand still, then they walk. Each band is a window, and the
# number in it is its `y`. Both lines come straight out of `X`. The ticks between them are the true steps.
#
# Lines that shoot out of the picture are no mistake: where the step trainer saw nothing at all it said 0 or 8190, and
# `X` holds what was measured. What to make of it is the model's business.

# %%
ids = {session.session_id for session in test.sessions}
whole = [
    session
    for session in dataset.sessions
    if session.session_id in ids and session.observed.all(axis=1).mean() > 0.97
]
session = min(whole, key=lambda each: each.duration_s)
mine = np.flatnonzero(windows.session_ids == session.session_id)
rate = windows.rate_hz

figure, (top, strip, bottom) = plt.subplots(
    3, 1, figsize=(11, 5.4), sharex=True, gridspec_kw={"height_ratios": [6, 1, 6]}
)
for place, window in enumerate(mine):
    start = windows.starts_s[window]
    time = start + np.arange(X.shape[2]) / rate
    shade = PALE if place % 2 == 0 else "#eef3f6"
    for axis in (top, strip, bottom):
        axis.axvspan(start, start + windows.length_s, color=shade, alpha=0.55, linewidth=0, zorder=0)
    top.plot(time, X[window, 3], color=BLUE, linewidth=1.2)
    bottom.plot(time, np.linalg.norm(X[window, :3], axis=0), color=ORANGE, linewidth=1.0)
    top.text(
        start + windows.length_s / 2,
        1.01,
        f"{y[window]}",
        transform=top.get_xaxis_transform(),
        ha="center",
        va="bottom",
        fontsize=12,
        weight="bold",
        color=INK if y[window] else GREY,
    )
strip.vlines(session.steps_s, 0, 1, color=INK, linewidth=1.4)
strip.set_yticks([])
strip.set_ylabel("steps", rotation=0, ha="right", va="center")
strip.spines["left"].set_visible(False)
low, high = np.percentile(X[mine, 3], [2, 98])
top.set_ylim(low - 0.4 * (high - low), high + 0.4 * (high - low))
top.set_ylabel("distance\nfrom the sensor")
bottom.set_ylabel("strength of\nthe acceleration")
bottom.set_xlabel("seconds")
bottom.set_xlim(0, windows.starts_s[mine[-1]] + windows.length_s)
figure.suptitle(
    f"{y[mine].sum()} steps in {len(mine)} windows of {windows.length_s:g} s",
    x=0.01,
    ha="left",
    weight="bold",
)
plt.show()

# %% [markdown]
# ## Is it right?
#
# Three things that go wrong quietly elsewhere, checked here: the two sides share nobody, everybody in the windows has
# a consent in force, and making the dataset again gives the same bytes.

# %% tags=["result"]
consents = lake.scan("customer_trusted").select("customer_id").unique().collect()["customer_id"]
again = StepDataset.from_lake(lake, labels=steps).windows(length_s=2, step_s=2)
result = {
    "training_rows": training.height,
    "sessions": len(dataset.sessions),
    "customers": len(dataset.customers),
    "windows": len(windows),
    "steps": int(y.sum()),
    "people_on_both_sides": len(set(train.customers) & set(test.customers)),
    "people_without_consent": len(set(windows.customers) - set(consents)),
    "same_bytes_again": again.digests() == windows.digests(),
}
print(json.dumps(result, indent=2))

# %% [markdown]
# `dataset.card()` writes all of this down, for the drawer in which a model is kept: the run that it rests on, the
# consent rule, what was left out and why, and the digests of the arrays.

# %%
card = dataset.card(windows=windows)
print("\n".join(card.to_markdown().splitlines()[:12]))

# %% [markdown]
# ## Where to go next
#
# - **01 From landing files to a training set**: where each row went, and what consent looks like over time.
# - **02 What a step looks like**: one step under a magnifying glass, and a table that can't hold any.
# - **03 Two clocks**: what happens when each sensor has a clock of its own, and how to set it right.
# - **04 Train without fooling yourself**: why the split goes by person, and how good a detector really is.
# - **05 A balance report**: one person over months.

# %%
workspace.cleanup()
