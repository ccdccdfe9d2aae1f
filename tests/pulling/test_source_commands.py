"""The commands: pull, source check, and source init, as a person uses them; and what Dagster shows of a pull."""

import sqlite3
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, yacp
from written_deliveries import IWDS_VALUES
from written_profiles import FILES, WrittenProfile
from yacp_command import read_csv

from orchestration.settings import settings

ROW = IWDS_VALUES["applications"]


def test_a_source_is_drafted_checked_mended_and_pulled(written_profile: WrittenProfile) -> None:
    home = written_profile.settings.state
    for table, rows in {
        "APPL": [{"APPL_NO": "I1", "PERSON_NO": "K1", "FIRST_NM": "ADA", "LAST_NM": "EXAMPLE", "BIRTH_DT": "04/01/2005",
                  "LWIA_NO": "90", "STAT_CD": "X", "APPL_DT": "11/01/2026", "STAT_DT": "11/01/2026"}],
        "SERVICES": [IWDS_VALUES["services"]],
        "CRED": [IWDS_VALUES["credentials"]],
    }.items():  # fmt: skip
        written_profile.export_table(table, rows)
    drafted = yacp(home, "source", "init", "iwds", "--files", str(home / "exports"))
    assert drafted.returncode == 0, drafted.stderr
    assert "yacp source check iwds" in drafted.stderr
    applications = written_profile.folder / "applications.sql"
    draft = applications.read_text()
    assert "as_date(birth_dt, '%m/%d/%Y') as date_of_birth," in draft
    assert "null as worknet_application_id,  -- TODO: optional" in draft
    toml = written_profile.folder / "source.toml"
    assert 'appl = "APPL_{day:%Y-%m-%d}.csv"' in toml.read_text()
    toml.write_text(toml.read_text().replace("age_minutes = 30", "age_minutes = 0"))
    assert yacp(home, "source", "init", "iwds", "--files", str(home)).returncode == 2

    applications.write_text(draft.replace("as_date(birth_dt, '%m/%d/%Y')", "birth_dt"))
    checked = yacp(home, "source", "check", "iwds", "--format", "json")
    assert checked.returncode == 2
    assert "It would be refused: applications.parquet has 1 of 1 rows" in checked.stderr
    rows = {
        (row["extract"], row["column"]): row
        for row in read_csv(yacp(home, "source", "check", "iwds", "--format", "csv").stdout)
    }
    born = rows["applications", "date_of_birth"]
    assert (born["rows"], born["null_share"], born["misfits"]) == ("1", "0.0", "99/99/9999")
    assert born["mend"] == "as_date(birth_dt, '%m/%d/%Y') as date_of_birth,"
    assert born["comes_from"].startswith("applications.sql, line ")
    assert rows["applications", "status"]["misfits"] == "A"
    assert "then 'inquirant'" in rows["applications", "status"]["mend"]
    assert not any(value in checked.stdout + checked.stderr for value in ("ADA", "EXAMPLE", "04/01/2005"))
    assert not (home / "extracts").exists()

    mended = draft.replace("stat_cd as status", "case stat_cd when 'X' then 'exited' else stat_cd end as status")
    applications.write_text(mended)
    assert yacp(home, "source", "check", "iwds").returncode == 0
    pulled = yacp(home, "pull", "iwds")
    assert pulled.returncode == 0
    assert f"IWDS {DAY}: 3 rows" in pulled.stderr
    assert "the same as delivery 1" in yacp(home, "pull").stderr


def test_what_is_not_selected_or_always_empty_is_an_error_at_the_check(written_profile: WrittenProfile) -> None:
    columns = ", ".join(f"'{value}' as {name}" for name, value in ROW.items() if name != "last_name")
    written_profile.write(FILES, applications=f"select {columns}")
    written_profile.export_table("app", [ROW])
    checked = yacp(written_profile.settings.state, "source", "check", "iwds")
    assert checked.returncode == 2
    assert "lacks the required column last_name" in checked.stderr
    written_profile.write(FILES, applications=f"select {columns},\nnull as last_name")
    checked = yacp(written_profile.settings.state, "source", "check", "iwds")
    assert checked.returncode == 2
    assert "missing_value in last_name" in checked.stderr


def test_a_draft_from_a_database(written_profile: WrittenProfile, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        for name, row in IWDS_VALUES.items():
            connection.execute(f"create table {name} ({', '.join(row)})")
    connection.close()
    variables = {"IWDS_DATABASE": f"sqlite:///{tmp_path / 'x.sqlite'}"}
    drafted = yacp(written_profile.settings.state, "source", "init", "iwds", "--database", variables=variables)
    assert drafted.returncode == 0, drafted.stderr
    draft = (written_profile.folder / "credentials.sql").read_text()
    assert draft.endswith("    credential_type,\n    earned_on\nfrom credentials\n")
    assert 'address_variable = "IWDS_DATABASE"' in (written_profile.folder / "source.toml").read_text()


def test_mistakes_are_one_sentence_and_status_two(written_profile: WrittenProfile) -> None:
    home = written_profile.settings.state
    for arguments, says in (
        (["pull"], "No system has a profile"),
        (["pull", "iwds"], "IWDS has no profile"),
        (["source", "check", "iwds"], "IWDS has no profile"),
        (["source", "init", "iwds"], "either --files FOLDER or --database"),
        (["source", "init", "iwds", "--files", str(home / "nowhere")], "no file in"),
        (["source", "init", "iwds", "--database"], "IWDS_DATABASE, which is not set"),
    ):
        done = yacp(home, *arguments)
        assert done.returncode == 2, arguments
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert not written_profile.folder.exists()


def test_a_source_that_can_not_be_reached_ends_a_run_with_status_one(written_profile: WrittenProfile) -> None:
    written_profile.write('[database]\naddress_variable = "NOWHERE"\n')
    variables = {"NOWHERE": "postgresql://a:secret@127.0.0.1:1/b", "YACP_RETRIES": "1", "YACP_RETRY_WAIT": "0"}
    done = yacp(written_profile.settings.state, "pull", "iwds", variables=variables)
    assert done.returncode == 1
    assert "can't be reached" in done.stderr
    assert "Tried 2 times" in done.stderr
    assert "secret" not in done.stderr


def test_dagster_has_the_pull_upstream_of_the_extracts(
    written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.landing import assets as landing
    from orchestration.pulling import assets as pulling

    written_profile.write(FILES, applications="select * from app")
    written_profile.export_table("app", [ROW])
    monkeypatch.setenv("YACP_HOME", str(written_profile.settings.state))
    settings.cache_clear()
    try:
        source = pulling._source_asset(written_profile.system)
        extracts = landing._delivery_assets(written_profile.system)
        done = dg.materialize([source], partition_key=str(DAY))
    finally:
        settings.cache_clear()
    assert all(source.key in extracts.asset_deps[key] for key in extracts.keys)
    references = source.metadata_by_key[source.key]["dagster/code_references"].code_references
    assert {Path(each.file_path).name for each in references} == {
        "source.toml", "applications.sql", "services.sql", "credentials.sql"
    }  # fmt: skip
    metadata = done.asset_materializations_for_node(source.op.name)[0].metadata
    assert metadata["dagster/row_count"].value == 3
    assert metadata["seconds"].value > 0
    assert "applications.sql" in str(metadata["profile"].value)
