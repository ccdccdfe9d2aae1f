"""The dbt project as assets: one dbt invocation a run, its tests as asset checks, its results kept for the gate."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from orchestration.contract.dates import parse_day
from orchestration.contract.partitions import DAILY_PARTITIONS, ONE_DAY_PER_RUN
from orchestration.contract.systems import extracts
from orchestration.failures import NOTHING_PUBLISHED, BuildFailed, UsageError, as_dagster_failure
from orchestration.internals.dagster_dbt_cli import InstalledDbtCli
from orchestration.landing.archive import Archive, ArchivedDelivery
from orchestration.landing.assets import OWNERS, asset_key
from orchestration.settings import Settings, settings
from orchestration.spark.inputs import write_inputs
from orchestration.spark.results import collect
from orchestration.spark.session import require_spark
from orchestration.spark.workspace import newest
from orchestration.state.database import connect
from orchestration.warehouse.check_results import dbt_results, gate, record
from orchestration.warehouse.dbt_project import DBT_COMMAND, PROJECT_DIR, environment, manifest_path
from orchestration.warehouse.expectations import imported_meanwhile, suites
from orchestration.warehouse.preparation import built_day, mark_complete, prepare
from orchestration.warehouse.relation_metadata import relation_metadata

MANIFEST = manifest_path(settings())
RESULTS = "run_results.json"
DBT = InstalledDbtCli(
    project_dir=str(PROJECT_DIR),
    profiles_dir=str(PROJECT_DIR),
    dbt_executable=DBT_COMMAND[0],
    global_config_flags=list(DBT_COMMAND[1:]),
)
PROJECT = DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=settings().dbt_target)


class Translator(DagsterDbtTranslator):
    """Groups assets by layer and names their owners; keys are schema and name, as in the warehouse."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The schema: staging, intermediate, sections, customers, quality, reference."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """Who to ask."""
        return OWNERS


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_code_references=True))


@dbt_assets(
    manifest=MANIFEST,
    project=PROJECT,
    dagster_dbt_translator=TRANSLATOR,
    partitions_def=DAILY_PARTITIONS,
    backfill_policy=ONE_DAY_PER_RUN,
    exclude="resource_type:unit_test",
    name="dbt_models",
    required_resource_keys={"dbt", "warehouse_lock"},
)
def dbt_models(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Builds and tests every model of the day."""
    config = settings()
    with as_dagster_failure():
        day = parse_day(context.partition_key)
        if context.is_subset:
            _require_same_day(context.partition_key)
        else:
            _prepare(config, Archive(config.archive).of_day(day))
    # An earlier run's must not speak for a dbt that dies in this one.
    (config.dbt_target / RESULTS).unlink(missing_ok=True)
    os.environ.update(environment(config, as_of=day.isoformat(), engine=config.engine))
    invocation = context.resources.dbt.cli(
        ["build", "--exclude-resource-type", "unit_test"],
        context=context,
        target_path=config.dbt_target,
        raise_on_error=False,
    )
    # DuckDB lets nobody in while dbt has it, so what the UI shows of each relation is looked up when dbt is done.
    with imported_meanwhile("great_expectations"):
        events = list(invocation.stream())
    with as_dagster_failure():
        metadata = _judge(config, is_whole=not context.is_subset)
    for event in events:
        if isinstance(event, dg.Output):
            unique_id = event.metadata["unique_id"].value
            yield event.with_metadata({**event.metadata, **metadata.get(str(unique_id), {})})
        else:
            yield event
    with as_dagster_failure(), connect(config, config.warehouse) as connection:
        if built_day(connection) is None:
            gate(connection)  # a failed test kept dbt from building what hangs on it


def _prepare(config: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """The warehouse, and what Spark reads when it is Spark that builds the models."""
    if config.engine == "spark":
        require_spark()
    prepare(config, deliveries)
    if config.engine == "spark":
        write_inputs(config, deliveries)


def _require_same_day(day: str) -> None:
    """A part of the models may be built again, but never of another day than the rest."""
    if settings().engine == "spark":
        raise UsageError("Spark keeps nothing from one run to the next; materialize all models of the day together.")
    with connect(settings(), settings().warehouse) as connection:
        built = built_day(connection)
        if str(built) != day:
            raise UsageError(
                f"The warehouse holds {built or 'no whole day'}, so a part of {day} alone would mix two days; "
                "materialize all of the day instead."
            )
        mark_complete(connection, is_complete=False)  # until this part is built again


def _judge(config: Settings, *, is_whole: bool) -> dict[str, dict[str, Any]]:
    """Keeps what the tests found; gives the metadata of what was built."""
    try:
        manifest = json.loads((config.dbt_target / "manifest.json").read_text())
        results = json.loads((config.dbt_target / RESULTS).read_text())["results"]
    except (FileNotFoundError, ValueError):
        raise _stopped(config) from None
    statuses = {result["unique_id"]: result["status"] for result in results}
    if is_whole and not manifest["nodes"].keys() <= statuses.keys():
        raise _stopped(config)
    with connect(config, config.warehouse) as connection:
        record(connection, dbt_results(results, manifest))
        if broken := [name for name, status in statuses.items() if status == "error"]:
            names = ", ".join(name.split(".")[2] for name in broken[:5])
            raise BuildFailed(f"dbt could not build {names}. {NOTHING_PUBLISHED} See {config.dbt_target}/dbt.log.")
        built = {name: node for name, node in manifest["nodes"].items() if statuses.get(name) == "success"}
        if config.engine == "spark":
            collect(config, connection, built.values(), checked={suite.table for suite in suites()})
        if "skipped" not in statuses.values():
            mark_complete(connection)
        return relation_metadata(connection, built)


def _stopped(config: Settings) -> BuildFailed:
    logs = f"the end of {config.dbt_target}/dbt.log"
    if config.engine == "spark":
        logs += f", and {newest(config).log} if Spark did not start"
    return BuildFailed(
        f"dbt stopped before it was done: killed, or out of memory or disk. {NOTHING_PUBLISHED} See {logs}, then run "
        "the day again."
    )


_RUN_SOURCES = {
    "check_results": "What each check of the run found; known once the models are built.",
    "previous_sync_status": "The statewide sync statuses of the published day before, to compare the day's with.",
    "neighbours": "The published days before and after the day.",
    "line_stays": "The published stays on lines of the last year, as far as the day's neighbours.",
    "scope_stays": "The published stays with providers and LWIAs of the last year, as far as the day's neighbours.",
    "neighbour_counts": "The published counts of the neighbours.",
}

RUN_SOURCES = [
    dg.AssetSpec(
        ["run", "deliveries"],
        description="The account of the day's deliveries: rows in the manifest, loaded, quarantined, duplicate.",
        deps=[asset_key(extract) for extract in extracts()],
        group_name="run",
        owners=OWNERS,
        kinds={"parquet"},
    ),
    *(
        dg.AssetSpec(["run", name], description=description, group_name="run", owners=OWNERS, kinds={"duckdb"})
        for name, description in _RUN_SOURCES.items()
    ),
]
