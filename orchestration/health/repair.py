"""Repairing what ``verification`` found, without losing anything: what is damaged is set aside, never deleted.

What it can't do itself, it names as the steps that remain, with the day and the system to ask.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import YacpError
from orchestration.health.verification import (
    COUNTS,
    DELIVERY,
    FILES,
    LINK,
    LIVE,
    NUMBERS,
    PARQUET,
    REFUSAL,
    RUNS,
    Fault,
    verify,
)
from orchestration.publishing.publish import make_current
from orchestration.publishing.release_files import LINK_POOL
from orchestration.runs.record_of_runs import set_damaged_aside
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.state.checksums import ChecksumsDamaged, drop, record
from orchestration.state.permissions import narrow, too_wide
from orchestration.state.releases import CURRENT, DATA, NAME, read_release
from orchestration.state.set_aside import set_aside


@dataclass
class Plan:
    """What a repair will do, and what remains to be done by hand."""

    actions: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)

    def add(self, what: str, action: Callable[[], object]) -> None:
        """Adds something to do, with its words."""
        self.actions.append((what, action))

    def do(self) -> None:
        """Does it. The caller holds the warehouse."""
        for _, action in self.actions:
            action()


def plan(config: Settings) -> Plan:
    """What can be repaired now, in the order in which it is done. Nothing is changed."""
    found, made = verify(config), Plan()
    of: dict[str, list[Fault]] = {}
    for fault in found:
        of.setdefault(fault.kind, []).append(fault)
    for fault in of.get(NUMBERS, []):
        made.add(f"record the checksums of {fault.path.parent} again", partial(_renew, config, fault.path))
    for folder in _folders(of.get(REFUSAL, []), config.archive / "refused", 3):
        made.add(f"set {folder} aside", partial(set_aside, config, folder, "A refusal was damaged."))
    _plan_deliveries(config, made, of.get(DELIVERY, []))
    days = _plan_releases(config, made, of)
    days |= _plan_parquet(config, made, of.get(PARQUET, []), {f.path.parent for f in of.get(FILES, [])})
    for folder in _folders(of.get(LIVE, []), config.published / "following" / "releases", 1):
        made.add(f"set {folder} aside", partial(set_aside, config, folder, "Live views were damaged."))
    if RUNS in of:
        made.add(
            "set the damaged record of runs aside; the next run begins a new one",
            partial(set_damaged_aside, config),
        )
    if open_to_others := sum(1 for _ in too_wide(config)):
        made.add(
            f"close what more accounts can open than should: {open_to_others} files and folders",
            partial(narrow, config),
        )
    days |= {day for fault in of.get(COUNTS, []) for day in _archived_days(config) if str(day) in fault.what}
    _name_days(config, made, days, of)
    return made


def _folders(found: Iterable[Fault], top: Path, depth: int) -> list[Path]:
    """The folders so many levels below ``top`` that have faults, each once."""
    return sorted({top.joinpath(*fault.path.relative_to(top).parts[:depth]) for fault in found})


def _renew(config: Settings, path: Path) -> None:
    set_aside(config, path, "The record of checksums was damaged; the files beside it were recorded as they are.")
    record(path.parent)
    path.chmod(0o644 if config.published in path.parents else 0o600)


def _plan_deliveries(config: Settings, made: Plan, found: list[Fault]) -> None:
    """Only a delivery that is still at its source is set aside: without it, an older one would count for the day."""
    for folder in _folders(found, config.archive, 3):
        name, day, number = folder.relative_to(config.archive).parts
        [system] = [each for each in SYSTEMS if each.name == name]
        if _is_at_source(config, system, date.fromisoformat(day), int(number)):
            what = f"set {folder} aside, because its delivery is still at its source"
            made.add(what, partial(set_aside, config, folder, "An archived delivery was damaged."))
            made.remaining.append(f"yacp run --as-of {day}   lands delivery {int(number)} of {system.title} again")
        else:
            made.remaining.append(
                f"ask {system.title} for the same delivery {int(number)} of {day} once more, or restore {folder} from "
                f"a backup; then yacp run --as-of {day}"
            )


def _is_at_source(config: Settings, system: System, day: date, number: int) -> bool:
    with suppress(YacpError), DeliveryRoot(without_retries(config)) as root:
        return root.has(system, day) and root.manifest(system, day).delivery == number
    return False


def _plan_releases(config: Settings, made: Plan, of: dict[str, list[Fault]]) -> set[date]:
    """Sets damaged releases aside and points the link to the newest whole one; returns the days that it lacks."""
    top = config.published / "releases"
    damaged = _folders(of.get(FILES, []), top, 1)
    if not damaged and LINK not in of:
        return set()
    whole = [read_release(path) for path in top.glob("[0-9]*") if NAME.fullmatch(path.name) and path not in damaged]
    base = max((r for r in whole if not r.pending_behind), key=lambda release: release.sequence, default=None)
    for folder in damaged:
        made.add(f"set {folder} aside", partial(set_aside, config, folder, "A release was damaged."))
    if base is None:
        made.add(f"remove the link {config.published / CURRENT}", partial(_unlink, config))
    elif LINK in of or (config.published / CURRENT).resolve() in damaged:
        made.add(f"make {base.name} the current release", partial(make_current, config, base))
    kept = set(base.days) if base else set()
    lost = {day for folder in damaged for day in _days_of(folder)} or _archived_days(config)
    return lost - kept if damaged else set()


def _days_of(folder: Path) -> set[date]:
    with suppress(YacpError):
        return set(read_release(folder).days)
    return set()


def _unlink(config: Settings) -> None:
    link = config.published / CURRENT
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        set_aside(config, link, "It was in the place of the link to the current release.")


def _plan_parquet(config: Settings, made: Plan, found: list[Fault], gone: set[Path]) -> set[date]:
    """Sets the Parquet of damaged days aside, wherever it is linked; returns the days."""
    days = set()
    top = config.published / "releases"
    for folder in sorted({fault.path.parent for fault in found}):
        release = top / folder.relative_to(top).parts[0]
        if release not in gone:
            made.add(f"set {folder} aside", partial(_drop, config, release, folder))
        days.add(date.fromisoformat(folder.name.removeprefix("as_of_date=")))
    return days


def _drop(config: Settings, release: Path, folder: Path) -> None:
    if folder.exists():
        set_aside(config, folder, "The Parquet of a published day was damaged.")
    with suppress(ChecksumsDamaged):
        drop(release, [str((folder / DATA).relative_to(release))])
    pool = config.published / "releases" / LINK_POOL / folder.relative_to(release / "parquet")
    if pool.exists():
        set_aside(config, pool, "A link to the same file.")


def _archived_days(config: Settings) -> set[date]:
    """The days that both systems have in the archive."""
    days = [{path.name for path in (config.archive / system.name).glob("[0-9]*-??-??")} for system in SYSTEMS]
    return {date.fromisoformat(day) for day in set.intersection(*days)}


def _name_days(config: Settings, made: Plan, days: set[date], of: dict[str, list[Fault]]) -> None:
    there = sorted(days & _archived_days(config))
    made.remaining += [f"yacp backfill {day} {day}   publishes {day} again from the archive" for day in there]
    for day in sorted(days - set(there)):
        made.remaining.append(f"{day} can't be published again: it is no longer in the archive; restore a backup of it")
    if not there and (LIVE in of):
        made.remaining.append("yacp run   writes the live views again")
