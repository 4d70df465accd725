"""Objects in one text: those that go leave the others as they are, and no JSON where there was none."""

import json

import pytest

from stedi.landing.splice import joined_without


def without_ann(text):
    return joined_without(text.encode(), lambda part: json.loads(part).get("x") == "ann")


@pytest.mark.parametrize(
    ("text", "left", "gone"),
    [
        ('[{"x":"ann"},{"x":"bob"}]', '[{"x":"bob"}]', 1),
        ('[ {"x":"bob"} , {"x":"ann"} ]', '[ {"x":"bob"} ]', 1),
        ('[{"x":"bob"},{"x":"ann"},{"x":"cleo"}]', '[{"x":"bob"},{"x":"cleo"}]', 1),
        ('[{"x":"ann"}]', "", 1),
        ('{"x":"ann"}{"x":"bob"}', '{"x":"bob"}', 1),
        ('{"x":"ann"},{"x":"bob"}', '{"x":"bob"},', 1),
        ('{"x":"bob"},{"x":"ann"}', '{"x":"bob"},', 1),
        ('{"x":"bob"}\x00{"x":"ann"}', '{"x":"bob"}\x00', 1),
        ('{"x":"bob"};{"x":"cleo"}', '{"x":"bob"};{"x":"cleo"}', 0),
        ('{"x":"ann"},{"x":"ann"}', "", 2),
    ],
)
def test_the_others_stay_as_they_are(text, left, gone):
    assert without_ann(text) == (left.encode(), gone)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"x":"ann"}', '[{"x":"ann"}, 3]', '{"x":"ann"},{"x"', 'a {"x":"ann"}']
)
def test_anything_else_is_left_to_others(text):
    assert without_ann(text) is None
