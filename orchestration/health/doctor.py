"""Checks the setup and says how to fix what is wrong."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from orchestration.contract.dates import in_chicago
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError, YacpError
from orchestration.health.verification import last_verification, verify
from orchestration.notices.channels import channels
from orchestration.notices.digest import strangers
from orchestration.notices.outbox import last_look
from orchestration.runs.instance import require_usable
from orchestration.runs.instance_file import is_ours, lacks, path_of
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.spark.session import require_spark
from orchestration.state.database import Table
from orchestration.state.permissions import group_id, too_wide
from orchestration.state.releases import current
from orchestration.warehouse.dbt_project import PROJECT_DIR

_REQUIRED_VERSIONS = {
    "dagster": "1.13",
    "dbt-core": "1.11",
    "dbt-duckdb": "1.11",
    "duckdb": "1.5",
    "great-expectations": "1.",
}
_FREE_BYTES = 2 << 30
_SHOWN = 20
_SENT_WITHIN = timedelta(hours=26)  # the daemon looks every minute, cron perhaps once a day


@dataclass(frozen=True)
class SetupCheck:
    """One thing that was checked. ``mend`` says how to fix it; it is shown only when it isn't ``ok``."""

    what: str
    ok: bool
    found: str
    mend: str = ""


def examine(config: Settings) -> Table:
    """One row per check of the setup."""
    rows: list[tuple[object, ...]] = [
        (check.what, check.ok, check.found, "" if check.ok else check.mend) for check in _checks(config)
    ]
    return Table(("what", "ok", "found", "mend"), rows)


def _checks(config: Settings) -> Iterator[SetupCheck]:
    yield from _software()
    yield from _state(config)
    yield from _engine(config)
    yield from _deliveries(config)
    yield from _kept(config)
    yield from _dagster(config)
    yield from _notices(config)
    yield _digest(config)


def _kept(config: Settings) -> Iterator[SetupCheck]:
    """What a quick look at everything kept finds, and when the last whole one was."""
    try:
        release = current(config)
        found, mend = (release.name if release else "nothing yet"), "yacp run publishes the newest delivered day."
    except UsageError as error:
        release, found, mend = None, "damaged", str(error)
    yield SetupCheck("published", release is not None, found, mend)
    faults = [fault for fault in verify(config, is_quick=True) if not fault.is_note]
    for fault in faults[:_SHOWN]:
        yield SetupCheck("what is kept", False, f"{fault.path} {fault.what}", f"{fault.mend}.")
    if not faults:
        yield SetupCheck("what is kept", True, "sizes, links, and records are right")
    last = last_verification(config)
    yield SetupCheck("last whole verification", True, in_chicago(last) if last else "never; yacp verify does it")


def _dagster(config: Settings) -> Iterator[SetupCheck]:
    """Whether Dagster can be started as ``dagster.yaml`` and the settings say; whose the file is."""
    what, path = "Dagster (dagster.yaml)", path_of(config)
    if not path.exists():
        yield SetupCheck(what, True, "not there yet; the next command of yacp that needs it writes it")
        return
    try:
        require_usable(config)
        missing = list(lacks(config))
    except YacpError as error:
        yield SetupCheck(what, False, "can't be used", str(error))
        return
    for lack in missing:
        yield SetupCheck(what, False, f"your own, with {lack.what}", f"In {path}: {lack.mend}")
    if not missing:
        where = "in PostgreSQL" if config.secret("dagster_database") else "in files"
        yield SetupCheck(what, True, f"written by yacp, records {where}" if is_ours(path) else "your own")


def _software() -> Iterator[SetupCheck]:
    is_new_enough = sys.version_info[:2] >= (3, 11)
    yield SetupCheck("Python", is_new_enough, sys.version.split()[0], "Install Python 3.11 or later.")
    for package, required in _REQUIRED_VERSIONS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "not installed"
        yield SetupCheck(package, found.startswith(required), found, f"make setup installs {package} {required}.")
    is_checkout = (PROJECT_DIR / "dbt_project.yml").exists()
    yield SetupCheck("dbt project", is_checkout, str(PROJECT_DIR), "Run yacp from a checkout of the project.")


