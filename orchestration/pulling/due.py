"""When a pull is due: what the sensor asks every minute, and a run before it builds a day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import RootUnreachable, SourceError, YacpError
from orchestration.landing.archive import Archive
from orchestration.pulling.extraction import Progress
from orchestration.pulling.pull import Pulled, delivered_manifest, pull
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.sources.profile import Profile, has_profile, read_profile
from orchestration.sources.readiness import fingerprint, newest_ready_day, ready_days, require_ready

_RECENT_DAYS = 30


@dataclass(frozen=True)
class NotPulled:
    """Why a run left the delivery of a day as it is."""

    reason: str


def pulled_systems(settings: Settings) -> list[System]:
    """The systems that have a profile."""
    return [system for system in SYSTEMS if has_profile(settings, system)]


def due_pulls(settings: Settings, on_problem: Callable[[str], None]) -> dict[str, tuple[date, str]]:
    """For each system whose newest day isn't pulled as it is now: the day, and what tells this state from the next.

    What can't be found out now is passed to ``on_problem``. Nothing here waits longer than a sensor may.
    """
    due = {}
    config = without_retries(settings)
    for system in pulled_systems(settings):
        try:
            profile = read_profile(config, system)
            day = newest_ready_day(config, profile)
            if day is None:
                continue
            seen, manifest = fingerprint(config, profile, day), delivered_manifest(config, system, day)
            if manifest is None or manifest.source != seen:
                due[system.name] = (day, seen)
        except YacpError as error:
            on_problem(str(error))
    return due


def newest_buildable(settings: Settings) -> date | None:
    """The newest day that every system has delivered or has ready to be pulled; ``None`` when no system is pulled."""
    if not pulled_systems(settings):
        return None
    with DeliveryRoot(settings) as root:
        days = [{*root.days(system), *_ready(settings, system)} for system in SYSTEMS]
    if not (common := set.intersection(*days)):
        raise SourceError(
            "There is no day that both systems have delivered or have ready to be pulled. yacp source check SYSTEM "
            "says what a source has."
        )
    return max(common)


def _ready(settings: Settings, system: System) -> Iterator[date]:
    if has_profile(settings, system):
        yield from islice(ready_days(settings, read_profile(settings, system)), _RECENT_DAYS)


def pull_for_run(settings: Settings, system: System, day: date, progress: Progress) -> Pulled | NotPulled:
    """Pulls the day that is about to be built, unless it was delivered and the source no longer has it.

    A source that can't be reached doesn't keep an archived day from being built again.
    """
    is_archived = Archive(settings.archive).newest(system, day) is not None
    try:
        is_delivered = is_archived or delivered_manifest(settings, system, day) is not None
        if is_delivered and (reason := _why_it_stays(settings, read_profile(settings, system), day)):
            return NotPulled(reason)
        return pull(settings, system, day, progress)
    except RootUnreachable as error:
        if is_archived:
            return NotPulled(f"{error} The delivery of {day} that was accepted before is built again.")
        raise


def _why_it_stays(settings: Settings, profile: Profile, day: date) -> str:
    """Why a delivered day isn't pulled again; empty when it is."""
    try:
        require_ready(settings, profile, day)
    except SourceError:
        return f"{profile.system.title} delivered {day} before, and its source doesn't have that day now"
    if profile.database and day != newest_ready_day(settings, profile):
        return f"{day} was pulled when it was the newest day; yacp pull --as-of {day} pulls it again"
    return ""
