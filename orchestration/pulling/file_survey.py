"""What lies in a folder of exports: tables, the day in their names, and how they are written, as a drafted TOML."""

import json
import re
from collections import Counter
from dataclasses import dataclass

from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.storage import Storage

_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_]?)(\d{2})\2(\d{2})(?!\d)")
_PART = re.compile(r"(?<=\})[_-]?\d+(?=\.|$)")
_TEXTS = (".csv", ".txt", ".dat", ".tsv", ".psv", "")
_DELIMITERS = "|\t;,~^"
_MOST_READ = 4 << 20


@dataclass(frozen=True)
class FoundTable:
    """Files that look like one table. ``encoding`` is empty where all of them would do."""

    name: str
    pattern: str
    delimiter: str
    encoding: str
    skip_last: int


def survey(settings: Settings, location: str) -> str:
    """The draft of a ``source.toml`` for the files at a location; ``SourceError`` when there are none."""
    with Storage(location, settings, "--files") as storage:
        names = sorted(name for name in storage.names("") if not name.startswith("."))
        groups: dict[str, str] = {}
        for name in names:
            groups[_pattern(name)] = name  # the newest
        tables, markers = [], []
        for pattern, name in groups.items():
            size, _ = storage.size_and_change(name)
            if size == 0:
                markers.append(pattern)
            else:
                tables.append(_look_at(storage, pattern, name))
    if not tables:
        raise SourceError(f"There is no file in {storage.location} that could be a table.")
    return _as_toml(location, _with_unique_names(tables), markers)


def _pattern(name: str) -> str:
    def written(found: re.Match[str]) -> str:
        return f"{{day:%Y{found[2]}%m{found[2]}%d}}"

    return _PART.sub("*", _DAY.sub(written, name, count=1))


def _look_at(storage: Storage, pattern: str, name: str) -> FoundTable:
    stem = re.sub(r"\{.*?\}|\*", "", pattern).partition(".")[0]
    table = re.sub(r"\W+", "_", stem).strip("_").lower() or "exported"
    ending = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in _TEXTS:
        return FoundTable(table, pattern, ",", "", 0)
    content = b"".join(storage.stream(name, _MOST_READ))
    encoding = _encoding(content)
    lines = [line for line in content.decode(encoding or "utf-8", errors="replace").splitlines() if line.strip()]
    delimiter = max(_DELIMITERS, key=lambda sign: _steadiness(lines[:50], sign))
    is_whole = len(content) < _MOST_READ
    has_footer = is_whole and len(lines) > 2 and lines[-1].count(delimiter) != lines[0].count(delimiter)
    return FoundTable(table, pattern, delimiter, encoding, int(has_footer))


def _encoding(content: bytes) -> str:
    if content.isascii():
        return ""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(content) - 4 and len(content) >= _MOST_READ else "windows-1252"
    return "utf-8"


def _steadiness(lines: list[str], sign: str) -> tuple[int, int]:
    """In how many lines a delimiter is as often as in the first, and how often that is."""
    wanted = lines[0].count(sign) if lines else 0
    return (sum(line.count(sign) == wanted for line in lines) if wanted else 0, wanted)


def _with_unique_names(tables: list[FoundTable]) -> list[FoundTable]:
    seen: Counter[str] = Counter()
    unique = []
    for table in tables:
        seen[table.name] += 1
        name = table.name if seen[table.name] == 1 else f"{table.name}_{seen[table.name]}"
        name = name if re.match(r"[a-z_]", name) else f"t_{name}"
        unique.append(FoundTable(name, table.pattern, table.delimiter, table.encoding, table.skip_last))
    return unique


def _as_toml(location: str, tables: list[FoundTable], markers: list[str]) -> str:
    """What most tables have in common is the format, and the others say what differs."""
    delimiter, skip_last = Counter((table.delimiter, table.skip_last) for table in tables).most_common(1)[0][0]
    encodings = Counter(table.encoding for table in tables if table.encoding)
    encoding = encodings.most_common(1)[0][0] if encodings else "utf-8"
    lines = ["# Drafted by yacp source init. docs/sources.md explains every key.", "", "[files]"]
    lines += [f"location = {json.dumps(location)}", "", "[files.format]", f"delimiter = {json.dumps(delimiter)}"]
    lines += [f"encoding = {json.dumps(encoding)}", f"skip_last = {skip_last}", "", "[files.tables]"]
    for table in tables:
        own = {"delimiter": (table.delimiter, delimiter), "encoding": (table.encoding or encoding, encoding)}
        differing = [f"{key} = {json.dumps(value)}" for key, (value, shared) in own.items() if value != shared]
        differing += [f"skip_last = {table.skip_last}"] if table.skip_last != skip_last else []
        pattern = json.dumps(table.pattern)
        lines.append(
            f"{table.name} = {{ {', '.join([f'files = {pattern}', *differing])} }}"
            if differing
            else f"{table.name} = {pattern}"
        )
    lines += ["", "[ready]"]
    lines.append(f"file = {json.dumps(markers[0])}" if markers else "age_minutes = 30  # TODO: or file = …")
    return "\n".join(lines) + "\n"
