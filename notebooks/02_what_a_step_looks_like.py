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
# # What a step looks like
#
# Before anybody trains a model it pays to look. This notebook puts one step under a magnifying glass: what the step
# trainer sees of it, what the phone feels of it, how it fades in bad recordings, and why no model can find it in a
# table with a reading every three seconds.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

import stedi
from stedi.errors import DatasetError
from stedi.ml import StepDataset
from stedi.plots import session_trace
from stedi.plots.palette import BLUE, GREY, INK, ORANGE, PALE
from stedi.simulate import simulate, truth

APRICOT = "#f6d9b8"
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

# %% [markdown]
# ## Three worlds
#
# The simulator knows three kinds of recordings: `easy`, `realistic` and `hard`. With the same seed the same people
# walk in all three, in the same sessions, so that one can be laid beside the other. All of this is simulated; the
# real sources give no units, so none are written on the axes.

# %%
workspace = tempfile.TemporaryDirectory()
# A fixed key gives the same pseudonyms each time; for real people take stedi.Pseudonyms.generate().
pseudonyms = stedi.Pseudonyms(bytes(range(32)))


def world(preset):
    """Return the trusted readings of both sensors, the pairs, and what is true of them."""
    landing = Path(workspace.name) / preset / "landing"
    made = simulate(landing, customers=40, seed=7, preset=preset)
    lake = stedi.Lake.open(Path(workspace.name) / preset / "lake", pseudonyms=pseudonyms)
    lake.run(landing, now=made.as_of)
    names = ("step_trainer_trusted", "accelerometer_trusted", "machine_learning_curated")
    steps, phone, pairs = (lake.scan(name).collect() for name in names)
    return {"steps": steps, "phone": phone, "pairs": pairs, "known": truth(landing, pseudonyms)}


worlds = {preset: world(preset) for preset in ("easy", "realistic", "hard")}


def recording(preset, number):
    """Return the readings of both sensors in a session, its true steps, and what is known of it."""
    here = worlds[preset]
    session = here["known"].sessions.row(by_predicate=pl.col("session") == number, named=True)
    mine = pl.col("customer_id") == session["customer_id"]
    during = (session["started_at"], session["ended_at"])
    steps = here["steps"].filter(
        mine,
        pl.col("device_id") == session["device_id"],
        pl.col("sensor_reading_time").is_between(*during),
    )
    phone = here["phone"].filter(mine, pl.col("timestamp").is_between(*during))
    events = here["known"].step_events.filter(session=number).sort("at")
    return steps.sort("sensor_reading_time"), phone.sort("timestamp"), events, session


# %% [markdown]
# ## One session
#
# Somebody stands still for ten seconds and then takes thirty steps. Above is the distance between the foot and the
# step trainer: it falls when the foot swings towards the sensor. Below is how hard the phone is shaken. The dotted
# lines are the moments in which a foot really came down. Where the line falls to 0, and at the triangles, the sensor
# saw nothing.

# %%
# The steadiest and the least steady person in the trusted tables whose session both sensors saw.
trusted = worlds["realistic"]["pairs"].select("customer_id").unique()
seen = (
    worlds["realistic"]["known"]
    .sessions.join(trusted, on="customer_id", how="semi")
    .filter("known_user", "known_device")
    .sort("balance", "session")["session"]
)
seen = [number for number in seen if all(part.height > 500 for part in recording("realistic", number)[:2])]
UNSTEADY, STEADY = seen[0], seen[-1]

steps, phone, events, session = recording("realistic", STEADY)
figure, axes = plt.subplots(2, 1, figsize=(11, 5.2), sharex=True)
session_trace(steps, phone, step_events=events, axes=tuple(axes))
figure.suptitle(
    f"Somebody of {session['age']:.0f} years, {session['cadence']:.1f} steps a second",
    x=0.01,
    ha="left",
    weight="bold",
)
plt.show()

