from io import StringIO

from rich.console import Console

from orchestration.cli.terminal import show_table
from orchestration.state.database import Table

TABLE = Table(("check", "where_to_look", "passed"), [("one", "a" * 30, True), ("two", "b" * 30, False)])


def shown(width: int) -> list[str]:
    console = Console(file=StringIO(), width=width)
    show_table(TABLE, "Checks", "None.", console)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_table_that_fits_has_a_line_per_row() -> None:
    lines = shown(width=60)
    assert lines[2].split() == ["check", "where", "to", "look", "passed"]
    assert [line.split() for line in lines[4:6]] == [["one", "a" * 30, "yes"], ["two", "b" * 30, "no"]]


def test_a_table_that_is_too_wide_has_a_block_per_row() -> None:
    assert shown(width=40) == [
        "Checks",
        "",
        "check          one",
        "where to look  " + "a" * 25,
        " " * 15 + "a" * 5,
        "passed         yes",
        "",
        "check          two",
        "where to look  " + "b" * 25,
        " " * 15 + "b" * 5,
        "passed         no",
    ]
