"""Every personal field of the deliveries has a mark. After runs that succeeded, were refused, were blocked by checks or
failed, no mark is in a log, a record, a message or a count.
"""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
from conftest import DAY, DAY_BEFORE, YACP, Deliveries, clean_environment
from fake_receivers import webhook_server
from leak_scan import traces

from orchestration.contract.extract import ColumnType, Extract
from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.sample.generator import generate

PEOPLE = 1000  # the fewest with which the sample has faults
BORN = (date(1903, 2, 17), date(1903, 5, 23), date(1903, 9, 11))
STRAY = "zqstray Somebody"
WORDS = ("zqfirst", "zqlast", "zqmail", "zqphone", "zqssn", "zqborn", "zqstray")
MARKS = [
    *WORDS,
    *(
        written
        for day in BORN
        for written in (
            f"{day:%Y-%m-%d}",
            f"{day:%Y%m%d}",
            f"{day:%m/%d/%Y}",
            f"{day:%d.%m.%Y}",
            f"{day:%b} {day.day}, {day.year}",
            f"{day.year}, {day.month}, {day.day}",
        )
    ),
]
Row = dict[str, str]


def marked(row: Row) -> Row:
    """The same value gets the same mark in both systems, so that people still match."""
    found = dict(row)
    for column, word in (("first_name", "Zqfirst"), ("last_name", "Zqlast"), ("email", "zqmail.")):
        if row.get(column):
            found[column] = word + row[column]
    if row.get("phone"):
        found["phone"] = f"zqphone{row['phone']}"
    if row.get("ssn_last4", "")[-1:] in set("02468"):  # the others keep their digits and are handled as such
        found["ssn_last4"] = f"zqssn{row['ssn_last4']}"
    if born := row.get("date_of_birth"):
        is_date = len(born) == 10 and born[4] == born[7] == "-"
        found["date_of_birth"] = str(BORN[int(born[-2:]) % 3]) if is_date else f"{born} zqborn"
    return found


def refused(extract: Extract, row: Row) -> Iterator[list[str]]:
    """Invalid rows of every kind, each with marks in it."""
    key = extract.key.name
    for number, column in enumerate(extract.columns):
        if column.type is not ColumnType.TEXT:  # a value in the wrong column
            yield list((row | {key: f"SLIPPED-{number}", column.name: STRAY}).values())
    yield list((row | {key: ""}).values())
    yield [*(row | {key: "MANY"}).values(), STRAY]
    yield [*[*(row | {key: "FEW"}).values()][:-2], STRAY]
    yield list((row | {key: f"NUL {STRAY}\0"}).values())
    yield list((row | {key: f"NOT-UTF8 {STRAY}\udcff"}).values())
    for column in extract.columns:
        if column.type is ColumnType.TEXT and not column.key:
            yield list((row | {column.name: STRAY}).values())  # the key exists already, or it has no parent
            if column.name != "provider_name":  # which the contract publishes
                yield list((row | {key: f"OTHER-{column.name}", column.name: STRAY}).values())


