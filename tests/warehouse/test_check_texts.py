"""The words of checks, and what is shown of checks that were recorded without any."""

import duckdb
import pytest

from dashboard.release import titled
from orchestration.failures import BuildFailed
from orchestration.warehouse.check_results import cases_found
from orchestration.warehouse.check_texts import dbt_test_text


def node(
    kind: str, meta: dict[str, str] | None = None, description: str = "", **arguments: object
) -> dict[str, object]:
    return {
        "name": f"{kind}_of_something",
        "original_file_path": "../models/something.yml",
        "description": description,
        "config": {"meta": meta or {}},
        "test_metadata": {"name": kind, "kwargs": arguments},
    }


def test_columns_are_said_in_words() -> None:
    text = dbt_test_text(node("grain", columns=["scope_type", "scope_id", "section_key", "line_key"]))
    assert text == ("One row per scope, section, and line", "No two rows are about the same scope, section, and line.")
    assert dbt_test_text(node("grain", columns=["customer_id"])).title == "One row per customer"
    assert dbt_test_text(node("not_null", column_name="line_key")).sentence == "The line is never empty."


def test_the_words_of_a_test_come_before_those_of_its_kind() -> None:
    own = node("grain", {"title": "Only one"}, "There is only one.", columns=["customer_id"])
    assert dbt_test_text(own) == ("Only one", "There is only one.")


@pytest.mark.parametrize(
    ("wordless", "says"),
    [
        (node("known_in", column_name="line_key"), r"models/something.yml\) has no title or no sentence"),
        (node("known_in", {"title": "Known"}, column_name="line_key"), "has no title or no sentence"),
        (node("grain", columns=["line_key", "new_column"]), "is about new_column, which has no words"),
    ],
)
def test_a_check_without_words_is_named(wordless: dict[str, object], says: str) -> None:
    with pytest.raises(BuildFailed, match=says):
        dbt_test_text(wordless)


@pytest.mark.parametrize(
    ("count", "of", "says"),
    [
        (0, None, "0 cases break it"),
        (1, None, "1 case breaks it"),
        (1_200, None, "1,200 cases break it"),
        (1, 18, "1 of 18 cases breaks it"),
        (1, 1, "1 of 1 case breaks it"),
        (0, 0, "0 of 0 cases break it"),
    ],
)
def test_what_was_observed_is_a_sentence(count: int, of: int | None, says: str) -> None:
    assert cases_found(count, of) == says


def test_checks_of_a_day_before_titles_are_shown_by_their_names() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table before as select 'age_is_never_negative' as name, true as passed")
        connection.execute("create table now as select 'key' as name, true as passed, 'No age is negative' as title")
        shown = [connection.execute(f"select title from {titled(table)}").fetchall() for table in ("before", "now")]
    assert shown == [[("age is never negative",)], [("No age is negative",)]]
