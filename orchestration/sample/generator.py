"""Sample deliveries: invented people who move through the programme from day to day.

Real extracts can't be shown to anybody, and a handful of hand-written rows never reaches the rare lines. So
every customer has a timeline that follows from the seed and their number alone, in absolute dates, and the
delivery of a day is what has happened by its end: tomorrow's follows from today's, also when the two are made
apart. The SQL in ``sample/`` holds the timeline and one query per extract; this module puts results in place.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import duckdb

from orchestration.contract.extract import Extract, System
from orchestration.contract.systems import SYSTEMS, extracts
from orchestration.failures import UsageError
from orchestration.settings import PROJECT, settings
from orchestration.sources.manifest import MANIFEST, Manifest, ManifestFile
from orchestration.state.database import connect, literal

_SQL = Path(__file__).parent
_EPOCH = date(1990, 1, 1)
_FIRST_DAY = date(2000, 1, 1)
_STAY_DAYS = 1095
"""As long as a customer is in the extracts: as many arrive in that time as there are customers."""
_MEMORY_LIMIT = "2GB"
_LEAST_WITH_FAULTS = 1000
"""From here on the faults stay under one percent of every file that has some."""


class GeneratorError(UsageError, ValueError):
    """What was asked for can't be generated, or would overwrite something else."""


@dataclass(frozen=True)
class Fault:
    """A record at the end of a file that landing must not load, and what is wrong with it."""

    system: str
    extract: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    has_new_key: bool = True
    fields: Literal[-1, 0, 1] = 0
    becomes: Literal["quarantined", "duplicate"] = "quarantined"


_NOBODY = "NOBODY"
_NOT_UTF8 = "S-\udcff\udcfe"

FAULTS: tuple[Fault, ...] = (
    Fault("worknet", "customers", "bad integer", {"lwia_number": "twelve"}),
    Fault("worknet", "customers", "null in a required column", {"last_name": ""}),
    Fault("worknet", "customers", "orphan", {"provider_id": _NOBODY}),
    Fault("worknet", "applications", "bad timestamp", {"prescreening_started_at": "yesterday noon"}),
    Fault("worknet", "applications", "orphan", {"customer_id": _NOBODY}),
    Fault("worknet", "suitability_reviews", "code not listed", {"recommendation": "perhaps"}),
    Fault("worknet", "suitability_reviews", "orphan"),
    Fault("worknet", "progress_updates", "null key", {"progress_update_id": ""}),
    Fault("worknet", "progress_updates", "orphan", {"customer_id": _NOBODY}),
    Fault("worknet", "case_notes", "too few fields", fields=-1),
    Fault("worknet", "case_notes", "too many fields", fields=1),
    Fault("worknet", "case_notes", "invalid UTF-8", {"staff_id": _NOT_UTF8}),
    Fault("worknet", "case_notes", "null key", {"case_note_id": ""}),
    Fault("worknet", "case_notes", "null in a required column", {"entered_at": ""}),
    Fault("worknet", "case_notes", "bad timestamp", {"entered_at": "2026-02-30T25:61:00"}),
    Fault("worknet", "case_notes", "exact duplicate", has_new_key=False, becomes="duplicate"),
    Fault("worknet", "case_notes", "same key", {"entered_at": "2001-01-01T08:00:00"}, has_new_key=False),
    Fault("worknet", "case_notes", "orphan", {"customer_id": _NOBODY}),
    Fault("worknet", "services", "bad date", {"start_date": "2026-02-30"}),
    Fault("worknet", "services", "code not listed", {"status": "paused"}),
    Fault("worknet", "services", "orphan", {"customer_id": _NOBODY}),
    Fault("worknet", "program_completions", "bad boolean", {"industry_credential": "perhaps"}),
    Fault("worknet", "program_completions", "orphan"),
    Fault("iwds", "applications", "bad date", {"date_of_birth": "31.12.2004"}),
    Fault("iwds", "applications", "exact duplicate", has_new_key=False, becomes="duplicate"),
    Fault("iwds", "services", "bad date", {"start_date": "soon"}),
    Fault("iwds", "services", "orphan", {"iwds_application_id": _NOBODY}),
    Fault("iwds", "credentials", "orphan", {"iwds_application_id": _NOBODY}),
)
"""Everything that can go wrong in a row, in the files that are large enough to bear it."""

_FORGIVEN: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "worknet_providers": ("provider_name", lambda name: f"{name},\nformerly Arbor & Birch"),
    "worknet_customers": ("lwia_number", lambda number: f"0{number}"),
    "worknet_services": ("status", lambda status: f"  {status.upper()} "),
}
"""What is unusual in a file's first record and loads all the same."""
_WITH_BYTE_ORDER_MARK = "worknet_staff"
_IN_ANOTHER_ORDER = "worknet_providers"
_WITH_AN_EXTRA_COLUMN = "iwds_credentials"


