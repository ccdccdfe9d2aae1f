"""The lineage of every column of the project, without gaps, and the same backward and forward."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Sample

from orchestration.failures import BuildFailed, UsageError
from orchestration.settings import Settings
from orchestration.warehouse import dbt_project
from orchestration.warehouse.lineage import project
from orchestration.warehouse.lineage.graph import Lineage, Relation
from orchestration.warehouse.lineage.page import write_page
from orchestration.warehouse.lineage.query import Origin


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("lineage"), extracts="nowhere")


@pytest.fixture(scope="module")
def manifest(home: Settings) -> dict[str, Any]:
    return project._compile(home)


@pytest.fixture(scope="module")
def lineage(manifest: dict[str, Any]) -> Lineage:
    return project.lineage_of(manifest)


def _values(lineage: Lineage, column: str) -> set[str]:
    return {end for end, how in lineage.ends(column).items() if how == "value"}


def test_every_published_column_leads_to_an_end(lineage: Lineage) -> None:
    published = [*lineage.columns("published")]
    assert len(published) > 450
    assert [column for column in published if not lineage.ends(column) and not lineage.constants(column)] == []


def test_what_leads_to_no_extract_is_known(lineage: Lineage) -> None:
    """A column made of constants alone is the as-of date. Seeds and the run's records have tables of their own."""
    without = {column for column in lineage.columns("published") if not lineage.ends(column)}
    assert {lineage.column(column) for column in without} == {"as_of_date"}
    assert {constant for column in without for constant in lineage.constants(column)} == {"the as-of date"}


def test_every_column_on_the_way_is_of_a_table_that_has_it(lineage: Lineage) -> None:
    known = {*lineage.nodes()}
    for column in lineage.columns("model", "published"):
        assert lineage.sources(column).keys() <= known, column
        assert lineage.sources(column) or lineage.origin(column).constants, column


def test_backward_and_forward_agree(lineage: Lineage) -> None:
    published = [*lineage.columns("published"), *(n for n, r in lineage.relations.items() if r.kind == "published")]
    backward = {(end, column): how for column in published for end, how in lineage.ends(column).items()}
    ends = [name for name, relation in lineage.relations.items() if not relation.is_built]
    ends += lineage.columns("extract", "seed", "run")
    forward = {(end, column): how for end in ends for column, how in lineage.published(end).items()}
    assert len(backward) > 5000
    assert backward == forward


def test_every_extract_column_feeds_something_or_is_known_to_be_unused(lineage: Lineage) -> None:
    assert set(lineage.unused()) == {
        "worknet.customers.email",
        "worknet.customers.phone",
        "worknet.customers.last_synced_at",
        "worknet.customers.created_at",
        "worknet.progress_updates.progress_update_id",
        "worknet.case_notes.case_note_id",
        "worknet.case_notes.staff_id",
        "iwds.applications.lwia_number",
    }


# Read from the SQL by hand.


def test_a_line_of_a_section_is_the_one_of_the_seed_or_the_total(lineage: Lineage) -> None:
    for section in ("customer_services", "program_completion"):
        assert _values(lineage, f"sections.{section}.line_key") == {"seeds.dashboard_lines.line_key"}
        assert lineage.constants(f"sections.{section}.line_key") == {"'total'"}


def test_the_line_of_a_customer_is_a_constant_where_the_rule_holds(lineage: Lineage) -> None:
    found = lineage.origin("intermediate.int_lines__program_completion.line_key")
    spine = "intermediate.int_customers__spine"
    assert (found.values, found.rows) == (set(), set())
    assert found.decides == {
        f"{spine}.{column}"
        for column in ("completion_status", "iwds_status", "has_credential", "has_employment", "has_education")
    }
    assert found.constants == {
        f"'{line}'"
        for line in (
            "not_complete",
            "completed_successfully",
            "earned_credential",
            "gained_employment",
            "continued_education",
            "completed_unsuccessfully",
            "withdrew",
        )
    }
    ends = lineage.ends("intermediate.int_lines__program_completion.line_key")
    assert {end for end in ends if end.startswith("worknet.program_completions.")} == {
        f"worknet.program_completions.{column}"
        for column in (
            "status",
            "industry_credential",
            "postsecondary_credential",
            "permanent_employment_status",
            "postsecondary_education_status",
        )
    }


def test_a_percent_is_a_count_over_a_total(lineage: Lineage) -> None:
    whole = "intermediate.int_sections__dashboard.percent"
    assert lineage.sources("sections.history.percent") == {whole: "value"}
    assert {source for source, how in lineage.sources(whole).items() if how == "value"} == {
        "intermediate.int_sections__line_counts.customer_count",
        "intermediate.int_sections__totals.total_count",
        "seeds.dashboard_lines.line_key",
    }


def test_a_count_counts_rows(lineage: Lineage) -> None:
    memberships = "intermediate.int_lines__memberships"
    counted = "intermediate.int_sections__line_counts.customer_count"
    by = ("section_key", "line_key", "lwia_number", "provider_id")
    assert lineage.sources(counted) == dict.fromkeys([memberships, *(f"{memberships}.{key}" for key in by)], "rows")
    assert lineage.ends(counted)["worknet.customers"] == "rows", "in the end, customers"
    assert lineage.published("worknet.customers.ssn_last4")["sections.history.customer_count"] == "rows"


def test_a_date_in_a_list_comes_from_one_instant(lineage: Lineage) -> None:
    assert _values(lineage, "lists.customers.application_submitted_at") == {
        "worknet.applications.application_submitted_at"
    }
    assert _values(lineage, "lists.customer_services.end_date") == {"iwds.services.end_date"}
    forward = lineage.published("worknet.customers.last_name")
    assert {column for column, how in forward.items() if how == "value"} == {
        "lists.customers.last_name",
        "lists.line_customers.last_name",
        "lists.sync_problems.last_name",
    }