# %% [markdown]
# ## Four steps
#
# Now much closer. Each dot is a reading: the step trainer gives about 30 a second, the phone about 50. Of the phone
# only the part along gravity is drawn, with gravity taken off: up is up, wherever the phone was turned in the pocket.
#
# - **The dip.** A foot swings forward, past the sensor, and the distance falls and rises again before the foot comes
#   down: the lowest point is *not* the step. Here it comes a quarter of a second before.
# - **The jolt.** The body goes gently up and down with each step. When the foot meets the ground a short, hard shake
#   is laid on top of that, and is gone after a tenth of a second.


# %%
def seconds(times, zero):
    """Return times as seconds since another one."""
    return (times - zero).dt.total_microseconds().to_numpy() / 1e6


def upwards(phone):
    """Return the acceleration along gravity, without it: gravity is what remains of the mean."""
    xyz = phone.select("x", "y", "z").to_numpy()
    gravity = np.median(xyz, axis=0)
    size = np.linalg.norm(gravity)
    return xyz @ gravity / size - size


def in_range(steps):
    """Return the step readings that saw something: 0 and 8190 mean that nothing was there."""
    return steps.filter(pl.col("distance_from_object").is_between(0, 8190, closed="none"))


first, last = 9, 14
zero = events["at"][first]
contacts = seconds(events["at"], zero)
from_s, to_s = contacts[first] - 0.25, contacts[last - 1] + 0.3

figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 6), sharex=True)
at = seconds(in_range(steps)["sensor_reading_time"], zero)
distance = in_range(steps)["distance_from_object"].to_numpy()
shown = (at > from_s - 0.1) & (at < to_s + 0.1)
top.plot(at[shown], distance[shown], "-o", color=BLUE, linewidth=1.2, markersize=4)
felt_at, felt = seconds(phone["timestamp"], zero), upwards(phone)
felt_shown = (felt_at > from_s - 0.1) & (felt_at < to_s + 0.1)
bottom.plot(felt_at[felt_shown], felt[felt_shown], "-s", color=ORANGE, linewidth=1.2, markersize=3.5)
bottom.axhline(0, color=GREY, linewidth=0.8)
for place in range(first, last):
    bottom.axvspan(contacts[place], contacts[place] + 0.1, color=APRICOT, alpha=0.9, linewidth=0, zorder=0)
    for axis in (top, bottom):
        axis.axvline(contacts[place], color=INK, linewidth=1.3, linestyle=(0, (1, 1.5)), zorder=0)
    top.text(
        contacts[place],
        1.02,
        f"{events['foot'][place]} foot down",
        transform=top.get_xaxis_transform(),
        ha="center",
        fontsize=9,
        color=INK,
    )
dips = []
for before, after in zip(contacts[first : last - 1], contacts[first + 1 : last], strict=True):
    inside = (at > before) & (at < after)
    lowest = np.flatnonzero(inside)[distance[inside].argmin()]
    dips.append(after - at[lowest])
    top.axvspan(at[lowest] - 0.09, at[lowest] + 0.09, color=PALE, alpha=0.6, linewidth=0, zorder=0)
top.set_ylabel("distance")
bottom.set_ylabel("upward acceleration\n(gravity taken off)")
bottom.set_xlabel("seconds")
bottom.set_xlim(from_s, to_s)
lowest = distance[shown].min()
top.set_ylim(lowest - 28, None)
top.text(
    contacts[first + 1] - dips[0],
    lowest - 16,
    "the dip",
    ha="center",
    va="center",
    fontsize=9,
    color=INK,
)
bottom.text(
    contacts[last - 2] + 0.11, felt[felt_shown].max() * 0.9, "the jolt", fontsize=9, va="center", color=INK
)
plt.show()

# %% [markdown]
# ## All steps at once
#
# Lay all steps of a session over each other, with the moment of contact at zero. Thin lines are single steps; the
# thick line is the one in the middle. Two people in the `realistic` world: the steadiest one, and the least steady
# one.


# %%
def around(times, values, contacts, grid):
    """Return the signal around each contact, on one grid; NaN where readings are more than 0.1 s apart."""
    rows = []
    for contact in contacts:
        moment = contact + grid
        row = np.interp(moment, times, values)
        after = np.clip(np.searchsorted(times, moment), 1, len(times) - 1)
        row[times[after] - times[after - 1] > 0.1] = np.nan
        rows.append(row)
    return np.array(rows)


GRID = np.arange(-0.55, 0.36, 0.01)


