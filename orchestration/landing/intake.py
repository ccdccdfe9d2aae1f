"""Landing: a delivery's files become typed Parquet in the archive, or nothing does.

DuckDB parses every file as text, so that a bad value costs one row and not the file; the contract's types are
then tried on it in SQL. What doesn't fit is kept in the quarantine with its place and reason, and the account
proves that nothing disappeared: rows in the manifest = loaded + quarantined + duplicates.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.failures import NOTHING_LOADED, BuildFailed, lacks_room, name_list, size_text
from orchestration.landing.archive import ACCOUNT, QUARANTINE, RECORD, Archive, ArchivedDelivery
from orchestration.landing.file_checks import (
    LINE_LIMIT,
    MOST_COLUMNS,
    FileRejected,
    check_parquet,
    header_of,
    plain_text,
)
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, refusal
from orchestration.sources.manifest import Manifest, ManifestFile
from orchestration.state.database import connect, identifier, literal
from orchestration.state.permissions import restrict, restricted_folder

_INCOMING = ".incoming"
_TIMESTAMP = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"
_OFFSET = r".*[ T].*(Z|[+-]\d{2}(:?\d{2})?)"

QUARANTINE_COLUMNS = {
    "extract": "VARCHAR",
    "file": "VARCHAR",
    "line_number": "BIGINT",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
    "record": "VARCHAR",
}


# What Parquet may bring: whatever has one spelling. Text may come as a number, but as none that could be rounded.
_WHOLE = r"VARCHAR|UUID|DECIMAL\(\d+,0\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_PLAIN = _WHOLE + r"|BOOLEAN|DATE|TIMESTAMP.*|FLOAT|DOUBLE|DECIMAL\(.*"
_NO_DELIMITER = "\x1c\x1d\x1e\x1f"


@dataclass(frozen=True)
class _Source:
    """A file as it was parsed: where the contract's columns are in it, and what DuckDB could not read."""

    columns: dict[str, str]
    width: int
    text: Path | None
    rejected: int


@dataclass(frozen=True)
class FileAccount:
    """What became of one file's rows."""

    extract: str
    file: str
    rows_in_manifest: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int

    @property
    def balances(self) -> bool:
        """Whether every row of the manifest is accounted for."""
        return self.rows_in_manifest == self.rows_loaded + self.rows_quarantined + self.rows_duplicate


def land(
    settings: Settings, system: System, day: date, progress: Callable[[str], None] = lambda _: None
) -> ArchivedDelivery:
    """Takes the system's delivery of the day into the archive and returns the one that counts.

    A repeat of what was accepted changes nothing; a day that is no longer at the root is served from the archive.
    Raises ``DeliveryRefused`` when the delivery as a whole breaks the contract, ``UsageError`` when there is none.
    """
    for left_over in (settings.archive / _INCOMING).glob("*"):  # of a run that died; only one run is here at a time
        shutil.rmtree(left_over)
    with DeliveryRoot(settings) as root:
        return _land(root, settings, system, day, progress)


def _land(
    root: DeliveryRoot, settings: Settings, system: System, day: date, progress: Callable[[str], None]
) -> ArchivedDelivery:
    archive = Archive(settings.archive)
    accepted = archive.newest(system, day)
    if accepted and not root.has(system, day):
        return accepted
    manifest = root.manifest(system, day)
    if accepted and _is_repeat(system, manifest, accepted):
        return accepted

    incoming = restricted_folder(settings, settings.archive / _INCOMING)
    with tempfile.TemporaryDirectory(prefix=f"{system.name}-{day}-", dir=incoming) as folder:
        landed = Path(folder) / "landed"
        files = Path(folder) / "files"
        landed.mkdir(mode=0o700)
        files.mkdir()
        manifest, present = _fetch(root, system, day, manifest, files, progress)
        warnings = _foreign_files(system, manifest, root.strays(system, day, manifest))
        landing = _Landing(settings, system, manifest, files, landed)
        with landing.scratch():
            for extract in system.extracts:
                progress(f"{system.name} {extract.name}")
                landing.take(extract, present[extract.name])
            landing.finish()
        if landing.problems:
            raise refusal(system, day, landing.problems)
        _record(settings, landed, manifest, warnings + landing.warnings)
        place = archive.place(system, day, manifest.delivery)
        restricted_folder(settings, place.parent)
        shutil.rmtree(place, ignore_errors=True)
        landed.rename(place)
    accepted = archive.newest(system, day)
    assert accepted is not None  # noqa: S101 - it was just put there
    return accepted


