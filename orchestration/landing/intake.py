"""Intake: a delivery's files become typed Parquet in the archive, or nothing does.

    fetch → parse → judge → write what fits, quarantine what doesn't, account for both → record → archive

Every problem of a delivery is collected, so that the sender hears of all of them at once. The account proves
that nothing disappeared: rows in the manifest = rows loaded + rows quarantined + exact duplicates.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from orchestration.contract.extract import System
from orchestration.failures import NOTHING_LOADED, BuildFailed, lacks_room, name_list
from orchestration.landing.archive import RECORD, Archive, ArchivedDelivery, parquet_path
from orchestration.landing.file_checks import FileRejected
from orchestration.landing.judging import JudgedFile, judge
from orchestration.landing.parsing import ParsedFile, parse
from orchestration.landing.quarantine import Quarantine
from orchestration.landing.reconciliation import RowAccount, write_accounts
from orchestration.landing.text_faults import first_fault, require_row_count
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, refusal
from orchestration.sources.manifest import Manifest, ManifestFile
from orchestration.state.database import connect, identifier, is_usable, literal
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import restrict, restricted_folder

Progress = Callable[[str], None]


def land(settings: Settings, system: System, day: date, progress: Progress = lambda _: None) -> ArchivedDelivery:
    """Loads the system's delivery of the day into the archive and returns the one that counts.

    A repeat of the accepted delivery changes nothing; a day that is no longer at the root comes from the archive.
    Raises ``DeliveryRefused`` when the delivery as a whole breaks the contract, ``UsageError`` when there is none.
    """
    archive = Archive(settings.archive)
    with DeliveryRoot(settings) as root:
        accepted = archive.newest(system, day)
        if accepted and not root.has(system, day):
            return accepted
        manifest = root.manifest(system, day)
        if accepted and _is_repeat(system, manifest, accepted):
            return accepted
        # Files are whole before they leave this folder; what a crash leaves there is removed under the lock.
        incoming = restricted_folder(settings, archive.folder / ".incoming")
        with tempfile.TemporaryDirectory(prefix=f"{system.name}-{day}-", dir=incoming) as name:
            files, landed = Path(name) / "files", Path(name) / "landed"
            landed.mkdir(mode=0o700)
            manifest = _fetch(root, system, manifest, files, progress)
            warnings = _ignored_files(system, manifest, root.unlisted_names(system, day, manifest))
            warnings += _load(settings, system, manifest, files, landed, progress)
            _record(settings, landed, manifest, warnings)
            folder = archive.folder_of(system.name, day, manifest.delivery)
            restricted_folder(settings, folder.parent)
            shutil.rmtree(folder, ignore_errors=True)
            landed.rename(folder)
            return archive.delivery(system.name, day, manifest.delivery)


def _is_repeat(system: System, manifest: Manifest, accepted: ArchivedDelivery) -> bool:
    number = manifest.delivery
    if number > accepted.delivery:
        return False
    problem = f"it is delivery {number}, but delivery {accepted.delivery} was already accepted"
    if number == accepted.delivery:
        if manifest.checksums == accepted.checksums:
            return True
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
    """Writes the extracts, the quarantine and the account into ``landed`` and returns the warnings."""
    accounts: list[RowAccount] = []
    warnings: list[str] = []
    problems: list[str] = []
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
                accounts.append(_quarantine(connection, quarantine, parsed, judged, settings.max_quarantined_share))
            if problems and not is_usable(connection):  # some damage ends DuckDB's connection
                raise refusal(system, manifest.as_of_date, *problems)
        if problems:
            raise refusal(system, manifest.as_of_date, *problems, then=quarantine.followers())
        quarantine.write(landed)
        write_accounts(connection, manifest, accounts, landed)
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


def _quarantine(
    connection: duckdb.DuckDBPyConnection,
    quarantine: Quarantine,
    parsed: ParsedFile,
    judged: JudgedFile,
    max_share: float,
) -> RowAccount:
    """Quarantines what doesn't fit and accounts for all rows; ``FileRejected`` when too many of them don't fit."""
    file = parsed.file
    count = judged.unfit_count + parsed.reject_count
    if count:
        quarantine.add(parsed, judged)
    causes = count - judged.following_count
    share = causes / file.rows if file.rows else 0.0
    if share > max_share:
        fault = first_fault(connection, parsed)
        raise FileRejected(
            f"has {causes:,} of {file.rows:,} rows that don't fit ({share:.1%}; the limit is {max_share:.1%}): "
            f"{quarantine.most_frequent(parsed.extract)}{fault and f'; {fault}'}"
        )
    return RowAccount(parsed.extract, file.name, file.rows, judged.loadable_count, count, judged.duplicate_count)


def _record(settings: Settings, landed: Path, manifest: Manifest, warnings: list[str]) -> None:
    record = manifest.model_dump(mode="json", exclude={"files"})
    record |= {"checksums": manifest.checksums, "warnings": warnings}
    (landed / RECORD).write_text(json.dumps(record, indent=1))
    restrict(settings, landed, *landed.iterdir())
    for path in landed.iterdir():
        flush_to_disk(path)  # the rename that follows makes the delivery accepted
