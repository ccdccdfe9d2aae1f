"""The dbt project as assets: one dbt invocation a run, its tests as asset checks, its results kept for the gate."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from orchestration.as_of import parse_day
from orchestration.assets.dbt_cli import WarehouseDbt
from orchestration.assets.extracts import OWNERS, asset_key
from orchestration.automation.days import DAYS, ONE_DAY_A_RUN
from orchestration.automation.foreseen import foreseen
from orchestration.automation.turns import WarehouseTurn
from orchestration.checks.expectations import imported_meanwhile
from orchestration.checks.results import dbt_results, gate, record
from orchestration.dbt_project import PROJECT_DIR, environment, manifest_path
from orchestration.duck import connect
from orchestration.extracts.archive import Archive, ArchivedDelivery
from orchestration.extracts.contract import extracts
from orchestration.failures import BuildFailed, UsageError
from orchestration.lineage import relation_metadata
from orchestration.settings import Settings, settings
from orchestration.spark.inputs import hand_over
from orchestration.spark.place import current
from orchestration.spark.results import collect
from orchestration.spark.session import require
from orchestration.warehouse import built_day, mark_complete, prepare

MANIFEST = manifest_path(settings())
RESULTS = "run_results.json"
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
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    exclude="resource_type:unit_test",
    name="dbt_models",
)
def dbt_models(context: dg.AssetExecutionContext, dbt: WarehouseDbt, warehouse_turn: WarehouseTurn) -> Iterator[Any]:
    """Builds and tests every model of the day."""
    config = settings()
    with foreseen():
        day = parse_day(context.partition_key)
        if context.is_subset:
            _require_same_day(context.partition_key)
        else:
            _prepare(config, Archive(config.archive).of_day(day))
    # An earlier run's must not speak for a dbt that dies in this one.
    (config.dbt_target / RESULTS).unlink(missing_ok=True)
    os.environ.update(environment(config, as_of=day.isoformat(), engine=config.engine))
    invocation = dbt.cli(
        ["build", "--exclude-resource-type", "unit_test"],
        context=context,
        target_path=config.dbt_target,
        raise_on_error=False,
    )
    # DuckDB lets nobody in while dbt has it, so what the UI shows of each relation is looked up when dbt is done.
    with imported_meanwhile("great_expectations"):
        events = list(invocation.stream())
    with foreseen():
        metadata = _judge(config, day.isoformat(), is_whole=not context.is_subset)
    for event in events:
        if isinstance(event, dg.Output):
            unique_id = event.metadata["unique_id"].value
            yield event.with_metadata({**event.metadata, **metadata.get(str(unique_id), {})})
        else:
            yield event
    with foreseen(), connect(config, config.warehouse) as connection:
        if built_day(connection) is None:
            gate(connection)  # a failed test kept dbt from building what hangs on it


def _prepare(config: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """The warehouse, and what Spark reads when it is Spark that builds the models."""
    if config.engine == "spark":
        require()
    prepare(config, deliveries)
    if config.engine == "spark":
        hand_over(config, deliveries)


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


def _judge(config: Settings, day: str, *, is_whole: bool) -> dict[str, dict[str, Any]]:
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
            raise BuildFailed(
                f"dbt could not build {names}. Nothing was published and the last good day stays; "
                f"see {config.dbt_target}/dbt.log."
            )
        built = {name: node for name, node in manifest["nodes"].items() if statuses.get(name) == "success"}
        if config.engine == "spark":
            collect(config, connection, built.values())
        if "skipped" not in statuses.values():
            mark_complete(connection)
        return relation_metadata(connection, built, day, config.dbt_target / "column_lineage.json")


def _stopped(config: Settings) -> BuildFailed:
    logs = f"the end of {config.dbt_target}/dbt.log"
    if config.engine == "spark":
        logs += f", and {current(config).log} if Spark did not begin"
    return BuildFailed(
        "dbt was stopped before it was done: killed, or without memory or disk. Nothing was published and the last "
        f"good day stays; see {logs}, then run the day again."
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