def _is_repeat(system: System, manifest: Manifest, accepted: ArchivedDelivery) -> bool:
    number = manifest.delivery
    if number > accepted.delivery:
        return False
    if number == accepted.delivery and manifest.checksums == accepted.checksums:
        return True
    if number == accepted.delivery:
        problem = f"delivery {number} was accepted before with other checksums"
    else:
        problem = f"it is delivery {number}, but delivery {accepted.delivery} was already accepted"
    raise refusal(system, manifest.as_of_date, [problem])


def _fetch(
    root: DeliveryRoot,
    system: System,
    day: date,
    manifest: Manifest,
    into: Path,
    progress: Callable[[str], None],
) -> tuple[Manifest, dict[str, ManifestFile]]:
    """Copies the manifest's files; when a new delivery took their place meanwhile, that one's, with its manifest."""
    present, problems = {}, []
    for extract in system.extracts:
        file = manifest.file_of(extract)
        if file is None:
            problems.append(f"the manifest names no file for {extract.name}")
            continue
        progress(f"{system.name} {file.name}")
        if problem := root.fetch(system, day, file, into):
            problems.append(problem)
        present[extract.name] = file
    if problems:
        replaced = root.manifest(system, day)
        if replaced.delivery > manifest.delivery:
            return _fetch(root, system, day, replaced, into, progress)
        raise refusal(system, day, problems)
    return manifest, present


def _foreign_files(system: System, manifest: Manifest, strays: list[str]) -> list[str]:
    known = {file.name for extract in system.extracts if (file := manifest.file_of(extract))}
    warnings = [
        f"{file.name} is no extract of the contract and was left out"
        for file in manifest.files
        if file.name not in known
    ]
    if strays:
        warnings.append(f"{name_list(strays)}: in the folder but not in the manifest, left out")
    return warnings


def _record(settings: Settings, folder: Path, manifest: Manifest, warnings: list[str]) -> None:
    record = {
        "system": manifest.system,
        "as_of_date": manifest.as_of_date.isoformat(),
        "delivery": manifest.delivery,
        "checksums": manifest.checksums,
        "warnings": warnings,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1))
    restrict(settings, folder, *folder.iterdir())
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())  # the rename that follows makes it accepted


