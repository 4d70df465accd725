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
# # Two clocks
#
# The step trainer has a clock, and the phone has another one. If they are a quarter of a second apart, the phone
# feels a step while the step trainer sees nothing, and a table that joins both by time lays one step on the swing of
# the next. Nothing in that table looks wrong. This notebook shows how to notice, how to set it right, and when to
# give up.

# %%
import json
import tempfile
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

import stedi
from stedi.errors import DatasetError
from stedi.ml import StepDataset, detect_steps, score_steps
from stedi.plots import clock_offsets, f1_by_group, match_rate
from stedi.plots.palette import BLUE, GREY, INK, ORANGE
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
_ = pl.Config(
    tbl_hide_column_data_types=True,
    tbl_hide_dataframe_shape=True,
    tbl_width_chars=130,
    tbl_rows=20,
    fmt_str_lengths=80,
)

# %% [markdown]
# ## Three lakes
#
# The same people three times over: once the app stamps both sensors with one clock, and twice each sensor has its
# own, in a `realistic` and in a `hard` world. In the last two the phone is wrong by another amount in every session.
# The simulator knows by how much; `stedi` is not told.

# %%
workspace = tempfile.TemporaryDirectory()
# A fixed key gives the same pseudonyms each time; for real people take stedi.Pseudonyms.generate().
pseudonyms = stedi.Pseudonyms(bytes(range(32)))


def world(name, **how):
    """Return a lake, its last run, the trusted readings of both sensors, and what is true of them."""
    landing = Path(workspace.name) / name / "landing"
    made = simulate(landing, customers=80, seed=7, **how)
    lake = stedi.Lake.open(Path(workspace.name) / name / "lake", pseudonyms=pseudonyms)
    report = lake.run(landing, now=made.as_of)
    steps, phone = (lake.scan(table).collect() for table in ("step_trainer_trusted", "accelerometer_trusted"))
    known = truth(landing, pseudonyms)
    return {"lake": lake, "report": report, "steps": steps, "phone": phone, "known": known}


one = world("one", clocks="one")
two = world("two", clocks="two")
hard = world("hard", clocks="two", preset="hard")

# %% [markdown]
# ## The run notices
#
# Every run reports how many step readings found a phone reading. With one clock nearly all do. With two, an equal
# time is a coincidence, and the run says so:

# %%
for name, here in (("one clock", one), ("two clocks", two)):
    print(f"{name}: {here['report'].match.exact_rate:.1%} pair exactly")
print(two["report"].warnings[0])

# %% [markdown]
# ## The trap
#
# What now? The first idea is a tolerance: take the nearest phone reading within 20 ms. That is right where two clocks
# agree and only their readings fall between each other. But the phone is read fifty times a second. As long as it
# records there is *always* a reading within 20 ms, whatever its clock says. The match rate jumps to over 90 %, all
# looks well, and the pairs are wrong by as much as the clocks are. **A match rate says that two readings have stamps
# that are near each other. It does not say that they were made at the same moment.**

# %%
TOLERANCES = (0, 1, 2, 5, 10, 20, 50, 100)


def rates(name, steps, phone):
    """Return which share of the step readings finds a phone reading, for each tolerance."""
    most = timedelta(milliseconds=max(TOLERANCES))
    pairs = stedi.curate_ml(steps, phone, tolerance=most)
    gaps = pairs.unique(["customer_id", "device_id", "timestamp", "distance_from_object"])["match_gap_ms"]
    return pl.DataFrame(
        {
            "join": name,
            "tolerance_ms": TOLERANCES,
            "rate": [(gaps.abs() <= tolerance).sum() / steps.height for tolerance in TOLERANCES],
        }
    )


matched = pl.concat(
    [rates("one clock", one["steps"], one["phone"]), rates("two clocks", two["steps"], two["phone"])]
)
figure, axis = plt.subplots(figsize=(9, 4.2))
match_rate(matched, axes=axis)
axis.annotate(
    "over 90 %,\nand as wrong as the clocks",
    (20, 100 * matched.filter(join="two clocks", tolerance_ms=20)["rate"].item()),
    xytext=(34, 56),
    arrowprops={"arrowstyle": "->", "color": INK, "shrinkB": 7},
    color=INK,
    ha="center",
)
plt.show()

# %% [markdown]
# ## Setting the clocks right
#
# Both sensors see the same steps. So let each find them by itself, and ask which shift lays one list of steps on the
# other. People walk evenly, and a shift that is wrong by a whole step fits nearly as well; what tells the two apart
# is the first step, the last step, and each pause. `clock="estimate"` does this for every session. It reads each
# sensor by itself, and where it can't decide it says so and leaves the session out.

