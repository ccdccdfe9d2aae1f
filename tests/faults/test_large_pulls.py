"""A pull of a large table needs little memory."""

import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
from conftest import DAY
from written_profiles import WrittenProfile
from yacp_command import clean_environment

if TYPE_CHECKING:
    from postgresql_server import Postgresql

TOML = '[database]\naddress_variable = "YACP_TEST_ADDRESS"\npast_days = true\n'


def test_ten_million_rows_take_less_than_a_gibibyte(postgresql: "Postgresql", written_profile: WrittenProfile) -> None:
    """Measured from outside: the peak of a process that pulls them."""
    rows = (
        "select n as iwds_service_id, n / 5 as iwds_application_id, 'Y' || n % 20 as service_code, md5(n::text) as"
        " service_name, date '2026-01-01' + (n % 300)::int as start_date, 'open' as status"
        " from generate_series(1, 10000000) as n"
    )
    written_profile.write(TOML, services=rows)
    script = (
        "import resource, sys; from orchestration.cli.main import cli\n"
        f"cli(['pull', 'iwds', '--as-of', '{DAY}'], standalone_mode=False)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(written_profile.settings.state, YACP_TEST_ADDRESS=postgresql.address()),
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    assert duckdb.sql(
        f"select count(*) from '{written_profile.settings.extracts_root}/iwds/{DAY}/services.parquet'"
    ).fetchall() == [(10_000_000,)]
    assert int(done.stdout.split()[-1]) < 1 << 20