def fields(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig", errors="surrogateescape")
    return list(csv.reader(io.StringIO(text, newline="")))


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", errors="surrogateescape")


def as_parquet(header: list[str], rows: list[list[str]], folder: Path) -> tuple[bytes, int]:
    """Without the rows that are invalid as CSV, which Parquet can't have."""
    readable = [row for row in rows if len(row) == len(header) and not {"\0", "\udcff"} & set("".join(row))]
    plain, packed = folder / "plain.csv", folder / "packed.parquet"
    plain.write_bytes(written([header, *readable]))
    duckdb.sql(f"copy (from read_csv('{plain}', all_varchar = true)) to '{packed}'")
    return packed.read_bytes(), len(readable)


def deliver(made: Path, root: Path, day: date, change: Callable[[Row], Row] = marked) -> None:
    """Delivers the day with marks; one file is compressed, one is Parquet."""
    for system in SYSTEMS:
        files: dict[str, bytes] = {}
        promise = {}
        for extract in system.extracts:
            header, *rows = fields((made / system.name / str(day) / f"{extract.name}.csv").read_bytes())
            whole = [
                list(change(dict(zip(header, row, strict=True))).values()) if len(row) == len(header) else row
                for row in rows
            ]
            whole += refused(extract, dict(zip(header, whole[0], strict=True)))
            name, content, count = f"{extract.name}.csv", written([header, *whole]), len(whole)
            if extract == WORKNET.extract("customers"):
                name, content = f"{name}.gz", gzip.compress(content)
            elif extract == IWDS.extract("services"):
                name = f"{extract.name}.parquet"
                content, count = as_parquet(header, whole, made)
            files[name], promise[name] = content, count
        Deliveries(root).write(system, files, day=day, promise=promise)


def unlinked(row: Row) -> Row:
    """As if workNet had lost its links to IWDS, which a check blocks."""
    return marked(row) | ({"iwds_customer_id": ""} if "career_planner_staff_id" in row else {})


class Commands:
    """Runs commands and keeps their output."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home, self.elsewhere = folder / "home", folder / "elsewhere"
        self.elsewhere.mkdir()
        given = {"HOME": str(self.elsewhere), "TMPDIR": str(self.elsewhere), "YACP_MAX_QUARANTINED_SHARE": "1"}
        self._environment = clean_environment(self.home, **given | {"COLUMNS": "200"} | variables)
        self.output = ""

    def __call__(self, *arguments: str, status: int = 0, says: str = "", **variables: str) -> None:
        done = subprocess.run(
            [YACP, *arguments],
            env=self._environment | variables,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == status, output
        assert says in " ".join(output.split())
        self.output += output

    def with_personal_data(self) -> list[Path]:
        published = self.home / "published"
        lists = ("releases/*/customers.duckdb", "releases/*/parquet/customers", "following/releases/*/customers")
        return [
            self.home / "archive",
            self.home / "warehouse.duckdb",
            *(path for pattern in lists for path in published.glob(pattern)),
        ]


def test_no_mark_is_outside_of_what_may_have_personal_data(tmp_path: Path) -> None:
    made, extracts = tmp_path / "made", tmp_path / "extracts"
    generate(made, customers=PEOPLE, as_of=DAY_BEFORE, seed=3, faults=True)
    generate(made, customers=PEOPLE, as_of=DAY, seed=3, faults=True)
    deliver(made, extracts, DAY_BEFORE)
    deliver(made, extracts, DAY, unlinked)
    with webhook_server() as webhook:
        yacp = Commands(tmp_path, YACP_EXTRACTS=str(extracts), YACP_WEBHOOK_URL=webhook.url)
        yacp("run", "--as-of", str(DAY_BEFORE), says="failed (yacp checks --failed)")
        yacp("run", "--as-of", str(DAY), status=1, says="of severity error failed. Nothing was published")
        archived = yacp.home / "archive" / "worknet" / str(DAY) / "0001" / "customers.parquet"

        _, *without_header = fields(
            gzip.decompress((extracts / "worknet" / str(DAY) / "customers.csv.gz").read_bytes())
        )
        Deliveries(extracts).write(WORKNET, {"customers.csv": written(without_header[:50])}, day=DAY, delivery=2)
        yacp("run", "--as-of", str(DAY), status=2, says="lacks the required column")

        broken = tmp_path / "broken.parquet"
        duckdb.sql(f"copy (select * replace ('{STRAY}' as lwia_number) from '{archived}') to '{broken}'")
        broken.chmod(0o600)
        broken.replace(archived)
        archived.with_name("checksums.json").unlink()  # as an earlier version left it; otherwise nothing is built
        yacp("run", "--as-of", str(DAY), status=1, says="dbt could not build", YACP_EXTRACTS=str(tmp_path / "none"))

        yacp("notify")
        for command in ("deliveries", "quarantine", "checks", "show"):
            yacp(command, "--format", "json")
        yacp("checks", "--failed")
        yacp("retention")
        yacp("doctor")
        assert len(webhook.posted) > 2

    assert traces(yacp.home / "dbt", ["its text is left out"])  # it quoted the row

    lists = yacp.with_personal_data()
    archive = "".join(traces(yacp.home / "archive", [word])[0] for word in WORDS)
    assert all(word in archive.lower() for word in WORDS)
    assert traces((yacp.home / "published" / "current").resolve(), ["zqlast"])
    assert traces(yacp.home, MARKS, lists) == []
    assert traces(yacp.elsewhere, MARKS) == []
    shown = f"{yacp.output} {webhook.posted}".lower()
    assert [mark for mark in MARKS if mark.lower() in shown] == []
