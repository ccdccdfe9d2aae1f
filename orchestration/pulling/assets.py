"""A source that is pulled, as an asset upstream of the extracts of its system."""

import dagster as dg

from orchestration.contract.dates import parse_day
from orchestration.contract.extract import System
from orchestration.contract.partitions import DAILY_PARTITIONS, ONE_DAY_PER_RUN
from orchestration.failures import as_dagster_failure
from orchestration.landing.assets import OWNERS, TAGS, source_key
from orchestration.pulling.due import NotPulled, pull_for_run, pulled_systems
from orchestration.pulling.pull import Pulled
from orchestration.settings import settings
from orchestration.sources.profile import profile_files


def _result(outcome: Pulled | NotPulled) -> dg.MaterializeResult[None]:
    if isinstance(outcome, NotPulled):
        return dg.MaterializeResult(metadata={"not_pulled": outcome.reason})
    counts = [f"| {name} | {count:,} |" for name, count in outcome.rows.items()]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(outcome.rows.values()),
            "rows": dg.MetadataValue.md("\n".join(["| extract | rows |", "| --- | ---: |", *counts])),
            "seconds": round(outcome.seconds, 3),
            "delivery": outcome.delivery,
            "full_social_security_numbers_cut": outcome.full_numbers,
            "differs_from_the_delivery_before": outcome.is_new,
            "profile": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in outcome.profile.all_files)),
        }
    )


def _source_asset(system: System) -> dg.AssetsDefinition:
    files = profile_files(settings(), system)

    @dg.asset(
        key=source_key(system),
        name=None,
        description=f"What {system.title} holds at the end of the day, pulled by the profile in {files[0].parent}.",
        group_name=system.name,
        owners=OWNERS,
        tags=TAGS,
        kinds={"sql", "parquet"},
        partitions_def=DAILY_PARTITIONS,
        backfill_policy=ONE_DAY_PER_RUN,
        op_tags={"system": system.name},
        metadata={
            "dagster/code_references": dg.CodeReferencesMetadataValue(
                code_references=[dg.LocalFileCodeReference(file_path=str(path), label=path.name) for path in files]
            )
        },
    )
    def pulled(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with as_dagster_failure():
            outcome = pull_for_run(settings(), system, parse_day(context.partition_key), context.log.debug)
        if isinstance(outcome, NotPulled):
            context.log.warning(outcome.reason)
        return _result(outcome)

    return pulled


PULLS = [_source_asset(system) for system in pulled_systems(settings())]