def overlaid(preset, number):
    """Return all steps of a session: the distance less its usual value, and the upward acceleration."""
    steps, phone, events, session = recording(preset, number)
    zero = events["at"][0]
    contacts = seconds(events["at"], zero)
    steps = in_range(steps)
    distance = steps["distance_from_object"].to_numpy().astype(float)
    usual = np.median(distance[seconds(steps["sensor_reading_time"], zero) < -0.8])
    return (
        around(seconds(steps["sensor_reading_time"], zero), distance - usual, contacts, GRID),
        around(seconds(phone["timestamp"], zero), upwards(phone), contacts, GRID),
        session,
    )


figure, axes = plt.subplots(2, 2, figsize=(11, 6), sharex=True, sharey="row")
for column, (number, who) in enumerate(((STEADY, "steady"), (UNSTEADY, "unsteady"))):
    *signals, about = overlaid("realistic", number)
    axes[0, column].set_title(
        f"{who}: {about['age']:.0f} years, {about['cadence']:.1f} steps a second", weight="bold"
    )
    for row, (signal, colour) in enumerate(zip(signals, (BLUE, ORANGE), strict=True)):
        axis = axes[row, column]
        axis.plot(GRID, signal.T, color=colour, alpha=0.18, linewidth=0.8)
        axis.plot(GRID, np.nanmedian(signal, axis=0), color="white", linewidth=4.5)
        axis.plot(GRID, np.nanmedian(signal, axis=0), color=colour, linewidth=2.6)
        axis.axvline(0, color=INK, linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=0)
axes[0, 0].set_ylabel("distance,\nless that of standing")
axes[1, 0].set_ylabel("upward acceleration")
for axis in axes[1]:
    axis.set_xlabel("seconds from the moment the foot comes down")
plt.show()

# %% [markdown]
# Before the contact both look alike: a swing, a fall, a jolt. The difference is on the right. The steady person's
# next swing begins at nearly the same moment each time, and the lines stay together. The unsteady person's lines fan
# out: one step is longer than the one before, the next is shorter. A detector that counts on an even beat gets this
# person wrong, and this is the person whom it is for.
#
# ## Easy, realistic, hard
#
# The same six seconds of the same session in the three worlds. `hard` is made to break good detectors: feet hardly
# leave the ground, the sensors are noisy, readings are lost or outside the sensor's range (triangles at the edge),
# and the phone falls silent for seconds.

