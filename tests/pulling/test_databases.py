"""Pulls from databases: one snapshot, errors with file and line, nothing secret in them, SQLite and PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from conftest import DAY
from servers import Wire
from written_deliveries import IWDS_VALUES
from written_profiles import WrittenProfile

from orchestration.failures import SourceError, SourceUnreachable
from orchestration.pulling.pull import pull
from orchestration.sources import database_errors
from orchestration.sources.database import open_snapshot
from orchestration.sources.profile import read_profile
from orchestration.sources.row_files import write_rows

if TYPE_CHECKING:
    from postgresql_server import Postgresql

TOML = '[database]\naddress_variable = "YACP_TEST_ADDRESS"\npast_days = true\n'
ROW = IWDS_VALUES["applications"]
APPLICATIONS = f"select {', '.join(f'app.{name}' for name in ROW)}\nfrom app\nwhere app.iwds_application_id <> 'gone'\n"
WHOLE = 10**9  # the driver first makes a connection to learn the types
TABLE = ", ".join(f"{name} varchar(40)" for name in ROW)
VALUES = ", ".join(f"'{value}'" for value in ROW.values())


@pytest.fixture
def app(
    postgresql: "Postgresql", written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Postgresql"]:
    """A server with the table ``app``, of one row, and a profile that reads it."""
    postgresql.execute("drop table if exists app", f"create table app ({TABLE})", f"insert into app values ({VALUES})")
    monkeypatch.setenv("YACP_TEST_ADDRESS", postgresql.address())
    written_profile.write(TOML, applications=APPLICATIONS)
    yield postgresql
    postgresql.execute("drop table if exists app")


def pulled_rows(written: WrittenProfile, extract: str = "applications") -> duckdb.DuckDBPyRelation:
    return duckdb.sql(f"from '{written.settings.extracts_root}/iwds/{DAY}/{extract}.parquet'")


def test_a_pull_from_postgresql(app: "Postgresql", written_profile: WrittenProfile) -> None:
    done = pull(written_profile.settings, written_profile.system, DAY)
    assert (done.delivery, done.rows) == (1, {"applications": 1, "services": 1, "credentials": 1})
    assert pulled_rows(written_profile).fetchall() == [tuple(ROW.values())]
    assert not pull(written_profile.settings, written_profile.system, DAY).is_new


def test_every_type_arrives_as_it_is_written(app: "Postgresql", written_profile: WrittenProfile) -> None:
    # Infinity is beyond Arrow's dates; what it becomes is none of the contract either, and goes to quarantine.
    app.execute("drop type if exists mood", "create type mood as enum ('applicant')")
    values = {
        "status": "'applicant'::mood", "lwia_number": "7::numeric(5, 0)", "date_of_birth": "date '2004-05-31'",
        "application_date": "timestamp '2026-11-01 00:00:00'", "certified_on": "'infinity'::date",
        "iwds_customer_id": "'0b0c7cfe-a4ce-4d54-8ba6-6ea4f6d1e6b2'::uuid", "exited_on": "null::date",
        "ssn_last4": "'0042  '::char(6)", "iwds_application_id": "9007199254740993::bigint",
    }  # fmt: skip
    row = {**{name: f"'{value}'" for name, value in ROW.items()}, **values}
    written_profile.write(TOML, applications="select " + ", ".join(f"{sql} as {name}" for name, sql in row.items()))
    pull(written_profile.settings, written_profile.system, DAY)
    columns = ", ".join(f"cast({name} as varchar)" for name in values)
    found = pulled_rows(written_profile).project(columns)
    assert found.fetchall() == [
        ("applicant", "7", "2004-05-31", "2026-11-01 00:00:00", "5877612-06-21 (BC)",
         "0b0c7cfe-a4ce-4d54-8ba6-6ea4f6d1e6b2", None, "0042  ", "9007199254740993"),
    ]  # fmt: skip
    written_profile.write(TOML, applications="select '10.0.0.1'::inet as iwds_application_id")
    with pytest.raises(SourceError, match=r"iwds_application_id has a type that can't be landed; write it as"):
        pull(written_profile.settings, written_profile.system, DAY)


def test_a_writer_in_the_middle_cannot_tear_the_snapshot(
    app: "Postgresql", written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "select count(*)::text as iwds_credential_id from app"
    written_profile.write(TOML, applications=APPLICATIONS, credentials=sql)

    def write_between(what: str) -> None:
        if what.endswith("services"):
            app.execute(f"insert into app values ({VALUES})", "update app set iwds_application_id = 'gone'")

    pull(written_profile.settings, written_profile.system, DAY, write_between)
    assert pulled_rows(written_profile).fetchall() == [tuple(ROW.values())]
    assert pulled_rows(written_profile, "credentials").fetchall() == [("1",)]
    assert pull(written_profile.settings, written_profile.system, DAY).rows["applications"] == 0


def test_nothing_can_be_written(app: "Postgresql", written_profile: WrittenProfile) -> None:
    app.execute("grant all on app to reader", "create or replace function wipe() returns text language sql as"
                " 'delete from app; select ''x''::text'")  # fmt: skip
    for sql in (
        "delete from app returning *",
        "select wipe() as iwds_application_id",
        "select 1; delete from app",
        "commit; delete from app",
        "copy app to stdout",
        "drop table app",
    ):
        written_profile.write(TOML, applications=sql)
        with pytest.raises(SourceError, match=r"applications\.sql"):
            pull(written_profile.settings, written_profile.system, DAY)
    with app.owner() as connection:
        assert connection.execute("select count(*) from app").fetchone() == (1,)


@pytest.mark.parametrize(
    ("change", "sql", "says"),
    [
        ("", APPLICATIONS.replace("from app", "from ap"), 'applications.sql, line 2: relation "ap" does not exist'),
        ("alter table app rename status_date to since", APPLICATIONS,
         "applications.sql, line 1: column app.status_date does not exist"),
        ("", APPLICATIONS.replace("where", "wear"), "applications.sql, line 3: syntax error"),
        ("revoke select on app from reader", APPLICATIONS, "line 2: permission denied for table app"),
        ("", "\n\n-- a note\nselect nothing as x;", 'applications.sql, line 4: column "nothing" does not exist'),
        ("", "select cast(first_name as integer) as iwds_application_id from app", "a value can't be converted"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_line(
    app: "Postgresql", written_profile: WrittenProfile, change: str, sql: str, says: str
) -> None:
    if change:
        app.execute(change)
    written_profile.write(TOML, applications=sql)
    with pytest.raises(SourceError) as raised:
        pull(written_profile.settings, written_profile.system, DAY)
    message = str(raised.value)
    assert says in message
    assert message.startswith(str(written_profile.folder))
    assert not any(value in message for value in (ROW["first_name"], "swordfish", "127.0.0.1"))
    assert {path.name for path in Path(written_profile.settings.extracts_root).rglob("*")} == {".pull-iwds.lock"}


def test_who_is_not_let_in(app: "Postgresql", written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    for address, says in (
        (app.address(password="wrong-sesame"), "user or password is wrong"),
        (app.address(user="nobody-here", password="wrong-sesame"), "user or password is wrong"),
        (app.address().replace("/postgres", "/nowhere"), "has no such database"),
        ("postgres ql://wrong-sesame", "no address that SQLAlchemy understands"),
        ("nosql://wrong-sesame@h/d", "the driver for nosql databases isn't installed"),
    ):
        monkeypatch.setenv("YACP_TEST_ADDRESS", address)
        with pytest.raises(SourceError, match=says) as raised:
            pull(written_profile.settings, written_profile.system, DAY)
        assert not any(
            secret in str(raised.value) for secret in ("sesame", "swordfish", "127.0.0.1", "reader", "nobody")
        )


def test_a_lost_connection_starts_again_and_then_gives_up(
    app: "Postgresql",
    written_profile: WrittenProfile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = Wire(app.port)
    monkeypatch.setenv("YACP_TEST_ADDRESS", app.address(port=wire.port))
    written_profile.settings = written_profile.settings.model_copy(update={"retries": 2, "retry_wait": 0.01})
    many = "select n::text as iwds_application_id, repeat('x', 100) as first_name from generate_series(1, 200000) as n"
    written_profile.write(TOML, applications=many)
    wire.cuts = [WHOLE, 500_000, WHOLE, 5_000_000]
    assert pull(written_profile.settings, written_profile.system, DAY).rows["applications"] == 200_000
    assert wire.connections == 6
    wire.cuts = [WHOLE, 500_000] * 3
    with pytest.raises(SourceUnreachable, match="Tried 3 times") as raised:
        pull(written_profile.settings, written_profile.system, DAY)
    assert raised.value.exit_status == 1
    wire.close()
    with pytest.raises(SourceUnreachable, match="can't be reached"):
        pull(written_profile.settings, written_profile.system, DAY)
    assert "swordfish" not in f"{raised.value}{caplog.text}"
    assert pulled_rows(written_profile).count("*").fetchall() == [(200_000,)]


def test_a_select_that_takes_too_long_is_stopped(app: "Postgresql", written_profile: WrittenProfile) -> None:
    written_profile.settings = written_profile.settings.model_copy(update={"pull_minutes": 0.005})
    for sql in ("select pg_sleep(60)::text as x", "select n::text as x from generate_series(1, 1000000000) as n"):
        written_profile.write(TOML, applications=sql)
        with pytest.raises(SourceError, match=r"applications\.sql was stopped: it took longer than YACP_PULL_MINUTES"):
            pull(written_profile.settings, written_profile.system, DAY)


def test_a_server_that_is_killed_in_the_middle(
    written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch, postgresql: "Postgresql"
) -> None:
    from postgresql_server import postgresql_server

    with postgresql_server() as server:
        monkeypatch.setenv("YACP_TEST_ADDRESS", server.address())
        written_profile.write(TOML, applications="select n::text as x from generate_series(1, 1000000000) as n")
        killer = threading.Timer(1, server.control, ["-m", "immediate", "stop"])
        killer.start()
        with pytest.raises(SourceUnreachable, match="can't be reached, or closed the connection"):
            pull(written_profile.settings, written_profile.system, DAY)
        killer.join()
    assert {path.name for path in Path(written_profile.settings.extracts_root).rglob("*")} == {".pull-iwds.lock"}


@pytest.fixture
def sqlite(
    tmp_path: Path, written_profile: WrittenProfile, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "app.sqlite"
    monkeypatch.setenv("YACP_TEST_ADDRESS", f"sqlite:///{path}")
    written_profile.write(TOML, applications=APPLICATIONS)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"create table app ({TABLE})")
    connection.execute(f"insert into app values ({VALUES})")
    yield connection
    connection.close()


def test_sqlite_is_one_snapshot_too(sqlite: sqlite3.Connection, written_profile: WrittenProfile) -> None:
    def write_between(what: str) -> None:
        if what.endswith("services"):
            sqlite.execute(f"insert into app values ({VALUES})")

    count = "select count(*) as iwds_credential_id, 1.0 as number, 2.5 as part, null as empty from app"
    written_profile.write(TOML, applications=APPLICATIONS, credentials=count)
    pull(written_profile.settings, written_profile.system, DAY, write_between)
    assert pulled_rows(written_profile, "credentials").fetchall() == [("1", "1", "2.5", None)]
    assert pull(written_profile.settings, written_profile.system, DAY).rows["applications"] == 2


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (APPLICATIONS.replace("from app", "from ap"), "applications.sql, line 2: no such table: ap"),
        ("select *\nfrom app\nwhere wrong = 1", "applications.sql, line 3: no such column: wrong"),
        ("delete from app", "attempt to write a readonly database"),
        ("attach ':memory:' as other", "applications.sql must be one select"),
        ("with recursive t as (select 1 as n union all select n + 1 from t) select max(n) from t",
         "was stopped after 0.005 minutes"),
    ],
)  # fmt: skip
def test_mistakes_in_sql_for_sqlite(
    sqlite: sqlite3.Connection, written_profile: WrittenProfile, sql: str, says: str
) -> None:
    written_profile.settings = written_profile.settings.model_copy(update={"pull_minutes": 0.005})
    written_profile.write(TOML, applications=sql)
    with pytest.raises(SourceError) as raised:
        pull(written_profile.settings, written_profile.system, DAY)
    assert says in str(raised.value)
    assert sqlite.execute("select count(*) from app").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["sqlite", "app"])
def test_code_lists_and_the_day_in_the_sql(
    written_profile: WrittenProfile, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue(kind)
    sql = (
        "-- what it does\nselect levels.code, :as_of as day, 'at 12:30' as text from app\n"
        "inner join levels on levels.label = 'O''Hara' where app.application_date < cast(:as_of_end as varchar(40))"
    )
    written_profile.write(TOML, applications=sql, services="with one as (select 'x' as x) select * from one, levels")
    (written_profile.folder / "levels.csv").write_text("label,code\nO'Hara,one\nOther,two\n")
    profile = read_profile(written_profile.settings, written_profile.system)
    assert profile.database is not None
    with open_snapshot(written_profile.settings, profile, profile.database) as snapshot:
        for name in ("applications", "services"):
            rows = snapshot.select(profile.folder / f"{name}.sql", (profile.folder / f"{name}.sql").read_text(), DAY)
            write_rows(rows, tmp_path / f"{name}.parquet")
    found = duckdb.sql(f"select code, cast(day as varchar), text from '{tmp_path}/applications.parquet'").fetchall()
    assert found == [("one", str(DAY), "at 12:30")]
    assert duckdb.sql(f"select count(*) from '{tmp_path}/services.parquet'").fetchall() == [(2,)]


def test_the_newest_finished_day_is_what_the_query_says(
    sqlite: sqlite3.Connection, written_profile: WrittenProfile
) -> None:
    written_profile.write(TOML.replace("past_days = true\n", "") + '[ready]\nquery = "select max(day) from finished"\n')
    with pytest.raises(SourceError, match="no such table: finished"):
        pull(written_profile.settings, written_profile.system, DAY)
    sqlite.execute("create table finished as select '2026-11-22' as day")
    with pytest.raises(SourceError, match=f"has 2026-11-22 as its finished day, not {DAY}"):
        pull(written_profile.settings, written_profile.system, DAY)
    sqlite.execute("insert into finished values ('2026-11-23 00:00:00')")
    assert pull(written_profile.settings, written_profile.system, DAY).is_new


def test_the_port_of_a_server_is_no_state_of_sql() -> None:
    assert database_errors._code('connection to server at "127.0.0.1", port 42595 failed: Connection refused') == ""
    assert database_errors._code("('42S02', \"[42S02] Invalid object name 'people'. (208)\")") == "42S02"
    assert database_errors._code("... does not exist. SQLSTATE: 42P01") == "42P01"
