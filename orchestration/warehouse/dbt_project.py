"""The dbt project as Python sees it: where it is, its manifest, and which models are published."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse.dbt_process import ENGINE, PARENT_PROCESS

PROJECT_DIR = PROJECT / "dbt_project"
DBT_COMMAND = (sys.executable, "-m", "orchestration.warehouse.dbt_process")
"""The dbt of this environment, for everything that writes to the warehouse."""


@dataclass(frozen=True)
class Mart:
    """A model of the output contract: the file it is published in, and its columns with their descriptions.

    Most are published whole with the newest day. For the others, ``replaces`` names the columns by whose values the
    day's rows replace published ones; ``changes`` names the model that says which published rows to delete and to
    insert. A view has its ``sql``, without the name of the warehouse in front of its tables, so that it works as a
    published view.

    ``grain`` names the columns that no two rows share. Tables that have all those of a dimension refer to it, but for
    ``has_totals``, where the line may be the total.
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
    grain: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    is_dimension: bool = False
    has_totals: bool = False

    @property
    def key(self) -> str:
        """The name that readers use: schema and table."""
        return f"{self.schema}.{self.name}"

    @property
    def relation(self) -> str:
        """Its quoted name in the warehouse."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def is_of_one_day(self) -> bool:
        """Whether it holds only the newest day, without earlier ones."""
        return not self.replaces and not self.changes


def environment(settings: Settings, as_of: str | None = None, engine: str = "duckdb") -> dict[str, str]:
    """The variables that profiles.yml, the models, and ``dbt_process`` read, all set from the settings here.

    dbt dies with the process that calls this.
    """
    return {
        ENGINE: engine,
        "YACP_WAREHOUSE": str(settings.warehouse),
        "YACP_THREADS": str(settings.threads),
        "YACP_MEMORY_LIMIT": settings.memory_limit,
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.dbt_logs),
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "info"),  # every statement takes a tenth of a build
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "YACP_CUSTOMER_URL": settings.customer_url,
        "DO_NOT_TRACK": "1",
        PARENT_PROCESS: str(os.getpid()),
    } | ({"YACP_AS_OF_DATE": as_of} if as_of else {})


def run_dbt(variables: Mapping[str, str], *arguments: str) -> bool:
    """Runs a dbt command in a process of its own and returns whether it succeeded; if not, its log says why."""
    done = subprocess.run(
        [*DBT_COMMAND, "--quiet", "--no-use-colors", *arguments],
        env={**os.environ, **variables},
        cwd=PROJECT_DIR,
        capture_output=True,
        check=False,
    )
    return not done.returncode


def manifest_path(settings: Settings) -> Path:
    """dbt's manifest, parsed again when a model, a seed, or a macro has changed.

    Its name is a checksum of its sources, and it appears there whole. The manifest in dbt's target folder won't do: it
    may be half written when a run dies, and after a clock is set back it looks newer than its sources.
    """
    path = settings.state / "dbt" / f"manifest-{fingerprint()}.json"
    if not path.exists():
        _parse(settings, path)
    return path


@cache
def load_manifest(path: Path) -> dict[str, Any]:
    """The manifest that ``manifest_path`` names, read once for each version of it."""
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def marts(settings: Settings) -> list[Mart]:
    """The models of the output contract, by schema and name."""
    return _marts(load_manifest(manifest_path(settings)))


def compiled_marts(settings: Settings) -> list[Mart]:
    """The same as ``marts``, with the compiled SQL of each view in the last build.

    Read from files, one for each: dbt's last manifest has only the SQL of what its last run built.
    """
    return _marts(load_manifest(manifest_path(settings)), settings.dbt_target / "compiled")


def _marts(manifest: Mapping[str, Any], compiled: Path | None = None) -> list[Mart]:
    nodes = manifest["nodes"].values()
    grains = {
        node["attached_node"]: tuple(node["test_metadata"]["kwargs"]["columns"])
        for node in nodes
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "grain"
    }
    found = [
        Mart(
            schema=node["schema"],
            name=node["alias"],
            published_in=meta["published_in"],
            is_view=(is_view := meta.get("published_as") == "view"),
            description=node["description"].strip(),
            columns={name: column["description"] for name, column in node["columns"].items()},
            sql=_sql(compiled / node["package_name"] / node["original_file_path"]) if compiled and is_view else "",
            replaces=tuple(meta.get("replaces", ())),
            changes=meta.get("changes", ""),
            grain=grains.get(node["unique_id"], tuple(meta.get("grain", ()))),
            types={name: column["data_type"] or "" for name, column in node["columns"].items()},
            required=frozenset(
                name
                for name, column in node["columns"].items()
                if any(constraint["type"] == "not_null" for constraint in column["constraints"])
            ),
            is_dimension=meta.get("is_dimension", False),
            has_totals=meta.get("has_totals", False),
        )
        for node in nodes
        if node["resource_type"] == "model" and "published_in" in (meta := node["config"]["meta"])
    ]
    return sorted(found, key=lambda mart: (mart.schema, mart.name))


def _sql(path: Path) -> str:
    try:
        return path.read_text().replace('"warehouse".', "")
    except FileNotFoundError:
        raise BuildFailed(f"{path} is missing. {NOTHING_PUBLISHED} Run the whole day again, which writes it.") from None


def fingerprint() -> str:
    """A checksum of everything that dbt parses: models, macros, seeds, and the texts that they share."""
    found = hashlib.sha256(version("dbt-core").encode())
    for folder in (PROJECT_DIR, PROJECT / "models", PROJECT / "seeds"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".sql", ".yml", ".yaml", ".csv", ".md") and "target" not in path.parts:
                found.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _parse(settings: Settings, path: Path) -> None:
    os.environ.update(environment(settings))
    settings.dbt_target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.dbt_target.mkdir(exist_ok=True)
    saved = settings.dbt_target / "partial_parse.msgpack"  # dbt parses only what changed since
    with TemporaryDirectory(dir=path.parent) as folder:
        # What dbt saved can be wrong about what is gone, such as a metric that another one was made of.
        is_parsed = saved.exists() and not _dbt_parse(folder, saved)
        if not is_parsed and (wrong := _dbt_parse(folder)):
            raise BuildFailed(f"dbt can't read the project: {wrong}")
        for outdated in path.parent.glob("manifest-*.json"):
            outdated.unlink(missing_ok=True)
        if (parsed := Path(folder, saved.name)).exists():  # not written when nothing changed
            parsed.replace(saved)
        Path(folder, "manifest.json").replace(path)


def _dbt_parse(folder: str, saved: Path | None = None) -> str:
    """Writes the manifest into the folder; returns what is wrong with the project, or nothing."""
    from dbt.cli.main import dbtRunner  # seconds of imports, needed only after a change

    known = ["--partial-parse-file-path", str(saved)] if saved else []
    with redirect_stdout(StringIO()) as output:
        result = dbtRunner().invoke(["--quiet", "--no-use-colors", "parse", "--target-path", folder, *known])
    if isinstance(result.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    return "" if result.success else str(result.exception or output.getvalue().strip())
