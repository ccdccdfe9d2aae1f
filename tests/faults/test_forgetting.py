"""After a person was forgotten, no byte of them is left, no other number has changed, and runs still work."""

import csv
import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, YACP, Sample, clean_environment, query, yacp
from leak_scan import traces

from orchestration.contract.extract import Extract
from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.landing.archive import Archive
from orchestration.landing.intake import land
from orchestration.publishing.assets import NOBODY_FORGOTTEN
from orchestration.sample.generator import generate

DAY_AFTER = DAY + timedelta(days=1)
OF_CUSTOMERS = [e for e in WORKNET.extracts if any(r.column == "customer_id" for r in e.parents)]
OF_IWDS_APPLICATIONS = [extract for extract in IWDS.extracts if extract.parents]
CUSTOMERS, IWDS_APPLICATIONS = WORKNET.extract("customers"), IWDS.extract("applications")


@dataclass(frozen=True)
class BeforeForgetting:
    """The state before, the customer to forget, and every value that belongs to this person alone."""

    home: Path
    extracts: Path
    customer: str
    marks: frozenset[str]

    def copy(self, target: Path) -> Sample:
        """A copy that keeps the hard links between releases."""
        for folder in (self.home, self.extracts):
            subprocess.run(["cp", "-a", folder, target / folder.name], check=True)
        return Sample(target / self.home.name, target / self.extracts.name)


def archived(home: Path, extract: Extract) -> str:
    return f"read_parquet('{home}/archive/{extract.system}/*/*/{extract.name}.parquet', union_by_name = true)"


def values(sql: str) -> list[str]:
    return [str(value) for row in duckdb.sql(sql).fetchall() for value in row if value is not None]


def customer_with_rows_everywhere(home: Path) -> str:
    """A customer on both days, with rows in every extract of both systems."""
    has_worknet = " ".join(
        f"and customer_id in (select customer_id from {archived(home, extract)})" for extract in OF_CUSTOMERS
    )
    has_iwds = " and ".join(
        f"iwds_application_id in (select iwds_application_id from {archived(home, extract)})"
        for extract in OF_IWDS_APPLICATIONS
    )
    return values(
        f"select customer_id from {archived(home, CUSTOMERS)} where email is not null and phone is not null"
        f" and iwds_customer_id in (select iwds_customer_id from {archived(home, IWDS_APPLICATIONS)} where {has_iwds})"
        f" {has_worknet} group by customer_id having count(*) = 2 order by customer_id limit 1"
    )[0]


def marks_of(home: Path, customer: str) -> set[str]:
    own = f"where customer_id = '{customer}'"
    # Without the phone, which another generated person may have too.
    found = set(values(f"select customer_id, email, iwds_customer_id from {archived(home, CUSTOMERS)} {own}"))
    for extract in OF_CUSTOMERS:
        found |= set(values(f"select {extract.key.name} from {archived(home, extract)} {own}"))
    persons = f"(select iwds_customer_id from {archived(home, CUSTOMERS)} {own})"
    applications = (
        f"select iwds_application_id from {archived(home, IWDS_APPLICATIONS)} where iwds_customer_id in {persons}"
    )
    found |= set(values(applications))
    for extract in OF_IWDS_APPLICATIONS:
        children = f"{archived(home, extract)} where iwds_application_id in ({applications})"
        found |= set(values(f"select {extract.key.name} from {children}"))
    return found


