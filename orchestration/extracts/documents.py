"""What is written from the contract: the dbt sources and the page for people. Run it after a change of the contract.

python -m orchestration.extracts.documents
"""

from __future__ import annotations

from pathlib import Path

from orchestration.extracts.contract import CHICAGO, SYSTEMS, Column, Extract
from orchestration.settings import PROJECT

SOURCES = PROJECT / "models" / "staging" / "sources.yml"
PAGE = PROJECT / "docs" / "extracts.md"


def sources() -> str:
    """The dbt sources: one table per extract in the schema ``raw``."""
    lines = [
        "# Written from orchestration/extracts/contract.py by python -m orchestration.extracts.documents.",
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
        "<!-- Written from orchestration/extracts/contract.py by python -m orchestration.extracts.documents. -->",
        "",
        f"Two systems deliver a full snapshot at the end of a day in {CHICAGO}: one file per extract as `.csv`,",
        "`.csv.gz` or `.parquet`, and a `manifest.json`, written last, that makes the delivery complete. Keys are",
        "bold; columns that may be empty end in `?`; personal data is marked.",
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
