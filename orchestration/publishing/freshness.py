"""Whether the day that is due is published: the newest one by then, not any day that a run has built."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.failures import as_dagster_failure
from orchestration.settings import Settings, settings
from orchestration.state.releases import current

_ASSET, _NAME = dg.AssetKey(["published", "dashboard"]), "newest_day_is_published"


def due_day(config: Settings, now: datetime) -> date:
    """The newest day that has to be published by now: yesterday in Chicago, from the hour in the settings."""
    wall_clock = now.astimezone(ZoneInfo(CHICAGO))
    return wall_clock.date() - timedelta(days=1 if wall_clock.time() >= config.late_after else 2)


def days_behind(newest: date | None, due: date) -> int | None:
    """How many days the newest published one is behind the one that is due; ``None`` before the first."""
    return max(0, (due - newest).days) if newest else None


def judge_newest_day(config: Settings, now: datetime) -> dg.AssetCheckResult:
    """Judges the current release against the clock. Publishing any other day doesn't satisfy it."""
    due, release = due_day(config, now), current(config)
    newest = release.as_of_date if release else None
    return dg.AssetCheckResult(
        passed=newest is not None and newest >= due,
        asset_key=_ASSET,
        check_name=_NAME,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "due": str(due),
            "newest": str(newest or "none"),
            "where_to_look": "yacp doctor; yacp deliveries",
            **({"days_behind": days_behind(newest, due)} if newest else {}),
        },
    )


@dg.asset_check(
    asset=_ASSET,
    name=_NAME,
    description="Yesterday is on the dashboard from the hour that the settings name, and until then the day before.",
    metadata={"title": "The newest day is published in time"},
)
def newest_day_is_published() -> dg.AssetCheckResult:
    """Looks now; by itself, the sensor does."""
    with as_dagster_failure():
        return judge_newest_day(settings(), datetime.now(UTC))


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records on the page of the published dashboard whether the day that is due is there.",
)
def freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Records a result when it changes, without a run: starting one takes longer than judging."""
    result = judge_newest_day(settings(), datetime.now(UTC))
    judged = " ".join(f"{name} {result.metadata[name].value}" for name in ("due", "newest"))
    if judged == context.cursor:
        return dg.SkipReason(f"As before: {judged}.")
    evaluation = dg.AssetCheckEvaluation(
        asset_key=_ASSET, check_name=_NAME, passed=result.passed, severity=result.severity, metadata=result.metadata
    )
    return dg.SensorResult(asset_events=[evaluation], cursor=judged)
