"""Tables for people."""

from rich.console import Console
from rich.text import Text

from stedi.cli.listing import add_row_with_notes, table_of


def printed(table):
    console = Console(width=60)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_columns_of_numbers_are_set_to_the_right():
    assert printed(table_of("table", ">rows", rows=[("run", "1"), ("object", "12")])) == [
        "table   rows",
        "run        1",
        "object    12",
    ]


def test_each_note_has_a_line_of_its_own():
    table = table_of("table", "why")
    add_row_with_notes(table, "a", notes=[])
    add_row_with_notes(table, "b", notes=[Text("one"), Text("two")])
    assert printed(table)[1:] == ["a", "b      one", "       two"]
