"""Intake: a delivery's files become typed Parquet in the archive, or nothing does.

    fetch → parse → judge → write what fits, quarantine what doesn't, account for both → compare → record → archive

Every problem of a delivery is collected, so that the sender hears of all of them at once. The account proves
that nothing disappeared: rows in the manifest = rows loaded + rows quarantined + exact duplicates.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from orchestration.contract.extract import System
from orchestration.failures import NOTHING_LOADED, BuildFailed, DeliveryRefused, UsageError, lacks_room, name_list
from orchestration.landing.archive import (
    ACCOUNT,
    QUARANTINE,
    RECORD,
    Acceptance,
    Archive,
    ArchivedDelivery,
    parquet_path,
)
from orchestration.landing.file_checks import FileRejected
from orchestration.landing.judging import JudgedFile, judge
from orchestration.landing.losses import held, large_losses
from orchestration.landing.parsing import ParsedFile, parse
from orchestration.landing.quarantine import Quarantine
from orchestration.landing.reconciliation import RowAccount, write_accounts
from orchestration.landing.refusals import acceptance_of, discard_refusal, keep_refusal
from orchestration.landing.stand_ins import stand_in_days
from orchestration.landing.text_faults import first_fault, require_row_count
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, refusal
from orchestration.sources.manifest import Manifest, ManifestFile
from orchestration.state.checksums import record as record_checksums
from orchestration.state.database import connect, identifier, is_usable, literal
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import restrict, restricted_folder
from orchestration.state.set_aside import set_aside

Progress = Callable[[str], None]


def land(settings: Settings, system: System, day: date, progress: Progress = lambda _: None) -> ArchivedDelivery:
    """Loads the system's delivery of the day into the archive and returns the one that counts.

    A repeat of the accepted delivery changes nothing; a day that is no longer at the root comes from the archive. For
    IWDS the one that counts may be of an earlier day (``iwds_may_be_late_days``).
    Raises ``DeliveryRefused`` when the delivery as a whole breaks the contract, ``DeliveryHeld`` when too many rows
    are missing, ``UsageError`` when there is none.
    """
    archive = Archive(settings.archive)
    with DeliveryRoot(settings) as root:
        accepted, healed = _accepted(archive, root, system, day)
        if not root.has(system, day):
            if accepted:
                accepted.require_whole()
                return accepted
            for earlier in stand_in_days(settings, root, system, day):
                with suppress(DeliveryRefused):  # what was accepted before still stands in, or else an older one
                    return land(settings, system, earlier, progress)
                if accepted_earlier := archive.newest(system, earlier):
                    accepted_earlier.require_whole()
                    return accepted_earlier
        if accepted and _is_repeat(root, system, day, accepted):
            return accepted
        # Files are whole before they leave this folder; what a crash leaves there is removed under the lock.
        incoming = restricted_folder(settings, archive.folder / ".incoming")
        with tempfile.TemporaryDirectory(prefix=f"{system.name}-{day}-", dir=incoming) as name:
            landed, manifest = Path(name) / "landed", None
            landed.mkdir(mode=0o700)
            try:
                manifest = root.manifest(system, day)
                _require_newer(system, manifest, accepted)
                manifest = _fetch(root, system, manifest, Path(name) / "files", progress)
                warnings = _ignored_files(system, manifest, root.unlisted_names(system, day, manifest))
                warnings += _load(settings, system, manifest, Path(name) / "files", landed, progress)
            except DeliveryRefused as refused:
                with suppress(OSError):  # a full disk mustn't hide what is wrong with the delivery
                    keep_refusal(settings, refused, landed, (system, day, manifest.delivery if manifest else 0))
                raise
            return _archive(settings, archive, system, landed, manifest, warnings + healed)


def _accepted(
    archive: Archive, root: DeliveryRoot, system: System, day: date
) -> tuple[ArchivedDelivery | None, list[str]]:
    """The accepted delivery; none, and a warning, when it is damaged and the same delivery is at the root once more."""
    what = f"the archived delivery of {day} was damaged; it was landed again from the same delivery"
    is_there = root.has(system, day)
    try:
        accepted = archive.newest(system, day)
        if not (accepted and is_there and _is_repeat(root, system, day, accepted) and accepted.damages()):
            return accepted, []
    except UsageError:  # the record of the delivery is damaged, so only its number is known
        with suppress(DeliveryRefused, UsageError):
            if is_there and root.manifest(system, day).delivery == archive.newest_number(system, day):
                return None, [what]
        raise
    return None, [what]


def _archive(
    settings: Settings, archive: Archive, system: System, landed: Path, manifest: Manifest, warnings: list[str]
) -> ArchivedDelivery:
    """Accepts a delivery: by one rename it is in the archive, whole."""
    day, number = manifest.as_of_date, manifest.delivery
    _record(settings, landed, manifest, warnings, acceptance_of(settings, system, day, number, manifest.checksums))
    folder = archive.folder_of(system.name, day, number)
    restricted_folder(settings, folder.parent)
    if folder.exists():
        set_aside(settings, folder, "Damaged; the same delivery was landed again.")
    landed.rename(folder)
    discard_refusal(settings, system, day, number)
    return archive.delivery(system.name, day, number)


def _is_repeat(root: DeliveryRoot, system: System, day: date, accepted: ArchivedDelivery) -> bool:
    """Whether the delivery at the root is the accepted one."""
    with suppress(DeliveryRefused):  # a manifest that can't be read is refused where that is recorded
        manifest = root.manifest(system, day)
        return (manifest.delivery, manifest.checksums) == (accepted.delivery, accepted.checksums)
    return False


def _require_newer(system: System, manifest: Manifest, accepted: ArchivedDelivery | None) -> None:
    number = manifest.delivery
    if accepted is None or number > accepted.delivery:
        return
    problem = f"it is delivery {number}, but delivery {accepted.delivery} was already accepted"
    if number == accepted.delivery:
        problem = f"delivery {number} was accepted before with other checksums"
    raise refusal(system, manifest.as_of_date, problem)


def _fetch(root: DeliveryRoot, system: System, manifest: Manifest, folder: Path, progress: Progress) -> Manifest:
    """Copies the manifest's files and returns it; a new delivery's, if one replaces them meanwhile."""
    day = manifest.as_of_date
    folder.mkdir(exist_ok=True)
    problems = []
    for extract in system.extracts:
        file = manifest.file_of(extract)
        if file is None:
            problems.append(f"the manifest names no file for {extract.name}")
            continue
        progress(f"{system.name} {file.name}")
        if problem := root.fetch(system, day, file, folder):
            problems.append(problem)
    if problems:
        replaced = root.manifest(system, day)
        if replaced.delivery > manifest.delivery:
            return _fetch(root, system, replaced, folder, progress)
        raise refusal(system, day, *problems)
    return manifest


def _ignored_files(system: System, manifest: Manifest, unlisted: list[str]) -> list[str]:
    known = {file.name for extract in system.extracts if (file := manifest.file_of(extract))}
    warnings = [
        f"{file.name} is not an extract of the contract; ignored" for file in manifest.files if file.name not in known
    ]
    if unlisted:
        warnings.append(f"{name_list(unlisted)}: in the folder but not in the manifest; ignored")
    return warnings


def _load(
    settings: Settings, system: System, manifest: Manifest, files: Path, landed: Path, progress: Progress
) -> list[str]:
    """Writes the extracts, the quarantine and the account into ``landed`` and returns the warnings.

    When the delivery is refused or held, its account and quarantine are there, as far as its files could be read.
    """
    accounts: list[RowAccount] = []
    warnings: list[str] = []
    problems: list[str] = []
    day = manifest.as_of_date
    with connect(settings) as connection:  # in memory, from where large files spill to disk
        quarantine = Quarantine(connection)
        for extract in system.extracts:
            progress(f"{system.name} {extract.name}")
            [file] = manifest.files_of(extract)
            with _collect_problem(problems, file):
                parsed = parse(connection, extract, file, files / file.name, settings.max_file_size)
                require_row_count(connection, parsed)
                judged = judge(connection, system, parsed, landed)
                columns = ", ".join(identifier(column.name) for column in extract.columns)
                connection.execute(
                    f"copy (select {columns} from {judged.rows} where {judged.loadable})"
                    f" to {literal(parquet_path(landed, extract))} (format parquet, compression zstd)"
                )
                warnings += parsed.warnings + judged.warnings
                accounts.append(_quarantine(quarantine, parsed, judged))
                _require_few_unfit(connection, quarantine, parsed, judged, settings.max_quarantined_share)
            if problems and not is_usable(connection):  # some damage ends DuckDB's connection
                raise refusal(system, day, *problems)
        try:
            quarantine.write(landed)
            write_accounts(connection, manifest, accounts, landed)
        except duckdb.Error:
            if not problems:
                raise
            for name in (QUARANTINE, ACCOUNT):  # a full disk mustn't hide what is wrong with the delivery
                (landed / name).unlink(missing_ok=True)
        before = Archive(settings.archive).newest_before(system, day)
        if problems:  # a parent that was cut short comes first: its children's orphans only follow
            delivered = [replace(account, stored=account.stored + account.quarantined) for account in accounts]
            losses = large_losses(connection, settings, delivered, before)
            raise refusal(system, day, *losses, *problems, then=quarantine.remarks(day))
        losses = large_losses(connection, settings, accounts, before)
        if losses and not acceptance_of(settings, system, day, manifest.delivery, manifest.checksums):
            raise held(manifest, losses)
    return warnings


@contextmanager
def _collect_problem(problems: list[str], file: ManifestFile) -> Iterator[None]:
    """Notes what is wrong with the file and goes on with the next one."""
    try:
        yield
    except FileRejected as rejected:
        problems.append(f"{file.name} {rejected}")
    except duckdb.Error as error:
        if lacks_room(error):
            raise BuildFailed(
                f"There was not enough memory or disk to load {file.name}. {NOTHING_LOADED} Free space under "
                "YACP_HOME or raise YACP_MEMORY_LIMIT, then run the day again."
            ) from None
        # DuckDB's own message may quote a row.
        problems.append(f"{file.name} can't be read as {file.format}")


def _quarantine(quarantine: Quarantine, parsed: ParsedFile, judged: JudgedFile) -> RowAccount:
    """Quarantines the rows that don't fit, and accounts for all of them."""
    count = judged.unfit_count + parsed.reject_count
    if count:
        quarantine.add(parsed, judged)
    file = parsed.file
    return RowAccount(parsed.extract, file.name, file.rows, judged.loadable_count, count, judged.duplicate_count)