def _state(config: Settings) -> Iterator[SetupCheck]:
    existing = next(folder for folder in (config.state, *config.state.parents) if folder.exists())
    yield SetupCheck(
        "state (YACP_HOME)",
        os.access(existing, os.W_OK),
        str(config.state),
        "Get write access to the folder, or set YACP_HOME to another one.",
    )
    what = "who may read lists (YACP_GROUP)"
    try:
        found = f"the group {config.group}" if group_id(config) is not None else "only the user that runs yacp"
        yield SetupCheck(what, True, found)
    except UsageError as error:
        yield SetupCheck(what, False, config.group, str(error))
    yield from _permissions(config)
    free = shutil.disk_usage(existing).free
    found = f"{free / (1 << 30):.1f} GiB"
    yield SetupCheck("free space", free > _FREE_BYTES, found, "Free at least 2 GiB on the disk that holds YACP_HOME.")


def _permissions(config: Settings) -> Iterator[SetupCheck]:
    """One row for the first files that are too wide, and how many more there are."""
    what = "modes of files"
    try:
        wide = [f"{path} {mode:04o}" for path, mode in too_wide(config)] if config.state.exists() else []
    except UsageError:  # the group, which has a row of its own
        return
    more = f", and {len(wide) - _SHOWN} more" if len(wide) > _SHOWN else ""
    yield SetupCheck(
        what,
        not wide,
        f"open to others: {', '.join(wide[:_SHOWN])}{more}" if wide else "none is open to others that shouldn't be",
        "Take the access away with chmod go-rwx, or chmod o-rwx where YACP_GROUP may read; SECURITY.md has the modes.",
    )


def _engine(config: Settings) -> Iterator[SetupCheck]:
    """DuckDB is checked with the other packages; Spark only if it builds the models."""
    if config.engine == "spark":
        what = "engine (YACP_ENGINE)"
        try:
            yield SetupCheck(what, True, f"{require_spark()} on {config.master}")
        except UsageError as error:
            yield SetupCheck(what, False, "spark", str(error))


def _deliveries(config: Settings) -> Iterator[SetupCheck]:
    what = "deliveries (YACP_EXTRACTS)"
    try:
        with DeliveryRoot(config.model_copy(update={"retries": 0})) as root:
            root.require()
            yield SetupCheck(what, True, root.location)
            for system in SYSTEMS:
                newest = next(root.days(system), None)
                yield SetupCheck(
                    f"{system.title} deliveries",
                    newest is not None,
                    f"newest {newest}" if newest else "none",
                    f"There is no complete delivery in {root.location}/{system.name}; yacp generate makes samples.",
                )
    except YacpError as error:
        yield SetupCheck(what, False, "can't be read", str(error))


def _notices(config: Settings) -> Iterator[SetupCheck]:
    """A channel that is off is a choice; one that is set up and can't be used is an error."""
    by_name = {channel.name: channel for channel in channels(config)}
    for name, setting in (("mail", "YACP_SMTP_HOST"), ("webhook", "YACP_WEBHOOK_URL")):
        what = f"notices by {name}"
        if name not in by_name:
            yield SetupCheck(what, True, f"off: {setting} is not set")
            continue
        try:
            yield SetupCheck(what, True, by_name[name].reach())
        except YacpError as error:
            yield SetupCheck(what, False, str(error), "Fix it, then run yacp notify --test.")
    if by_name:
        last = last_look(config)
        yield SetupCheck(
            "notices are sent",
            last is not None and datetime.now(UTC) - last < _SENT_WITHIN,
            f"last run {in_chicago(last)}" if last else "never",
            "Keep yacp daemon running, or have cron run yacp notify.",
        )


def _digest(config: Settings) -> SetupCheck:
    """Whether everybody on the list of the morning digest is on the staff extract; addresses are not shown."""
    what = "morning digest (YACP_DIGEST_TO)"
    if config.digest_to is None:
        return SetupCheck(what, True, "off: YACP_DIGEST_TO is not set")
    if not config.smtp_host:
        return SetupCheck(what, False, "there is no mail server", "Set YACP_SMTP_HOST: the digest goes by mail.")
    try:
        count, unknown = strangers(config)
    except YacpError as error:
        return SetupCheck(what, False, "can't be judged", str(error))
    found = f"{len(unknown)} of {count} addresses are nobody on the staff extract who may see anything"
    shown = ", ".join(map(str, unknown[:_SHOWN])) + (", …" if len(unknown) > _SHOWN else "")
    return SetupCheck(
        what,
        not unknown,
        f"{found}: line {shown}" if unknown else f"{count} on the list, all on the staff extract",
        f"Correct these lines of {config.digest_to}, or the staff in workNet. Everybody else gets the digest.",
    )