# %%
estimated = {
    name: StepDataset.from_lake(here["lake"], clock="estimate", labels=here["known"].step_events)
    for name, here in (("two", two), ("hard", hard))
}
for name, dataset in estimated.items():
    print(f"{name:5}", dataset)


# %%
def offsets(dataset, known):
    """Return the estimated and the true offset of each session."""
    found = pl.DataFrame(
        [
            (each.session_id, each.customer_id, each.device_id, each.started_at, each.clock_offset_s)
            for each in dataset.sessions
        ],
        schema={
            "session_id": pl.String,
            "customer_id": pl.String,
            "device_id": pl.String,
            "started_at": pl.Datetime("us", "UTC"),
            "found_s": pl.Float64,
        },
        orient="row",
    )
    true = known.sessions.select("customer_id", "device_id", "started_at", true_s="phone_offset_s")
    return found.sort("started_at").join_asof(
        true.sort("started_at"),
        on="started_at",
        by=["customer_id", "device_id"],
        strategy="nearest",
        tolerance="1m",
        check_sortedness=False,
    )


told = {name: offsets(estimated[name], here["known"]) for name, here in (("two", two), ("hard", hard))}
figure, axes = plt.subplots(2, 1, figsize=(9, 4.8), sharex=True)
clock_offsets(
    told["two"]["true_s"], told["two"]["true_s"] - told["two"]["found_s"], within_s=0.02, axes=tuple(axes)
)
figure.suptitle(
    f"{told['two'].height} sessions of the realistic world: how wrong the phone's clock is",
    x=0.01,
    ha="left",
    weight="bold",
)
plt.show()

# %% [markdown]
# ## What it is worth
#
# The same detector, on four ways to bring the sensors together. It is a set of rules that were made on other simulated
# people, so all of these are held out. A step counts as found when it is at most a tenth of a second off, and the
# truth is on the step trainer's clock.
#
# For each way there are three figures: both sensors, the distance alone, and the phone alone. The phone alone is the
# honest witness here: only it can show that its clock is wrong.


# %%
def steps_of(dataset, sensors):
    """Return the found and the true steps of all sessions."""
    found = [(each.session_id, detect_steps(each, sensors=sensors)) for each in dataset.sessions]
    true = [(each.session_id, each.steps_s) for each in dataset.sessions if each.steps_s is not None]
    return tuple(
        pl.DataFrame(rows, schema={"session_id": pl.String, "at_s": pl.List(pl.Float64)}, orient="row")
        .explode("at_s")
        .drop_nulls()
        for rows in (found, true)
    )


def f1(dataset, sensors="both"):
    """Return the F1 of the baseline over all sessions of a dataset."""
    return score_steps(*steps_of(dataset, sensors)).f1


def joined(here, dataset):
    """Return the four ways to bring the sensors of a lake together: datasets, or the message of a refusal."""
    labels = here["known"].step_events
    ways = {}
    try:
        ways["exact pairs"] = StepDataset.from_lake(here["lake"], labels=labels)
    except DatasetError as error:
        ways["exact pairs"] = str(error)
    near = stedi.curate_ml(here["steps"], here["phone"], tolerance=timedelta(milliseconds=20))
    ways["nearest within 20 ms"] = StepDataset.from_frames(near.drop("match_gap_ms"), labels=labels)
    ways["clocks as sent"] = StepDataset.from_frames(
        steps=here["steps"], accelerometer=here["phone"], labels=labels
    )
    ways["clocks estimated"] = dataset
    return ways


SENSORS = {"both": "both sensors", "distance": "distance alone", "phone": "phone alone"}
ways = joined(two, estimated["two"])
rows = []
for way, dataset in ways.items():
    for sensors, words in SENSORS.items():
        refused = isinstance(dataset, str)
        rows.append(
            {
                "group": f"{way}: refused" if refused else way,
                "series": words,
                "f1": None if refused else f1(dataset, sensors),
                "n": 0 if refused else len(dataset.sessions),
            }
        )
scores = pl.DataFrame(rows, schema_overrides={"f1": pl.Float64})
print(f"exact pairs: {ways['exact pairs']}")
scores.pivot("series", index=["group", "n"], values="f1").with_columns(pl.selectors.float().round(3))

# %%
figure, axis = plt.subplots(figsize=(9, 3.6))
f1_by_group(scores, axes=axis)
axis.set_title(f"realistic world, two clocks: {axis.get_title(loc='left')}", loc="left")
plt.show()

