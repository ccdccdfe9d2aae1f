"""What the commands show of a published day: the same numbers as its files, and lists as long as their counts."""

import json
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample, read_csv, yacp
from dashboard_site import Person, site_over

from orchestration.state.releases import current


def test_show_is_the_published_dashboard(sample: Sample) -> None:
    shown = yacp(sample.home, "show", "--format", "json")
    assert shown.returncode == 0
    assert shown.stderr == ""
    rows = json.loads(shown.stdout)
    assert len(rows) == 45 + 7
    counts = dict(
        sample.query(
            "dashboard",
            "select section_key || line_key, customer_count from it.sections.dashboard where scope_type = 'statewide'",
        )
    )
    assert {row["section_key"] + row["line_key"]: row["customer_count"] for row in rows} == counts
    text = yacp(sample.home, "show").stdout
    assert "1. Customer Application Status" in text
    assert "red: of which: Has not completed the" in text
    assert "Unduplicated Customer Total" in text


def test_a_section_is_shown_with_its_guide(sample: Sample) -> None:
    text = " ".join(yacp(sample.home, "show", "enrollment_status").stdout.split())
    assert 'NOTE: Only customers who have been "Recommended For Enrollment"' in text
    assert "How we count it: Status inquirant in IWDS, and status_date more than 5 days before the as-of date." in text
    assert "Next Steps: Go to the customer's profile and select the Sync button." in text


def test_an_empty_list_says_for_whom_and_when(sample: Sample) -> None:
    [(provider, line), *_] = sample.query(
        "dashboard",
        "select scope_id, line_key from it.sections.dashboard where scope_type = 'provider' and customer_count = 0"
        " and line_key <> 'total' order by 1, 2 limit 1",
    )
    listed = yacp(sample.home, "list", str(line), "--scope", f"provider:{provider}")
    assert listed.stdout == f"No customer is on {line} for provider:{provider} as of {DAY}.\n"


def test_a_customer_is_shown_as_in_the_lists(sample: Sample) -> None:
    [(customer, last), *_] = sample.query(
        "customers",
        "select customer_id, last_name from it.lists.customers where red_lines > 0 and customer_id in"
        " (select customer_id from it.lists.exceptions) order by 1 limit 1",
    )
    found = json.loads(yacp(sample.home, "customer", str(customer), "--format", "json").stdout)
    assert [row["customer_id"] for row in found["customers"]] == [customer]
    for table in ("line_customers", "customer_services", "exceptions", "sync_problems"):
        [(count,)] = sample.query(
            "customers", f"select count(*) from it.lists.{table} where customer_id = '{customer}'"
        )
        assert len(found[table]) == count
    text = yacp(sample.home, "customer", str(customer)).stdout
    assert str(last) in text
    assert all(row["reason"] in text for row in found["exceptions"])
    assert "Next Steps" in text
    unknown = yacp(sample.home, "customer", "NOBODY")
    assert unknown.returncode == 2
    assert unknown.stderr == f"There is no customer NOBODY on {DAY}, the newest published day.\n"


@pytest.mark.parametrize("scope_type", ["statewide", "lwia", "provider"])
def test_lists_are_as_long_as_their_counts(sample: Sample, scope_type: str) -> None:
    (scope_id, line, count), *_ = sample.query(
        "dashboard",
        "select scope_id, line_key, customer_count from it.sections.dashboard"
        f" where scope_type = '{scope_type}' and colour = 'red' order by customer_count desc, scope_id limit 1",
    )
    listed = yacp(sample.home, "list", str(line), "--scope", f"{scope_type}:{scope_id}", "--format", "csv")
    rows = read_csv(listed.stdout)
    assert len(rows) == count > 0
    assert all(row["days_overdue"] == "" or int(row["days_overdue"]) > 0 for row in rows)


def test_an_earlier_day_is_shown_as_it_was(sample: Sample) -> None:
    shown = yacp(sample.home, "show", "--as-of", str(DAY_BEFORE), "--format", "csv")
    assert {row["as_of_date"] for row in read_csv(shown.stdout)} == {str(DAY_BEFORE)}


def test_an_earlier_days_list_is_as_long_as_its_count(sample: Sample) -> None:
    shown = json.loads(yacp(sample.home, "show", "--as-of", str(DAY_BEFORE), "--format", "json").stdout)
    count = next(row["customer_count"] for row in shown if row["line_key"] == "not_synced")
    listed = json.loads(yacp(sample.home, "list", "not_synced", "--as-of", str(DAY_BEFORE), "--format", "json").stdout)
    assert len(listed) == count > 0


def test_changes_match_the_customers_who_moved(sample: Sample) -> None:
    changed = json.loads(yacp(sample.home, "changes", "--format", "json").stdout)
    people = json.loads(yacp(sample.home, "changes", "--who", "--format", "json").stdout)
    moved = {(row["line_key"], move): row[move] for row in changed for move in ("entered", "left") if row[move]}
    assert len(moved) > 10
    found: dict[tuple[str, str], int] = {}
    for person in people:
        key = (person["line_key"], person["move"])
        found[key] = found.get(key, 0) + 1
    assert found == moved


def test_sync_problems_say_what_to_do(sample: Sample) -> None:
    problems = json.loads(yacp(sample.home, "sync-problems", "--format", "json").stdout)
    assert len({problem["sync_status"] for problem in problems}) >= 7
    for problem in problems:
        assert problem["next_step"].endswith(".")
        found = problem["sync_status"] in ("match_available", "ambiguous", "ssn_mismatch")
        assert bool(problem["iwds_candidate_ids"]) == found
        if problem["sync_status"] == "ambiguous":
            assert ", " in problem["iwds_candidate_ids"]


def test_a_release_of_an_earlier_version_says_to_run_its_day_again(sample: Sample, tmp_path: Path) -> None:
    mine = sample.copy(tmp_path)
    release = current(mine.settings)
    assert release is not None
    for file, table in (("dashboard", "reference.lines"), ("customers", "lists.customers")):
        with duckdb.connect(str(release.file(file).resolve())) as older:
            older.execute(f"drop table {table}")
    for command in (["show"], ["list", "not_synced"], ["customer", "C1"]):
        answer = yacp(mine.home, *command)
        assert answer.returncode == 2
        assert f"An earlier version of yacp published {DAY}. Run that day again" in " ".join(answer.stderr.split())
    assert yacp(mine.home, "checks", "--as-of", str(DAY)).returncode == 0


def test_lists_of_an_earlier_version_lack_todays_columns(sample: Sample, tmp_path: Path, super_user: Person) -> None:
    mine = sample.copy(tmp_path)
    release = current(mine.settings)
    assert release is not None
    with duckdb.connect() as older:
        older.execute(f"attach '{release.file('customers').resolve()}' as it")
        for column in ("days_until_red", "what", "customer_url", "line_name"):
            older.execute(f"alter table it.lists.line_customers drop column {column}")
    listed = yacp(mine.home, "list", "not_synced")
    assert listed.returncode == 0, listed.stderr
    page = site_over(mine.home / "published", tmp_path).get("/lines/not_synced", super_user.email)
    assert page.status_code == 200
