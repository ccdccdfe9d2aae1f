"""Generates the dbt sources and docs/extracts.md from the contract; run it after every change to the contract.

python -m orchestration.contract.documents
"""

import json
from functools import partial
from pathlib import Path

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.settings import PROJECT

_quoted = partial(json.dumps, ensure_ascii=False)  # a string of JSON is one of YAML, too

SOURCES = PROJECT / "models" / "staging" / "sources.yml"
PAGE = PROJECT / "docs" / "extracts.md"
_RULES = Path(__file__).with_name("delivery_rules.md")


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
        *_RULES.read_text().splitlines(),
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