# %% [markdown]
# Read it from the bottom up. With the clocks set right all three agree, and the two sensors together are as good as
# it gets. With the clocks as sent, and with a tolerance just the same, adding the phone makes the detector **worse
# than the distance alone**: a second sensor with a wrong clock is worse than none. And the exact pairs are refused:
# the few readings that are left of each second are too few to hold a step.
#
# (The joins do not have quite the same sessions. Where two people use one device nobody can tell from the step
# trainer alone whose step it was, and these sessions are left out; a join keeps them for the one whose phone was
# there.)
#
# Why a wrong clock does harm is easy to see in one session. It is about half a step off, and the grey lines are the
# true steps. In the panel in the middle the body seems to be caught while the foot is still in the air:


# %%
def half_a_step(session):
    """Return how near the clock's offset is to half a step: there it does the most harm."""
    return abs(abs(session.clock_offset_s) / np.median(np.diff(session.steps_s)) - 0.5)


worst = min(ways["clocks estimated"].sessions, key=half_a_step)
raw = next(each for each in ways["clocks as sent"].sessions if each.session_id == worst.session_id)


def shake(session):
    """Return the strength of the acceleration, without what it mostly is, and its times."""
    size = np.linalg.norm(session.samples[:, :3], axis=1)
    # What starts first decides where a grid begins: count from the first true step.
    time = np.arange(len(size)) / session.rate_hz - session.steps_s[0]
    return time, size - np.nanmedian(size)


figure, axes = plt.subplots(3, 1, figsize=(11, 6), sharex=True)
time, _size = shake(worst)
distance = np.where((worst.samples[:, 3] > 0) & (worst.samples[:, 3] < 1000), worst.samples[:, 3], np.nan)
axes[0].plot(time, distance, color=BLUE, linewidth=1.2)
axes[0].set_title("step trainer: the distance")
axes[1].plot(*shake(raw), color=ORANGE, linewidth=1.1)
axes[1].set_title(
    f"phone, its clock as sent: {abs(worst.clock_offset_s):.2f} s "
    f"{'ahead' if worst.clock_offset_s > 0 else 'behind'}"
)
axes[2].plot(*shake(worst), color=ORANGE, linewidth=1.1)
axes[2].set_title("phone, its clock set right: each jolt begins as the foot comes down")
for axis in axes:
    for contact in worst.steps_s - worst.steps_s[0]:
        axis.axvline(contact, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), zorder=0)
axes[0].set_xlim(-1.2, 6.5)
near_walk = (time > -1.2) & (time < 6.5)
spread = np.nanpercentile(distance[near_walk], [1, 99])
axes[0].set_ylim(spread[0] - 15, spread[1] + 15)
axes[2].set_xlabel("seconds since the first step")
plt.show()

# %% [markdown]
# ## Hard
#
# The hard world is hard for clocks too. They are easily 0.6 s apart, which is as long as a step takes. Feet hardly
# lift, jolts drown in noise, and the phone falls silent. An estimate that is wrong by a whole step would be the worst
# outcome: it looks fine. So `stedi` gives up on a session rather than guess:

# %%
reasons = pl.DataFrame({"detail": [each.detail for each in estimated["hard"].left_out]})
kind = (
    pl.when(pl.col("detail").str.contains("almost equally well"))
    .then(pl.lit("two offsets fit almost equally well"))
    .when(pl.col("detail").str.contains("seen by both sensors"))
    .then(pl.lit("too few steps are seen by both sensors"))
    .when(pl.col("detail").str.contains("by itself"))
    .then(pl.lit("a sensor shows too few steps by itself"))
    .otherwise(pl.lit("a sensor is missing"))
)
reasons.group_by(why=kind).len("sessions").sort("sessions", "why", descending=[True, False])

# %% [markdown]
# And where it does not give up, is it right? The points on the line are. Those off it are wrong by about a whole
# step.

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.8))
for axis, (name, title) in zip(axes, (("two", "realistic"), ("hard", "hard")), strict=True):
    frame = told[name].with_columns(wrong=(pl.col("found_s") - pl.col("true_s")).abs() > 0.1)
    right, wrong = frame.filter(~pl.col("wrong")), frame.filter("wrong")
    reach = 1.08 * max(frame["true_s"].abs().max(), frame["found_s"].abs().max())
    axis.plot([-reach, reach], [-reach, reach], color=GREY, linewidth=1, zorder=0)
    axis.plot(
        right["true_s"],
        right["found_s"],
        "o",
        color=BLUE,
        markeredgecolor="white",
        markersize=7,
        label=f"{right.height} right",
    )
    axis.plot(
        wrong["true_s"],
        wrong["found_s"],
        "X",
        color=ORANGE,
        markeredgecolor="white",
        markersize=10,
        label=f"{wrong.height} wrong by more than 0.1 s",
    )
    refused = sum(each.reason == "clock_not_usable" for each in estimated[name].left_out)
    axis.plot([], [], " ", label=f"{refused} refused")
    axis.set_xlim(-reach, reach)
    axis.set_ylim(-reach, reach)
    axis.set_aspect("equal")
    axis.set_title(title, weight="bold")
    axis.set_xlabel("true offset, s")
    axis.legend(frameon=False, loc="upper left")