def redeliver(folder: Path, added: Mapping[str, list[list[object]]], *, without: str = "") -> None:
    """Writes the next delivery: with records added to some files, or without those that contain a text."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["delivery"] += 1
    for file in manifest["files"]:
        path = folder / file["name"]
        before = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in before if not without or without.encode() not in line]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(added.get(file["name"], []))
        path.write_bytes(b"".join(kept) + text.getvalue().encode())
        file["rows"] += len(kept) - len(before) + len(added.get(file["name"], []))
        file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def share_files(home: Path) -> None:
    """Links the files that two releases have in common, as publishing does."""
    first, *others = sorted(home.glob("published/releases/*"))
    for path in first.glob("parquet/**/*.parquet"):
        for other in others:
            twin = other / path.relative_to(first)
            if twin.exists() and twin.read_bytes() == path.read_bytes():
                twin.unlink()
                twin.hardlink_to(path)


@pytest.fixture(scope="module")
def prepared(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> BeforeForgetting:
    """Two published days, and a redelivery with rows of the person that are refused or match by name alone."""
    mine = sample.copy(tmp_path_factory.mktemp("prepared"))
    share_files(mine.home)
    customer = customer_with_rows_everywhere(mine.home)
    marks = marks_of(mine.home, customer)
    columns = [column.name for column in CUSTOMERS.columns]
    row = duckdb.sql(
        f"select {', '.join(columns)} from {archived(mine.home, CUSTOMERS)} where customer_id = '{customer}' limit 1"
    ).fetchone()
    assert row
    person = dict(zip(columns, row, strict=True))
    redeliver(
        mine.extracts / "worknet" / str(DAY_BEFORE),
        {
            "customers.csv": [
                list((person | {"last_name": "Married"}).values()),  # a key that exists already
                list((person | {"customer_id": ""}).values()),
                [*(person | {"customer_id": "SPLIT-1", "email": None, "phone": None}).values(), "too many"],
            ],
            "case_notes.csv": [["LATE-1", customer, "soon", ""]],
        },
    )
    alike = {
        "iwds_application_id": "ALIKE-1",
        "iwds_customer_id": "ALIKE-2",
        "first_name": str(person["first_name"]).upper(),
        "last_name": f" {person['last_name']}",
        "date_of_birth": person["date_of_birth"],
        "lwia_number": 90,
        "application_date": "2026-01-05",
        "status_date": "2026-01-05",
    }
    redeliver(
        mine.extracts / "iwds" / str(DAY_BEFORE),
        {"applications.csv": [[alike.get(column.name, "") for column in IWDS_APPLICATIONS.columns]]},
    )
    for system in SYSTEMS:
        assert land(mine.settings, system, DAY_BEFORE).delivery == 2
    return BeforeForgetting(
        mine.home, mine.extracts, customer, frozenset(marks | {"SPLIT-1", "LATE-1", "ALIKE-1", "ALIKE-2"})
    )


def counts(home: Path) -> list[str]:
    """Every row of the counts and every file with counts, in every release."""
    found = []
    for database in sorted(home.glob("published/releases/*/dashboard.duckdb")):
        tables = query(database, "select schema_name, table_name from duckdb_tables() where database_name = 'it'")
        for schema, table in sorted(tables):
            rows = query(database, f"from it.{schema}.{table} order by all")
            found += [f"{database.parent.name} {table} {row}" for row in rows]
    for path in sorted(home.glob("published/releases/*/parquet/dashboard/**/*.parquet")):
        found.append(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return found


def others(prepared: BeforeForgetting, home: Path) -> list[str]:
    """The rows of everybody else in the archive and in the lists, as a digest per file."""
    theirs = ", ".join(f"'{mark}'" for mark in prepared.marks)
    ids = ("customer_id", "iwds_customer_id", "iwds_application_id")
    found = []
    for path in sorted(
        [*home.glob("archive/[a-z]*/*/*/*.parquet"), *home.glob("published/releases/*/parquet/cust*/**/*.parquet")]
    ):
        relation = f"read_parquet('{path}', hive_partitioning = false)"
        columns = [str(row[0]) for row in duckdb.sql(f"describe from {relation}").fetchall()]
        if path.name == "quarantine.parquet":
            columns = [column for column in columns if column not in ("value", "record")]
        where = " and ".join(f"coalesce({name}, '') not in ({theirs})" for name in ids if name in columns) or "true"
        rows = f"select {', '.join(columns)} from {relation} where {where}"
        digest = duckdb.sql(f"select count(*), sum(hash(others)) from ({rows}) as others").fetchone()
        found.append(f"{path.relative_to(home)} {digest}")
    return found


def links(home: Path) -> dict[str, int]:
    files = home.glob("published/releases/*/parquet/**/*.parquet")
    return {str(path.relative_to(home)): path.stat().st_nlink for path in files}


def check_accounts(home: Path) -> None:
    """Every row that was loaded is stored or was forgotten."""
    for delivery in Archive(home / "archive").all():
        system = next(system for system in SYSTEMS if system.name == delivery.system)
        for name, loaded, refused in duckdb.sql(
            f"select extract, rows_loaded, rows_quarantined from '{delivery.account}'"
        ).fetchall():
            extract = system.extract(name)
            stored = duckdb.sql(f"from '{delivery.parquet(extract)}'").shape[0]
            assert stored + delivery.rows_forgotten(extract) == loaded, (delivery.folder, name)
            assert duckdb.sql(f"from '{delivery.quarantine}' where extract = '{name}'").shape[0] == refused


def test_no_trace_is_left_and_no_other_number_changes(prepared: BeforeForgetting, tmp_path: Path) -> None:
    mine = prepared.copy(tmp_path)
    home = mine.home
    of_a_killed_run = home / "archive" / ".incoming" / "worknet-dead"
    of_a_killed_run.mkdir()
    (of_a_killed_run / "customers.csv").write_text(prepared.customer)
    pool = home / "published" / "releases" / ".spare"  # the links of a removed release, for the next one
    shutil.copytree((home / "published" / "current" / "parquet").resolve(), pool)
    found = " ".join(traces(home, prepared.marks))
    for place in ("warehouse", "customers.duckdb", "quarantine", "line_history", "scope_history", "worknet-dead"):
        assert place in found
    before, shared = (counts(home), others(prepared, home)), links(home)
    assert any(number > 1 and "line_customers" in path for path, number in shared.items())

    forgotten = yacp(home, "forget", prepared.customer, "--yes", extracts=mine.extracts)
    assert forgotten.returncode == 0, forgotten.stderr
    assert traces(home, prepared.marks) == []
    assert (counts(home), others(prepared, home)) == before
    assert links(home) == shared
    check_accounts(home)
    people = f"{archived(prepared.home, CUSTOMERS)} where customer_id = '{prepared.customer}'"
    for name in values(f"select distinct first_name, last_name, email, phone from {people}"):
        assert name not in forgotten.stdout + forgotten.stderr
    rows = json.loads((home / "published" / "current" / "release.json").read_text())["rows"]
    for table in ("line_customers", "line_history", "scope_history", "exceptions", "sync_problems", "entitlements"):
        database = home / "published" / "current" / "customers.duckdb"
        assert query(database, f"select count(*) from it.lists.{table}") == [(rows[f"lists.{table}"],)]

    # The next day is delivered without them. Then an old day is rebuilt: its counts are lower, and the run says so.
    generate(mine.extracts, customers=2000, as_of=DAY_AFTER, seed=11)
    for system in SYSTEMS:
        redeliver(mine.extracts / system.name / str(DAY_AFTER), {}, without=prepared.customer[1:])
    next_day = yacp(home, "run", "--as-of", str(DAY_AFTER), extracts=mine.extracts)
    assert next_day.returncode == 0, next_day.stderr
    rebuilt = yacp(home, "run", "--as-of", str(DAY), extracts=mine.extracts)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert f"rows of {DAY} were removed by yacp forget" in rebuilt.stderr
    checks = json.loads(yacp(home, "checks", "--as-of", str(DAY), "--format", "json").stdout)
    warned = {check["asset"] for check in checks if check["name"] == NOBODY_FORGOTTEN and not check["passed"]}
    assert {"worknet_customers", "worknet_services", "iwds_applications", "iwds_credentials"} <= warned
    assert traces(home, prepared.marks) == []


def test_nothing_is_removed_before_it_is_confirmed(prepared: BeforeForgetting) -> None:
    asked = subprocess.run(
        [str(YACP), "forget", prepared.customer],
        env=clean_environment(prepared.home),
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 130
    assert "worknet case_notes" in asked.stderr
    assert len(traces(prepared.home, prepared.marks)) > 20


def test_an_unknown_id_is_refused(prepared: BeforeForgetting) -> None:
    unknown = yacp(prepared.home, "forget", "C-nobody", "--yes")
    assert unknown.returncode == 2
    assert "nothing to remove" in unknown.stderr


# Is killed when it is about to replace the nth file.
KILLED_WHILE_REPLACING = """
import os, signal, sys
from pathlib import Path
from orchestration.privacy.forget import forget
from orchestration.settings import Settings
remaining = int(sys.argv[3])
replace = Path.replace
def replace_or_die(path, target):
    global remaining
    remaining -= 1
    if remaining < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)
Path.replace = replace_or_die
forget(Settings(home=Path(sys.argv[1])), sys.argv[2])
"""


@pytest.fixture(scope="module")
def before(prepared: BeforeForgetting) -> list[str]:
    return others(prepared, prepared.home)


@pytest.mark.parametrize("replaced", [0, 1, 6, 13, 16, 19, 22, 25, 28, 32])
def test_the_same_command_finishes_after_being_killed(
    prepared: BeforeForgetting, before: list[str], tmp_path: Path, replaced: int
) -> None:
    home = prepared.copy(tmp_path).home
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_REPLACING, home, prepared.customer, str(replaced)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    without_personal_data = [home / "dagster", home / "dbt"]
    assert traces(home, prepared.marks, without_personal_data) != []
    again = yacp(home, "forget", prepared.customer, "--yes")
    assert again.returncode == 0, again.stderr
    assert traces(home, prepared.marks, without_personal_data) == []
    assert others(prepared, home) == before
    check_accounts(home)
