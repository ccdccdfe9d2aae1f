"""The sections in the terminal: with color and without, at any width."""

from io import StringIO

import pytest
from rich.console import Console

from orchestration.cli.dashboard_tables import show_dashboard, show_details
from orchestration.state.database import Table

COLUMNS = (
    "section_number", "section_name", "line_key", "line_name", "colour", "parent_line_key", "customer_count", "percent",
    "loss_rate", "pass_rate", "eligible_count", "unclassified_count", "definition", "next_steps",
)  # fmt: skip
SECTION = Table(
    COLUMNS,
    [
        (3, "Enrollment", "inquirant", "Not Enrolled - Inquirant Application Status", "yellow", None,
         12, 0.6, None, None, 21, 1, "Customers with an application.", None),
        (3, "Enrollment", "inquirant_overdue", "Not Enrolled - Inquirant Application Status for more than 5 days",
         "red", "inquirant", 8, 0.4, None, None, 21, 1, None, "Provide the documentation."),
        (3, "Enrollment", "total", "Total", None, None, 20, None, None, None, 21, 1, None, None),
    ],
)  # fmt: skip
LEGEND = Table(
    ("colour_number", "colour", "colour_name", "short_meaning", "meaning"),
    [(1, "yellow", "Yellow", "action needed", "…"), (2, "red", "Red", "act now", "…")],
)


def shown(width: int, *, color: bool = False) -> str:
    console = Console(file=StringIO(), width=width, force_terminal=color, color_system="truecolor" if color else None)
    show_dashboard(SECTION, LEGEND, "Illinois", console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 60, 40])
def test_no_word_is_broken_and_the_indentation_holds(width: int) -> None:
    text = shown(width)
    lines = [line.rstrip() for line in text.splitlines()]
    assert max(map(len, lines)) <= width
    words = set(text.split())
    assert {"inquirant_overdue", "Application", "Inquirant", "Enrolled"} <= words
    first = next(number for number, line in enumerate(lines) if "of which" in line)
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = next(number for number, line in enumerate(lines) if line.strip() == "inquirant_overdue")
    assert {len(line) - len(line.lstrip()) for line in lines[first : last + 1]} == {indent}
    assert indent > 2


def test_what_does_not_fit_is_left_out_and_said() -> None:
    assert "Not shown" not in shown(80)
    narrow = shown(40)
    assert "Not shown, for lack of space: Loss Rate, Pass Rate." in " ".join(narrow.split())
    assert "60%" in narrow


def test_where_there_is_no_color_the_color_is_a_word() -> None:
    assert "red: of which: Not Enrolled" in shown(100)
    colored = shown(100, color=True)
    assert "red: of which" not in colored
    assert "\x1b[" in colored
    assert "action needed" in shown(100)


def test_a_section_says_what_its_lines_mean_and_what_to_do() -> None:
    console = Console(file=StringIO(), width=80)
    reference = Table(("line_key", "rule"), [("inquirant", "Status inquirant."), ("inquirant_overdue", "Over 5 days.")])
    show_details(SECTION, reference, "NOTE: Only some.", console)
    assert isinstance(console.file, StringIO)
    text = " ".join(console.file.getvalue().split())
    assert text.startswith("NOTE: Only some.")
    assert "inquirant Customers with an application. How we count it: Status inquirant." in text
    assert "inquirant_overdue How we count it: Over 5 days. Next Steps: Provide the documentation." in text
    assert "Total" not in text
