"""Sample deliveries: invented people who move through the program from day to day.

Real extracts can't be shown to anybody, and a handful of hand-written rows never reaches the rare lines. So every
customer has a timeline in absolute dates that depends only on the seed and their number, and the delivery of a day
holds what has happened by its end. Two days fit together even when they are generated separately. The SQL files in
this folder hold the timeline and one query per extract; this module runs them and writes the files.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import duckdb

from orchestration.contract.extract import Extract, System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError
from orchestration.settings import PROJECT, settings
from orchestration.sources.manifest import MANIFEST, Manifest, ManifestFile
from orchestration.state.checksums import sha256
from orchestration.state.database import connect, literal

_EPOCH = date(1990, 1, 1)
_FIRST_DAY = date(2000, 1, 1)
_STAY_DAYS = 1095
"""How long a customer stays in the extracts. In that time, as many arrive as there are customers."""
_MEMORY_LIMIT = "2GB"
_MIN_CUSTOMERS_WITH_FAULTS = 1000
"""With this many customers, the faults are less than one percent of every file that has some."""


class GeneratorError(UsageError, ValueError):
    """The sample can't be generated, or would overwrite something else."""


@dataclass(frozen=True)
class Fault:
    """A record at the end of a file that landing must not load, with what is wrong with it."""

    system: str
    extract: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    has_new_key: bool = True
    fields: Literal[-1, 0, 1] = 0
    becomes: Literal["quarantined", "duplicate"] = "quarantined"


_UNKNOWN_ID = "NOBODY"
_NOT_UTF8 = "S-\udcff\udcfe"

FAULTS: tuple[Fault, ...] = (
    Fault("worknet", "customers", "bad integer", {"lwia_number": "twelve"}),
    Fault("worknet", "customers", "null in a required column", {"last_name": ""}),
    Fault("worknet", "customers", "orphan", {"provider_id": _UNKNOWN_ID}),
    Fault("worknet", "applications", "bad timestamp", {"prescreening_started_at": "yesterday noon"}),
    Fault("worknet", "applications", "orphan", {"customer_id": _UNKNOWN_ID}),
    Fault("worknet", "suitability_reviews", "code not listed", {"recommendation": "perhaps"}),
    Fault("worknet", "suitability_reviews", "orphan"),
    Fault("worknet", "progress_updates", "null key", {"progress_update_id": ""}),
    Fault("worknet", "progress_updates", "orphan", {"customer_id": _UNKNOWN_ID}),
    Fault("worknet", "case_notes", "too few fields", fields=-1),
    Fault("worknet", "case_notes", "too many fields", fields=1),
    Fault("worknet", "case_notes", "invalid UTF-8", {"staff_id": _NOT_UTF8}),
    Fault("worknet", "case_notes", "null key", {"case_note_id": ""}),
    Fault("worknet", "case_notes", "null in a required column", {"entered_at": ""}),
    Fault("worknet", "case_notes", "bad timestamp", {"entered_at": "2026-02-30T25:61:00"}),
    Fault("worknet", "case_notes", "exact duplicate", has_new_key=False, becomes="duplicate"),
    Fault("worknet", "case_notes", "same key", {"entered_at": "2001-01-01T08:00:00"}, has_new_key=False),
    Fault("worknet", "case_notes", "orphan", {"customer_id": _UNKNOWN_ID}),
    Fault("worknet", "services", "bad date", {"start_date": "2026-02-30"}),
    Fault("worknet", "services", "code not listed", {"status": "paused"}),
    Fault("worknet", "services", "orphan", {"customer_id": _UNKNOWN_ID}),
    Fault("worknet", "program_completions", "bad boolean", {"industry_credential": "perhaps"}),
    Fault("worknet", "program_completions", "orphan"),
    Fault("iwds", "applications", "bad date", {"date_of_birth": "31.12.2004"}),
    Fault("iwds", "applications", "exact duplicate", has_new_key=False, becomes="duplicate"),
    Fault("iwds", "services", "bad date", {"start_date": "soon"}),
    Fault("iwds", "services", "orphan", {"iwds_application_id": _UNKNOWN_ID}),
    Fault("iwds", "credentials", "orphan", {"iwds_application_id": _UNKNOWN_ID}),
)
"""Everything that can go wrong in a row, in the files that are large enough for it."""

