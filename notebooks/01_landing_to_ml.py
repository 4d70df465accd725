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
# # From landing files to a training set
#
# A website, a phone app and a step trainer leave JSON files behind. At the end there is one table to train a step
# detector on, and everybody in it has agreed. This notebook goes all the way, on made-up people, in about a
# minute. On the way it looks at two things: **where the rows went**, and **what consent looks like over time**.

# %%
import json
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl
from IPython.display import display
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import stedi
from stedi.contract.reasons import Drop
from stedi.plots import session_trace
from stedi.simulate import simulate, truth

# Colours that colour-blind people can tell apart, and that differ in grey too; hatches and shapes say it again.
BLUE, ORANGE, GREEN = "#0b5a8f", "#d55e00", "#00795a"
SKY, SAND, GREY = "#9fd0ee", "#f5dfae", "#8a8f94"
plt.rcParams.update(
    {
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "hatch.linewidth": 0.6,
    }
)

pl.Config(
    tbl_rows=20,
    fmt_str_lengths=32,
    tbl_width_chars=140,
    tbl_hide_column_data_types=True,
    tbl_hide_dataframe_shape=True,
)

# %% [markdown]
# ## Landing
#
# Eighty customers, with phones and devices. A few records in a thousand are damaged on purpose: cut off, of the wrong
# type, sent in seconds instead of milliseconds. Some files are gzipped, some hold objects back to back, some arrive
# twice.

# %%
workspace = tempfile.TemporaryDirectory()
landing = Path(workspace.name) / "landing"
made = simulate(landing, customers=80, seed=7, dirt=0.002)

print(f"{made.records:,} records in {len(made.paths)} files; exported on {made.as_of:%d %B %Y}")

# %%
pl.DataFrame(
    {
        "table": table.table,
        "files": table.objects,
        "records": table.written,
        "damaged": sum(table.rejected.values()),
    }
    for table in made.written
)

# %% [markdown]
# ## One run
#
# A lake is a folder. Opening it makes nothing; the first run does. The run reads the files, puts damaged records into
# quarantine, applies the consent rule, pairs the two sensors, checks its own arithmetic, and only then publishes all
# tables at once.

# %%
pseudonyms = stedi.Pseudonyms.generate()
lake = stedi.Lake.open(Path(workspace.name) / "lake", pseudonyms=pseudonyms)
report = lake.run(landing, now=made.as_of)

lake.tables().select("table", "zone", "rows")

# %% [markdown]
# ## Where the rows went
#
# Every row that comes into a table is used, or dropped for exactly one reason. So a bar can be drawn whose parts
# add up, and no part is called "other".

# %%
STAGES = (
    ("accelerometer_trusted", "Phone readings"),
    ("step_trainer_trusted", "Step readings"),
    ("machine_learning_curated", "Pairs of both"),
)
LOOK = {
    Drop.NOT_TRUSTED: ("#e3e5e7", ""),
    Drop.DEVICE_NOT_USABLE: (SAND, "...."),
    Drop.BEFORE_CONSENT: (SKY, "////"),
    Drop.NO_READINGS: ("#ffffff", "xxxx"),
    Drop.DUPLICATE: (GREY, ""),
    Drop.UNPAIRED: ("#f3c3a0", "\\\\\\\\"),
}

figure, axis = plt.subplots(figsize=(10, 4.6))
for place, (table, _) in enumerate(STAGES):
    account = report.accounts[table]
    axis.barh(place, account.used, height=0.5, color=BLUE)
    middle = account.used / 2
    axis.text(middle, place, f"{account.used:,} used", color="white", ha="center", va="center", weight="bold")
    left, small = account.used, []
    for reason, rows in account.dropped.items():
        if not rows:
            continue
        colour, hatch = LOOK[Drop(reason)]
        axis.barh(
            place, rows, left=left, height=0.5, color=colour, hatch=hatch, edgecolor=GREY, linewidth=0.8
        )
        if rows > 0.08 * report.accounts["accelerometer_trusted"].rows_in:
            axis.text(
                left + rows / 2,
                place,
                f"{rows:,}",
                ha="center",
                va="center",
                bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5},
            )
        else:
            small.append(f"{rows:,} {Drop(reason).words}")
        left += rows
    note = f"{account.rows_in:,} came in" + (f"; the narrow parts: {'; '.join(small)}" if small else "")
    axis.text(
        0, place + 0.32, textwrap.fill(note, 105), fontsize=8.5, color="#555555", va="top"
    ).set_in_layout(False)

