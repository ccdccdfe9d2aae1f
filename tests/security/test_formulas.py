"""No text in a CSV file becomes a formula, whether it comes from the page or from the command line."""

import csv
import io

import pytest

from dashboard.file_formats import Column, csv_value, write_csv
from orchestration.cli.terminal import write_records
from orchestration.state.database import Table

HIDDEN = ("", " ", "\u00a0", "\u200b", "\ufeff", "\u3000", "\u2060", "\u202e", "\x00", "\u200b \ufeff")
FORMULAS = [f"{hidden}{sign}1+1" for hidden in HIDDEN for sign in "=+-@＝＋－＠"] + [
    "\t=1",
    "\r=1",
    "\n=1",
    "\tAda",
    "\rAda",
]


@pytest.mark.parametrize("value", FORMULAS, ids=ascii)
def test_no_file_has_a_formula(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = io.BytesIO()
    write_csv(file, [Column("Name", "name")], [{"name": value}])
    from_page = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    write_records(Table(("Name",), [(value,)]), "csv")
    from_command = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert from_page == from_command == [["Name"], [f"'{value}"]]


@pytest.mark.parametrize("value", ["Ada", "Ada=1", " Ada", "\u200bAda", "1-2", "", -3, 0.5, None, True])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert csv_value(value) == value
