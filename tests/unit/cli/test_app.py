"""Each command is loaded when it is called; the list of commands says what they say themselves."""

import pytest
import typer
from typer.testing import CliRunner

from stedi.cli.app import COMMANDS, app, load_command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name):
    command = load_command(name)
    assert command.name == name
    assert command.help == COMMANDS[name]


def test_the_list_is_all_that_the_app_has():
    assert list(typer.main.get_command(app).commands) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_called_by_its_name(name):
    shown = CliRunner().invoke(app, [name, "--help"], prog_name="stedi")
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: stedi {name} [OPTIONS]")
    assert COMMANDS[name] in " ".join(shown.output.split())
