"""The dbt project as Python sees it: where it is, its manifest, and which models are published."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

from orchestration.failures import BuildFailed
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse.dbt_process import ENGINE, PARENT_PROCESS

PROJECT_DIR = PROJECT / "dbt_project"
DBT_COMMAND = (sys.executable, "-m", "orchestration.warehouse.dbt_process")
"""The dbt of this environment, as everything that writes the warehouse starts it."""
_SOURCES = (PROJECT_DIR, PROJECT / "models", PROJECT / "seeds")
_SUFFIXES = {".sql", ".yml", ".yaml", ".csv"}


@dataclass(frozen=True)
class Mart:
    """A model of the output contract: the file it is published in, and its columns with their descriptions.

    Most are published whole with the newest day. ``replaces`` names the columns whose values the day's rows replace
    in what is published already; ``changes`` the model that says which rows to take out and which to put in.
    """

    schema: str
    name: str
    published_in: str
    is_view: bool
    description: str
    columns: dict[str, str]
    sql: str
    replaces: tuple[str, ...] = ()
    changes: str = ""

    @property
    def key(self) -> str:
        """The name that readers use: schema and table."""
        return f"{self.schema}.{self.name}"

    @property
    def relation(self) -> str:
        """Where it is in the warehouse."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def is_of_one_day(self) -> bool:
        """Whether it holds the newest day only, and not what was published before it too."""
        return not self.replaces and not self.changes

    @property
    def portable_sql(self) -> str:
        """A view's query without the warehouse's name before its tables."""
        return self.sql.replace('"warehouse".', "")


def environment(settings: Settings, as_of: str | None = None, engine: str = "duckdb") -> dict[str, str]:
    """What profiles.yml and the models read, and the process that dbt dies with: the one that asks."""
    variables = {
        ENGINE: engine,
        "YACP_WAREHOUSE": str(settings.warehouse),
        "YACP_THREADS": str(settings.threads),
        "YACP_MEMORY_LIMIT": settings.memory_limit,
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.dbt_logs),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DO_NOT_TRACK": "1",
        PARENT_PROCESS: str(os.getpid()),
    }
    if as_of:
        variables["YACP_AS_OF_DATE"] = as_of
    return variables


def manifest_path(settings: Settings) -> Path:
    """dbt's manifest, parsed anew when a model, a seed or a macro is another.

    Its name says what it was made from, and it comes there whole: what dbt itself keeps in its target may be half
    written when a run dies, and a clock set back would make it look newer than what it was made from.
    """
    path = settings.state / "dbt" / f"manifest-{_fingerprint()}.json"
    if not path.exists():
        _parse(settings, path)
    return path


def load_manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest, read once for each version of it."""
    return _load(manifest_path(settings))


@cache
def _load(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def marts(settings: Settings) -> list[Mart]:
    """The models of the output contract, by schema and name."""
    found = [
        _mart(node)
        for node in load_manifest(settings)["nodes"].values()
        if node["resource_type"] == "model" and "published_in" in node["config"]["meta"]
    ]
    return sorted(found, key=lambda mart: (mart.schema, mart.name))


def compiled_marts(settings: Settings) -> list[Mart]:
    """As ``marts``, with the compiled SQL of the last build."""
    manifest = json.loads((settings.dbt_target / "manifest.json").read_text())
    compiled = {
        node["name"]: node.get("compiled_code") or ""
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    return [replace(mart, sql=compiled[mart.name]) for mart in marts(settings)]


def _mart(node: Mapping[str, Any]) -> Mart:
    meta = node["config"]["meta"]
    return Mart(
        schema=node["schema"],
        name=node["name"],
        published_in=meta["published_in"],
        is_view=meta.get("published_as") == "view",
        description=node["description"].strip(),
        columns={name: column["description"] for name, column in node["columns"].items()},
        sql="",
        replaces=tuple(meta.get("replaces", ())),
        changes=meta.get("changes", ""),
    )


def _fingerprint() -> str:
    found = hashlib.sha256(version("dbt-core").encode())
    for folder in _SOURCES:
        for path in sorted(folder.rglob("*")):
            if path.suffix in _SUFFIXES and "target" not in path.parts:
                found.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _parse(settings: Settings, path: Path) -> None:
    from dbt.cli.main import dbtRunner  # seconds of imports, needed only after a change

    os.environ.update(environment(settings))
    settings.dbt_target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.dbt_target.mkdir(exist_ok=True)
    with redirect_stdout(StringIO()) as output:
        result = dbtRunner().invoke(["--quiet", "--no-use-colors", "--no-write-json", "parse"])
    if isinstance(result.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    if not result.success:
        raise BuildFailed(f"dbt can't read the project: {result.exception or output.getvalue().strip()}")
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    manifest: Any = result.result
    manifest.write(str(fresh))
    for outdated in path.parent.glob("manifest-*.json"):
        outdated.unlink(missing_ok=True)
    fresh.replace(path)