class _Landing:
    """One delivery on its way: a scratch database, and what was found so far."""

    def __init__(self, settings: Settings, system: System, manifest: Manifest, files: Path, landed: Path) -> None:
        self.settings = settings
        self.system = system
        self.manifest = manifest
        self.files = files
        self.landed = landed
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.accounts: list[FileAccount] = []
        self.loaded_at = datetime.now(UTC)
        self.connection: duckdb.DuckDBPyConnection

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """A database for the duration of the landing; in memory, from where large files spill to disk."""
        self.connection = connect(self.settings)
        try:
            columns = ", ".join(f"{name} {kind}" for name, kind in QUARANTINE_COLUMNS.items())
            self.connection.execute(f"create table quarantine ({columns})")
            yield
        finally:
            self.connection.close()

    def take(self, extract: Extract, file: ManifestFile) -> None:
        """Parses, judges, deduplicates and writes one file; refusals are collected, not raised at the first."""
        try:
            source = self._parse(extract, file)
            self._judge(extract, source)
            self._find_duplicates(extract)
            self._find_orphans(extract)
            self._settle(extract, file, source)
        except FileRejected as unfit:
            self.problems.append(f"{file.name} {unfit}")
        except duckdb.Error as error:
            if not lacks_room(error):
                # Its message may quote a row, so it goes no further.
                self.problems.append(f"{file.name} can't be read as {_format(file).removeprefix('.')}")
                return
            raise BuildFailed(
                f"There was not enough memory or disk to load {file.name}. {NOTHING_LOADED} Free space under "
                "YACP_HOME or raise YACP_MEMORY_LIMIT, then run the day again."
            ) from None

    def finish(self) -> None:
        """Writes the quarantine and the account beside the extracts."""
        self.connection.execute(
            f"copy (from quarantine order by extract, line_number) to {literal(self.landed / QUARANTINE)}"
        )
        self.connection.execute(
            "create table account (system varchar, as_of_date date, delivery integer, extract varchar, file varchar,"
            " rows_in_manifest bigint, rows_loaded bigint, rows_quarantined bigint, rows_duplicate bigint,"
            " loaded_at timestamp with time zone)"
        )
        if self.accounts:
            self.connection.executemany(
                "insert into account values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    [
                        self.system.name,
                        self.manifest.as_of_date,
                        self.manifest.delivery,
                        account.extract,
                        account.file,
                        account.rows_in_manifest,
                        account.rows_loaded,
                        account.rows_quarantined,
                        account.rows_duplicate,
                        self.loaded_at,
                    ]
                    for account in self.accounts
                ],
            )
        self.connection.execute(f"copy account to {literal(self.landed / ACCOUNT)}")

    def _number(self, sql: str) -> int:
        row = self.connection.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def _parse(self, extract: Extract, file: ManifestFile) -> _Source:
        """Fills ``source`` with the file's rows as text, its columns named by their place: ``c0``, ``c1``, …"""
        path = self.files / file.name
        self.connection.execute("drop view if exists source; drop table if exists parsed")
        if _format(file) == ".parquet":
            return self._parse_parquet(extract, file, path)
        return self._parse_csv(extract, file, plain_text(path, self.settings.max_file_size))

    def _parse_csv(self, extract: Extract, file: ManifestFile, text: Path) -> _Source:
        header = header_of(text)
        columns = self._match(extract, file, header)
        names = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
        self.connection.execute("drop table if exists rejects; drop table if exists reject_scans")
        self.connection.execute(
            f"create table parsed as from read_csv({literal(text)}, auto_detect = false, header = true,"
            f" columns = {{{names}}}, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
            f" strict_mode = true, max_line_size = {LINE_LIMIT},"
            " store_rejects = true, rejects_table = 'rejects', rejects_scan = 'reject_scans', rejects_limit = 0)"
        )
        self._number_rows()
        source = _Source(columns, len(header), text, self._number("select count(distinct line) from rejects"))
        is_open = self._number("select count(*) from rejects where error_message like '%unterminated quote%'") > 0
        found = self._number("select count(*) from source") + source.rejected
        _require_rows(file, found, "; a quote is left open" if is_open else "")
        return source

    def _parse_parquet(self, extract: Extract, file: ManifestFile, path: Path) -> _Source:
        _require_rows(file, check_parquet(self.connection, path, self.settings.max_file_size))
        described = self.connection.execute(f"describe from read_parquet({literal(path)})").fetchall()
        header = [str(row[0]) for row in described]
        kinds = {f"c{place}": str(row[1]) for place, row in enumerate(described)}
        columns = self._match(extract, file, header)
        dates = set()
        for column in extract.columns:
            if column.name in columns:
                kind = kinds[columns[column.name]]
                if not re.fullmatch(_WHOLE if column.type is ColumnType.TEXT else _PLAIN, kind):
                    raise FileRejected(
                        f"has the column {column.name} as {kind.partition('(')[0]}, which is no {column.type}"
                    )
                if column.type is ColumnType.DATE:
                    dates.add(columns[column.name])
        names = {f"c{place}": identifier(name) for place, name in enumerate(header)}
        plain = {name: kind for name, kind in kinds.items() if re.fullmatch(_PLAIN, kind)}
        rows = f"read_parquet({literal(path)})"
        self._require_room([names[name] for name, kind in plain.items() if kind == "VARCHAR"], len(plain), rows)
        chosen = ", ".join(
            f"{_as_text(names[name], kind, is_date=name in dates)} as {name}" for name, kind in plain.items()
        )
        self.connection.execute(f"create table parsed as select {chosen} from {rows}")
        self._number_rows()
        return _Source(columns, len(header), None, 0)

    def _number_rows(self) -> None:
        """DuckDB keeps the file's order by itself; a window over it would let one thread alone read the file."""
        self.connection.execute("create view source as select rowid + 1 as row_index, * from parsed")

    def _require_room(self, texts: list[str], values: int, rows: str) -> None:
        """A dictionary makes little of a text that a billion rows repeat, so what counts is its size written out."""
        written = " + ".join([f"coalesce(strlen({text}), 0)" for text in texts] + [str(values)])
        longest, total = self.connection.execute(
            f"select coalesce(max(size), 0), coalesce(sum(size), 0) from (select {written} as size from {rows})"
        ).fetchall()[0]
        if longest > LINE_LIMIT:
            raise FileRejected(f"has a row of more than {size_text(LINE_LIMIT)}")
        if total > self.settings.max_file_size:
            largest = size_text(self.settings.max_file_size)
            raise FileRejected(f"holds more than {largest} when it is written out (YACP_MAX_FILE_SIZE)")

    def _match(self, extract: Extract, file: ManifestFile, header: list[str]) -> dict[str, str]:
        """The contract's columns and where they are in the file."""
        if not header:
            raise FileRejected("has no header row that can be read")
        if len(header) > MOST_COLUMNS:
            raise FileRejected(f"has {len(header):,} columns, more than {MOST_COLUMNS:,}")
        known = {column.name for column in extract.columns}
        found: dict[str, str] = {}
        extra = []
        for place, name in enumerate(header):
            plain = name.strip().lower()
            if plain not in known:
                extra.append(plain)
            elif plain in found:
                raise FileRejected(f"has the column {plain} twice")
            else:
                found[plain] = f"c{place}"
        missing = [column for column in extract.columns if column.name not in found]
        required = [column.name for column in missing if not column.nullable]
        if required:
            # Without most of the columns this may be no header but a person's row.
            renamed = f" (unknown: {name_list(extra)})" if extra and len(found) > len(known) / 2 else ""
            raise FileRejected(f"lacks the required column {', '.join(required)}{renamed}")
        self.warnings += [f"{file.name} lacks the column {column.name}, taken as empty" for column in missing]
        if extra:
            columns = "the extra column" if len(extra) == 1 else f"{len(extra)} extra columns"
            self.warnings.append(f"{file.name} has {columns} {name_list(extra)}, left out")
        return found

    def _judge(self, extract: Extract, source: _Source) -> None:
        """Fills ``judged``: the typed row, and the first column that doesn't fit with its reason."""
        typed, faults = [], []
        for column in extract.columns:
            value = source.columns.get(column.name, "cast(null as varchar)")
            typed.append(f"{_typed(column, value)} as {identifier(column.name)}")
            for condition, reason in _faults(column, value):
                fault = f"struct_pack(place := {literal(column.name)}, reason := {literal(reason)})"
                faults.append(f"when {condition} then {fault}")
        self.connection.execute(
            "create or replace table judged as"
            " select * exclude (fault), fault.place as place, fault.reason as reason, false as is_duplicate from"
            f" (select row_index, {', '.join(typed)}, case {' '.join(faults)} end as fault from source)"
        )

    def _find_duplicates(self, extract: Extract) -> None:
        """The first row of a key stays; an equal one is a duplicate, a different one is in conflict."""
        key = identifier(extract.key.name)
        if self._number(f"select count(*) - count(distinct {key}) from judged where reason is null") == 0:
            return
        everything = [
            identifier(str(row[0]))
            for row in self.connection.execute("describe source").fetchall()
            if row[0] != "row_index"
        ]
        equal = " and ".join(f"later.{name} is not distinct from first.{name}" for name in everything)
        self.connection.execute(
            "create or replace table repeats as"
            f" with ranked as (select row_index, min(row_index) over (partition by {key}) as first_index"
            " from judged where reason is null)"
            f" select ranked.row_index, {equal} as is_equal from ranked"
            " inner join source as later on ranked.row_index = later.row_index"
            " inner join source as first on ranked.first_index = first.row_index"
            " where ranked.row_index > ranked.first_index"
        )
        self.connection.execute(
            "update judged set is_duplicate = true from repeats"
            " where judged.row_index = repeats.row_index and repeats.is_equal"
        )
        self.connection.execute(
            f"update judged set reason = 'key_conflict', place = {literal(extract.key.name)} from repeats"
            " where judged.row_index = repeats.row_index and not repeats.is_equal"
        )

    def _find_orphans(self, extract: Extract) -> None:
        for reference in extract.parents:
            parent = self.system.extract(reference.parent)
            path = self.landed / f"{parent.name}.parquet"
            if not path.exists():
                continue  # the parent is refused, and the delivery with it
            self.connection.execute(
                f"update judged set reason = 'orphan', place = {literal(reference.column)}"
                f" where reason is null and not is_duplicate and {identifier(reference.column)} not in"
                f" (select {identifier(parent.key.name)} from read_parquet({literal(path)}))"
            )

    def _settle(self, extract: Extract, file: ManifestFile, source: _Source) -> None:
        """Writes the rows that fit, keeps the others with their place in the file, and balances the account."""
        chosen = ", ".join(identifier(column.name) for column in extract.columns)
        self.connection.execute(
            f"copy (select {chosen} from judged where reason is null and not is_duplicate)"
            f" to {literal(self.landed / f'{extract.name}.parquet')} (format parquet, compression zstd)"
        )
        unfit = self._number("select count(*) from judged where reason is not null")
        duplicates = self._number("select count(*) from judged where is_duplicate")
        loaded = self._number("select count(*) from judged where reason is null and not is_duplicate")
        quarantined = unfit + source.rejected
        if quarantined:
            self._quarantine(extract, file, source)
        share = quarantined / file.rows if file.rows else 0.0
        if share > self.settings.max_quarantined_share:
            reasons = self.connection.execute(
                "select reason, coalesce(column_name, 'the whole row'), count(*), min(line_number) from quarantine"
                " where extract = ? group by all order by 3 desc, 1, 2 limit 3",
                [extract.name],
            ).fetchall()
            worst = ", ".join(
                f"{count:,} × {reason} in {column}" + (f", first in line {line:,}" if line else "")
                for reason, column, count, line in reasons
            )
            raise FileRejected(
                f"has {quarantined:,} of {file.rows:,} rows that don't fit ({share:.1%}, at most "
                f"{self.settings.max_quarantined_share:.1%} may): {worst}"
            )
        self.accounts.append(FileAccount(extract.name, file.name, file.rows, loaded, quarantined, duplicates))

    def _quarantine(self, extract: Extract, file: ManifestFile, source: _Source) -> None:
        if source.text:
            self._map_lines(source.text, source)
        else:
            self.connection.execute(
                "create or replace table places as select row_index, row_index as line_number from source"
            )
        values = " ".join(f"when {literal(name)} then source.{place}" for name, place in source.columns.items())
        record = ", ".join(f"{identifier(name)} := source.{place}" for name, place in source.columns.items())
        self.connection.execute(
            "insert into quarantine"
            f" select {literal(extract.name)}, {literal(file.name)}, places.line_number, judged.place,"
            f" case judged.place {values} end, judged.reason, cast(to_json(struct_pack({record})) as varchar)"
            " from judged inner join source using (row_index) left join places using (row_index)"
            " where judged.reason is not null"
        )
        if source.rejected:
            names = " ".join(f"when {literal(place)} then {literal(name)}" for name, place in source.columns.items())
            self.connection.execute(
                "insert into quarantine"
                f" select {literal(extract.name)}, {literal(file.name)}, min(records.line_number),"
                " any_value(case when rejects.error_type in ('CAST', 'INVALID ENCODING', 'UNQUOTED VALUE')"
                f" then case rejects.column_name {names} end end), null,"
                " 'unparseable: ' || lower(any_value(rejects.error_type)), any_value(rejects.csv_line)"
                " from rejects left join records on rejects.line = records.record_index group by rejects.line"
            )

    def _map_lines(self, text: Path, source: _Source) -> None:
        """Fills ``records`` and ``places``: which line of the file a record starts in.

        DuckDB counts records, people count lines, and a quoted field may span several. An odd number of quotes in a
        line opens a field or ends the one that is open. But a quote in the middle of a value opens nothing: where the
        quotes and the beginnings of fields disagree, the beginnings say whether one is open at the line's end.
        Lines that aren't UTF-8 are rejects here too, with their number. Where the records found don't tally with the
        rows read, no line is named.
        """
        self.connection.execute("drop table if exists line_rejects; drop table if exists line_scans")
        self.connection.execute(
            "create or replace table readable as select row_number() over () as ordinal, text from"
            f" read_csv({literal(text)}, auto_detect = false, header = false, columns = {{'text': 'VARCHAR'}},"
            f" delim = '{_NO_DELIMITER}', quote = '', escape = '', max_line_size = {LINE_LIMIT}, strict_mode = false,"
            " store_rejects = true, rejects_table = 'line_rejects', rejects_scan = 'line_scans', rejects_limit = 0)"
        )
        self.connection.execute(
            "create or replace table lines as"
            " with unreadable as (select line, any_value(csv_line) as text from line_rejects group by line),"
            " numbers as (select unnest(range(1, 1 + (select count(*) from readable)"
            " + (select count(*) from unreadable))) as line_number),"
            " free as (select line_number, row_number() over (order by line_number) as ordinal from numbers"
            " where line_number not in (select line from unreadable))"
            " select free.line_number, readable.text from readable inner join free using (ordinal)"
            " union all select line, text from unreadable"
        )
        before = "order by line_number rows between unbounded preceding and 1 preceding"
        self.connection.execute(
            "create or replace table records as"
            " with quoted as (select line_number, (length(text) - length(replace(text, '\"', ''))) % 2 = 1 as is_odd,"
            " regexp_matches(regexp_replace(text, '(^|,)\"([^\"]|\"\")*\"', '\\1', 'g'), '(^|,)\"') as can_open"
            " from lines where contains(text, '\"')),"
            " ends as (select *, case when is_odd <> can_open then can_open::integer end as is_open from quoted),"
            f" stretches as (select *, count(is_open) over ({before}) as stretch,"
            f" coalesce(last_value(is_open ignore nulls) over ({before}), 0) as was_open from ends),"
            # As count(*) filter (…) it would take the square of the time.
            " begun as (select *, (was_open + coalesce(sum((is_odd and can_open)::integer)"
            f" over (partition by stretch {before}), 0)) % 2 as is_inside from stretches),"
            " left_open as (select line_number, coalesce(is_open, (is_inside + is_odd::integer) % 2) as is_open"
            " from begun)"
            " select row_number() over (order by lines.line_number) as record_index, lines.line_number,"
            " coalesce(text, '') = '' as is_blank"
            " from lines asof left join left_open on lines.line_number > left_open.line_number"
            " where coalesce(left_open.is_open, 0) = 0"
        )
        blank = "and not is_blank" if source.width > 1 else ""
        self.connection.execute(
            "create or replace table places as"
            " select row_number() over (order by line_number) as row_index, line_number from records"
            f" where record_index > 1 {blank} and record_index not in (select line from rejects)"
        )
        if self._number("select count(*) from places") != self._number("select count(*) from source"):
            self.connection.execute("truncate places; truncate records")