def test_the_history_comes_from_days_published_before(lineage: Lineage) -> None:
    assert {"run.line_stays.valid_from", "run.neighbours.next_on"} <= _values(lineage, "lists.line_history.valid_from")


def test_the_address_of_a_customer_is_told_whether_it_is_set_or_not(lineage: Lineage) -> None:
    assert _values(lineage, "lists.customers.customer_url") == {"worknet.customers.customer_id"}


def test_names_may_be_short_and_wrong_ones_get_a_hint(lineage: Lineage) -> None:
    percent = "sections.history.percent"
    assert (
        lineage.find(percent) == lineage.find("history.percent") == lineage.find(" Sections.HISTORY.percent") == percent
    )
    for name in ("worknet.case_notes", "worknet_case_notes", "raw.worknet_case_notes", "case_notes"):
        assert lineage.find(name) == "worknet.case_notes"
    assert lineage.find("raw.iwds_services.status") == lineage.find("iwds_services.status") == "iwds.services.status"
    with pytest.raises(UsageError, match=r"services can be worknet\.services, iwds\.services\. Name one"):
        lineage.find("services")
    with pytest.raises(
        UsageError, match=r"no table or column called sections\.histry\.percent\. Close to it: sections\.h"
    ):
        lineage.find("sections.histry.percent")
    for schema in ("lists", "worknet"):
        with pytest.raises(UsageError, match=rf"Close to it: {schema}\.customers\.customer_id"):
            lineage.find(f"{schema}.customer.customer_id")
    with pytest.raises(UsageError, match=r"called histry\.percent\. Close to it: sections\.history\.percent"):
        lineage.find("histry.percent")
    with pytest.raises(UsageError, match=r"called qqqq\. yacp lineage lists the tables"):
        lineage.find("qqqq")


def _with_model(manifest: dict[str, Any], **changes: object) -> dict[str, Any]:
    name = "model.yacp.int_sections__line_counts"
    return {**manifest, "nodes": {**manifest["nodes"], name: {**manifest["nodes"][name], **changes}}}


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select scope_type frm memberships", "Invalid expression"),
        ("select nothing from intermediate.int_lines__memberships", "'nothing' could not be resolved"),
        ("select line_key from intermediate.int_lines__nothing", ""),
        ("select line_key from intermediate.int_lines__memberships", "its YAML and its SQL differ in customer_count"),
    ],
)
def test_a_model_that_cannot_be_read_is_named(manifest: dict[str, Any], sql: str, why: str) -> None:
    with pytest.raises(BuildFailed, match=f"lineage of intermediate.int_sections__line_counts can't be told: .*{why}"):
        project.lineage_of(_with_model(manifest, compiled_code=sql))


def test_it_is_kept_until_a_model_changes(
    home: Settings, lineage: Lineage, monkeypatch: pytest.MonkeyPatch, manifest: dict[str, Any]
) -> None:
    compiled: list[Settings] = []

    def compile_once(settings: Settings) -> dict[str, Any]:
        compiled.append(settings)
        return manifest

    monkeypatch.setattr(project, "_compile", compile_once)
    assert project.lineage(home).relations == project.lineage(home).relations == lineage.relations
    assert len(compiled) == 1
    (kept,) = home.dbt_target.parent.glob("lineage-*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    for damaged in (kept.read_text()[:1000], "[1]", '[{"name": "x"}]', "{}x"):
        kept.write_text(damaged)
        assert project.lineage(home).relations == lineage.relations, "a damaged file is made again"
    monkeypatch.setattr(project, "fingerprint", lambda: "of other models")
    project.lineage(home)
    assert len(compiled) == 6
    (kept_now,) = home.dbt_target.parent.glob("lineage-*.json")
    assert kept_now != kept
    assert json.loads(kept_now.read_text())


@pytest.mark.parametrize("changed", ["models/lines/counts.sql", "models/columns.md", "seeds/lwias.csv"])
def test_a_model_a_shared_text_and_a_seed_are_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(dbt_project, "PROJECT", tmp_path)
    monkeypatch.setattr(dbt_project, "PROJECT_DIR", tmp_path / "dbt_project")
    before = dbt_project.fingerprint()
    (tmp_path / changed).parent.mkdir(parents=True)
    (tmp_path / changed).write_text("something")
    assert dbt_project.fingerprint() != before


def test_no_description_ends_the_data_of_the_page(tmp_path: Path) -> None:
    text = "</script><script>alert(1)</script>"
    table = Relation("worknet.staff", "extract", text, {"role": text}, {}, Origin())
    page = write_page(Lineage({table.name: table}), tmp_path / "lineage.html").read_text()
    assert "alert(1)" in page
    assert page.count("<script") == page.count("</script>") == 2


def test_it_needs_no_warehouse_and_leaves_none(home: Settings, manifest: dict[str, Any]) -> None:
    assert manifest["nodes"]
    assert {path.name for path in Path(home.home).iterdir()} == {"dbt"}


def test_the_columns_that_a_run_records_are_those_described(lineage: Lineage, sample: Sample) -> None:
    with duckdb.connect(str(sample.settings.warehouse), read_only=True) as connection:
        built = dict(
            connection.execute(
                "select 'run.' || table_name, list(column_name order by ordinal_position)"
                " from information_schema.columns where table_schema = 'run' and table_name <> 'built' group by all"
            ).fetchall()
        )
    assert {name: [*it.columns] for name, it in lineage.relations.items() if it.kind == "run"} == built