axis.set_yticks(range(len(STAGES)), [f"{words}\n→ {table}" for table, words in STAGES])
axis.set_ylim(2.85, -0.5)
axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
axis.set_xlabel("rows")
axis.tick_params(axis="y", length=0)
axis.spines["left"].set_visible(False)
axis.set_title("Every row is used, or has a reason")
seen = {
    Drop(reason) for table, _ in STAGES for reason, rows in report.accounts[table].dropped.items() if rows
}
figure.legend(
    handles=[Patch(facecolor=BLUE, label="used")]
    + [
        Patch(facecolor=LOOK[each][0], hatch=LOOK[each][1], edgecolor=GREY, label=each.words)
        for each in LOOK
        if each in seen
    ],
    loc="outside lower center",
    ncols=2,
    frameon=False,
    fontsize=9,
)
plt.show()

# %% [markdown]
# ## Consent over time
#
# A customer may grant, withdraw and grant again. Each row below is a person, under a pseudonym. Only the newest
# record decides **whether** somebody consents; a share date decides **from when**, and no grant reaches back over a
# withdrawal. What was recorded before stays out.

# %%
ids = {
    email: pseudonyms.customer_id(email)
    for email in lake.scan("customer_landing").select(pl.col("email").unique()).collect()["email"]
}
ids |= {
    user: pseudonyms.customer_id(user)
    for user in lake.scan("accelerometer_landing").select(pl.col("user").unique()).collect()["user"]
}
share = pl.col("share_with_research_as_of_date")
records = (
    lake.scan("customer_landing")
    .select(
        pl.col("email").replace_strict(ids).alias("customer_id"),
        pl.col("last_update_date").alias("at"),
        (share.is_not_null() & (share <= made.as_of)).alias("grants"),
    )
    .unique()
    .sort("customer_id", "at")
    .collect()
)
sessions = (
    lake.scan("accelerometer_landing")
    .select(pl.col("user").replace_strict(ids).alias("customer_id"), "timestamp")
    .sort("customer_id", "timestamp")
    .with_columns(
        session=(pl.col("timestamp").diff() > pl.duration(minutes=1))
        .fill_null(True)
        .cum_sum()
        .over("customer_id")
    )
    .group_by("customer_id", "session")
    .agg(pl.col("timestamp").min().alias("start"))
    .collect()
)
consents = lake.scan("customer_trusted").select("customer_id", "consent_from").unique().collect()
consent_from = dict(consents.iter_rows())

# Up to three people of each kind of history, who were recorded at least once.
kinds = (
    records.group_by("customer_id", maintain_order=True)
    .agg(pl.col("grants"), pl.col("at").min().alias("first"))
    .with_columns(
        history=pl.col("grants")
        .list.eval(pl.element().rle().struct.field("value"))
        .list.eval(pl.when(pl.element()).then(pl.lit("grant")).otherwise(pl.lit("denial")))
        .list.join(", ")
    )
    .join(sessions.group_by("customer_id").len("sessions"), on="customer_id")
    .sort("history", "sessions", "first", descending=[False, True, False])
)
GROUPS = {
    "grant": "agreed",
    "denial, grant": "agreed later",
    "grant, denial, grant": "agreed, withdrew, agreed again",
    "grant, denial": "withdrew",
    "denial": "never agreed",
}
earliest = records["at"].min()
rows, captions, place = {}, {}, 0.0
for history, caption in GROUPS.items():
    captions[place] = caption
    for customer in kinds.filter(history=history).head(3)["customer_id"]:
        place += 1
        rows[customer] = place
    place += 1.1

figure, axis = plt.subplots(figsize=(10, 7.6))
for place, caption in captions.items():
    axis.text(earliest, place + 0.12, caption, fontsize=10, style="italic", color="#444444", va="center")
for customer, place in rows.items():
    mine = records.filter(customer_id=customer)
    start, since = mine["at"].min(), consent_from.get(customer)
    axis.plot([start, made.as_of], [place, place], color="#c9cdd0", linewidth=1.2, zorder=1)
    if since is not None:
        axis.barh(
            place,
            made.as_of - since,
            left=since,
            height=0.62,
            color=SKY,
            edgecolor=BLUE,
            linewidth=0.8,
            zorder=2,
        )
    for session in sessions.filter(customer_id=customer)["start"]:
        used = since is not None and session >= since
        axis.plot(
            session,
            place,
            "o",
            markersize=7,
            zorder=4,
            markeredgecolor="#222222",
            markeredgewidth=1.1,
            markerfacecolor="#12354f" if used else "white",
        )
    for at, grants in mine.select("at", "grants").iter_rows():
        shape = (
            {"marker": "D", "markersize": 7.5, "color": GREEN}
            if grants
            else {"marker": "X", "markersize": 9, "color": ORANGE}
        )
        axis.plot(at, place, zorder=5, markeredgecolor="white", markeredgewidth=0.9, **shape)

