"""Who sees which customers: the roles, and the entitlements as row-level security, tried as these people."""

from pathlib import Path

import pytest
from expected_answers import ALLOWED, OF_ONE_PERSON
from superset_site import FOLDER, Person, Row, Superset, asset

LISTS = sorted(path.stem for path in (FOLDER / "assets" / "datasets" / "lists").glob("*.yaml"))
WHO = {
    "a super user": "role = 'super_user'",
    "a career planner of a provider": "role = 'career_planner' and scope_type = 'provider'",
    "a career planner of an LWIA": "role = 'career_planner' and scope_type = 'lwia'",
    "a case worker": "role = 'case_worker'",
    "provider staff": "role = 'provider_staff'",
}
NOBODY = ["nobody@example.org", "o'neil@example.org", "x' or '1'='1"]


def dataset(superset: Superset, folder: str, name: str) -> int:
    return superset.admin.ids("dataset")[asset("datasets", f"{folder}/{name}")["uuid"]]


def address(superset: Superset, who: str) -> str:
    """The first person of the kind who isn't of another kind, too."""
    [found] = superset.published(
        "customers",
        f"select email from it.lists.entitlements group by email having bool_and({WHO[who]}) order by email limit 1",
    )
    return str(found["email"])


def allowed(superset: Superset, email: str) -> set[str]:
    return {row["customer_id"] for row in superset.published("customers", ALLOWED, email=email)}


def own_column(sql: str) -> Row:
    return {"label": "mine", "sqlExpression": sql, "expressionType": "SQL"}


def seen(superset: Superset, person: Person, name: str) -> set[str]:
    """The customers that a dataset shows to the person."""
    answer = person.ask(dataset(superset, "lists", name), ["customer_id"])
    return {row["customer_id"] for row in person.rows(answer)}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", LISTS)
def test_a_person_sees_exactly_their_customers(superset: Superset, name: str, who: str) -> None:
    email = address(superset, who)
    may_see = allowed(superset, email)
    in_table = {
        row["customer_id"] for row in superset.published("customers", f"select customer_id from it.lists.{name}")
    }
    assert seen(superset, superset.person(email), name) == in_table & may_see
    assert bool(may_see) == (who != "provider staff")
    assert (in_table <= may_see) == (who == "a super user")


def test_the_address_may_be_in_capitals(superset: Superset) -> None:
    email = address(superset, "a case worker")
    assert seen(superset, superset.person(email.upper()), "customers") == allowed(superset, email) != set()


@pytest.mark.parametrize("email", NOBODY)
def test_who_is_not_in_the_entitlements_sees_nobody(superset: Superset, email: str) -> None:
    assert seen(superset, superset.person(email), "customers") == set()


def test_an_administrator_sees_nobody_either(superset: Superset) -> None:
    assert seen(superset, superset.admin, "customers") == set()


def test_the_list_chart_has_the_persons_rows(superset: Superset) -> None:
    email = address(superset, "a career planner of a provider")
    answer = superset.person(email).answer("overdue_customers")
    expected = superset.published(
        "customers", OF_ONE_PERSON["overdue_customers"], allowed=sorted(allowed(superset, email))
    )
    assert expected
    key = ("customer_id", "line_name")
    assert sorted(answer, key=lambda row: [row[name] for name in key]) == sorted(
        expected, key=lambda row: [row[name] for name in key]
    )
    overdue = [row["days_overdue"] for row in answer]
    assert overdue == sorted(overdue, reverse=True)


@pytest.mark.parametrize("kind", ["samples", "drill_detail"])
def test_single_rows_are_restricted_too(superset: Superset, kind: str) -> None:
    email = address(superset, "a career planner of a provider")
    answer = superset.person(email).ask(dataset(superset, "lists", "customers"), [], result_type=kind)
    assert {row["customer_id"] for row in superset.person(email).rows(answer)} == allowed(superset, email) != set()


@pytest.mark.parametrize(
    "sql",
    [
        "customer_id from lists.customers union all select customer_id",
        "customer_id from lists.customers except all select null union all select customer_id",
        "(select count(*) from lists.customers)",
        "(from lists.customers select count(*))",
        "({{ 'sel' ~ 'ect' }} count(*) from lists.customers)",
        "(select content from read_text('/etc/passwd'))",
        "read_text('/etc/passwd')",
    ],
)
def test_a_column_of_ones_own_reads_nothing_else(superset: Superset, sql: str) -> None:
    person = superset.person(address(superset, "a career planner of a provider"))
    answer = person.ask(dataset(superset, "lists", "customers"), [own_column(sql)])
    assert answer.status_code in (400, 403), answer.text
    assert "root" not in answer.text


@pytest.mark.parametrize(
    "where",
    ["1=1) or (1=1", "1=1 or 1=1", "true) or customer_id in (select customer_id from lists.customers) --"],
)
def test_a_condition_of_ones_own_does_not_widen_it(superset: Superset, where: str) -> None:
    email = address(superset, "a career planner of a provider")
    person = superset.person(email)
    answer = person.ask(dataset(superset, "lists", "customers"), ["customer_id"], extras={"where": where})
    if answer.status_code == 200:
        assert {row["customer_id"] for row in person.rows(answer)} <= allowed(superset, email)
    else:
        assert answer.status_code == 400


def test_counts_lead_to_no_file(superset: Superset) -> None:
    person = superset.person("counts@example.org", "YACP counts")
    lists = superset.home / "published" / "following" / "releases" / "*" / "customers" / "lists.customers" / "*.parquet"
    for column, file in (
        ("last_name", f"read_parquet('{lists}')"),
        ("last_name", f"'{lists}'"),
        ("content", f"read_text('{superset.home / 'superset' / 'secret_key'}')"),
    ):
        mine = own_column(f"{column} from {file} union all select line_name")
        answer = person.ask(dataset(superset, "counts", "dashboard"), [mine])
        assert answer.status_code == 400, answer.text
        assert "reads published tables" in answer.text


def test_counts_are_not_lists(superset: Superset) -> None:
    person = superset.person(address(superset, "a super user").upper(), "YACP counts")
    for name in LISTS:
        answer = person.ask(dataset(superset, "lists", name), ["customer_id"])
        assert answer.status_code == 403, name
    counts = person.ask(dataset(superset, "counts", "dashboard"), ["line_name"])
    assert person.rows(counts)
    assert asset("charts", "overdue_customers")["uuid"] not in person.ids("chart")


def test_nobody_who_looks_has_a_free_query(superset: Superset) -> None:
    person = superset.person(address(superset, "a super user"))
    for database in superset.admin.ids("database").values():
        query = {"database_id": database, "sql": "select 1", "schema": "main"}
        assert person.api.post("/api/v1/sqllab/execute/", json=query).status_code == 403
    made = {"database": 1, "schema": "lists", "table_name": "entitlements"}
    assert person.api.post("/api/v1/dataset/", json=made).status_code == 403


def test_the_state_is_closed_to_other_accounts(superset: Superset) -> None:
    state = superset.home / "superset"
    assert state.stat().st_mode & 0o077 == 0
    open_to_others = [path.name for path in Path(state).rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_not_even_an_administrator_writes_to_the_published_files(superset: Superset) -> None:
    for database in superset.admin.ids("database").values():
        query = {"database_id": database, "sql": "create schema mine", "schema": "main"}
        answer = superset.admin.api.post("/api/v1/sqllab/execute/", json=query)
        assert "DML_NOT_ALLOWED" in answer.text, answer.text
