"""Random deliveries for property tests: hypothesis strategies for rows, damaged files and manifests."""

import gzip
import json
import string
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from conftest import IWDS_VALUES, VALUES, Deliveries
from hypothesis import strategies as st

from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET

FORMATS = ("csv", "csv.gz", "parquet")
UNUSUAL_TEXT = st.text(
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
    st.sampled_from(["2026-01-02 00:00:00.000", "2026-01-02 00:00", "2026-01-02\u00a000:00:00", "2026-01-02 00:00:01"]),
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
TIMESTAMPS = st.one_of(
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
BOOLEANS = st.sampled_from(["true", "false", "TRUE", " False ", "1", "0", "t", "YES", "n", "truefalse", "2"])
LAST_FOUR = st.one_of(
    st.sampled_from(["1234", "0000", "12", "12345", "123456789", "123-45-6789", "123-45-0000", "\u00a01234 ", "abcd"]),
    st.from_regex(r"[0-9]{3}[- ]?[0-9]{2}-?[0-9]{3,5}", fullmatch=True),
)
BLANKS = st.sampled_from([" ", "  ", "\t", "\u00a0", "\u3000", "\x85", " \u2028"])


def _values(column: Column) -> st.SearchStrategy[str]:
    match column.type:
        case ColumnType.CODE:
            codes = st.sampled_from(column.codes)
            labels = codes.map(lambda code: code.replace("_", " ").title())
            return st.one_of(codes, codes.map(str.upper), codes.map("\t{}".format), labels, codes.map("{}-".format))
        case ColumnType.INTEGER:
            return NUMBERS
        case ColumnType.DATE:
            return DATES
        case ColumnType.TIMESTAMP:
            return TIMESTAMPS
        case ColumnType.BOOLEAN:
            return BOOLEANS
        case ColumnType.SSN_LAST4:
            return LAST_FOUR
    return st.text(string.ascii_letters + " '-áß", min_size=1, max_size=12)


@dataclass(frozen=True)
class RandomDelivery:
    """A delivery with one random extract: its rows as text, and how they are written.

    ``lines`` has the line of the CSV in which each row starts.
    """

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
        connection.execute(f"create table delivered ({names})")
        if rows:
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"insert into delivered values ({marks})", [[row[name] for name in columns] for row in rows]
            )
        path = Path(folder) / "delivered.parquet"
        connection.execute(f"copy delivered to '{path}' (format parquet)")
        return path.read_bytes()


def with_parents(system: System, extract: Extract) -> System:
    """The system with only this extract and the ones that it depends on."""
    wanted = {extract.name}
    for candidate in reversed(system.extracts):
        if candidate.name in wanted:
            wanted |= {reference.parent for reference in candidate.parents}
    return System(system.name, system.title, tuple(each for each in system.extracts if each.name in wanted))


def defaults(extract: Extract) -> dict[str, str]:
    """A row that fits the contract."""
    return (VALUES if extract.system == "worknet" else IWDS_VALUES)[extract.name]


@st.composite
def deliveries(draw: st.DrawFn) -> RandomDelivery:
    """Rows that mostly fit the contract, of any extract, in any format."""
    whole = draw(st.sampled_from([WORKNET, IWDS]))
    extract = draw(st.sampled_from(whole.extracts))
    values = {}
    for column in extract.columns:
        valid = st.just(defaults(extract).get(column.name, ""))
        if any(column.name == reference.column for reference in extract.parents):
            valid = st.one_of(valid, valid, st.sampled_from(["C9", "P9", "I9"]))
        elif column.key:
            valid = st.integers(0, 30).map("K{}".format)
        padded = st.builds("{}{}".format, valid, BLANKS)
        unusual = st.one_of(UNUSUAL_TEXT, BLANKS, padded, st.just(""))
        values[column.name] = st.one_of(valid, valid, valid, _values(column), unusual)
    rows = draw(st.lists(st.fixed_dictionaries(values), max_size=12))
    for repeated in draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=3)):
        rows += [dict(rows[repeated])] if rows else []
    columns = draw(st.permutations([column.name for column in extract.columns]))
    text, lines = _as_csv(draw, columns, rows)
    return RandomDelivery(
        with_parents(whole, extract),
        extract,
        tuple(rows),
        draw(st.sampled_from(FORMATS)),
        text,
        lines,
        tuple(columns),
    )


def _as_csv(draw: st.DrawFn, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> tuple[str, tuple[int, ...]]:
    """The rows as RFC 4180 allows, or nearly so, and the line in which each one starts."""
    ends = draw(st.sampled_from([("\n",), ("\r\n",), ("\n", "\r\n"), ("\r\n", "\n", "\n")]))
    quotes_all = draw(st.booleans())
    has_blank_lines = draw(st.booleans()) and len(columns) > 1
    is_sloppy = draw(st.booleans())  # doesn't quote 12" drill

    def field(value: str) -> str:
        special = set(value[:1] + value.replace('"', "")) if is_sloppy else set(value)
        return '"' + value.replace('"', '""') + '"' if quotes_all or special & set('",\r\n') else value

    text = draw(st.sampled_from(["", "\ufeff"])) + ",".join(map(field, columns)) + ends[0]
    lines = []
    for number, row in enumerate(rows, 1):
        end = ends[number % len(ends)]
        lines.append(text.count("\n") + 1)
        text += ",".join(field(row[name]) for name in columns) + end
        if has_blank_lines:
            text += end
    return (text.rstrip("\r\n") if rows and draw(st.booleans()) and not has_blank_lines else text), tuple(lines)


@st.composite
def damaged_files(draw: st.DrawFn) -> tuple[bytes, RandomDelivery, int]:
    """A file with some bytes changed, added, repeated or cut off, before compression or after; and a row count."""
    delivery = draw(deliveries())
    content = delivery.content()
    inside = delivery.format == "csv.gz" and draw(st.booleans())
    data = bytearray(gzip.decompress(content) if inside else content)
    for _ in range(draw(st.integers(1, 4))):
        offset = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["insert", "replace", "delete", "truncate", "repeat"])):
            case "insert":
                data[offset:offset] = draw(
                    st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"\r", b"\n", b","]))
                )
            case "replace":
                data[offset : offset + 1] = draw(st.binary(min_size=1, max_size=1))
            case "delete":
                del data[offset : offset + draw(st.integers(1, 20))]
            case "truncate":
                del data[offset:]
            case "repeat":
                data += data[offset:]
    row_count = draw(st.one_of(st.just(len(delivery.rows)), st.integers(0, 20)))
    return gzip.compress(data, 1) if inside else bytes(data), delivery, row_count


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Manifests with one wrong value, and bytes that aren't a manifest at all."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(st.binary(max_size=40), JSON.map(lambda value: json.dumps(value).encode())))
    with tempfile.TemporaryDirectory() as folder:
        written = Deliveries(Path(folder)).write(with_parents(WORKNET, WORKNET.extract("providers")))
        manifest = json.loads((written / "manifest.json").read_text())
    other = draw(st.one_of(JSON, st.sampled_from(["../providers.csv", "providers.csv", "PROVIDERS.CSV", 10**400, "1"])))
    file = manifest["files"][0]
    match draw(st.sampled_from(["field", "file", "second file", "missing field"])):
        case "field":
            manifest[draw(st.sampled_from(sorted(manifest)))] = other
        case "file":
            file[draw(st.sampled_from(sorted(file)))] = other
        case "second file":
            manifest["files"].append({**file, draw(st.sampled_from(sorted(file))): other})
        case "missing field":
            del manifest[draw(st.sampled_from(sorted(manifest)))]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return json.dumps(manifest).encode(encoding)
