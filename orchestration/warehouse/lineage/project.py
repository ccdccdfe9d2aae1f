"""The lineage of this project, from the SQL that dbt compiles. No run computes it: it is made when somebody asks."""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.contract.systems import extracts
from orchestration.failures import BuildFailed
from orchestration.settings import Settings
from orchestration.state.files import write_whole
from orchestration.warehouse.dbt_project import PROJECT_DIR, environment, fingerprint, run_dbt
from orchestration.warehouse.lineage.graph import Kind, Lineage, Relation
from orchestration.warehouse.lineage.query import Origin, Unreadable, read_query

_AS_OF_DATE = "the as-of date"
"""In place of a date: the SQL is read, never run, and shows what this constant is."""


@dataclass(frozen=True)
class _Compiled:
    """A relation of dbt's manifest, with its SQL if it is a model."""

    schema: str
    table: str
    kind: Kind
    description: str
    columns: Mapping[str, str]
    sql: str = ""

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


def lineage(settings: Settings) -> Lineage:
    """The lineage of all columns. Computed once for each state of the models, in some ten seconds, and then kept.

    Needs no warehouse and no deliveries. Raises ``BuildFailed`` with the name of a model whose SQL can't be read.
    """
    path = settings.dbt_target.parent / f"lineage-{_fingerprint()}.json"
    try:
        kept = json.loads(path.read_text())
        return Lineage({record["name"]: Relation.of_record(record) for record in kept})
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # none yet, or damaged
        found = lineage_of(_compile(settings))
    for outdated in path.parent.glob("lineage-*.json"):
        outdated.unlink(missing_ok=True)
    write_whole(path, json.dumps([relation.as_record() for relation in found.relations.values()]))
    return found


def lineage_of(manifest: Mapping[str, Any]) -> Lineage:
    """The lineage of what a manifest with compiled SQL describes. Raises ``BuildFailed``."""
    compiled = list(_relations(manifest))
    columns: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for relation in compiled:
        columns[relation.schema][relation.table] = list(relation.columns)
    names = {f"raw.{extract.table}": f"{extract.system}.{extract.name}" for extract in extracts()}
    found = {}
    for relation in compiled:
        origins, rows = _read(relation, columns) if relation.sql else ({}, Origin())
        name = names.get(relation.name, relation.name)
        found[name] = Relation(
            name,
            relation.kind,
            relation.description,
            relation.columns,
            {column: _renamed(origins[column], names) for column in relation.columns if column in origins},
            _renamed(rows, names),
        )
    return Lineage(found)


def _read(relation: _Compiled, columns: Mapping[str, Mapping[str, list[str]]]) -> tuple[dict[str, Origin], Origin]:
    try:
        origins, rows = read_query(relation.sql, columns)
    except Unreadable as error:
        raise BuildFailed(f"The lineage of {relation.name} can't be told: {error}.") from None
    if origins.keys() != relation.columns.keys():
        wrong = ", ".join(sorted(origins.keys() ^ relation.columns.keys()))
        raise BuildFailed(f"The lineage of {relation.name} can't be told: its YAML and its SQL differ in {wrong}.")
    if lacks := [name for name, origin in origins.items() if not origin]:
        raise BuildFailed(f"The lineage of {relation.name} can't be told: nothing leads to {', '.join(lacks)}.")
    return origins, rows


def _renamed(origin: Origin, names: Mapping[str, str]) -> Origin:
    """With extracts under the names that they have in the contract."""

    def renamed(node: str) -> str:
        relation = ".".join(node.split(".")[:2])
        return names.get(relation, relation) + node.removeprefix(relation)

    return replace(
        origin,
        values=frozenset(map(renamed, origin.values)),
        rows=frozenset(map(renamed, origin.rows)),
        decides=frozenset(map(renamed, origin.decides)),
        constants=frozenset(text.replace(f"'{_AS_OF_DATE}'", _AS_OF_DATE) for text in origin.constants),
    )


def _relations(manifest: Mapping[str, Any]) -> Iterator[_Compiled]:
    for node in manifest["sources"].values():
        kind: Kind = "extract" if node["schema"] == "raw" else "run"
        yield _Compiled(node["schema"], node["name"], kind, node["description"].strip(), _described(node))
    for node in manifest["nodes"].values():
        described = (node["schema"], node["alias"])
        if node["resource_type"] == "seed":
            texts = _described(node)
            with Path(PROJECT_DIR, node["original_file_path"]).open(encoding="utf-8", newline="") as file:
                columns = {name: texts.get(name, "") for name in next(csv.reader(file))}
            yield _Compiled(*described, "seed", node["description"].strip(), columns)
        elif node["resource_type"] == "model":
            kind = "published" if "published_in" in node["config"]["meta"] else "model"
            text = node["description"].strip()
            yield _Compiled(*described, kind, text, _described(node), node["compiled_code"])


def _described(node: Mapping[str, Any]) -> dict[str, str]:
    return {name: column["description"].strip() for name, column in node["columns"].items()}


def _compile(settings: Settings) -> dict[str, Any]:
    """dbt's manifest with the compiled SQL of all models. dbt connects to no database for that."""
    settings.dbt_target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.dbt_target.parent) as folder:
        variables = environment(settings, as_of=_AS_OF_DATE) | {
            "DBT_TARGET_PATH": folder,
            "YACP_CUSTOMER_URL": "{customer_id}",  # so that the column is told, set or not
        }
        without_database = ("--no-introspect", "--no-populate-cache")
        if not run_dbt(variables, "compile", *without_database, "--select", "resource_type:model"):
            raise BuildFailed(f"dbt could not compile the models; see {settings.dbt_logs}/dbt.log.")
        manifest: dict[str, Any] = json.loads(Path(folder, "manifest.json").read_text())
        return manifest


def _fingerprint() -> str:
    """Of the models, and of what reads them."""
    found = hashlib.sha256(f"{fingerprint()} {version('sqlglot')}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
