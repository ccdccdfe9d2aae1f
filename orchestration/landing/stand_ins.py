"""Stand-ins: where the settings allow it, an older delivery of IWDS stands in for one that is late."""

from collections.abc import Iterator
from datetime import date, timedelta

from orchestration.contract.extract import System
from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError
from orchestration.landing.archive import Archive, ArchivedDelivery
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot


def stand_in_days(settings: Settings, root: DeliveryRoot, system: System, day: date) -> Iterator[date]:
    """The earlier days whose delivery of the system may stand in for the day's, newest first.

    Those of an accepted delivery, and of one that waits at the root because workNet's of its day never came.
    """
    archive = Archive(settings.archive)
    for earlier in earlier_days(settings, system, day):
        if archive.newest(system, earlier) or root.has(system, earlier):
            yield earlier


def earlier_days(settings: Settings, system: System, day: date) -> list[date]:
    """The days that a stand-in may be of; none for workNet, which nothing stands in for."""
    ages = range(1, settings.iwds_may_be_late_days + 1) if system == IWDS else ()
    return [day - timedelta(days=age) for age in ages]


def deliveries_of(settings: Settings, day: date) -> list[ArchivedDelivery]:
    """The accepted deliveries that the day is built from, one per system; ``UsageError`` when one is missing."""
    archive, found = Archive(settings.archive), []
    for system in SYSTEMS:
        if (delivery := archive.of_days(system, [day, *earlier_days(settings, system, day)])) is None:
            raise UsageError(f"{system.title} has no accepted delivery of {day}.")
        found.append(delivery)
    return found