def expected_faults() -> dict[tuple[str, str], tuple[int, int]]:
    """How many records of each file end up in quarantine and how many are exact duplicates."""
    count = Counter((fault.system, fault.extract, fault.becomes) for fault in FAULTS)
    return {
        (extract.system, extract.name): (
            count[extract.system, extract.name, "quarantined"],
            count[extract.system, extract.name, "duplicate"],
        )
        for extract in extracts()
    }


def generate(
    out: Path,
    *,
    customers: int,
    as_of: date,
    days: int = 1,
    seed: int = 1,
    faults: bool = False,
    delivery: int = 1,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Writes the deliveries of both systems for the days that end with ``as_of`` and returns their folders.

    The same arguments give the same bytes. ``faults`` spoils the last day as far as landing lets it pass. A
    delivery that is there already stays as it is; it is an error when it holds anything else.
    """
    _check(customers, as_of, days, faults, delivery)
    if out.exists() and not out.is_dir():
        raise GeneratorError(f"{out} is a file; choose a folder.")
    report = progress or (lambda _: None)
    out.mkdir(parents=True, exist_ok=True)
    # Beside the deliveries, so that the move into place is a rename and the disk is the one that was chosen.
    with tempfile.TemporaryDirectory(prefix=".generate-", dir=out) as scratch:
        made = Path(scratch)
        with _Sample(made / "sample.duckdb", customers, as_of, days, seed) as sample:
            report("timelines")
            sample.prepare()
            for back in reversed(range(days)):
                day = as_of - timedelta(days=back)
                sample.turn_to(day)
                for system in SYSTEMS:
                    _write(sample, system, day, delivery, faults and day == as_of, made, report)
        folders = sorted(path.parent.relative_to(made) for path in made.glob(f"*/*/{MANIFEST}"))
        for folder in folders:
            _refuse_overwriting(out / folder, made / folder)
        for folder in folders:
            _put_in_place(made / folder, out / folder)
    return [out / folder for folder in folders]


def _check(customers: int, as_of: date, days: int, faults: bool, delivery: int) -> None:
    if customers < 1:
        raise GeneratorError("A sample has at least 1 customer.")
    if days < 1:
        raise GeneratorError("A sample has at least 1 day.")
    if delivery < 1:
        raise GeneratorError("Deliveries are counted from 1.")
    if (as_of - _FIRST_DAY).days < days - 1:
        raise GeneratorError(f"Samples begin on {_FIRST_DAY}; choose a later day.")
    if faults and customers < _LEAST_WITH_FAULTS:
        raise GeneratorError(
            f"With faults a sample has at least {_LEAST_WITH_FAULTS} customers: in a smaller one they would "
            f"be over 1 % of a file, which refuses the delivery."
        )


class _Sample:
    """The timelines of all customers in a scratch database, looked at from one day at a time."""

    def __init__(self, database: Path, customers: int, as_of: date, days: int, seed: int) -> None:
        self._database = database
        self._customers = customers
        self._first_day = as_of - timedelta(days=days - 1)
        self._last_day = as_of
        self._seed = seed

    def __enter__(self) -> _Sample:
        limited = settings().model_copy(update={"memory_limit": _MEMORY_LIMIT})
        self._connection: duckdb.DuckDBPyConnection = connect(limited, self._database)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def prepare(self) -> None:
        """Works out the whole timeline of everybody who is there on any of the days."""
        first, _ = self._numbers(self._first_day)
        _, last = self._numbers(self._last_day)
        areas = "select list(lwia_number order by lwia_number) from read_csv({}) where lwia_number != 90"
        self._set("seed", literal(self._seed))
        # Rare cases fall on other people with another seed; any number of places will do.
        self._set("rotation", str(self._seed % 999_983))
        self._set("epoch", f"date {literal(_EPOCH)}")
        self._set("customers", str(self._customers))
        self._set("providers", str(5 + self._customers // 100))
        self._set("areas", f"({areas.format(literal(PROJECT / 'seeds' / 'lwias.csv'))})")
        self._set("first_number", str(first))
        self._set("last_number", str(last))
        catalogue = literal(PROJECT / "seeds" / "service_catalogue.csv")
        self._connection.execute(f"create table catalogue as select * from read_csv({catalogue}, header = true)")
        for script in ("names", "draws", "people", "planned_services"):
            self._connection.execute(_sql(script))
        self._connection.execute(
            "create view present as select * from people "
            "where number between getvariable('first_present') and getvariable('last_present')"
        )

    def turn_to(self, day: date) -> None:
        """From now on the extracts are those of the day."""
        first, last = self._numbers(day)
        self._set("as_of", f"date {literal(day)}")
        self._set("first_present", str(first))
        self._set("last_present", str(last))

    def copy(self, extract: Extract, columns: list[str], path: Path) -> int:
        """Streams the extract into a CSV file, in the order of its keys, and returns the number of rows."""
        query = _sql(extract.table)
        made = [row[0] for row in self._connection.execute(f"describe {query}").fetchall()]
        contract = [column.name for column in extract.columns]
        assert made == contract, f"{extract.table}: {made} is not {contract}"  # noqa: S101 - our own SQL
        rows = self._connection.execute(
            f"copy (select {', '.join(columns)} from ({query}) order by {extract.key.name}) "
            f"to {literal(path)} (format csv, header true)"
        ).fetchone()
        return int(rows[0]) if rows else 0

    def _numbers(self, day: date) -> tuple[int, int]:
        """The first and the last of the customers who are there on the day: the latest to arrive."""
        last = (((day - _EPOCH).days + 1) * self._customers - 1) // _STAY_DAYS
        return last - self._customers + 1, last

    def _set(self, variable: str, expression: str) -> None:
        self._connection.execute(f"set variable {variable} = {expression}")


def _sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


def _write(
    sample: _Sample,
    system: System,
    day: date,
    delivery: int,
    faults: bool,
    made: Path,
    report: Callable[[str], None],
) -> None:
    folder = made / system.name / day.isoformat()
    folder.mkdir(parents=True)
    files = []
    for extract in system.extracts:
        path = folder / f"{extract.name}.csv"
        columns = [column.name for column in extract.columns]
        if faults and extract.table == _IN_ANOTHER_ORDER:
            columns.reverse()
        if faults and extract.table == _WITH_AN_EXTRA_COLUMN:
            columns.append("'clerk' as entered_by")
        rows = sample.copy(extract, columns, path)
        if faults:
            rows += _spoil(path, extract)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        files.append(ManifestFile(name=path.name, rows=rows, sha256=sha256))
        report(f"{day} {system.name} {extract.name}: {rows:,} rows")
    manifest = Manifest.model_validate({"system": system.name, "as_of_date": day, "delivery": delivery, "files": files})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _spoil(path: Path, extract: Extract) -> int:
    """Makes the first record unusual, puts the faults at the end and returns how many records that added."""
    added = [fault for fault in FAULTS if (fault.system, fault.extract) == (extract.system, extract.name)]
    spoiled = path.with_suffix(".spoiled")
    with path.open("rb") as clean, spoiled.open("wb") as target:
        if extract.table == _WITH_BYTE_ORDER_MARK:
            target.write(b"\xef\xbb\xbf")
        header = _next_record(clean)
        record = dict(zip(header, _next_record(clean), strict=True))
        if extract.table in _FORGIVEN:
            column, change = _FORGIVEN[extract.table]
            record[column] = change(record[column])
        target.write(_line(header) + _line(list(record.values())))
        shutil.copyfileobj(clean, target)
        for number, fault in enumerate(added, start=1):
            target.write(_line(_broken(fault, record, extract.key.name, number)))
    spoiled.replace(path)
    return len(added)


def _broken(fault: Fault, record: Mapping[str, str], key: str, number: int) -> list[str]:
    named = {key: f"FAULT-{number:02}"} if fault.has_new_key else {}
    fields = list({**record, **named, **fault.values}.values())
    if fault.fields < 0:
        return fields[: fault.fields]
    return fields + ["too many"] * fault.fields


def _next_record(stream: BinaryIO) -> list[str]:
    """One record of a clean file, in which no field has a line break."""
    return next(csv.reader([stream.readline().decode("utf-8")]))


def _line(fields: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode("utf-8", errors="surrogateescape")


def _refuse_overwriting(there: Path, new: Path) -> None:
    if not (there / MANIFEST).exists():
        return
    present, made = _manifest(there), _manifest(new)
    if present == made or (present and made and made.delivery > present.delivery):
        return
    raise GeneratorError(
        f"{there} already holds another delivery, which is left as it is: choose another folder, or a higher "
        f"number with --delivery."
    )


def _manifest(folder: Path) -> Manifest | None:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValueError:
        return None


def _put_in_place(new: Path, there: Path) -> None:
    """Moves a delivery to where it belongs; no manifest ever stands beside another one's files."""
    if not there.exists():
        there.parent.mkdir(parents=True, exist_ok=True)
        new.rename(there)
        return
    if (there / MANIFEST).exists():
        if _manifest(there) == _manifest(new):
            return
        (there / MANIFEST).unlink()
    for path in _manifest_last(new):
        path.replace(there / path.name)


def _manifest_last(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    yield folder / MANIFEST