def _require_few_unfit(
    connection: duckdb.DuckDBPyConnection,
    quarantine: Quarantine,
    parsed: ParsedFile,
    judged: JudgedFile,
    max_share: float,
) -> None:
    """``FileRejected`` when too many rows don't fit; those that only follow from a quarantined parent don't count."""
    causes = judged.unfit_count - judged.following_count + parsed.reject_count
    share = causes / parsed.file.rows if parsed.file.rows else 0.0
    if share > max_share:
        fault = first_fault(connection, parsed)
        raise FileRejected(
            f"has {causes:,} of {parsed.file.rows:,} rows that don't fit ({share:.1%}; the limit is {max_share:.1%}): "
            f"{quarantine.most_frequent(parsed.extract)}{fault and f'; {fault}'}"
        )


def _record(
    settings: Settings, landed: Path, manifest: Manifest, warnings: list[str], acceptance: Acceptance | None
) -> None:
    record = manifest.model_dump(mode="json", exclude={"files", "source"})
    record |= {"checksums": manifest.checksums, "warnings": warnings}
    if acceptance:
        record["acceptance"] = acceptance.record()
    (landed / RECORD).write_text(json.dumps(record, indent=1))
    record_checksums(landed)
    restrict(settings, landed, *landed.iterdir())
    for path in landed.iterdir():
        flush_to_disk(path)  # the rename that follows makes the delivery accepted