def _require_rows(file: ManifestFile, rows: int, hint: str = "") -> None:
    if rows != file.rows:
        raise FileRejected(f"has {rows:,} rows, the manifest says {file.rows:,}{hint}")


def _as_text(value: str, kind: str, *, is_date: bool) -> str:
    text = f"nullif(cast({value} as varchar), '')"
    if is_date and kind.startswith("TIMESTAMP") and "ZONE" not in kind:
        # Many writers know no date without a time.
        return f"case when {value} = date_trunc('day', {value}) then cast({value}::date as varchar) else {text} end"
    return text


def _format(file: ManifestFile) -> str:
    return next(suffix for suffix in (".csv.gz", ".csv", ".parquet") if file.name.endswith(suffix))


def _typed(column: Column, value: str) -> str:
    plain = f"trim({value})"
    match column.type:
        case ColumnType.TEXT:
            return value
        case ColumnType.CODE:
            return f"nullif(lower({plain}), '')"
        case ColumnType.INTEGER:
            return f"try_cast(regexp_extract({plain}, '^[0-9]+') as integer)"
        case ColumnType.DATE:
            return _within(f"try_cast({plain} as date)", ColumnType.DATE)
        case ColumnType.BOOLEAN:
            return f"case lower({plain}) when 'true' then true when 'false' then false end"
        case ColumnType.TIMESTAMP:
            # DuckDB reads an offset only behind seconds.
            iso = f"regexp_replace(replace(upper({plain}), ',', '.'), '([ T][0-9:]{{5}})(Z|[+-].*)$', '\\1:00\\2')"
            return _within(
                f"case when regexp_full_match({iso}, '{_OFFSET}') then try_cast({iso} as timestamp with time zone)"
                f" else timezone('{CHICAGO}', try_cast({iso} as timestamp)) end",
                ColumnType.TIMESTAMP,
            )