_TOLERATED: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "worknet_providers": ("provider_name", lambda name: f"{name},\nformerly Arbor & Birch"),
    "worknet_customers": ("lwia_number", lambda number: f"0{number}"),
    "worknet_services": ("status", lambda status: f"  {status.upper()} "),
}
"""Unusual values in the first record of a file that landing accepts."""
_WITH_BYTE_ORDER_MARK = "worknet_staff"
_WITH_REORDERED_COLUMNS = "worknet_providers"
_WITH_AN_EXTRA_COLUMN = "iwds_credentials"


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
    """Writes the deliveries of both systems for the days up to ``as_of`` and returns their folders.

    The same arguments give the same bytes. ``faults`` adds faults to the last day, as many as landing accepts in a
    delivery. An existing delivery is left alone; if its content is different, that is an error.
    """
    _check(customers, as_of, days, faults, delivery)
    if out.exists() and not out.is_dir():
        raise GeneratorError(f"{out} is a file; choose a folder.")
    report = progress or (lambda _: None)
    out.mkdir(parents=True, exist_ok=True)
    # On the same disk as the deliveries, so that they can be renamed into place.
    with tempfile.TemporaryDirectory(prefix=".generate-", dir=out) as scratch:
        generated = Path(scratch)
        limited = settings().model_copy(update={"memory_limit": _MEMORY_LIMIT})
        with connect(limited, generated / "sample.duckdb") as connection:
            sample = _Sample(connection, customers)
            report("timelines")
            sample.prepare(as_of - timedelta(days=days - 1), as_of, seed)
            for back in reversed(range(days)):
                day = as_of - timedelta(days=back)
                sample.select_day(day)
                for system in SYSTEMS:
                    _write(sample, system, day, delivery, faults and day == as_of, generated, report)
        folders = sorted(path.parent.relative_to(generated) for path in generated.glob(f"*/*/{MANIFEST}"))
        for folder in folders:
            _refuse_overwriting(out / folder, generated / folder)
        for folder in folders:
            _move_delivery(generated / folder, out / folder)
    return [out / folder for folder in folders]


def _check(customers: int, as_of: date, days: int, faults: bool, delivery: int) -> None:
    if customers < 1:
        raise GeneratorError("A sample needs at least 1 customer.")
    if days < 1:
        raise GeneratorError("A sample needs at least 1 day.")
    if delivery < 1:
        raise GeneratorError("Delivery numbers start at 1.")
    if (as_of - _FIRST_DAY).days < days - 1:
        raise GeneratorError(f"Samples start on {_FIRST_DAY}; choose a later day.")
    if faults and customers < _MIN_CUSTOMERS_WITH_FAULTS:
        raise GeneratorError(
            f"A sample with faults needs at least {_MIN_CUSTOMERS_WITH_FAULTS} customers: in a smaller one, they would "
            "be more than 1% of a file, and the delivery would be refused."
        )


