import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import DAY, Sample

from orchestration.settings import PROJECT
from orchestration.state.database import connect
from orchestration.warehouse.dbt_project import PROJECT_DIR, environment


def test_every_unit_test_of_the_rules_holds(sample: Sample, tmp_path: Path) -> None:
    """Both sides of every boundary; the tests themselves are next to the models."""
    variables = environment(sample.settings, str(DAY))
    variables |= {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
    result = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "test", "--select", "test_type:unit"],
        env={**os.environ, **variables},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "ERROR=0" in result.stdout
    passed = int(result.stdout.split("PASS=")[1].split()[0])
    assert passed >= 51


def _seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_numbers_are_the_guides() -> None:
    """The unit tests bring their own thresholds; these are the ones that count."""
    values = {row["threshold_key"]: (int(row["threshold_value"]), row["unit"]) for row in _seed("thresholds")}
    assert values == {
        "prescreening_overdue": (5, "days"),
        "application_not_started_overdue": (5, "days"),
        "application_started_overdue": (5, "days"),
        "review_overdue": (5, "days"),
        "inquirant_overdue": (5, "days"),
        "applicant_overdue": (5, "days"),
        "open_request_overdue": (5, "days"),
        "progress_current": (30, "days"),
        "progress_overdue": (35, "days"),
        "case_note_current": (30, "days"),
        "case_note_overdue": (35, "days"),
        "updates_required_after_exit": (1, "years"),
        "first_plausible_year": (2000, "year"),
    }


def test_the_order_of_dates_is_the_guides() -> None:
    dates = sorted(_seed("customer_dates"), key=lambda row: int(row["date_number"]))
    assert len(dates) == 18
    assert [row["date_name"] for row in dates if row["sequence_key"] == "application"] == [
        "prescreening_started_on",
        "prescreening_completed_on",
        "application_started_on",
        "application_submitted_on",
        "recommended_on",
    ]
    assert [row["date_name"] for row in dates if row["sequence_key"] == "iwds"] == [
        "application_date",
        "certified_on",
        "exited_on",
    ]
    assert {row["sequence_key"] for row in dates} == {"application", "iwds", ""}
    assert [(row["not_before"], row["date_name"]) for row in dates if row["not_before"]] == [
        ("application_date", "status_date")
    ]


def test_every_overdue_line_has_its_limit() -> None:
    limits = {row["threshold_key"] for row in _seed("thresholds")}
    overdue = {row["line_key"] for row in _seed("dashboard_lines") if row["colour"] == "red" and row["parent_line_key"]}
    assert len(overdue) == 9
    assert overdue <= limits


def test_rules_take_every_number_from_a_threshold() -> None:
    """And a red line below a yellow one has its own limit, so that the sentence can't have another line's."""
    limits = {row["threshold_key"] for row in _seed("thresholds")}
    for line in _seed("dashboard_lines"):
        named = set(re.findall(r"\{(\w+)\}", line["rule"]))
        assert named <= limits, line["line_key"]
        assert not re.search(r"[0-9]", re.sub(r"\{\w+\}", "", line["rule"])), line["line_key"]
        if line["colour"] == "red" and line["parent_line_key"]:
            assert named == {line["line_key"]}


def test_published_rules_have_the_numbers_of_the_thresholds(sample: Sample) -> None:
    values = {row["threshold_key"]: row["threshold_value"] for row in _seed("thresholds")}
    published = dict(sample.query("dashboard", "select line_key, rule from it.reference.lines"))
    expected = {line["line_key"]: line["rule"].format(**values) for line in _seed("dashboard_lines")}
    assert published == expected


def test_every_fact_of_the_lists_is_there() -> None:
    model = (PROJECT / "models/intermediate/customers/int_customers__facts.sql").read_text()
    facts = set(re.findall(r"\w+", model.partition("fact_value for fact in (")[2]))
    assert {row["fact"] for row in _seed("line_facts")} <= facts


def test_every_document_of_the_guide_has_a_place_for_its_address() -> None:
    documents = {row["document_name"] for row in _seed("guide_documents")}
    named = set()
    for line in _seed("dashboard_lines"):
        for part in re.split(r"\n|•|Instructions:|(?<=\(PDF\)) ", line["next_steps"]):
            if "(PDF)" in part:
                named.add(part.strip().removeprefix("Customer ").removeprefix("Partner "))
    assert named == documents
    assert {row["address"] for row in _seed("guide_documents")} == {""}


def test_parents_stand_above_in_their_section() -> None:
    lines = {row["line_key"]: row for row in _seed("dashboard_lines")}
    assert len(lines) == 45
    for line in lines.values():
        if parent := lines.get(line["parent_line_key"]):
            assert parent["section_key"] == line["section_key"]
            assert int(parent["line_number"]) < int(line["line_number"])
        else:
            assert line["parent_line_key"] == ""


def test_red_lines_say_what_to_do_next() -> None:
    assert all(row["next_steps"] for row in _seed("dashboard_lines") if row["colour"] == "red")


def test_nothing_compares_every_row_with_every_other(sample: Sample) -> None:
    """Its time would grow with the square of the customers: a join needs something that is equal on both sides."""
    manifest = json.loads((sample.settings.dbt_target / "manifest.json").read_text())
    compiled = {name: node["compiled_code"] for name, node in manifest["nodes"].items() if node.get("compiled_code")}
    assert {name.partition(".")[0] for name in compiled} >= {"model", "test"}
    with connect(sample.settings, sample.settings.warehouse, read_only=True) as warehouse:
        plans = {name: str(warehouse.execute(f"explain {sql}").fetchall()) for name, sql in compiled.items()}
    assert [name for name, plan in plans.items() if "BLOCKWISE_NL_JOIN" in plan] == []
