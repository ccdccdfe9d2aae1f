"""Deliveries written by hand: one valid row per extract, with the values that a test cares about replaced."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.contract.extract import System

DAY = date(2026, 11, 23)
DAY_BEFORE = date(2026, 11, 22)
Row = Mapping[str, str]

# A valid row of each extract, with everything that the contract requires.
VALUES = {
    "providers": {"provider_id": "P1", "provider_name": "North Works", "lwia_number": "7"},
    "staff": {"staff_id": "S1", "email": "s1@example.org", "role": "super_user"},
    "customers": {
        "customer_id": "C1",
        "provider_id": "P1",
        "lwia_number": "7",
        "first_name": "Ada",
        "last_name": "Example",
        "date_of_birth": "2005-04-01",
        "created_at": "2026-11-01T09:00:00",
    },
    "applications": {
        "application_id": "A1",
        "customer_id": "C1",
        "prescreening_started_at": "2026-11-20T09:00:00",
    },
    "suitability_reviews": {"customer_id": "C1"},
    "progress_updates": {
        "progress_update_id": "U1",
        "customer_id": "C1",
        "updated_at": "2026-11-20T09:00:00",
    },
    "case_notes": {"case_note_id": "N1", "customer_id": "C1", "entered_at": "2026-11-20T09:00:00"},
    "services": {
        "worknet_service_id": "W1",
        "customer_id": "C1",
        "service_code": "Y10",
        "service_name": "Guidance",
        "start_date": "2026-11-20",
        "status": "started",
    },
    "program_completions": {
        "customer_id": "C1",
        "status": "not_complete",
        "industry_credential": "false",
        "postsecondary_credential": "false",
    },
}
IWDS_VALUES = {
    "applications": {
        "iwds_application_id": "I1",
        "iwds_customer_id": "K1",
        "first_name": "ADA",
        "last_name": "EXAMPLE",
        "date_of_birth": "2005-04-01",
        "lwia_number": "90",
        "application_date": "2026-11-01",
        "status_date": "2026-11-01",
    },
    "services": {
        "iwds_service_id": "IS1",
        "iwds_application_id": "I1",
        "service_code": "Y10",
        "service_name": "Guidance",
        "start_date": "2026-11-20",
        "status": "open",
    },
    "credentials": {
        "iwds_credential_id": "IC1",
        "iwds_application_id": "I1",
        "credential_type": "other",
        "earned_on": "2026-11-20",
    },
}


@dataclass
class Deliveries:
    """Writes deliveries below a root; an extract that isn't named has one valid row."""

    root: Path

    def rows(self, system: System, extract: str, rows: Sequence[Row]) -> str:
        columns = [column.name for column in system.extract(extract).columns]
        defaults = (VALUES if system.name == "worknet" else IWDS_VALUES)[extract]
        lines = [",".join(columns)]
        lines += [",".join(_quoted({**defaults, **row}.get(column, "")) for column in columns) for row in rows]
        return "\n".join(lines) + "\n"

    def write(
        self,
        system: System,
        files: Mapping[str, str | bytes | Sequence[Row]] | None = None,
        *,
        day: date = DAY,
        delivery: int = 1,
        promise: Mapping[str, int] | None = None,
    ) -> Path:
        """``files`` maps an extract to its rows, or a file name to its content.

        ``promise`` overrides the row counts of the manifest.
        """
        folder = self.root / system.name / str(day)
        folder.mkdir(parents=True, exist_ok=True)
        contents: dict[str, bytes] = {}
        counts: dict[str, int] = {}
        given = dict(files or {})
        for extract in system.extracts:
            if not any(name.split(".")[0].lower() == extract.name for name in given):
                given[extract.name] = [{}]
        for name, content in given.items():
            extract_name, _, suffix = name.partition(".")
            file = name if suffix else f"{name}.csv"
            if isinstance(content, str | bytes):
                data = content.encode() if isinstance(content, str) else content
                if file not in (promise or {}):
                    text = gzip.decompress(data) if file.lower().endswith(".gz") else data
                    counts[file] = text.count(b"\n") - 1
            else:
                data = self.rows(system, extract_name, content).encode()
                counts[file] = len(content)
            contents[file] = data
        for file, data in contents.items():
            (folder / file).write_bytes(data)
        manifest = {
            "system": system.name,
            "as_of_date": str(day),
            "delivery": delivery,
            "files": [
                {
                    "name": file,
                    "rows": {**counts, **(promise or {})}[file],
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
                for file, data in contents.items()
            ],
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n\r') else value