@dataclass(frozen=True)
class _Sample:
    """The timelines of all customers in a scratch database, which writes the extracts of one day at a time."""

    connection: duckdb.DuckDBPyConnection
    customers: int

    def prepare(self, first_day: date, last_day: date, seed: int) -> None:
        """Computes the whole timeline of every customer who is present on any of the days."""
        first, _ = self._numbers(first_day)
        _, last = self._numbers(last_day)
        areas = "select list(lwia_number order by lwia_number) from read_csv({}) where lwia_number != 90"
        self._set("seed", literal(seed))
        # With another seed, the rare cases fall on other people.
        self._set("rotation", str(seed % 999_983))
        self._set("epoch", f"date {literal(_EPOCH)}")
        self._set("customers", str(self.customers))
        self._set("providers", str(5 + self.customers // 100))
        self._set("areas", f"({areas.format(literal(PROJECT / 'seeds' / 'lwias.csv'))})")
        self._set("first_number", str(first))
        self._set("last_number", str(last))
        catalogue = literal(PROJECT / "seeds" / "service_catalogue.csv")
        self.connection.execute(f"create table catalogue as select * from read_csv({catalogue}, header = true)")
        for script in ("names", "draws", "people", "planned_services"):
            self.connection.execute(_sql(script))
        self.connection.execute(
            "create view present as select * from people "
            "where number between getvariable('first_present') and getvariable('last_present')"
        )

    def select_day(self, day: date) -> None:
        """Makes ``copy`` write the extracts of this day."""
        first, last = self._numbers(day)
        self._set("as_of", f"date {literal(day)}")
        self._set("first_present", str(first))
        self._set("last_present", str(last))

    def copy(self, extract: Extract, columns: list[str], path: Path) -> int:
        """Writes the extract to a CSV file, ordered by key, and returns the number of rows."""
        query = _sql(extract.table)
        selected = [row[0] for row in self.connection.execute(f"describe {query}").fetchall()]
        contract = [column.name for column in extract.columns]
        assert selected == contract, f"{extract.table}: {selected} is not {contract}"  # noqa: S101 - our own SQL
        rows = self.connection.execute(
            f"copy (select {', '.join(columns)} from ({query}) order by {extract.key.name}) "
            f"to {literal(path)} (format csv, header true)"
        ).fetchone()
        return int(rows[0]) if rows else 0

    def _numbers(self, day: date) -> tuple[int, int]:
        """The numbers of the first and the last customer who are present on the day: the latest to arrive."""
        last = (((day - _EPOCH).days + 1) * self.customers - 1) // _STAY_DAYS
        return last - self.customers + 1, last

    def _set(self, variable: str, expression: str) -> None:
        self.connection.execute(f"set variable {variable} = {expression}")


def _sql(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def _write(
    sample: _Sample,
    system: System,
    day: date,
    delivery: int,
    faults: bool,
    root: Path,
    report: Callable[[str], None],
) -> None:
    folder = root / system.name / day.isoformat()
    folder.mkdir(parents=True)
    files = []
    for extract in system.extracts:
        path = folder / f"{extract.name}.csv"
        columns = [column.name for column in extract.columns]
        if faults and extract.table == _WITH_REORDERED_COLUMNS:
            columns.reverse()
        if faults and extract.table == _WITH_AN_EXTRA_COLUMN:
            columns.append("'clerk' as entered_by")
        rows = sample.copy(extract, columns, path)
        if faults:
            rows += _add_faults(path, extract)
        files.append(ManifestFile(name=path.name, rows=rows, sha256=sha256(path)))
        report(f"{day} {system.name} {extract.name}: {rows:,} rows")
    manifest = Manifest.model_validate({"system": system.name, "as_of_date": day, "delivery": delivery, "files": files})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8")


def _add_faults(path: Path, extract: Extract) -> int:
    """Makes the first record unusual, adds the faults at the end and returns the number of records added."""
    added = [fault for fault in FAULTS if (fault.system, fault.extract) == (extract.system, extract.name)]
    changed = path.with_suffix(".changed")
    with path.open("rb") as clean, changed.open("wb") as target:
        if extract.table == _WITH_BYTE_ORDER_MARK:
            target.write(b"\xef\xbb\xbf")
        header = _next_record(clean)
        record = dict(zip(header, _next_record(clean), strict=True))
        if extract.table in _TOLERATED:
            column, change = _TOLERATED[extract.table]
            record[column] = change(record[column])
        target.write(_line(header) + _line(list(record.values())))
        shutil.copyfileobj(clean, target)
        for number, fault in enumerate(added, start=1):
            target.write(_line(_faulty_fields(fault, record, extract.key.name, number)))
    changed.replace(path)
    return len(added)


def _faulty_fields(fault: Fault, record: Mapping[str, str], key: str, number: int) -> list[str]:
    named = {key: f"FAULT-{number:02}"} if fault.has_new_key else {}
    fields = list({**record, **named, **fault.values}.values())
    if fault.fields < 0:
        return fields[: fault.fields]
    return fields + ["too many"] * fault.fields


def _next_record(stream: BinaryIO) -> list[str]:
    """The next record of a clean file, in which no field has a line break."""
    return next(csv.reader([stream.readline().decode("utf-8")]))


def _line(fields: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode("utf-8", errors="surrogateescape")


def _refuse_overwriting(target: Path, new: Path) -> None:
    if not (target / MANIFEST).exists():
        return
    present, generated = _manifest(target), _manifest(new)
    if present == generated or (present and generated and generated.delivery > present.delivery):
        return
    raise GeneratorError(
        f"{target} already holds a different delivery, which was left unchanged. Choose another folder, or a higher "
        "number with --delivery."
    )


def _manifest(folder: Path) -> Manifest | None:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValueError:
        return None


def _move_delivery(new: Path, target: Path) -> None:
    """Moves a delivery into place; at no moment is there a manifest with the files of another one."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        new.rename(target)
        return
    if (target / MANIFEST).exists():
        if _manifest(target) == _manifest(new):
            return
        (target / MANIFEST).unlink()
    for path in sorted(new.iterdir(), key=lambda path: path.name == MANIFEST):
        path.replace(target / path.name)
