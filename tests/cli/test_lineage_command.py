"""What ``yacp lineage`` shows to people and hands to programs."""

import json
from pathlib import Path

import pytest
from conftest import read_csv, yacp


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nothing was run. What the first call computes stays for the others."""
    return tmp_path_factory.mktemp("lineage_command") / "home"


def _shown(home: Path, *arguments: str) -> str:
    result = yacp(home, "lineage", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_a_column_is_shown_in_both_directions(home: Path) -> None:
    assert _shown(home, "lists.customers.application_submitted_at").splitlines() == [
        "lists.customers.application_submitted_at (published)",
        "The day the online application was submitted, in Chicago; null until then.",
        "",
        "Comes from",
        "└── int_customers__spine.application_submitted_on",
        "    └── int_customers__applications.application_submitted_on",
        "        └── stg_worknet__applications.application_submitted_on",
        "            └── worknet.applications.application_submitted_at",
        "",
        "Made of",
        "worknet.applications: application_submitted_at",
        "",
        "Goes into",
        "└── nothing",
        "",
    ]
    forward = _shown(home, "worknet.customers.pathway")
    assert "\n        ├── sections.pathways.pathway\n" in forward
    assert "\nPublished columns made of it\nlists.customers: pathway\nlists.line_customers: pathway\n" in forward
    assert "Comes from" not in forward


def test_a_count_and_a_constant_are_no_gap(home: Path) -> None:
    count = _shown(home, "completions.customer_count")
    assert "\n├── rows of int_customers__spine; int_lines__ready_for_enrollment\n" in count
    assert (
        "\n└── rows decided by int_customers__spine: completion_recorded_on, completion_status, customer_id," in count
    )
    assert "\nworknet.program_completions: its rows, customer_id, recorded_at, status\n" in count
    line = _shown(home, "program_completion.line_key")
    assert "\nMade of\nseeds.dashboard_lines: line_key\nconstant 'total'\n" in line


def test_a_table_is_shown_with_all_its_columns(home: Path) -> None:
    built = _shown(home, "sections.completions")
    assert "completion_status     worknet.program_completions: status" in built
    assert "customer_count        rows of iwds.applications, worknet.applications, worknet.case_notes," in built
    assert "\nIts rows are those of\nintermediate.int_customers__spine\n" in built
    extract = _shown(home, "worknet_case_notes")
    assert "entered_at     lists.customers: last_case_note; lists.exceptions: detail, reason;" in extract
    assert "\nPublished tables with rows that it decides about\nlists.customers\n" in extract


def test_programs_get_every_pair(home: Path) -> None:
    [one] = json.loads(_shown(home, "lists.customers.application_submitted_at", "--format", "json"))
    assert one == {
        "name": "lists.customers.application_submitted_at",
        "direction": "made_of",
        "how": "value",
        "kind": "extract",
        "other": "worknet.applications.application_submitted_at",
    }
    forward = read_csv(_shown(home, "iwds.services.end_date", "--format", "csv"))
    assert [(row["direction"], row["how"], row["other"]) for row in forward][:1] == [
        ("feeds", "value", "lists.customer_services.end_date")
    ]
    everything = read_csv(_shown(home, "--format", "csv"))
    assert len({row["name"] for row in everything}) > 450
    assert {row["direction"] for row in everything} == {"made_of"}
    assert {row["kind"] for row in everything} == {"extract", "seed", "run", "constant"}


def test_without_a_name_it_shows_the_tables_and_what_nothing_uses(home: Path) -> None:
    shown = _shown(home)
    assert "lists.scope_history" in shown
    assert "\nColumns of extracts that nothing published uses\nworknet.customers.email\n" in shown
    assert shown.endswith(
        "yacp lineage TABLE or TABLE.COLUMN shows one of them; so does a table or column of an extract.\n"
    )


def test_a_wrong_name_is_one_sentence(home: Path) -> None:
    result = yacp(home, "lineage", "sections.histry.per\x1b[31mcent")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "There is no table or column called sections.histry.per\\x1b[31mcent. Close to it: "
    )
    assert result.stderr.count("\n") == 1
