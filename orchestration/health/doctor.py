"""What is wrong with the setup, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from orchestration.contract.dates import in_chicago
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError, YacpError
from orchestration.notices.channels import channels
from orchestration.notices.outbox import last_look
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.spark.session import require_spark
from orchestration.state.database import Table
from orchestration.state.permissions import group_id
from orchestration.state.releases import current
from orchestration.warehouse.dbt_project import PROJECT_DIR

_NEEDED = {
    "dagster": "1.13",
    "dbt-core": "1.11",
    "dbt-duckdb": "1.11",
    "duckdb": "1.5",
    "great-expectations": "1.",
}
_FREE_BYTES = 2 << 30
_LOOKED_WITHIN = timedelta(hours=26)  # the daemon looks every minute, cron perhaps once a night


def examine(config: Settings) -> Table:
    """One row for everything looked at: what, whether it is well, what was found, how to mend it."""
    return Table(("what", "ok", "found", "mend"), list(_findings(config)))


def _findings(config: Settings) -> Iterator[tuple[object, ...]]:
    python = sys.version_info[:2] >= (3, 11)
    yield "Python", python, sys.version.split()[0], "" if python else "Install Python 3.11 or later."
    for package, wanted in _NEEDED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "not installed"
        ok = found.startswith(wanted)
        yield package, ok, found, "" if ok else f"make setup installs {package} {wanted}."
    project = (PROJECT_DIR / "dbt_project.yml").exists()
    yield (
        "dbt project",
        project,
        str(PROJECT_DIR),
        "" if project else "Run yacp from a checkout of the project.",
    )
    yield _state(config)
    yield _group(config)
    free = shutil.disk_usage(_existing(config)).free
    yield (
        "free space",
        free > _FREE_BYTES,
        f"{free / (1 << 30):.1f} GiB",
        "" if free > _FREE_BYTES else "Free at least 2 GiB where YACP_HOME is.",
    )
    yield from _engine(config)
    yield from _deliveries(config)
    release = current(config)
    yield (
        "published",
        release is not None,
        release.name if release else "nothing yet",
        "" if release else "yacp run publishes the newest delivered day.",
    )
    yield from _being_told(config)


def _engine(config: Settings) -> Iterator[tuple[object, ...]]:
    """DuckDB is looked for above; Spark only where it is to build the models."""
    if config.engine == "spark":
        try:
            yield "engine (YACP_ENGINE)", True, f"{require_spark()} on {config.master}", ""
        except UsageError as error:
            yield "engine (YACP_ENGINE)", False, "spark", str(error)


def _being_told(config: Settings) -> Iterator[tuple[object, ...]]:
    """Nobody being told is a choice; a way to people that is set up and can't be used is a fault."""
    ways = {way.name: way for way in channels(config)}
    for name, setting in (("mail", "YACP_SMTP_HOST"), ("webhook", "YACP_WEBHOOK_URL")):
        if name not in ways:
            yield f"told by {name}", True, f"off: {setting} is not set", ""
            continue
        try:
            yield f"told by {name}", True, ways[name].reach(), ""
        except YacpError as error:
            yield f"told by {name}", False, str(error), "Mend it, then: yacp notify --test"
    if ways:
        looked = last_look(config)
        is_looked = looked is not None and datetime.now(UTC) - looked < _LOOKED_WITHIN
        mend = "" if is_looked else "Keep yacp daemon running, or have cron call yacp notify."
        yield "somebody looks", is_looked, f"last at {in_chicago(looked)}" if looked else "never", mend


def _existing(config: Settings) -> str:
    path = config.state
    while not path.exists():
        path = path.parent
    return str(path)


def _state(config: Settings) -> tuple[object, ...]:
    writable = os.access(_existing(config), os.W_OK)
    mend = "" if writable else "Give yourself write access, or set YACP_HOME to another folder."
    return "state (YACP_HOME)", writable, str(config.state), mend


def _group(config: Settings) -> tuple[object, ...]:
    what = "who may read lists (YACP_GROUP)"
    try:
        found = f"the group {config.group}" if group_id(config) is not None else "the account alone"
    except UsageError as error:
        return what, False, config.group, str(error)
    return what, True, found, ""


def _deliveries(config: Settings) -> Iterator[tuple[object, ...]]:
    what = "deliveries (YACP_EXTRACTS)"
    try:
        with DeliveryRoot(config.model_copy(update={"retries": 0})) as root:
            root.require()
            yield what, True, root.location, ""
            for system in SYSTEMS:
                newest = next(root.days(system), None)
                mend = f"Nothing complete under {root.location}/{system.name}; yacp generate makes samples."
                yield (
                    f"{system.title} deliveries",
                    newest is not None,
                    f"newest {newest}" if newest else "none",
                    "" if newest else mend,
                )
    except YacpError as error:
        yield what, False, "can't be read", str(error)
