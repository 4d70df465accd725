"""A value that an option can't have is wrong usage."""

import pytest
import typer

from stedi.cli.options import checked_by, format_option, word_option
from stedi.errors import ConfigurationError, LakeError


def _refuse(error):
    def check(_value):
        raise error

    return check


def test_what_a_check_refuses_is_wrong_usage_of_the_option():
    with pytest.raises(typer.BadParameter, match="too late") as refused:
        checked_by("--now", _refuse(ConfigurationError("too late")))("9999")
    assert refused.value.param_hint == "--now"


def test_what_else_goes_wrong_stays_what_it_is():
    with pytest.raises(LakeError):
        checked_by("--at", _refuse(LakeError("gone")))("yesterday")


def test_nothing_is_checked_where_nothing_is_given():
    assert checked_by("--now", _refuse(ConfigurationError("too late")))(None) is None


def test_one_of_some_words():
    option = word_option("--format", ("html", "md"), "The format.")
    assert option.callback("md") == "md"
    with pytest.raises(typer.BadParameter, match=r"no format is named 'xml'\. There is: html, md\."):
        option.callback("xml")
    assert format_option(("html", "md", "json")).help.startswith("html, md or json; ")
