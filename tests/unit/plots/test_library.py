"""A picture shows itself in a notebook, whatever else was loaded there."""

from stedi.plots.library import figure


def test_a_picture_is_shown_as_png_without_pyplot():
    made, _ = figure(1, size=(2, 1))
    assert made._repr_png_().startswith(b"\x89PNG")