# %%
# A session in the middle: not the steadiest person, not the least steady one.
MIDDLE = seen[len(seen) // 2]
figure, axes = plt.subplots(2, 3, figsize=(12, 5.2), sharex=True, sharey="row")
for column, preset in enumerate(worlds):
    steps, phone, events, about = recording(preset, MIDDLE)
    zero = events["at"][4]
    top, bottom = axes[:, column]
    at, distance = (
        seconds(steps["sensor_reading_time"], zero),
        steps["distance_from_object"].to_numpy().astype(float),
    )
    far = (distance <= 0) | (distance >= 8190)
    distance -= np.median(distance[(at < -4) & ~far])
    top.plot(at[~far], distance[~far], color=BLUE, linewidth=1.1)
    for edge, marker, where in ((0.03, "v", distance < 0), (0.97, "^", distance > 0)):
        beyond = at[far & where]
        top.plot(
            beyond,
            np.full(len(beyond), edge),
            marker,
            color=BLUE,
            markersize=5,
            transform=top.get_xaxis_transform(),
        )
    felt_at, felt = seconds(phone["timestamp"], zero), upwards(phone)
    silent = np.flatnonzero(np.diff(felt_at) > 0.1) + 1
    bottom.plot(
        np.insert(felt_at, silent, felt_at[silent]),
        np.insert(felt, silent, np.nan),
        color=ORANGE,
        linewidth=1.0,
    )
    for axis in (top, bottom):
        for contact in seconds(events["at"], zero):
            axis.axvline(contact, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    top.set_title(preset, weight="bold")
    bottom.set_xlabel("seconds")
axes[0, 0].set_xlim(-0.5, 5.5)
axes[0, 0].set_ylabel("distance,\nless that of standing")
axes[1, 0].set_ylabel("upward acceleration")
plt.show()

# %% [markdown]
# ## A reading every three seconds
#
# The public sample of STEDI data has a reading about every three seconds. That sample is not needed here: take the
# session from the top of this page and keep one reading every three seconds: the dots below. The small strokes at the
# upper edge are the true steps.

# %%
pairs = worlds["realistic"]["pairs"]
tick = pl.col("timestamp").dt.truncate("3s")
thin = (
    pairs.filter(pl.col("timestamp") - tick < pl.duration(milliseconds=150))
    .sort("timestamp")
    .unique(["customer_id", "device_id", tick], keep="first", maintain_order=True)
)

steps, phone, events, session = recording("realistic", STEADY)
zero = steps["sensor_reading_time"][0]
left = thin.filter(
    pl.col("customer_id") == session["customer_id"],
    pl.col("device_id") == session["device_id"],
    pl.col("timestamp").is_between(session["started_at"], session["ended_at"]),
)
contacts = seconds(events["at"], zero)

figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 5), sharex=True, sharey=True)
at, distance = seconds(in_range(steps)["sensor_reading_time"], zero), in_range(steps)["distance_from_object"]
left_at = seconds(left["timestamp"], zero)
top.plot(at, distance, color=BLUE, linewidth=1.1)
top.vlines(
    contacts, 0.93, 1.0, transform=top.get_xaxis_transform(), color=INK, linewidth=1.1, label="true steps"
)
top.set_title(f"as recorded: {steps.height} readings, {len(contacts)} steps to see", weight="bold")
bottom.plot(at, distance, color=GREY, alpha=0.35, linewidth=0.8)
bottom.plot(left_at, left["distance_from_object"], "--o", color=ORANGE, linewidth=1.4, markersize=7)
bottom.set_title(f"a reading every three seconds: {left.height} dots, no step to see", weight="bold")
for axis in (top, bottom):
    axis.set_ylabel("distance")
bottom.set_xlabel("seconds")
plt.show()

# %% [markdown]
# The dots are not wrong. Each of them is a true distance. But between two of them the person took several steps, and
# any number of steps would have given the same dots. No filter and no network brings back what was not measured. What
# a model learns from such a table is at best who stands how far away.
#
# So `StepDataset` refuses, and says why. Nothing is trained by mistake:

# %%
try:
    StepDataset.from_frames(thin)
    refused = None
except DatasetError as error:
    refused = str(error)
print(refused)

# %% [markdown]
# ## In figures

# %% tags=["result"]
middle = {}
for preset in worlds:
    distances, felt, _ = overlaid(preset, MIDDLE)
    depth, jolt = (
        -np.nanmin(np.nanmedian(distances, axis=0)),
        np.nanmax(np.nanmedian(felt, axis=0)[(GRID >= 0) & (GRID < 0.1)]),
    )
    middle[preset] = {"dip": round(float(depth), 1), "jolt": round(float(jolt), 2)}
evenness = {}
for name, number in (("steady", STEADY), ("unsteady", UNSTEADY)):
    intervals = np.diff(seconds(recording("realistic", number)[2]["at"], zero))
    evenness[name] = round(float(intervals.std() / intervals.mean()), 3)
rates = (
    StepDataset.from_frames(steps=worlds["realistic"]["steps"], accelerometer=worlds["realistic"]["phone"])
    .sampling.group_by("sensor")
    .agg(pl.col("rate_hz").filter(pl.col("rate_hz") > 0).median())
)
result = {
    "readings_a_second": {name: round(rate, 1) for name, rate in sorted(rates.iter_rows())},
    "dip_before_contact_s": round(float(np.median(dips)), 2),
    "usual_step_in_the_middle": middle,
    "variation_of_the_step_time": evenness,
    "steps_between_two_thin_readings": round(3 * session["cadence"], 1),
    "thin_table_refused": refused,
}
print(json.dumps(result, indent=2))

# %% [markdown]
# A step is a dip and then a jolt, half a second long. To see it takes a dozen readings a second, and with two sensors
# it takes one more thing: that both tell the same time. Notebook 03 is about that.

# %%
workspace.cleanup()
