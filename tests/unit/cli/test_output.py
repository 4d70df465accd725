"""What a command did is told to people or to programs, and never to both."""

import io
import json
import sys
from datetime import UTC, datetime

import polars as pl
import pytest

from stedi.cli.output import Output, confirm, json_rows
from stedi.errors import ConfigurationError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_programs_get_json_and_people_what_is_printed_for_them(capsys):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    Output(json=True).show(lambda: {"at": when}, lambda out: out.print("for people"))
    assert json.loads(capsys.readouterr().out) == {"at": "2026-01-01T00:00:00+00:00"}
    Output(json=False).show(lambda: pytest.fail("nobody asked"), lambda out: out.print("for people"))
    assert capsys.readouterr().out == "for people\n"


def test_what_is_for_people_only_is_not_in_json(capsys):
    Output(json=True).tell(lambda out: out.print("for people"))
    assert capsys.readouterr().out == ""


def test_rows_have_nothing_that_json_has_no_word_for():
    frame = pl.DataFrame(
        {"x": [float("nan"), 1.5], "xs": [[float("inf"), 0.1], []], "b": [b"\x00\xff", None]}
    )
    assert json_rows(frame) == [
        {"x": None, "xs": [None, 0.1], "b": "00ff"},
        {"x": 1.5, "xs": [], "b": None},
    ]


@pytest.mark.parametrize(("as_json", "stdin"), [(True, Terminal()), (False, io.StringIO())])
def test_where_nobody_can_answer_nothing_is_begun(monkeypatch, as_json, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(ConfigurationError, match="a rotation can't be undone: look at it with --plan"):
        Output(json=as_json).check_answerable("a rotation")


def test_only_yes_is_yes(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Terminal(" Yes \nno\n"))
    Output(json=False).check_answerable("a rotation")
    confirm("Rotate the key?", "nothing was changed")
    with pytest.raises(ConfigurationError, match="nothing was changed: the answer was not yes"):
        confirm("Rotate the key?", "nothing was changed")
    assert capsys.readouterr().out == "Rotate the key? Type yes: " * 2
