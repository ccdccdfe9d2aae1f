"""The sample generator: the same arguments give the same people, in files that fit the contract."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from shared_sample import expected_faults

from orchestration.contract.extract import ColumnType, Extract
from orchestration.contract.systems import extracts
from orchestration.sample import generator
from orchestration.sample.generator import FAULTS, GeneratorError, generate
from orchestration.settings import settings

CUSTOMERS = 2000
LEAP_DAY = date(2028, 2, 29)
EXTRACTS = [pytest.param(extract, id=extract.table) for extract in extracts()]


def file_of(root: Path, extract: Extract, day: date = LEAP_DAY) -> Path:
    return root / extract.system / day.isoformat() / f"{extract.name}.csv"


def contents(root: Path, day: date | None = None) -> dict[str, bytes]:
    paths = root.glob(f"*/{day or '*'}/*")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def query(root: Path, sql: str, day: date = LEAP_DAY) -> list[tuple[object, ...]]:
    """The rows of a query over a clean delivery, whose extracts have the names of the warehouse and text columns."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/Chicago'")
        for extract in extracts():
            if extract.table in sql:
                columns = {column.name: "VARCHAR" for column in extract.columns}
                connection.execute(
                    f"create view {extract.table} as from read_csv('{file_of(root, extract, day)}', "
                    f"header = true, quote = '\"', escape = '\"', auto_detect = false, columns = {columns})"
                )
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clean")
    generate(root, customers=CUSTOMERS, as_of=LEAP_DAY, days=2)
    return root


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("faulty")
    generate(root, customers=CUSTOMERS, as_of=LEAP_DAY, days=2, faults=True)
    return root


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("YACP_THREADS", "1")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("one_thread")
def test_the_same_arguments_give_the_same_bytes_on_any_number_of_threads(clean: Path, tmp_path: Path) -> None:
    generate(tmp_path, customers=CUSTOMERS, as_of=LEAP_DAY, days=2)

    assert contents(tmp_path) == contents(clean)


def test_another_seed_gives_other_people(clean: Path, tmp_path: Path) -> None:
    generate(tmp_path, customers=CUSTOMERS, as_of=LEAP_DAY, seed=2)

    customers = "worknet/2028-02-29/customers.csv"
    assert contents(tmp_path)[customers] != contents(clean)[customers]


@pytest.mark.parametrize("day", [date(2028, 2, 28), LEAP_DAY])
def test_a_day_is_the_same_whichever_call_generates_it(clean: Path, tmp_path: Path, day: date) -> None:
    generate(tmp_path, customers=CUSTOMERS, as_of=day)

    assert contents(tmp_path) == contents(clean, day)


def test_the_next_day_does_not_change_the_past(clean: Path) -> None:
    steps = (
        "select application_id, prescreening_started_at, prescreening_completed_at, application_started_at, "
        "application_submitted_at from worknet_applications"
    )
    before, after = (query(clean, steps, day) for day in (date(2028, 2, 28), LEAP_DAY))
    now = {row[0]: row[1:] for row in after}

    still_there = [row for row in before if row[0] in now]
    assert len(still_there) > 0.99 * len(before)
    for key, *times in still_there:
        assert all(was in (None, is_) for was, is_ in zip(times, now[key], strict=True))
    assert before != after


@pytest.mark.parametrize("customers", [1, 7, 150])
def test_the_number_of_customers_is_exact(tmp_path: Path, customers: int) -> None:
    generate(tmp_path, customers=customers, as_of=LEAP_DAY)

    assert query(tmp_path, "select count(*), count(distinct customer_id) from worknet_customers") == [
        (customers, customers)
    ]


