"""Setting damaged files aside: nothing is deleted, and each comes with the reason.

set_aside/<time>-<n>/<path below YACP_HOME>, reason.txt
"""

from datetime import UTC, datetime
from pathlib import Path

from orchestration.settings import Settings
from orchestration.state.files import flush_to_disk


def set_aside(settings: Settings, path: Path, reason: str) -> Path:
    """Moves a file or folder below ``YACP_HOME`` aside by one rename; returns where it is now."""
    settings.set_aside.mkdir(mode=0o700, exist_ok=True)
    now, number = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S"), 1
    while (folder := settings.set_aside / f"{now}-{number}").exists():
        number += 1
    target = folder / path.relative_to(settings.state)
    target.parent.mkdir(mode=0o700, parents=True)
    (folder / "reason.txt").write_text(f"{path}\n{reason}\n")
    path.rename(target)
    flush_to_disk(path.parent)
    return target
