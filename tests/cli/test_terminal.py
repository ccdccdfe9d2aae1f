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


LIST = Table(
    ("customer_id", "name", "note", "day"),
    [("C000000001", "Ada Example", "a note of several words", "2026-11-23"), ("C2", "[/b]", "[red]x", None)],
)


def listed(width: int) -> str:
    console = Console(file=StringIO(), width=width)
    show_table(LIST, "List", "None.", console, priority=("customer_id", "day", "name", "note"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_columns_that_do_not_fit_are_left_out_by_priority() -> None:
    assert "Not shown" not in listed(60)
    narrow = listed(30)
    assert "Not shown, for lack of space: name, note." in " ".join(narrow.split())
    assert {"C000000001", "2026-11-23"} <= set(narrow.split())
    assert max(map(len, narrow.splitlines())) <= 30


def test_words_and_dates_are_never_broken() -> None:
    for width in range(24, 80):
        words = set(listed(width).split())
        assert "C000000001" in words
        assert ("2026-11-23" in words) == ("day" in words)


def test_nothing_in_the_data_is_taken_for_markup() -> None:
    assert {"[/b]", "[red]x"} <= set(listed(60).split())
