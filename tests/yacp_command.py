"""Runs ``yacp`` as a person does, apart from the environment of the person who runs the tests."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

YACP = Path(sys.executable).with_name("yacp")


def clean_environment(home: Path, extracts: Path | None = None, **variables: str) -> dict[str, str]:
    """Environment variables for a process of the project, without those of yacp, Dagster, and dbt of this process."""
    ours = ("YACP_", "DAGSTER_", "DBT_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    given = {"YACP_EXTRACTS": str(extracts)} if extracts else {}
    return clean | {"YACP_HOME": str(home), "COLUMNS": "160"} | given | variables


def yacp(
    home: Path, *arguments: str, extracts: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        [str(YACP), *arguments],
        env=clean_environment(home, extracts, **variables or {}),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