axis.axvline(made.as_of, color="#333333", linewidth=1.4)
axis.text(made.as_of, -0.1, "judged here  ", ha="right", va="center", fontsize=9)
axis.set_yticks(
    list(rows.values()), [f"{customer[:6]}…" for customer in rows], family="monospace", fontsize=9
)
axis.set_ylim(-0.6, max(rows.values()) + 0.7)
axis.invert_yaxis()
axis.tick_params(axis="y", length=0)
axis.spines["left"].set_visible(False)
axis.set_title("Consent is a span of time, and the newest word counts", pad=14)
figure.legend(
    handles=[
        Line2D([], [], marker="D", linestyle="", color=GREEN, markersize=7, label="record that grants"),
        Line2D([], [], marker="X", linestyle="", color=ORANGE, markersize=8, label="record that denies"),
        Patch(facecolor=SKY, edgecolor=BLUE, label="consent in force"),
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markerfacecolor="#12354f",
            markeredgecolor="#333333",
            label="session, used",
        ),
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markerfacecolor="white",
            markeredgecolor="#333333",
            label="session, left out",
        ),
    ],
    loc="outside lower center",
    ncols=5,
    frameon=False,
    fontsize=9,
)
plt.show()

# %% [markdown]
# ## The training table
#
# A row is a step reading with an accelerometer reading **of the same customer at the same time**. There is no name,
# e-mail or serial number in it. It is still personal data: raw times can identify people.

# %%
training = lake.scan("machine_learning_curated").collect()
training.head().with_columns(pl.col("customer_id", "device_id").str.head(8) + "…")

# %% [markdown]
# Is anybody in it without consent? The check does not trust the pipeline: it joins the table with the consents
# again, and counts the rows that should not be there.

# %% tags=["result"]
without_consent = training.join(consents, on="customer_id", how="left").filter(
    pl.col("consent_from").is_null() | (pl.col("timestamp") < pl.col("consent_from"))
)
adds_up = all(
    account.rows_in == account.used + sum(account.dropped.values())
    and account.rows_out == account.used + account.fan_out
    for account in report.accounts.values()
)
result = {
    "training_rows": training.height,
    "customers": training["customer_id"].n_unique(),
    "rows_without_consent": without_consent.height,
    "every_row_has_a_reason": adds_up,
    "rejected": lake.scan("quarantine").collect().height,
    "damaged_on_purpose": sum(sum(table.rejected.values()) for table in made.written),
}
print(json.dumps(result, indent=2))

# %% [markdown]
# ## One session, two sensors
#
# What a model will see: the distance of the foot from the sensor falls with each swing, and the phone feels each
# foot come down. Everybody stands still for ten seconds, then walks. The people are made up, so it is known when each
# step really happened: the dotted lines.

# %%
known = truth(landing, pseudonyms)
told = known.sessions.join(training.select("customer_id").unique(), on="customer_id", how="semi")
steadiest = told.sort("balance", "session", descending=True).row(0, named=True)
least_steady = told.sort("balance", "session").row(0, named=True)

for session in (steadiest, least_steady):
    mine = pl.col("customer_id") == session["customer_id"]
    during = (session["started_at"], session["ended_at"])
    axes = session_trace(
        lake.scan("step_trainer_trusted")
        .filter(mine, pl.col("sensor_reading_time").is_between(*during))
        .collect(),
        lake.scan("accelerometer_trusted").filter(mine, pl.col("timestamp").is_between(*during)).collect(),
        step_events=known.step_events.filter(session=session["session"]),
    )
    picture = axes[0].get_figure(root=True)
    picture.suptitle(
        f"Somebody of {session['age']:.0f} years, {session['cadence']:.2f} steps a second",
        x=0.01,
        ha="left",
        weight="bold",
    )
    display(picture)

# %% [markdown]
# Do the sensors pair? Each run reports it. Here the app stamps both of them; where each has a clock of its own, few
# readings share a time, and the run warns.

# %%
print(f"{report.match.exact_rate:.1%} of the step readings have a phone reading at the same time,")
print(f"{report.match.nearby_rate:.1%} have one within 20 ms; warnings: {list(report.warnings) or 'none'}")

# %% [markdown]
# That is where the lake ends: a table that may be used, and a reason for everything that may not. What a step looks
# like in it, and how to train a detector without fooling yourself, is in the notebooks that follow.

# %%
workspace.cleanup()