@pytest.mark.parametrize("root", ["clean", "faulty"])
def test_the_manifest_is_true(root: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(root)
    for path in folder.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text())
        assert [manifest["system"], manifest["as_of_date"]] == list(path.parent.relative_to(folder).parts)
        listed = {file["name"]: file for file in manifest["files"]}
        assert {found.name for found in path.parent.iterdir()} == {*listed, "manifest.json"}
        for name, file in listed.items():
            content = (path.parent / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            with (path.parent / name).open(encoding="utf-8", errors="replace", newline="") as stream:
                assert sum(1 for _ in csv.reader(stream)) - 1 == file["rows"], name


@pytest.mark.parametrize("extract", EXTRACTS)
def test_every_value_fits_the_contract(clean: Path, extract: Extract) -> None:
    with file_of(clean, extract).open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == [column.name for column in extract.columns]
    misfits = []
    for column in extract.columns:
        misfit = f"{column.name} is not null and try_cast({column.name} as {column.type.duckdb_type}) is null"
        if column.type is ColumnType.CODE:
            misfit += f" or {column.name} not in {column.codes}"
        if not column.nullable:
            misfit += f" or {column.name} is null"
        misfits.append(f"count(*) filter ({misfit}) as {column.name}")
    (counts,) = query(clean, f"select {', '.join(misfits)} from {extract.table}")
    assert not any(counts), dict(zip((column.name for column in extract.columns), counts, strict=True))


@pytest.mark.parametrize("extract", EXTRACTS)
def test_keys_are_unique_and_parents_are_there(clean: Path, extract: Extract) -> None:
    key = extract.key.name
    assert query(clean, f"select count(*) - count(distinct {key}) from {extract.table}") == [(0,)]
    for reference in extract.parents:
        parent = next(other for other in extracts() if (other.system, other.name) == (extract.system, reference.parent))
        orphans = (
            f"select count(*) from {extract.table} as child anti join {parent.table} as parent "
            f"on child.{reference.column} = parent.{parent.key.name}"
        )
        assert query(clean, orphans) == [(0,)]


def test_some_provider_has_no_customers(clean: Path) -> None:
    assert query(
        clean, "select count(*) > 0 from worknet_providers anti join worknet_customers using (provider_id)"
    ) == [(True,)]


@pytest.mark.parametrize(
    "rare",
    [
        pytest.param(
            "select customer_id from worknet_applications group by all having count(*) > 1",
            id="two workNet applications",
        ),
        pytest.param(
            "select iwds_customer_id from worknet_customers where iwds_customer_id is not null "
            "group by all having count(*) > 1",
            id="two customers with one IWDS person",
        ),
        pytest.param(
            "from iwds_applications where lwia_number <> '90' and worknet_application_id is null",
            id="an enrollment under a local area",
        ),
        pytest.param("from iwds_applications where ssn_last4 is null", id="no number in IWDS"),
        pytest.param("from iwds_applications where status is null", id="no status in IWDS"),
        pytest.param(
            "from iwds_applications as sent join worknet_customers as customer using (iwds_customer_id) "
            "where sent.last_name <> customer.last_name",
            id="a name that IWDS spells differently",
        ),
        pytest.param("from worknet_services where service_code = 'Z99'", id="an unknown service code"),
        pytest.param("from worknet_customers where lwia_number = '99'", id="an unknown area"),
        pytest.param("from worknet_services where status = 'cancelled'", id="a cancelled service"),
        pytest.param("from worknet_services where start_date > '2028-02-29'", id="a planned service"),
        pytest.param("from worknet_case_notes where entered_at like '%Z'", id="a time in UTC"),
        pytest.param("from worknet_case_notes where entered_at like '%-05:00'", id="a time in summer"),
        pytest.param("from worknet_case_notes where entered_at like '%-06:00'", id="a time in winter"),
        pytest.param(
            "from worknet_applications join iwds_applications on worknet_application_id[:10] = application_id[:10] "
            "where application_id like '%-3' and status = 'registrant' and application_submitted_at is null",
            id="a new application while enrolled",
        ),
        pytest.param(
            "from worknet_applications join iwds_applications on worknet_application_id[:10] = application_id[:10] "
            "where application_id like '%-3' and status = 'exited' "
            "and exited_on::date < prescreening_started_at[:10]::date",
            id="a new application after an exit",
        ),
        pytest.param(
            "from iwds_applications join worknet_customers using (iwds_customer_id) "
            "join worknet_suitability_reviews using (customer_id) "
            "where status = 'registrant' and recommendation = 'ready_for_enrollment' and training_program is null",
            id="a registrant without a training program",
        ),
        pytest.param(
            "from iwds_credentials join iwds_applications using (iwds_application_id) "
            "where worknet_application_id is not null and earned_on < certified_on",
            id="a credential from before the enrollment",
        ),
        pytest.param("from iwds_services where end_date = '1900-01-01'", id="an empty date written as 1900-01-01"),
        pytest.param(
            "from iwds_applications where exited_on::date + interval 1 year < date '2028-02-29'",
            id="an exit more than a year ago",
        ),
    ],
)
def test_rare_cases_occur_and_stay_rare_enough(clean: Path, rare: str) -> None:
    assert 0 < len(query(clean, rare)) < 4 * CUSTOMERS


def test_faults_are_in_the_last_day_only(clean: Path, faulty: Path) -> None:
    assert contents(faulty, date(2028, 2, 28)) == contents(clean, date(2028, 2, 28))
    assert contents(faulty, LEAP_DAY).keys() == contents(clean, LEAP_DAY).keys()


@pytest.mark.parametrize("extract", EXTRACTS)
def test_a_file_with_faults_has_all_of_them_and_can_still_be_loaded(
    clean: Path, faulty: Path, extract: Extract
) -> None:
    quarantined, duplicates = expected_faults()[extract.system, extract.name]
    rows = [
        json.loads((root / extract.system / "2028-02-29" / "manifest.json").read_text())["files"]
        for root in (clean, faulty)
    ]
    before, after = (next(f["rows"] for f in files if f["name"] == f"{extract.name}.csv") for files in rows)
    assert after - before == quarantined + duplicates
    assert quarantined <= 0.01 * after


def test_every_hard_reference_has_an_orphan() -> None:
    orphans = {(fault.system, fault.extract) for fault in FAULTS if fault.name == "orphan"}
    assert orphans == {(extract.system, extract.name) for extract in extracts() if extract.parents}


def test_unusual_values_that_landing_accepts_are_there(faulty: Path) -> None:
    def first_records(name: str) -> tuple[list[str], list[str]]:
        path = next(faulty.glob(f"*/2028-02-29/{name}.csv"))
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            return next(reader), next(reader)

    assert (faulty / "worknet/2028-02-29/staff.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    header, record = first_records("providers")
    assert header == ["lwia_number", "provider_name", "provider_id"]
    assert ",\n" in record[1]
    assert first_records("credentials")[0][-1] == "entered_by"
    assert first_records("customers")[1][2].startswith("0")
    assert b"\xff" in (faulty / "worknet/2028-02-29/case_notes.csv").read_bytes()


def test_the_smallest_sample_with_faults_is_within_the_limit(tmp_path: Path) -> None:
    customers = generator._MIN_CUSTOMERS_WITH_FAULTS
    generate(tmp_path, customers=customers, as_of=LEAP_DAY, faults=True)
    for (system, name), (quarantined, _) in expected_faults().items():
        manifest = json.loads((tmp_path / system / "2028-02-29" / "manifest.json").read_text())
        rows = next(file["rows"] for file in manifest["files"] if file["name"] == f"{name}.csv")
        assert quarantined <= 0.01 * rows, name


def test_too_few_customers_for_faults_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="at least 1000 customers"):
        generate(tmp_path, customers=999, as_of=LEAP_DAY, faults=True)


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"days": 0}, {"delivery": 0}, {"as_of": date(1999, 12, 31)}])
def test_impossible_samples_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"customers": 10, "as_of": LEAP_DAY, **wrong}
    with pytest.raises(GeneratorError):
        generate(tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_delivery_is_repeated_but_never_overwritten(tmp_path: Path) -> None:
    folders = generate(tmp_path, customers=10, as_of=LEAP_DAY)
    assert folders == [tmp_path / "iwds" / "2028-02-29", tmp_path / "worknet" / "2028-02-29"]
    before = contents(tmp_path)

    assert generate(tmp_path, customers=10, as_of=LEAP_DAY) == folders
    with pytest.raises(GeneratorError, match="another folder, or a higher number with --delivery"):
        generate(tmp_path, customers=11, as_of=LEAP_DAY)
    assert contents(tmp_path) == before

    generate(tmp_path, customers=11, as_of=LEAP_DAY, delivery=2)
    assert json.loads((folders[0] / "manifest.json").read_text())["delivery"] == 2
    assert query(tmp_path, "select count(*) from worknet_customers") == [(11,)]


def test_an_interrupted_delivery_is_completed(tmp_path: Path) -> None:
    left = tmp_path / "worknet" / "2028-02-29"
    left.mkdir(parents=True)
    (left / "customers.csv").write_text("half a f")

    generate(tmp_path, customers=10, as_of=LEAP_DAY)

    assert query(tmp_path, "select count(*) from worknet_customers") == [(10,)]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(message: str) -> None:
        if "credentials" in message:
            raise StoppedError

    with pytest.raises(StoppedError):
        generate(tmp_path, customers=10, as_of=LEAP_DAY, progress=stop)

    assert list(tmp_path.iterdir()) == []
