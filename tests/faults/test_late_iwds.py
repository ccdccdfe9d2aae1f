"""A day is built from an older delivery of IWDS, and again when its own arrives: as if it had never been late."""

import shutil
from pathlib import Path

import duckdb
from conftest import DAY, DAY_BEFORE, Sample, yacp
from dashboard_site import Person, site_over

from orchestration.runs.instance import write_instance
from orchestration.settings import Settings

LATE = {"YACP_IWDS_MAY_BE_LATE_DAYS": "1"}
OF_THE_RUN = {"loaded_at"}


def test_a_late_delivery_leaves_no_trace_once_it_is_there(sample: Sample, tmp_path: Path, super_user: Person) -> None:
    home, extracts = tmp_path / "home", tmp_path / "extracts"
    shutil.copytree(sample.home_before, home, symlinks=True)
    shutil.copytree(sample.extracts, extracts)
    write_instance(Settings(home=home, extracts=str(extracts)))
    (extracts / "iwds" / str(DAY)).rename(tmp_path / "late")
    refused = yacp(home, "run", "--as-of", str(DAY), extracts=extracts)
    assert refused.returncode == 2
    assert f"IWDS has not delivered {DAY} yet" in refused.stderr

    borrowed = yacp(home, "run", "--as-of", str(DAY), extracts=extracts, variables=LATE)
    assert borrowed.returncode == 0, borrowed.stderr
    checks = yacp(home, "checks", "--failed").stdout
    assert "IWDS's rows are older than the day, in days: 1" in " ".join(checks.split())
    assert f"as of {DAY} · IWDS's data of {DAY_BEFORE} ·" in " ".join(yacp(home, "show").stdout.split())
    page = site_over(home / "published", tmp_path).get("/", super_user.email).text
    assert f'data-iwds-of="{DAY_BEFORE}"' in page
    assert different_tables(sample.home, home)

    (tmp_path / "late").rename(extracts / "iwds" / str(DAY))
    own = yacp(home, "run", "--as-of", str(DAY), extracts=extracts, variables=LATE)
    assert own.returncode == 0, own.stderr
    assert different_tables(sample.home, home) == []
    assert "IWDS's data" not in yacp(home, "show").stdout
    assert "data-iwds-of" not in site_over(home / "published", tmp_path).get("/", super_user.email).text


def different_tables(one: Path, other: Path) -> list[str]:
    """The published tables that differ in a row, apart from when it was loaded."""
    found = []
    for file in ("dashboard", "customers"):
        with duckdb.connect() as connection:
            for name, home in (("one", one), ("other", other)):
                path = (home / "published" / f"{file}.duckdb").resolve()
                connection.execute(f"attach '{path}' as {name} (read_only)")
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'one'"
            ).fetchall()
            for (table,) in tables:
                columns = [row[0] for row in connection.execute(f"describe one.{table}").fetchall()]
                rows = ", ".join(f'"{column}"' for column in columns if column not in OF_THE_RUN)
                counted = " union all ".join(
                    f"(select {rows} from {here}.{table} except all select {rows} from {there}.{table})"
                    for here, there in (("one", "other"), ("other", "one"))
                )
                if connection.execute(f"select count(*) from ({counted})").fetchone() != (0,):
                    found.append(table)
    return found
