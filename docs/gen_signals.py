"""Draw what the simulated sensors record: a steady and an unsteady person, at each preset."""

import io
import tempfile
from pathlib import Path
from typing import Final

import mkdocs_gen_files
import polars as pl

import stedi
from stedi.plots import session_trace
from stedi.simulate import PRESETS, simulate, truth

_SEED: Final = 11


def draw(preset: str, landing: Path) -> dict[str, bytes]:
    """Return the traces of a steady and of an unsteady person's session."""
    simulate(landing, customers=40, seed=_SEED, preset=preset)
    pseudonyms = stedi.Pseudonyms(bytes(32))
    known = truth(landing, pseudonyms)
    readings = {
        table: stedi.read_landing(landing / table.removesuffix("_landing"), table).kept.unique()
        for table in ("accelerometer_landing", "step_trainer_landing")
    }
    sessions = known.sessions.filter("known_user", "known_device").sort("balance")
    pictures = {}
    for name, session in (
        ("steady", sessions.row(-1, named=True)),
        ("unsteady", sessions.row(2, named=True)),
    ):
        between = session["started_at"], session["ended_at"]
        steps = readings["step_trainer_landing"].filter(
            pl.col("sensor_reading_time").is_between(*between),
            pl.col("serial_number").map_elements(pseudonyms.device_id, pl.String) == session["device_id"],
        )
        accelerometer = readings["accelerometer_landing"].filter(
            pl.col("timestamp").is_between(*between),
            pl.col("user").map_elements(pseudonyms.customer_id, pl.String) == session["customer_id"],
        )
        events = known.step_events.filter(session=session["session"])
        axes = session_trace(steps, accelerometer, step_events=events)
        drawing = axes[0].get_figure(root=True)
        title = f"{preset}, {session['age']:.0f} years, balance {session['balance']:.2f}"
        drawing.suptitle(title, x=0.01, ha="left", fontweight="bold")
        picture = io.BytesIO()
        drawing.savefig(picture, format="png", dpi=90)
        pictures[name] = picture.getvalue()
    return pictures


with tempfile.TemporaryDirectory() as folder:
    for preset in PRESETS:
        for person, picture in draw(preset, Path(folder) / preset).items():
            with mkdocs_gen_files.open(f"assets/signals-{preset}-{person}.png", "wb") as file:
                file.write(picture)