def _within(value: str, type_: ColumnType) -> str:
    """The years 1 to 9999, which everything that reads the archive can hold, wherever it is."""
    first, last = ("0001-01-01", "9999-12-31") if type_ is ColumnType.DATE else ("0001-01-02", "9999-12-30")
    return f"case when {value} between '{first}' and '{last}' then {value} end"


def _faults(column: Column, value: str) -> Iterator[tuple[str, str]]:
    """The conditions under which a value doesn't fit its column, in the order they are judged."""
    if not column.nullable:
        yield f"trim(coalesce({value}, '')) = ''", "null_key" if column.key else "missing_value"
    plain = f"trim({value})"
    given = f"{plain} <> ''"
    match column.type:
        case ColumnType.TEXT:
            yield f"contains({value}, chr(0))", "unparseable: nul byte"
        case ColumnType.CODE:
            codes = ", ".join(literal(code) for code in column.codes)
            yield f"{given} and lower({plain}) not in ({codes})", "unknown_code"
        case ColumnType.BOOLEAN:
            yield f"{given} and lower({plain}) not in ('true', 'false')", "bad_type"
        case ColumnType.INTEGER:
            yield (
                f"{given} and (not regexp_full_match({plain}, '[0-9]+(\\.0+)?') or {_typed(column, value)} is null)",
                "bad_type",
            )
        case ColumnType.DATE:
            yield (
                f"{given} and (not regexp_full_match({plain}, '\\d{{4}}-\\d{{2}}-\\d{{2}}')"
                f" or {_typed(column, value)} is null)",
                "bad_type",
            )
        case ColumnType.TIMESTAMP:
            yield (
                f"{given} and (not regexp_full_match(upper({plain}), '{_TIMESTAMP}')"
                f" or {_typed(column, value)} is null)",
                "bad_type",
            )
