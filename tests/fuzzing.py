"""What the fuzz tests share: deliveries out of hypothesis, and a second opinion on them from the contract alone.

The second opinion is plain Python and uses nothing of landing: it says of every row what must become of it, and reads
the archive to see whether it did.
"""

import gzip
import json
import re
import string
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from conftest import DAY, IWDS_VALUES, VALUES, Deliveries
from hypothesis import strategies as st

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused, UsageError
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.settings import Settings

FORMATS = ("csv", "csv.gz", "parquet")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_WORST = 15 * 3600 + 59 * 60 + 59

# ---------------------------------------------------------------------------------------------------------------------
# What is delivered

ODD = st.text(
    st.one_of(
        st.sampled_from("\",\n\r\t \0'\\;|\ufeff\u2028\u200b\x85\x1a\x0b0123456789-:TZ"),
        st.characters(codec="utf-8"),
        st.sampled_from(string.ascii_letters),
    ),
    max_size=12,
)
DATES = st.one_of(
    st.dates(date(1, 1, 1), date(9999, 12, 31)).map(str),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)).map(str),
    st.sampled_from(["0000-01-01", "0001-01-01", "9999-12-31", "2026-02-29", "2024-02-29", "1900-02-29", "infinity"]),
    st.sampled_from(["epoch", "2026-1-2", "20260102", "02/01/2026", " 2026-01-02 ", "2026-01-02\n", "2026-13-01"]),
    st.sampled_from(["-2026-01-02", "12026-01-02", "2026-01-02 (BC)", "２０２６-01-02", "2026-01-02T00:00:00"]),
)
TIMES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from([" ", "T", "t", "  "]),
        st.sampled_from(["00:00", "01:30", "02:30", "12:00:00", "23:59:59", "24:00:00", "12:60", "12:00:60", "9:00"]),
        st.sampled_from(["", "", ".5", ",25", ".123456", ".123456789", ".9999999999", "."]),
        st.sampled_from(["", "", "Z", "z", "+00", "-06:00", "+0530", "+15:59", "-24:00", "+14:61", "+5", "−06:00"]),
    ),
)
MOMENTS = st.one_of(
    DATES,
    st.builds(lambda day, time: day + time, DATES, TIMES),
    st.sampled_from(["2026-03-08T02:30:00", "2026-11-01T01:30:00", "1883-11-18 12:00:00", "now", "today", "NaT"]),
)
NUMBERS = st.one_of(
    st.integers(0, 99).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["07", " 7 ", "7.0", "7.00", "7.5", "7,0", "1e3", "0x7", "+7", "-0", "2147483647", "2147483648"]),
    st.sampled_from(["٧", "７", "NaN", "inf", "1_000", "7.", ".7", "7\n", "00000000000000000007"]),
)
BOOLEANS = st.sampled_from(["true", "false", "TRUE", " False ", "1", "0", "t", "yes", "truefalse"])


def _values(column: Column) -> st.SearchStrategy[str]:
    match column.type:
        case ColumnType.CODE:
            codes = st.sampled_from(column.codes)
            return st.one_of(codes, codes.map(str.upper), codes.map(lambda code: f" {code}"), codes.map("\t{}".format))
        case ColumnType.INTEGER:
            return NUMBERS
        case ColumnType.DATE:
            return DATES
        case ColumnType.TIMESTAMP:
            return MOMENTS
        case ColumnType.BOOLEAN:
            return BOOLEANS
    return st.text(string.ascii_letters + " '-áß", min_size=1, max_size=12)


@dataclass(frozen=True)
class Fuzzed:
    """A delivery of one extract as it may come: its rows as text, and how they are written down."""

    system: System
    extract: Extract
    rows: tuple[dict[str, str], ...]
    format: str
    text: str
    lines: tuple[int, ...]
    columns: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.extract.name}.{self.format}"

    def content(self) -> bytes:
        if self.format == "parquet":
            return _parquet(self.columns, self.rows)
        data = self.text.encode()
        return gzip.compress(data, 1) if self.format == "csv.gz" else data


def _parquet(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        names = ", ".join(f'"{name}" varchar' for name in columns)
        connection.execute(f"create table it ({names})")
        if rows:
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"insert into it values ({marks})", [[row[name] for name in columns] for row in rows]
            )
        path = Path(folder) / "it.parquet"
        connection.execute(f"copy it to '{path}' (format parquet)")
        return path.read_bytes()


