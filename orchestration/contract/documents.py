"""Generates the dbt sources and docs/extracts.md from the contract; run it after every change to the contract.

python -m orchestration.contract.documents
"""

from __future__ import annotations

import json
from functools import partial

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.settings import PROJECT

_quoted = partial(json.dumps, ensure_ascii=False)  # a string of JSON is one of YAML, too

SOURCES = PROJECT / "models" / "staging" / "sources.yml"
PAGE = PROJECT / "docs" / "extracts.md"


_RULES = """
## A delivery

    <root>/<system>/<as_of_date>/manifest.json
    <root>/<system>/<as_of_date>/<extract>.csv

    {"system": "worknet", "as_of_date": "2026-11-23", "delivery": 1,
     "files": [{"name": "customers.csv", "rows": 1234, "sha256": "…"}]}

`<root>` is a folder, `sftp://user@host/folder` or `s3://bucket/folder`. Write the files first and the manifest last,
also when you deliver a day again.

`delivery` is the number of the delivery for its day, from 1 to 9999. A higher number replaces the system's whole day.
The same number with the same checksums changes nothing. The same number with other checksums is refused, and so is a
lower number.

Files are UTF-8, with or without a byte-order mark, with a header row, commas between fields, and `"` as the quote.
Columns may be in any order. An empty field is null. Dates are `YYYY-MM-DD`. Timestamps are ISO 8601; without an offset
they are local time in Chicago. Years are 1 to 9999. Booleans are `true` and `false`. In codes, letter case and
surrounding blanks don't matter.

In Parquet, every column may be text as described above. Dates, timestamps, numbers and booleans may also have their
own types, and identifiers may be whole numbers. A date may be a timestamp at midnight.

## What happens when something is wrong

| problem | result |
| --- | --- |
| a missing file, another row count or sha256 than in the manifest, a missing required column | the whole delivery is refused; the last good day is still published |
| a file that is damaged, cut off or UTF-16; a line of more than 2 MB, a header row of more than 64 KiB, more than 1,000 columns; a Parquet column that is nested or binary, or anything but text and whole numbers where the contract says text | the whole delivery is refused |
| a file of more than 10 GB (`YACP_MAX_FILE_SIZE`): compressed, uncompressed, or with every value of its Parquet written out; a `.gz` file that unpacks to more than 64 MB and more than 200 times its size | the whole delivery is refused |
| a manifest that is not JSON, is larger than 1 MiB, lists something twice, or names a file outside its folder; a link that leads out of the folder | the whole delivery is refused |
| an extra column, a file that is not an extract or not in the manifest | ignored, with a warning |
| a missing column that may be empty | its values are null, with a warning |
| a row that can't be parsed, a null key or required value, a wrong type, an unknown code | the row is quarantined with its file, line, column, value and reason |
| a second row with the same key | a duplicate if it is equal to the first; otherwise it is quarantined, and the first row is loaded |
| a row whose parent doesn't exist | quarantined as `orphan` |
| more than 1% of a file's rows in quarantine (`YACP_MAX_QUARANTINED_SHARE`) | the whole delivery is refused |

For every file: rows in the manifest = rows loaded + rows quarantined + exact duplicates.
"""  # noqa: E501 - a table row is one line


def sources() -> str:
    """The dbt sources: one table per extract in the schema ``raw``."""
    lines = [
        "# Generated from orchestration/contract/ by python -m orchestration.contract.documents.",
        "version: 2",
        "",
        "sources:",
        "  - name: raw",
        "    description: The day's accepted deliveries in the contract's types; views over the archive's Parquet.",
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
    """The contract as a page for the people who prepare deliveries."""
    lines = [
        "# Extracts",
        "",
        "<!-- Generated from orchestration/contract/ by python -m orchestration.contract.documents. -->",
        "",
        f"Two systems each deliver a full snapshot as of the end of a day in {CHICAGO}: one file per extract as",
        "`.csv`, `.csv.gz` or `.parquet`, and a `manifest.json`, written last, which completes the delivery. In the",
        "tables below, keys are bold, columns that may be empty end in `?`, and personal data is marked.",
        "",
        *_RULES.strip().splitlines(),
        "",
    ]
    for system in SYSTEMS:
        lines += [f"## {system.title} (`{system.name}`)", ""]
        for extract in system.extracts:
            lines += [f"### {extract.name}", "", extract.description, ""]
            lines += ["| column | type or codes | meaning |", "| --- | --- | --- |"]
            lines += [_row(column) for column in extract.columns]
            lines += ["", *_references(extract)]
    return "\n".join(lines).rstrip() + "\n"


def _row(column: Column) -> str:
    name = f"**{column.name}**" if column.key else f"{column.name}{'?' if column.nullable else ''}"
    values = " ".join(f"`{code}`" for code in column.codes) or str(column.type)
    return f"| {name} | {values} | {_meaning(column)} |"


def _meaning(column: Column) -> str:
    return column.description + (" Personal data." if column.personal else "")


def _references(extract: Extract) -> list[str]:
    parts = [
        f"`{reference.column}` → {reference.parent}"
        + ("" if reference.hard else " (an unknown value is only a warning)")
        for reference in extract.references
    ]
    return ["References: " + ", ".join(parts) + ".", ""] if parts else []


if __name__ == "__main__":
    SOURCES.write_text(sources())
    PAGE.write_text(page())
