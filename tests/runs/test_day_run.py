"""Two days that were landed, built, checked and published, as readers see them."""

import hashlib
import json
import re
import stat
from pathlib import Path

import duckdb
from conftest import DAY, DAY_BEFORE, Sample, query, yacp
from published_reader import MANY_DAYS
from shared_sample import SECTIONS

from orchestration.contract.systems import extracts
from orchestration.state.releases import releases


def tables(release: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every published row of a release, except for the time it was published."""
    found = {}
    for file in ("dashboard", "customers"):
        names = query(
            release / f"{file}.duckdb",
            "select schema_name, table_name from duckdb_tables() where database_name = 'it' order by all",
        )
        for schema, table in names:
            found[f"{schema}.{table}"] = query(release / f"{file}.duckdb", f"from it.{schema}.{table} order by all")
    return found


def test_every_line_has_customers(sample: Sample) -> None:
    empty = sample.query(
        "dashboard",
        "select line_key from it.sections.dashboard where scope_type = 'statewide' and customer_count = 0",
    )
    assert empty == []


def test_every_sync_status_occurs(sample: Sample) -> None:
    statewide = "select sync_status from it.quality.sync_status where scope_type = 'statewide'"
    assert len(sample.query("dashboard", statewide)) == 9


def test_the_newest_day_is_what_readers_see(sample: Sample) -> None:
    for section in SECTIONS:
        assert sample.query("dashboard", f"select distinct as_of_date from it.sections.{section}") == [(DAY,)]
    assert str((sample.home / "published" / "current").readlink()) == f"releases/{DAY}-1"
    assert str((sample.home / "published" / "dashboard.duckdb").readlink()) == "current/dashboard.duckdb"


def test_published_columns_are_the_contract(sample: Sample) -> None:
    columns = sample.query(
        "dashboard",
        "select column_name, data_type from duckdb_columns() where database_name = 'it' and schema_name = 'sections'"
        " and table_name = 'customer_services' order by column_index",
    )
    assert columns == [
        ("as_of_date", "DATE"),
        ("scope_type", "VARCHAR"),
        ("scope_id", "VARCHAR"),
        ("scope_name", "VARCHAR"),
        ("section_number", "INTEGER"),
        ("section_key", "VARCHAR"),
        ("section_name", "VARCHAR"),
        ("line_number", "INTEGER"),
        ("line_key", "VARCHAR"),
        ("line_name", "VARCHAR"),
        ("colour", "VARCHAR"),
        ("parent_line_key", "VARCHAR"),
        ("definition", "VARCHAR"),
        ("next_steps", "VARCHAR"),
        ("customer_count", "BIGINT"),
        ("percent", "DOUBLE"),
        ("loss_rate", "DOUBLE"),
        ("pass_rate", "DOUBLE"),
        ("eligible_count", "BIGINT"),
        ("unclassified_count", "BIGINT"),
    ]


def test_every_published_column_is_described(sample: Sample) -> None:
    for file in ("dashboard", "customers"):
        undescribed = sample.query(
            file,
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where database_name = 'it' and coalesce(comment, '') = '' and not internal",
        )
        assert undescribed == []


def test_parquet_holds_the_same_tables(sample: Sample) -> None:
    """The folder of the newest day for tables of one day, all folders for tables with history."""
    folder = sample.home / "published" / "parquet"
    for file in ("dashboard", "customers"):
        names = sample.query(file, "select schema_name, table_name from duckdb_tables() where database_name = 'it'")
        assert names
        for schema, table in names:
            columns = sample.query(file, f"describe it.{schema}.{table}")
            wanted = ", ".join(f'"{column[0]}"' for column in columns)
            day = "*" if table in MANY_DAYS else str(DAY)
            stored = duckdb.sql(
                f"select {wanted} from read_parquet('{folder}/{file}/{schema}/{table}/as_of_date={day}/*.parquet',"
                " hive_partitioning = false) order by all"
            ).fetchall()
            assert stored == sample.query(file, f"select {wanted} from it.{schema}.{table} order by all"), table


def test_nothing_personal_is_published_except_names_in_lists(sample: Sample) -> None:
    personal = {column.name for extract in extracts() for column in extract.columns if column.personal}
    for file, allowed in (("dashboard", set()), ("customers", {"first_name", "last_name"})):
        columns = sample.query(
            file,
            "select distinct column_name from duckdb_columns() where database_name = 'it'"
            " and table_name <> 'entitlements'",  # whose e-mail addresses are the staff's
        )
        assert {str(name) for (name,) in columns} & personal == allowed


def test_only_the_owner_can_open_customer_lists(sample: Sample) -> None:
    release = (sample.home / "published" / "current").resolve()
    assert stat.S_IMODE((release / "customers.duckdb").stat().st_mode) == 0o600
    assert stat.S_IMODE((release / "dashboard.duckdb").stat().st_mode) == 0o644
    assert stat.S_IMODE((release / "parquet" / "customers").stat().st_mode) == 0o700


def test_checks_of_every_kind_are_published(sample: Sample) -> None:
    found = sample.query("dashboard", "select name, severity, passed, observed, expected, title from it.quality.checks")
    names = {row[0] for row in found}
    assert {"row_account", "synced_implies_an_agreeing_identity", "lwia_is_in_the_reference"} <= names
    assert any(name.startswith("counts_are_lists") for name in names)
    assert all(passed for _, severity, passed, *_ in found if severity == "error")
    assert any(not passed for _, severity, passed, *_ in found if severity == "warn")
    assert all(observed and str(expected).strip().endswith(".") and title for *_, observed, expected, title in found)
    assert all("_" not in f"{observed} {expected} {title}" for *_, observed, expected, title in found)
    pairs = sample.query("dashboard", "select count(*), count(distinct (asset, title)) from it.quality.checks")
    assert len(set(pairs[0])) == 1


def test_the_days_rows_can_be_queried_as_raw(sample: Sample) -> None:
    names = {extract.table for extract in extracts()}
    with duckdb.connect(str(sample.home / "warehouse.duckdb"), read_only=True) as warehouse:
        views = warehouse.execute("select view_name from duckdb_views() where schema_name = 'raw'").fetchall()
        assert {name for (name,) in views} == names
        loaded = warehouse.execute("select count(*) from raw.worknet_customers").fetchone()
        promised = warehouse.execute(
            "select rows_loaded from quality.deliveries where file = 'customers.csv' and system = 'worknet'"
        ).fetchone()
    assert loaded == promised


def test_the_same_days_run_again_give_the_same_tables(sample: Sample, tmp_path: Path) -> None:
    """The older day first: it becomes visible together with the newest one, not before."""
    again = sample.copy(tmp_path)
    before = (again.home / "published" / "current").resolve()
    result = yacp(again.home, "backfill", str(DAY_BEFORE), str(DAY), extracts=again.extracts)
    assert result.returncode == 0, result.stderr
    assert f"Built {DAY_BEFORE}; it is published with {DAY}, the newest day." in " ".join(result.stderr.split())
    after = (again.home / "published" / "current").resolve()
    assert (before.name, after.name) == (f"{DAY}-1", f"{DAY}-3")
    assert {release.name for release in releases(again.settings)} == {f"{DAY_BEFORE}-1", f"{DAY}-1", f"{DAY}-3"}
    assert tables(after) == tables(before)


def test_a_failing_check_keeps_the_last_good_day(sample: Sample, tmp_path: Path) -> None:
    """IWDS loses nearly all customers from one day to the next: each row is valid, but the synced share falls."""
    broken = sample.copy(tmp_path)
    release = str((broken.home / "published" / "current").readlink())
    folder = broken.extracts / "worknet" / str(DAY)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace (null as iwds_customer_id) from read_parquet('{broken.home}/archive/worknet/"
            f"{DAY}/0001/customers.parquet')) to '{folder}/customers.parquet'"
        )
        rows = connection.execute(f"select count(*) from '{folder}/customers.parquet'").fetchone()
    assert rows
    assert (folder / "customers.csv").read_bytes()  # the previous delivery was CSV
    (folder / "customers.csv").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        if file["name"] == "customers.csv":
            data = (folder / "customers.parquet").read_bytes()
            file.update(name="customers.parquet", rows=rows[0], sha256=hashlib.sha256(data).hexdigest())
    manifest["delivery"] = 2
    (folder / "manifest.json").write_text(json.dumps(manifest))
    result = yacp(broken.home, "run", "--as-of", str(DAY), extracts=broken.extracts)
    assert result.returncode == 1, result.stderr
    said = re.search(r"50 points: 2 of 9 cases break it: (.+). The share of each", result.stderr)
    assert said
    assert re.search(r"synced from \d\d% to 0%", said[1])
    assert re.search(r"no match from \d+% to \d\d%|match available from \d+% to \d\d%", said[1])
    assert "(sync_shares_move_less_than_50_points on sync_status)" in result.stderr
    assert "expectations/sync_shares.yml" in result.stderr
    assert "Traceback" not in result.stderr
    assert str((broken.home / "published" / "current").readlink()) == release
    failed = yacp(broken.home, "checks", "--failed", "--format", "json")
    assert "sync_shares_move_less_than_50_points" in {row["name"] for row in json.loads(failed.stdout)}
    (broken.home / "warehouse.duckdb").unlink()  # as a run of another day would leave nothing of this one there
    kept = json.loads(yacp(broken.home, "checks", "--as-of", str(DAY), "--failed", "--format", "json").stdout)
    assert kept == json.loads(failed.stdout)
    assert said[1] in {row["observed"].split(": ", 1)[-1] for row in kept}


def test_entitlements_match_the_staff_extract(sample: Sample) -> None:
    granted = set(sample.query("customers", "from it.lists.entitlements"))
    with duckdb.connect(str(sample.home / "warehouse.duckdb"), read_only=True) as warehouse:
        staff = warehouse.execute(
            "select staff_id, lower(email), role, provider_id, cast(lwia_number as varchar) from raw.worknet_staff"
        ).fetchall()
        scopes = set(warehouse.execute("select scope_type, scope_id from intermediate.int_sections__scopes").fetchall())
    due = set()
    for staff_id, email, role, provider, lwia in staff:
        wanted = {
            "super_user": ("statewide", "IL", True),
            "career_planner": ("provider", provider, True) if provider else ("lwia", lwia, True),
            "case_worker": ("provider", provider, True),
            "provider_staff": ("provider", provider, False),
        }[role]
        due |= {(staff_id, email, role, *wanted)} if wanted[:2] in scopes else set()
    assert granted == due
    assert {row[2] for row in granted} == {"super_user", "career_planner", "case_worker", "provider_staff"}


def test_coming_due_matches_the_lists(sample: Sample) -> None:
    due = dict(
        sample.query(
            "dashboard",
            "select line_key, customer_count_by_then from it.sections.coming_due"
            " where scope_type = 'statewide' and days_until_red = 5",
        )
    )
    listed = dict(
        sample.query(
            "customers",
            "select line_key, count(*) from it.lists.line_customers where days_until_red <= 5 group by all",
        )
    )
    assert {line: count for line, count in due.items() if count} == listed
    assert listed


def test_the_quarantine_shows_positions_not_values(sample: Sample) -> None:
    result = yacp(sample.home, "quarantine", "--format", "json")
    rows = json.loads(result.stdout)
    assert len(rows) > 15
    assert set(rows[0]) == {
        "system",
        "as_of_date",
        "delivery",
        "status",
        "file",
        "line_number",
        "column_name",
        "reason",
    }
    assert all(row["line_number"] for row in rows)


def test_deliveries_account_for_all_rows(sample: Sample) -> None:
    rows = json.loads(yacp(sample.home, "deliveries", "--format", "json").stdout)
    assert len(rows) == 24
    for row in rows:
        assert row["rows_in_manifest"] == row["rows_loaded"] + row["rows_quarantined"] + row["rows_duplicate"]


def test_the_run_is_in_the_instance_that_the_ui_reads(sample: Sample) -> None:
    import dagster as dg

    with dg.DagsterInstance.from_config(str(sample.home / "dagster")) as instance:
        runs = instance.get_runs()
        assert [run.tags["dagster/partition"] for run in runs] == [str(DAY), str(DAY_BEFORE)]
        assert all(run.is_success for run in runs)
        assert all(run.remote_job_origin is not None for run in runs)
        asset = dg.AssetKey(["sections", "enrollment_status"])
        event = instance.get_latest_materialization_event(asset)
        assert event is not None
        materialization = event.asset_materialization
        assert materialization is not None
        assert materialization.partition == str(DAY)
        (record,) = instance.fetch_observations(asset, limit=1).records
        observation = record.asset_observation
        assert observation is not None
        assert observation.partition == str(DAY)
        assert {"dagster/row_count", "dagster/column_schema"} <= set(observation.metadata)


def test_no_log_holds_personal_data(sample: Sample) -> None:
    with duckdb.connect() as connection:
        marks = connection.execute(
            f"select distinct email from '{sample.home}/archive/worknet/{DAY}/0001/customers.parquet'"
            " where email is not null limit 500"
        ).fetchall()
    marks = [str(mark).encode() for (mark,) in marks]
    assert marks
    files_read = 0
    for folder in ("dagster", "dbt"):
        for path in (sample.home / folder).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                files_read += 1
                assert not any(mark in content for mark in marks), path.name
    assert files_read > 10