def with_parents(system: System, extract: Extract) -> System:
    """The system cut down to an extract and what it can't be without."""
    wanted = {extract.name}
    for candidate in reversed(system.extracts):
        if candidate.name in wanted:
            wanted |= {reference.parent for reference in candidate.parents}
    return System(system.name, system.title, tuple(one for one in system.extracts if one.name in wanted))


def defaults(extract: Extract) -> dict[str, str]:
    """A row that fits."""
    return (VALUES if extract.system == "worknet" else IWDS_VALUES)[extract.name]


@st.composite
def deliveries(draw: st.DrawFn) -> Fuzzed:
    """Rows that are nearly of the contract's shape, of any extract, in any format."""
    whole = draw(st.sampled_from([WORKNET, IWDS]))
    extract = draw(st.sampled_from(whole.extracts))
    values = {}
    for column in extract.columns:
        usual = st.just(defaults(extract).get(column.name, ""))
        if any(column.name == reference.column for reference in extract.parents):
            usual = st.one_of(usual, usual, st.sampled_from(["C9", "P9", "I9"]))
        elif column.key:
            usual = st.integers(0, 30).map("K{}".format)
        values[column.name] = st.one_of(usual, usual, usual, _values(column), st.one_of(ODD, st.just("")))
    rows = draw(st.lists(st.fixed_dictionaries(values), max_size=12))
    for place in draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=3)):
        rows += [dict(rows[place])] if rows else []
    columns = draw(st.permutations([column.name for column in extract.columns]))
    text, lines = _written(draw, columns, rows)
    return Fuzzed(
        with_parents(whole, extract),
        extract,
        tuple(rows),
        draw(st.sampled_from(FORMATS)),
        text,
        lines,
        tuple(columns),
    )


