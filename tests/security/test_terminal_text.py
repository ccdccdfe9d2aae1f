"""Nothing in a name, a file name, or a message is a command to a terminal."""

import json
import os
import pty
import subprocess
from datetime import UTC, datetime
from io import StringIO

import duckdb
import pytest
from conftest import YACP, Sample, clean_environment
from rich.console import Console

from orchestration.cli.customer_view import show_customer
from orchestration.cli.terminal import show_table
from orchestration.notices.outbox import example_notice
from orchestration.publishing.queries import customer
from orchestration.state.database import Table
from orchestration.state.plain_text import escaped

ATTACKS = {
    "[/b]": "[/b]",
    "[link=https://evil.example]Ada[/link]": "[link=https://evil.example]Ada[/link]",
    "\x1b[2JAda": r"\x1b[2JAda",
    "\x9b2JAda": r"\x9b2JAda",
    "Ada\rGrace": r"Ada\x0dGrace",
    "Ada\nGrace": r"Ada\x0aGrace",
    "\u202eadA": r"\u202eadA",
    "A\u200bda": r"A\u200bda",
    "A\ufeffda": r"A\ufeffda",
    "A\u2028da": r"A\u2028da",
    "A\U000e0041da": r"A\U000e0041da",
}


def is_harmless(text: str) -> bool:
    return escaped(text, keep="\n") == text


@pytest.fixture(scope="module")
def attacked(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A published day in which one customer has each of these first names."""
    mine = sample.copy(tmp_path_factory.mktemp("attacked"))
    with duckdb.connect(str((mine.home / "published/customers.duckdb").resolve())) as lists:
        ids = lists.execute(
            "select distinct customer_id from lists.line_customers where line_key = 'not_synced' order by 1"
        ).fetchall()
        for (customer_id,), name in zip(ids, ATTACKS, strict=False):
            for table in ("line_customers", "customers", "sync_problems"):
                lists.execute(f"update lists.{table} set first_name = ? where customer_id = ?", [name, customer_id])
    return mine


@pytest.mark.parametrize(("name", "shown"), ATTACKS.items())
def test_a_name_is_only_text_in_a_table(name: str, shown: str) -> None:
    table = Table(("customer_id", "first_name"), [("C1", name)])
    console = Console(file=StringIO(), width=100, force_terminal=True)
    show_table(table, "List", "None.", console)
    assert isinstance(console.file, StringIO)
    assert shown in console.file.getvalue()
    assert name == shown or name not in console.file.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [["list", "not_synced"], ["list", "not_synced", "--format", "csv"], ["list", "not_synced", "--format", "json"],
     ["sync-problems"]],
)  # fmt: skip
def test_no_command_sends_a_name_to_a_terminal_as_it_is(attacked: Sample, arguments: list[str]) -> None:
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        [str(YACP), *arguments],
        env={**clean_environment(attacked.home), "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"},
        stdout=terminal,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    seen = b""
    while chunk := _read(control):
        seen += chunk
    assert process.wait() == 0, process.communicate()
    text = seen.decode().replace("\r\n", "\n")
    assert is_harmless(text)
    assert (r"\u001b[2JAda" if "json" in arguments else r"\x1b[2JAda") in text


def _read(control: int) -> bytes:
    try:
        return os.read(control, 1 << 16)
    except OSError:  # the process has ended
        return b""


def test_a_program_gets_the_name_as_it_is(attacked: Sample) -> None:
    done = subprocess.run(
        [str(YACP), "list", "not_synced", "--format", "json"],
        env=clean_environment(attacked.home), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(ATTACKS) <= {row["first_name"] for row in json.loads(done.stdout)}


def test_the_view_of_a_customer_is_only_text(attacked: Sample) -> None:
    [(customer_id,)] = attacked.query(
        "customers", "select customer_id from it.lists.customers where first_name like '%[2J%' and first_name < 'A'"
    )
    console = Console(file=StringIO(), width=100)
    show_customer(customer(attacked.settings, str(customer_id)), console)
    assert isinstance(console.file, StringIO)
    assert r"\x1b[2JAda" in console.file.getvalue()
    assert is_harmless(console.file.getvalue())


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "\u202eworknet", "a\rb"])
def test_a_message_and_a_notice_are_only_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    from orchestration.cli.terminal import say

    say(f"The file {text} is refused.")
    assert is_harmless(capsys.readouterr().err)
    notice = example_notice(datetime.now(UTC)).model_copy(update={"happened": f"{text} is refused."})
    assert is_harmless(notice.text)


def test_what_can_be_read_stays_as_it_is() -> None:
    for text in ("Dvořák, Noémi", "王小明", "O’Hara", "محمد", "a b"):
        assert escaped(text) == text