axes[0].set_ylabel("estimated offset, s")
plt.show()

# %% [markdown]
# ## The honest figure
#
# A detector that only counts the sessions that it likes looks better than it is. So for `hard` there are four rows:
#
# - **sessions whose clock could be told**: both sensors. This is the figure that one would like to show.
# - **all sessions, refused ones count as missed**: every step of a refused session counts as not found. This is what
#   you get if you insist on two sensors.
# - **all sessions, distance where the clock is refused**: the step trainer needs no other clock. This is what to do.
# - **all sessions, distance alone**: what the phone has to beat.


# %%
def usable_alone(here, dataset):
    """Return the sessions that were refused for their clock, with the clocks as sent: for the distance only."""
    refused = {each.session_id for each in dataset.left_out if each.reason == "clock_not_usable"}
    every = StepDataset.from_frames(
        steps=here["steps"], accelerometer=here["phone"], labels=here["known"].step_events
    )
    return every, refused


def honest(here, dataset):
    """Return the scores of the four ways to count."""
    every, refused = usable_alone(here, dataset)
    found, true = steps_of(dataset, "both")
    alone, all_true = steps_of(every, "distance")
    lost = pl.col("session_id").is_in(list(refused))
    pieces = {
        "sessions whose clock could be told": (found, true, len(dataset.sessions)),
        "all sessions, refused ones count as missed": (
            found,
            pl.concat([true, all_true.filter(lost)]),
            len(every.sessions),
        ),
        "all sessions, distance where the clock is refused": (
            pl.concat([found, alone.filter(lost)]),
            pl.concat([true, all_true.filter(lost)]),
            len(every.sessions),
        ),
        "all sessions, distance alone": (alone, all_true, len(every.sessions)),
    }
    return {way: (score_steps(found, true).f1, count) for way, (found, true, count) in pieces.items()}


counted = {"realistic": honest(two, estimated["two"]), "hard": honest(hard, estimated["hard"])}
figure, axis = plt.subplots(figsize=(10, 3.6))
f1_by_group(
    pl.DataFrame(
        [
            {"group": way, "series": world, "f1": value, "n": count}
            for world, ways_counted in counted.items()
            for way, (value, count) in ways_counted.items()
        ]
    ),
    axes=axis,
)
plt.show()

# %% [markdown]
# In these worlds the step trainer alone is already very good, and the phone adds little to it: a step trainer that
# stands in front of the feet sees them. What the phone is for is what the step trainer can't see, a foot out of its
# range, and checking it. That only works on one clock.
#
# ## In figures

# %% tags=["result"]
error = {name: (frame["found_s"] - frame["true_s"]).abs() for name, frame in told.items()}
result = {
    "exact_match_rate": {
        "one clock": round(one["report"].match.exact_rate, 3),
        "two clocks": round(two["report"].match.exact_rate, 3),
    },
    "match_rate_within_20_ms_two_clocks": round(
        matched.filter(join="two clocks", tolerance_ms=20)["rate"].item(), 3
    ),
    "f1_by_join": {
        way: {words: None if value is None else round(value, 3) for _way, words, value in part.iter_rows()}
        for (way,), part in scores.select("group", "series", "f1").group_by("group", maintain_order=True)
    },
    "clocks": {
        name: {
            "estimated": len(error[name]),
            "refused": sum(each.reason == "clock_not_usable" for each in estimated[name].left_out),
            "wrong_by_more_than_100_ms": int((error[name] > 0.1).sum()),
            "median_error_ms": round(1000 * error[name].median(), 1),
        }
        for name in told
    },
    "f1_counted_honestly": {
        world: {way: round(value, 3) for way, (value, _count) in ways_counted.items()}
        for world, ways_counted in counted.items()
    },
}
print(json.dumps(result, indent=2))

# %% [markdown]
# Three things to take along. Look at the match rate of the run before you use a join. Don't mend two clocks with a
# tolerance. And count the sessions that were left out.

# %%
workspace.cleanup()