def _written(draw: st.DrawFn, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> tuple[str, tuple[int, ...]]:
    """The rows as RFC 4180 lets them be written, or nearly so, and the line that each begins in."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    always = draw(st.booleans())
    blank = draw(st.booleans()) and len(columns) > 1

    sloppy = draw(st.booleans())  # leaves 12" drill as it is

    def field(value: str) -> str:
        special = set(value[:1] + value.replace('"', "")) if sloppy else set(value)
        return '"' + value.replace('"', '""') + '"' if always or special & set('",\r\n') else value

    text = draw(st.sampled_from(["", "\ufeff"])) + ",".join(map(field, columns)) + end
    lines = []
    for row in rows:
        lines.append(text.count("\n") + 1)
        text += ",".join(field(row[name]) for name in columns) + end
        if blank:
            text += end
    return (text.removesuffix(end) if rows and draw(st.booleans()) and not blank else text), tuple(lines)


# ---------------------------------------------------------------------------------------------------------------------
# The second opinion


def fits(column: Column, value: str) -> bool:
    """Whether the contract lets the column hold the value, as delivered."""
    plain = value.strip(" ")
    if not plain:
        return column.nullable
    match column.type:
        case ColumnType.CODE:
            return plain.lower() in column.codes
        case ColumnType.BOOLEAN:
            return plain.lower() in ("true", "false")
        case ColumnType.INTEGER:
            return bool(re.fullmatch(r"[0-9]+(\.0+)?", plain)) and int(plain.split(".")[0]) < 2**31
        case ColumnType.DATE:
            return _day(plain) is not None
        case ColumnType.TIMESTAMP:
            return bool(instants(plain))
    return "\0" not in value


def typed(column: Column, value: str) -> list[object]:
    """What the archive may hold for a value that fits; times that the clocks show twice leave a choice."""
    plain = value.strip(" ")
    if not plain and (column.type is not ColumnType.TEXT or not value):
        return [None]
    match column.type:
        case ColumnType.CODE:
            return [plain.lower()]
        case ColumnType.BOOLEAN:
            return [plain.lower() == "true"]
        case ColumnType.INTEGER:
            return [int(plain.split(".")[0])]
        case ColumnType.DATE:
            return [_day(plain)]
        case ColumnType.TIMESTAMP:
            return [round((moment - EPOCH) / timedelta(microseconds=1)) for moment in instants(plain)]
    return [value]


def _day(plain: str) -> date | None:
    try:
        return date.fromisoformat(plain) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain) else None
    except ValueError:
        return None


def instants(plain: str) -> list[datetime]:
    """The instants that a timestamp may mean: one, none when it is no timestamp, two when the clocks show it twice."""
    found = _MOMENT.fullmatch(plain.upper())
    if not found:
        return []
    year, month, day, hour, minute, second, part, offset = found.groups()
    try:
        wall = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        wall += timedelta(microseconds=round(int((part or "0").ljust(9, "0")) / 1000))
        if offset and offset != "Z":
            digits = offset[1:].replace(":", "").ljust(4, "0")
            hours, minutes = int(digits[:2]), int(digits[2:])
            if minutes > 59 or hours > 15:
                return []
            shift = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
            choices = [wall.replace(tzinfo=timezone(shift))]
        elif offset:
            choices = [wall.replace(tzinfo=UTC)]
        else:
            chicago = ZoneInfo(CHICAGO)
            choices = [wall.replace(tzinfo=chicago, fold=0), wall.replace(tzinfo=chicago, fold=1)]
        moments = sorted({choice.astimezone(UTC) for choice in choices})
    except (ValueError, OverflowError):
        return []
    first, last = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    return moments if all(first <= moment < last for moment in moments) else []


def verdicts(extract: Extract, rows: Sequence[dict[str, str]]) -> list[str]:
    """What must become of each row: loaded, quarantined or duplicate."""
    first: dict[str, dict[str, str]] = {}
    found = []
    for row in rows:
        if not all(fits(column, row[column.name]) for column in extract.columns):
            found.append("quarantined")
        elif (before := first.setdefault(row[extract.key.name], row)) is not row:
            found.append("duplicate" if before == row else "quarantined")
        elif any(row[reference.column] != _parents_key(extract, reference.parent) for reference in extract.parents):
            found.append("quarantined")
        else:
            found.append("loaded")
    return found


def _parents_key(extract: Extract, parent: str) -> str:
    values = VALUES if extract.system == "worknet" else IWDS_VALUES
    key = next(iter(values[parent]))
    return values[parent][key]


def stored(delivery: ArchivedDelivery, extract: Extract) -> list[tuple[object, ...]]:
    """The archived rows; instants as microseconds, which lose nothing on their way into Python."""
    chosen = ", ".join(
        f"epoch_us({column.name})" if column.type is ColumnType.TIMESTAMP else column.name for column in extract.columns
    )
    return duckdb.execute(f"select {chosen} from '{delivery.parquet(extract)}'").fetchall()


def quarantine(delivery: ArchivedDelivery, extract: Extract) -> list[tuple[int, str, str]]:
    """Line, column and reason of what was kept back."""
    return duckdb.execute(
        f"select line_number, column_name, reason from '{delivery.quarantine}' where extract = ? order by line_number",
        [extract.name],
    ).fetchall()


def assert_contract_is_kept(delivery: ArchivedDelivery, system: System) -> None:
    """No row of the archive breaks the contract, and no row of the manifest is missing in the account."""
    keys: dict[str, set[object]] = {}
    for extract in system.extracts:
        rows = stored(delivery, extract)
        described = duckdb.execute(f"describe from '{delivery.parquet(extract)}'").fetchall()
        assert [(row[0], row[1]) for row in described] == [
            (column.name, column.type.duckdb_type) for column in extract.columns
        ]
        for place, column in enumerate(extract.columns):
            values = [row[place] for row in rows]
            if not column.nullable:
                assert all(value is not None and str(value).strip(" ") for value in values), column.name
            if column.type is ColumnType.CODE:
                assert set(values) <= {*column.codes, None}
            if column.type is ColumnType.TEXT:
                assert all(value is None or (value and "\0" not in value) for value in values), column.name
            if column.type is ColumnType.DATE:
                assert all(value is None or isinstance(value, date) for value in values), column.name
            if column.type is ColumnType.TIMESTAMP:
                assert all(value is None or datetime.fromtimestamp(value // 10**6, UTC).year for value in values)
            if column.key:
                keys[extract.name] = set(values)
                assert len(keys[extract.name]) == len(rows), "a key is there twice"
            for reference in extract.parents:
                if reference.column == column.name:
                    assert set(values) <= keys[reference.parent], "a row without its parent"
        promised, loaded, kept, duplicate = duckdb.execute(
            "select rows_in_manifest, rows_loaded, rows_quarantined, rows_duplicate"
            f" from '{delivery.account}' where extract = ?",
            [extract.name],
        ).fetchall()[0]
        assert promised == loaded + kept + duplicate
        assert loaded == len(rows)
        assert kept == len(quarantine(delivery, extract))


# ---------------------------------------------------------------------------------------------------------------------
# The properties


@contextmanager
def fresh() -> Iterator[tuple[Settings, Deliveries]]:
    """An empty home and root; every row of a small file may be wrong without refusing it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = Path(folder) / "extracts"
        yield Settings(home=Path(folder) / "home", extracts=str(root), max_quarantined_share=1.0), Deliveries(root)


def landed(config: Settings, system: System) -> ArchivedDelivery | None:
    """The delivery, whose contract and account were looked at; ``None`` when it was refused."""
    try:
        delivery = land(config, system, DAY)
    except (DeliveryRefused, UsageError):
        assert not (config.archive / system.name).exists(), "something of a refused delivery stayed"
        assert list((config.archive / ".incoming").glob("*")) == []
        return None
    assert_contract_is_kept(delivery, system)
    return delivery


def rows_become_what_the_contract_says(fuzzed: Fuzzed) -> None:
    """Every row is where the second opinion wants it, with its values, or its line."""
    with fresh() as (config, deliveries):
        file = fuzzed.file
        deliveries.write(fuzzed.system, {file: fuzzed.content()}, promise={file: len(fuzzed.rows)})
        delivery = landed(config, fuzzed.system)
        assert delivery is not None, "rows that don't fit refuse no delivery here"
        wanted = verdicts(fuzzed.extract, fuzzed.rows)
        expected = [row for row, verdict in zip(fuzzed.rows, wanted, strict=True) if verdict == "loaded"]
        found = stored(delivery, fuzzed.extract)
        assert len(found) == len(expected)
        for row, archived in zip(expected, found, strict=True):
            for column, value in zip(fuzzed.extract.columns, archived, strict=True):
                assert value in typed(column, row[column.name]), column.name
        kept = [line for line, *_ in quarantine(delivery, fuzzed.extract)]
        lines = fuzzed.lines if fuzzed.format != "parquet" else range(1, len(fuzzed.rows) + 1)
        listed = [line for line, verdict in zip(lines, wanted, strict=True) if verdict == "quarantined"]
        assert len(kept) == len(listed)
        if fuzzed.format == "parquet" or not re.search("\r(?!\n)", fuzzed.text):  # is a lone CR a line?
            assert kept == listed


def any_file_is_taken_or_refused(content: bytes, fuzzed: Fuzzed, promised: int) -> None:
    """Whatever the bytes: they land in keeping with the contract, or are refused."""
    with fresh() as (config, deliveries):
        deliveries.write(fuzzed.system, {fuzzed.file: content}, promise={fuzzed.file: promised})
        landed(config, fuzzed.system)


def any_manifest_is_taken_or_refused(content: bytes) -> None:
    """Whatever the bytes: the delivery lands, or is refused, or is not there yet."""
    with fresh() as (config, deliveries):
        system = with_parents(WORKNET, WORKNET.extract("providers"))
        (deliveries.write(system) / "manifest.json").write_bytes(content)
        landed(config, system)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, Fuzzed, int]:
    """A delivery's file with some bytes changed, added, doubled or cut off, before it was packed or after."""
    fuzzed = draw(deliveries())
    content = fuzzed.content()
    inside = fuzzed.format == "csv.gz" and draw(st.booleans())
    data = bytearray(gzip.decompress(content) if inside else content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["put", "set", "cut", "end", "twice"])):
            case "put":
                data[place:place] = draw(st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"\r", b"\n", b","])))
            case "set":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[place : place + draw(st.integers(1, 20))]
            case "end":
                del data[place:]
            case "twice":
                data += data[place:]
    promised = draw(st.one_of(st.just(len(fuzzed.rows)), st.integers(0, 20)))
    return gzip.compress(data, 1) if inside else bytes(data), fuzzed, promised


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Manifests with something else in one place, and what is none at all."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(st.binary(max_size=40), JSON.map(lambda value: json.dumps(value).encode())))
    with fresh() as (_, deliveries):
        system = with_parents(WORKNET, WORKNET.extract("providers"))
        manifest = json.loads((deliveries.write(system) / "manifest.json").read_text())
    other = draw(st.one_of(JSON, st.sampled_from(["../providers.csv", "providers.csv", "PROVIDERS.CSV", 10**400, "1"])))
    inner = manifest["files"][0]
    match draw(st.sampled_from(["outer", "inner", "more", "less"])):
        case "outer":
            manifest[draw(st.sampled_from(sorted(manifest)))] = other
        case "inner":
            inner[draw(st.sampled_from(sorted(inner)))] = other
        case "more":
            manifest["files"].append({**inner, draw(st.sampled_from(sorted(inner))): other})
        case "less":
            del manifest[draw(st.sampled_from(sorted(manifest)))]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return json.dumps(manifest).encode(encoding)
