"""The dbt project as assets: one dbt invocation per run, its tests as asset checks, its results kept for the gate."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtProject,
    dbt_assets,
)

from orchestration.contract.dates import parse_day
from orchestration.contract.partitions import DAILY_PARTITIONS, ONE_DAY_PER_RUN
from orchestration.failures import NOTHING_PUBLISHED, BuildFailed, UsageError, as_dagster_failure
from orchestration.internals.dagster_dbt_cli import InstalledDbtCli
from orchestration.internals.great_expectations_context import load_great_expectations
from orchestration.landing.assets import OWNERS, TAGS
from orchestration.landing.stand_ins import deliveries_of
from orchestration.settings import Settings, settings
from orchestration.spark.inputs import write_inputs
from orchestration.spark.results import Node, collect
from orchestration.spark.session import require_spark
from orchestration.spark.workspace import newest_workspace
from orchestration.state.database import connect, literal
from orchestration.warehouse.check_results import dbt_results, gate, keep, record
from orchestration.warehouse.check_texts import dbt_test_text
from orchestration.warehouse.dbt_process import end_with_step
from orchestration.warehouse.dbt_project import DBT_COMMAND, PROJECT_DIR, environment, manifest_path
from orchestration.warehouse.expectations import suites
from orchestration.warehouse.preparation import built_day, mark_complete, prepare

_RESULTS = "run_results.json"
DBT = InstalledDbtCli(
    project_dir=str(PROJECT_DIR),
    profiles_dir=str(PROJECT_DIR),
    dbt_executable=DBT_COMMAND[0],
    global_config_flags=list(DBT_COMMAND[1:]),
)


class Translator(DagsterDbtTranslator):
    """Groups assets by layer and names their owners; keys are schema and name, as in the warehouse."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table; a table's name may occur in two schemas, but a model's only once."""
        key = super().get_asset_key(dbt_resource_props)
        alias = str(dbt_resource_props.get("alias") or dbt_resource_props["name"])
        return key if alias == dbt_resource_props["name"] else dg.AssetKey([*key.path[:-1], alias])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The schema: staging, intermediate, sections, lists, quality, reference, seeds."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The words. The SQL is a click away: each asset links to its file."""
        return str(dbt_resource_props["description"])

    def get_owners(self, _dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """Who to ask."""
        return OWNERS

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """dbt's tags, and how much depends on it."""
        return {**super().get_tags(dbt_resource_props), **TAGS}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """A test's sentence describes its check; its title is in the metadata."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if spec is None or node is None:  # a unit test has its spec elsewhere
            return spec
        text = dbt_test_text(node)
        return spec._replace(
            description=text.sentence,
            metadata={**spec.metadata, "title": text.title},
            partitions_def=DAILY_PARTITIONS,
        )


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_code_references=True))


@dbt_assets(
    manifest=manifest_path(settings()),
    project=DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=settings().dbt_target),
    dagster_dbt_translator=TRANSLATOR,
    partitions_def=DAILY_PARTITIONS,
    backfill_policy=ONE_DAY_PER_RUN,
    exclude="resource_type:unit_test",
    name="dbt_models",
    required_resource_keys={"dbt", "warehouse_lock"},
)
def dbt_models(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Builds and tests every model of the day, and records each one as dbt finishes it.

    Row counts and columns follow as observations: while dbt has the warehouse open, no other process can read it.
    """
    config = settings()
    with as_dagster_failure():
        day = parse_day(context.partition_key)
        if context.is_subset:
            _require_same_day(config, day)
        else:
            deliveries = deliveries_of(config, day)
            if config.engine == "spark":
                require_spark()
            prepare(config, deliveries)
            if config.engine == "spark":
                write_inputs(config, deliveries)
    variables = environment(config, as_of=day.isoformat(), engine=config.engine)
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    invocation = start_dbt(context.resources.dbt, arguments, variables, context)
    with ThreadPoolExecutor() as background, end_with_step(invocation.process):
        background.submit(load_great_expectations)  # takes seconds, and this process only waits
        yield from invocation.stream()
    with as_dagster_failure():
        results = read_results(config)
        nodes = json.loads((config.dbt_target / "manifest.json").read_text())["nodes"] if results else {}
        missing = nodes.keys() - {result["unique_id"] for result in results}
        if not results or (missing and not context.is_subset):
            raise _stopped(config)
        with connect(config, config.warehouse) as connection:
            built = _record_results(config, connection, results, nodes)
            for unique_id, metadata in _relation_metadata(connection, built).items():
                key = TRANSLATOR.get_asset_key(nodes[unique_id])
                yield dg.AssetObservation(key, metadata=metadata, partition=context.partition_key)
            if built_day(connection) is None:
                gate(connection)  # dbt skips the models downstream of a failed test


def _relation_metadata(connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Node]) -> dict[str, dict[str, Any]]:
    """Row count and columns of each built model and seed, by dbt unique id. Relations that stayed in Spark have none.

    dagster-dbt can fetch them too, but with queries for each relation, which take longer than the build. Here it is two
    queries for all of them.
    """
    columns = defaultdict(list)
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = 'warehouse' order by ordinal_position"
    ).fetchall():
        columns[schema, table].append((column, kind))
    counts = " union all ".join(
        f'select {literal(unique_id)}, count(*) from "{node["schema"]}"."{node["alias"]}"'
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed") and (node["schema"], node["alias"]) in columns
    )
    metadata = {}
    for unique_id, count in connection.execute(counts).fetchall() if counts else ():
        node = nodes[unique_id]
        described = {name: column["description"] for name, column in node["columns"].items()}
        types = columns[node["schema"], node["alias"]]
        shown = dg.TableSchema([dg.TableColumn(name, kind, described.get(name)) for name, kind in types])
        metadata[unique_id] = {"dagster/row_count": count, "dagster/column_schema": shown}
    return metadata


