"""Source profiles written by hand, for the files or tables that a test makes."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from written_deliveries import DAY, IWDS_VALUES

from orchestration.contract.extract import System
from orchestration.settings import Settings

# One valid row per extract, as one select without a table.
CONSTANTS = {
    name: "select " + ", ".join(f"'{value}' as {column}" for column, value in row.items())
    for name, row in IWDS_VALUES.items()
}


@dataclass
class WrittenProfile:
    """The profile of IWDS, which has three extracts only, and the settings that find it."""

    folder: Path
    settings: Settings
    system: System

    def write(self, toml: str, **selects: str) -> None:
        """Extracts that aren't named have one row."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "source.toml").write_text(toml)
        for name, sql in {**CONSTANTS, **selects}.items():
            (self.folder / f"{name}.sql").write_text(sql)

    def export(self, name: str, content: str | bytes) -> Path:
        """Puts a file where the profile's files are."""
        path = self.settings.state / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def export_table(self, name: str, rows: list[Mapping[str, str]], day: date = DAY) -> Path:
        path = self.export(f"{name}_{day}.csv", "")
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path


FILES = """
[files]
location = "exports"

[files.tables]
app = "app_{day}.csv"
"""
