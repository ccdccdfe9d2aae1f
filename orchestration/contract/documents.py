"""What is written from the contract: the dbt sources and the page for people. Run it after a change of the contract.

python -m orchestration.contract.documents
"""

from __future__ import annotations

from pathlib import Path

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.settings import PROJECT

SOURCES = PROJECT / "models" / "staging" / "sources.yml"
PAGE = PROJECT / "docs" / "extracts.md"


_RULES = """
## A delivery

    <root>/<system>/<as_of_date>/manifest.json
    <root>/<system>/<as_of_date>/<extract>.csv

    {"system": "worknet", "as_of_date": "2026-11-23", "delivery": 1,
     "files": [{"name": "customers.csv", "rows": 1234, "sha256": "…"}]}

`<root>` is a folder, `sftp://user@host/folder` or `s3://bucket/folder`. Whoever delivers writes the files first and
the manifest last, for a redelivery too.

`delivery` counts redeliveries of a day, from 1 to 9999. A higher number replaces the whole day of that system; the
same number with the same checksums changes nothing; the same number with other checksums, or a lower one, is refused.

Files are UTF-8 (a byte-order mark is allowed) with a header row, separated by commas and quoted with `"`. Columns come
in any order; an empty field is null. Dates are `YYYY-MM-DD`; timestamps are ISO 8601, without an offset they are
Chicago wall time; years go from 1 to 9999; booleans are `true` and `false`. Around codes, blanks and letter case are
forgiven.

In Parquet every column may be text as above. Dates, timestamps, numbers and booleans may also come as what they are,
and identifiers as whole numbers. A date may be a timestamp at midnight.

## What becomes of what does not fit

| what | becomes |
| --- | --- |
| a file that is missing, other rows or another sha256 than the manifest's, a missing required column | the whole delivery is refused; the last good day stays published |
| a file that is damaged or cut off, UTF-16, or has a line of over 2 MB, a header row of over 64 KiB or over 1,000 columns; a Parquet column that is nested or binary, or neither text nor a whole number where text is wanted | the same |
| a file of over 10 GB (`YACP_MAX_FILE_SIZE`), packed, unpacked, or with each value of its Parquet written out; one that `.gz` shrank to less than a 200th, if it has over 64 MB | the same |
| a manifest that is no JSON, larger than 1 MiB, or names something twice or outside its folder; a link that leads out of the folder | the same |
| an extra column, a missing column that may be empty, a file that is no extract or not in the manifest | left out or taken as empty, and named as a warning |
| a row that can't be parsed, a null key or required value, a bad type, a code not listed | quarantined with file, line, column, value and reason |
| a second row with the same key | a duplicate when it is equal; otherwise quarantined, and the first row stays |
| a row whose parent isn't there | quarantined as `orphan` |
| over 1 % of a file's rows in quarantine (`YACP_MAX_QUARANTINED_SHARE`) | the whole delivery is refused |

For every file: rows in the manifest = rows loaded + rows quarantined + exact duplicates.
"""  # noqa: E501 - a row of a table is a line


def sources() -> str:
    """The dbt sources: one table per extract in the schema ``raw``."""
    lines = [
        "# Written from orchestration/contract/ by python -m orchestration.contract.documents.",
        "version: 2",
        "",
        "sources:",
        "  - name: raw",
        "    description: The day's accepted deliveries, typed by the contract; views over the archive's Parquet.",
        "    tables:",
    ]
    for system in SYSTEMS:
        for extract in system.extracts:
            lines += [
                f"      - name: {extract.table}",
                f"        description: {_quoted(f'{extract.description} Grain: one row per {extract.key.name}.')}",
                "        columns:",
            ]
            for column in extract.columns:
                lines += [
                    f"          - name: {column.name}",
                    f"            data_type: {column.type.duckdb_type.lower()}",
                    f"            description: {_quoted(_meaning(column))}",
                ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The contract as a page for the people who deliver."""
    lines = [
        "# What comes in",
        "",
        "<!-- Written from orchestration/contract/ by python -m orchestration.contract.documents. -->",
        "",
        f"Two systems deliver a full snapshot at the end of a day in {CHICAGO}: one file per extract as `.csv`,",
        "`.csv.gz` or `.parquet`, and a `manifest.json`, written last, that makes the delivery complete. Keys are",
        "bold; columns that may be empty end in `?`; personal data is marked.",
        "",
        *_RULES.strip().splitlines(),
        "",
    ]
    for system in SYSTEMS:
        lines += [f"## {system.title} (`{system.name}`)", ""]
        for extract in system.extracts:
            lines += [f"### {extract.name}", "", extract.description, ""]
            lines += ["| column | holds | meaning |", "| --- | --- | --- |"]
            lines += [_row(column) for column in extract.columns]
            lines += ["", *_references(extract)]
    return "\n".join(lines).rstrip() + "\n"


def _row(column: Column) -> str:
    name = f"**{column.name}**" if column.key else f"{column.name}{'?' if column.nullable else ''}"
    holds = " ".join(f"`{code}`" for code in column.codes) or str(column.type)
    return f"| {name} | {holds} | {_meaning(column)} |"


def _meaning(column: Column) -> str:
    return column.description + (" Personal data." if column.personal else "")


def _references(extract: Extract) -> list[str]:
    if not extract.references:
        return []
    parts = [
        f"`{reference.column}` → {reference.parent}" + ("" if reference.hard else " (an unknown one is only a warning)")
        for reference in extract.references
    ]
    return ["Points at: " + ", ".join(parts) + ".", ""]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(*targets: tuple[Path, str]) -> None:
    """Writes each text to its file."""
    for path, text in targets:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    write((SOURCES, sources()), (PAGE, page()))