def _require_same_day(config: Settings, day: date) -> None:
    """Some of the models may be rebuilt alone, but only for the day that the others hold."""
    if config.engine == "spark":
        raise UsageError("Spark keeps nothing between runs; materialize all models of the day together.")
    with connect(config, config.warehouse) as connection:
        built = built_day(connection)
        if built != day:
            raise UsageError(
                f"The warehouse holds {built or 'no complete day'}, so some models of {day} alone would mix two days; "
                "materialize all models of the day instead."
            )
        mark_complete(connection, is_complete=False)  # until these models are rebuilt


def start_dbt(
    dbt: InstalledDbtCli,
    arguments: list[str],
    variables: dict[str, str],
    context: dg.AssetExecutionContext | None = None,
) -> DbtCliInvocation:
    """Starts dbt. If it dies before it writes its results, an earlier run's are not taken for them."""
    target = settings().dbt_target
    (target / _RESULTS).unlink(missing_ok=True)
    return dbt.with_variables(variables).cli(arguments, context=context, target_path=target, raise_on_error=False)


def read_results(config: Settings) -> list[Mapping[str, Any]]:
    """What dbt says about each node that it ran; nothing if it died before."""
    try:
        return list(json.loads((config.dbt_target / _RESULTS).read_text())["results"])
    except (FileNotFoundError, ValueError):
        return []


def _record_results(
    config: Settings, connection: duckdb.DuckDBPyConnection, results: list[Mapping[str, Any]], nodes: dict[str, Node]
) -> dict[str, Node]:
    """Records what dbt's tests found and returns the nodes that were built."""
    statuses = {result["unique_id"]: result["status"] for result in results}
    record(connection, dbt_results(results, nodes))
    keep(config, connection)
    if broken := [name for name, status in statuses.items() if status == "error"]:
        names = ", ".join(name.split(".")[2] for name in broken[:5])
        raise BuildFailed(f"dbt could not build {names}. {NOTHING_PUBLISHED} See {config.dbt_target}/dbt.log.")
    built = {name: node for name, node in nodes.items() if statuses.get(name) == "success"}
    if config.engine == "spark":
        collect(config, connection, built.values(), checked={suite.table for suite in suites()})
    if "skipped" not in statuses.values():
        mark_complete(connection)
    return built


def _stopped(config: Settings) -> BuildFailed:
    logs = f"the end of {config.dbt_target}/dbt.log"
    if config.engine == "spark":
        logs += f", and {newest_workspace(config).log} if Spark did not start"
    return BuildFailed(
        f"dbt stopped before it finished: killed, or out of memory or disk. {NOTHING_PUBLISHED} See {logs}, then run "
        "the day again."
    )


RUN_SOURCES = [
    dg.AssetSpec(
        ["run", "deliveries"],
        description="The files of the day's deliveries: rows in the manifest, loaded, quarantined, duplicate.",
        # No dependency on the extracts: a backfill leaves out what is below an asset that it can't materialize.
        group_name="run",
        owners=OWNERS,
        tags=TAGS,
        kinds={"parquet"},
    ),
    *(
        dg.AssetSpec(
            ["run", name], description=description, group_name="run", owners=OWNERS, tags=TAGS, kinds={"duckdb"}
        )
        for name, description in {
            "check_results": "The result of each check in the run; known once the models are built.",
            "rows_before": "The rows that each system delivered before, for comparison.",
            "providers_before": "The customers that each provider had in the delivery before.",
            "previous_sync_status": "The statewide sync statuses of the previous published day, for comparison.",
            "neighbours": "The published days just before and just after the day.",
            "line_stays": "Published stays on lines in the last year, up to the day's neighbours.",
            "scope_stays": "Published stays with providers and LWIAs in the last year, up to the day's neighbours.",
            "neighbour_counts": "The published counts of the neighbours.",
        }.items()
    ),
]
