"""Every chart answers with the numbers of the published tables, those of a new day at once."""

import json
from typing import Any

import pytest
from conftest import DAY, DAY_BEFORE
from expected_answers import (
    OF_ALL,
    OF_ONE_LINE,
    OF_ONE_PERSON,
    OF_ONE_SCOPE,
    SERIES_OF_ALL,
    SERIES_OF_ONE_SCOPE,
)
from superset_site import DAY_AFTER, EPOCH, FOLDER, STATEWIDE, Row, Superset, asset, chosen, load_again

SCOPE_TYPES = ["statewide", "lwia", "provider"]


def same(answer: list[Row], expected: list[Row]) -> None:
    """The same rows with the same numbers, in whatever order."""
    assert _sorted(answer) == [pytest.approx(row, nan_ok=True) for row in _sorted(expected)]


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: [_text(row[name]) for name in sorted(row)])


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def cells(answer: list[Row], place: str) -> dict[tuple[Any, str], Any]:
    """A chart with series, one number each."""
    return {
        (row[place], name): value
        for row in answer
        for name, value in row.items()
        if name != place and value is not None
    }


def series(expected: list[Row]) -> dict[tuple[Any, str], Any]:
    """The same of rows of three columns."""
    return {(place, name): number for place, name, number in (row.values() for row in expected)}


def busiest(superset: Superset, scope_type: str) -> Row:
    """The scope of its type with the most customers who need action."""
    [scope] = superset.published(
        "dashboard",
        "select scope_type, scope_name from it.sections.attention where colour = 'yellow' and scope_type = $scope_type"
        " order by customer_count desc, scope_id limit 1",
        scope_type=scope_type,
    )
    return scope


def test_every_chart_has_an_expected_answer() -> None:
    expected = (*OF_ONE_SCOPE, *SERIES_OF_ONE_SCOPE, *OF_ALL, *SERIES_OF_ALL, *OF_ONE_LINE, *OF_ONE_PERSON)
    assert sorted(expected) == sorted(path.stem for path in (FOLDER / "assets" / "charts").glob("*.yaml"))


@pytest.mark.parametrize("scope_type", SCOPE_TYPES)
@pytest.mark.parametrize("chart", OF_ONE_SCOPE)
def test_a_chart_of_one_scope_has_its_numbers(superset: Superset, chart: str, scope_type: str) -> None:
    scope = busiest(superset, scope_type)
    expected = superset.published("dashboard", OF_ONE_SCOPE[chart], **scope)
    assert expected or (chart == "flow_destinations" and scope_type != "statewide")
    answer = superset.admin.answer(chart, chosen(scope))
    same(answer, expected)
    if "order by" in OF_ONE_SCOPE[chart]:
        assert [next(iter(row.values())) for row in answer] == [next(iter(row.values())) for row in expected]


@pytest.mark.parametrize("scope_type", SCOPE_TYPES)
@pytest.mark.parametrize("chart", SERIES_OF_ONE_SCOPE)
def test_a_chart_with_series_of_one_scope_has_its_numbers(superset: Superset, chart: str, scope_type: str) -> None:
    scope = busiest(superset, scope_type)
    expected = superset.published("dashboard", SERIES_OF_ONE_SCOPE[chart], **scope)
    place = asset("charts", chart)["params"]["x_axis"]
    assert cells(superset.admin.answer(chart, chosen(scope)), place) == series(expected)


@pytest.mark.parametrize("chart", OF_ALL)
def test_a_chart_that_compares_has_its_numbers(superset: Superset, chart: str) -> None:
    same(superset.admin.answer(chart), superset.published("dashboard", OF_ALL[chart]))


@pytest.mark.parametrize("chart", SERIES_OF_ALL)
def test_a_chart_with_series_that_compares_has_its_numbers(superset: Superset, chart: str) -> None:
    expected = series(superset.published("dashboard", SERIES_OF_ALL[chart]))
    assert cells(superset.admin.answer(chart), "scope_name") == expected


@pytest.mark.parametrize("line_key", ["not_synced", "ready_for_enrollment"])
@pytest.mark.parametrize("chart", OF_ONE_LINE)
def test_a_chart_of_one_line_has_its_numbers(superset: Superset, chart: str, line_key: str) -> None:
    [line] = superset.published(
        "dashboard", "select section_name, line_name from it.reference.lines where line_key = $key", key=line_key
    )
    expected = superset.published("dashboard", OF_ONE_LINE[chart], **line)
    same(superset.admin.answer(chart, chosen(line)), expected)


def test_customers_of_several_scope_types_are_not_added_up(superset: Superset) -> None:
    [line, *_] = superset.admin.answer("section_enrollment_status")
    assert line["customers"] is None


@pytest.mark.parametrize("dataset", sorted(path.stem for path in (FOLDER / "assets" / "datasets" / "counts").iterdir()))
def test_a_dataset_has_the_descriptions_of_the_contract(superset: Superset, dataset: str) -> None:
    committed = asset("datasets", f"counts/{dataset}")
    names = {"schema": committed["schema"], "table": committed["table_name"]}
    of_it = "database_name = 'it' and schema_name = $schema and table_name = $table"
    about = f"select comment from duckdb_tables() where {of_it}"
    if dataset == "dashboard":
        about = "select comment from duckdb_views() where schema_name = $schema and view_name = $table"
    columns = superset.published(
        "dashboard", f"select column_name, comment from duckdb_columns() where {of_it}", **names
    )
    loaded = superset.admin.api.get(f"/api/v1/dataset/{superset.admin.ids('dataset')[committed['uuid']]}")
    result = loaded.json()["result"]
    assert {column["column_name"]: column["description"] for column in result["columns"]} == {
        column["column_name"]: column["comment"] for column in columns
    }
    assert result["description"] == superset.published("dashboard", about, **names)[0]["comment"]
    assert result["description"]
    assert json.loads(result["extra"])["certification"]["certified_by"] == "yacp"


def test_loading_again_changes_nothing(superset: Superset) -> None:
    kinds = ("database", "dataset", "chart", "dashboard", "rowlevelsecurity")
    before = [superset.admin.api.get(f"/api/v1/{kind}/").json()["ids"] for kind in kinds]
    load_again(superset)
    assert [superset.admin.api.get(f"/api/v1/{kind}/").json()["ids"] for kind in kinds] == before


def test_a_new_day_is_in_the_next_answer(superset: Superset) -> None:
    days = [(day - EPOCH).days * 86_400_000 for day in (DAY_BEFORE, DAY, DAY_AFTER)]
    assert [row["as_of_date"] for row in superset.answers_before["attention_days"]] == days[:2]
    assert [row["as_of_date"] for row in superset.admin.answer("attention_days", STATEWIDE)] == days
    assert superset.answers_before["as_of"] != superset.admin.answer("as_of", STATEWIDE)
