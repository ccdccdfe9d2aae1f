"""Everybody the models could match with a customer is found when the customer is forgotten."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import duckdb
import pytest
from conftest import DAY, Deliveries
from jinja2 import Environment

from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.landing.intake import land
from orchestration.landing.stand_ins import deliveries_of
from orchestration.privacy.person import Person
from orchestration.settings import PROJECT, Settings

LAST_NAMES = (
    "O'Brien", "O’Brien", "OʼBrien", "OʹBrien", "O`Brien", "O＇BRIEN", "o brien", "O\u00a0Brien", "O-Brien", "O–Brien",
    "O\u00adBrien", "Ó Briën", "O.Brien", "Brien", "Núñez", "Nun\u0303ez", "NUNEZ", "İpek", "ipek", "Li", "-",
)  # fmt: skip
FIRST_NAMES = ("Ada", "ÁDA", "A-da", "A.da", "Bea")
SSNS = ("1234", "9999", "xxxx", "")
CUSTOMERS = list(product(LAST_NAMES, ("Ada",), ("1234", "")))
IWDS_PERSONS = list(product(LAST_NAMES, FIRST_NAMES, SSNS))
CHILDREN = {
    extract.name: []
    for extract in WORKNET.extracts
    if extract.name != "applications" and any(reference.column == "customer_id" for reference in extract.parents)
}
Pairs = dict[str, set[str]]


def as_row(person: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(("last_name", "first_name", "ssn_last4"), person, strict=True))


def name_key(column: str) -> str:
    """The models' macro of that name, as dbt compiles it for DuckDB."""
    macros = Environment().from_string((PROJECT / "dbt_project" / "macros" / "text.sql").read_text()).module  # noqa: S701
    return str(macros.duckdb__name_key(column))  # type: ignore[attr-defined]


def model(name: str) -> str:
    """The SQL of a model, as dbt compiles it for DuckDB."""
    (path,) = (PROJECT / "models").rglob(f"{name}.sql")
    return (
        Environment()  # noqa: S701
        .from_string(path.read_text())
        .render(name_key=name_key, lower_case="lower({})".format, ref=lambda name: name, source=lambda _, table: table)
    )


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Customers and IWDS applications with combinations of the names and numbers, in the archive."""
    folder = tmp_path_factory.mktemp("names")
    config = Settings(home=folder / "home", extracts=str(folder / "extracts"))
    deliveries = Deliveries(folder / "extracts")
    customers = [as_row(person) | {"customer_id": f"C{number}"} for number, person in enumerate(CUSTOMERS)]
    customers.append(customers[0] | {"customer_id": "born on another day", "date_of_birth": "2005-04-02"})
    deliveries.write(WORKNET, {"customers": customers, "applications": [{"customer_id": "C0"}]} | CHILDREN)
    deliveries.write(
        IWDS,
        {
            "applications": [
                as_row(person) | {"iwds_application_id": f"A{number}", "iwds_customer_id": f"P{number}"}
                for number, person in enumerate(IWDS_PERSONS)
            ],
            "services": [],
            "credentials": [],
        },
    )
    for system in SYSTEMS:
        land(config, system, DAY)
    return config


@pytest.fixture(scope="module")
def by_models(config: Settings) -> Pairs:
    """The IWDS candidates of each customer by the models' rule, for the last fours that a sync status uses."""
    worknet, iwds = deliveries_of(config, DAY)
    with duckdb.connect() as connection:
        for delivery, system, name in ((worknet, WORKNET, "customers"), (iwds, IWDS, "applications")):
            table = f"{system.name}_{name}"
            connection.execute(f"create view {table} as from '{delivery.parquet(system.extract(name))}'")
            connection.execute(f"create view stg_{system.name}__{name} as {model(f'stg_{system.name}__{name}')}")
        rows = connection.execute(
            "select customer_id, found.iwds_customer_id"
            f" from ({model('int_customers__iwds_candidates')}) as found"
            " inner join worknet_customers using (customer_id) where regexp_full_match(ssn_last4, '[0-9]{4}')"
        ).fetchall()
    pairs = defaultdict(set)
    for customer, person in rows:
        pairs[customer].add(person.lower())
    return pairs


def candidates(config: Settings, customer_id: str) -> set[str]:
    with duckdb.connect() as connection:
        Person(config, connection, customer_id)
        return {person for (person,) in connection.execute("from candidates").fetchall()}


def test_every_candidate_of_the_models_is_found(config: Settings, by_models: Pairs) -> None:
    assert len(by_models) == len(LAST_NAMES)
    only_here = 0
    for customer, persons in by_models.items():
        found = candidates(config, customer)
        assert persons <= found, customer
        only_here += len(found - persons)
    assert only_here > 0


@pytest.mark.parametrize(
    ("customer", "person"),
    [
        (("O'Brien", "Ada", "1234"), ("O.Brien", "Bea", "1234")),  # to the models, a period is part of the name
        (("O'Brien", "Ada", ""), ("O'Brien", "ÁDA", "1234")),  # to them, a missing last four matches none
    ],
)
def test_more_is_found_than_the_models_match(
    config: Settings, by_models: Pairs, customer: tuple[str, ...], person: tuple[str, ...]
) -> None:
    customer_id, iwds_customer_id = f"C{CUSTOMERS.index(customer)}", f"p{IWDS_PERSONS.index(person)}"
    assert iwds_customer_id not in by_models[customer_id]
    assert iwds_customer_id in candidates(config, customer_id)


def test_the_birth_date_has_to_be_the_same(config: Settings) -> None:
    assert candidates(config, "born on another day") == set()


@pytest.fixture
def names(config: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every character of Unicode in a name, as the models and as the one who forgets a person compare it."""
    with duckdb.connect() as connection:
        Person(config, connection, "nobody")
        connection.execute(
            "create table names as"
            f" select {name_key('name')} as of_models, bare_name(name) as of_person"
            " from (select 'a' || chr(cast(code as integer)) || 'b' as name from range(1, 1114112) as codes(code)"
            " where code not between 55296 and 57343)"
        )
        yield connection


def test_names_that_the_models_take_for_the_same_are_the_same_here(names: duckdb.DuckDBPyConnection) -> None:
    apart = names.execute(
        "select of_models, list(distinct of_person) from names group by of_models having count(distinct of_person) > 1"
    ).fetchall()
    assert apart == []
