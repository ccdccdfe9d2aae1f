"""The root that deliveries come from: a folder per system and day, which is complete once it has a manifest."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Self

from orchestration.contract.dates import parse_day
from orchestration.contract.extract import System
from orchestration.failures import NOTHING_LOADED, DeliveryRefused, UsageError, size_text
from orchestration.settings import Settings
from orchestration.sources.manifest import MANIFEST, InvalidManifest, Manifest, ManifestFile, parse_manifest
from orchestration.sources.storage import ForeignFile, Storage

_MANIFEST_LIMIT = 1 << 20
_SENSOR_TIMEOUT = 15
_NOT_A_FILE_HERE = "is not a file in the delivery's own folder but a link that leads elsewhere, a folder or a device"


def without_retries(config: Settings) -> Settings:
    """The settings for a sensor's access to the root: Dagster stops a sensor after a minute and runs it again later."""
    timeouts = {name: min(getattr(config, name), _SENSOR_TIMEOUT) for name in ("connect_timeout", "read_timeout")}
    return config.model_copy(update={"retries": 0, **timeouts})


class DeliveryRoot:
    """The location that both systems deliver to, with a connection that is open as long as the context."""

    def __init__(self, config: Settings) -> None:
        self._storage = Storage(config.extracts_root, config)
        self.location = self._storage.location
        self._max_size = config.max_file_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._storage.close()

    def require(self) -> None:
        """Raises a ``YacpError`` when the root can't be reached or read, or doesn't exist."""
        self._storage.names("")
        self._storage.require_root()

    def named_days(self, system: System) -> set[date]:
        """The days that the system has a folder for, complete or not."""
        days = set()
        for name in self._storage.names(system.name):
            with suppress(UsageError):  # another folder
                days.add(parse_day(name))
        return days

    def days(self, *systems: System) -> Iterator[date]:
        """The days that all these systems have delivered in full, newest first; each is looked up only when needed."""
        named = [self.named_days(system) for system in systems]
        for day in sorted(set.intersection(*named), reverse=True):
            if all(self.has(system, day) for system in systems):
                yield day

    def has(self, system: System, day: date) -> bool:
        """Whether the system's delivery of the day is complete."""
        folder = f"{system.name}/{day}"
        return self._storage.exists(f"{folder}/{MANIFEST}") or self._other_case(folder, MANIFEST) is not None

    def _stream(self, system: System, day: date, name: str, limit: int) -> Iterator[bytes]:
        """A delivery's file in chunks, whatever the case of its name."""
        folder = f"{system.name}/{day}"
        try:
            yield from self._storage.stream(f"{folder}/{name}", limit)
        except FileNotFoundError:
            if (other := self._other_case(folder, name)) is None:
                raise
            yield from self._storage.stream(f"{folder}/{other}", limit)

    def _other_case(self, folder: str, name: str) -> str | None:
        """The name in the folder that differs only in case."""
        return next((found for found in sorted(self._storage.names(folder)) if found.lower() == name.lower()), None)

    def folder(self, system: System, day: date) -> str:
        """The address of a delivery's folder, for messages."""
        return self._storage.address(f"{system.name}/{day}")

    def manifest(self, system: System, day: date) -> Manifest:
        """The delivery's manifest; ``DeliveryRefused`` when it is wrong, ``UsageError`` when there is none."""
        try:
            content = b"".join(self._stream(system, day, MANIFEST, _MANIFEST_LIMIT + 1))
        except ForeignFile:
            raise refusal(system, day, f"{MANIFEST} {_NOT_A_FILE_HERE}") from None
        except FileNotFoundError:
            raise UsageError(
                f"{system.title} has not delivered {day} yet: there is no {self.folder(system, day)}/{MANIFEST}."
            ) from None
        if len(content) > _MANIFEST_LIMIT:
            raise refusal(system, day, f"{MANIFEST} is larger than 1 MiB")
        try:
            manifest = parse_manifest(content)
        except InvalidManifest as error:
            raise refusal(system, day, f"{MANIFEST} is not a manifest: {error}") from None
        if (manifest.system, manifest.as_of_date) != (system.name, day):
            found = f"{manifest.system} and {manifest.as_of_date}"
            raise refusal(system, day, f"{MANIFEST} is for {found}, not for this folder")
        if len(manifest.checksums) < len(manifest.files):
            raise refusal(system, day, f"{MANIFEST} names a file more than once")
        for extract in system.extracts:
            if len(files := manifest.files_of(extract)) > 1:
                listed = ", ".join(file.name for file in files)
                raise refusal(system, day, f"{MANIFEST} names {extract.name} more than once: {listed}")
        return manifest

    def unlisted_names(self, system: System, day: date, manifest: Manifest) -> list[str]:
        """The names in the delivery's folder that its manifest doesn't list."""
        known = {MANIFEST, *(name.lower() for name in manifest.checksums)}
        return sorted(name for name in self._storage.names(f"{system.name}/{day}") if name.lower() not in known)

    def fetch(self, system: System, day: date, file: ManifestFile, into: Path) -> str | None:
        """Copies one file and verifies its checksum; returns what is wrong with it, or ``None``.

        The copy gets its name only when it is whole and its checksum is right.
        """
        part = into / f".{file.name}.part"
        digest = hashlib.sha256()
        try:
            with part.open("wb") as target:
                for chunk in self._stream(system, day, file.name, self._max_size + 1):
                    digest.update(chunk)
                    target.write(chunk)
        except ForeignFile:
            return f"{file.name} {_NOT_A_FILE_HERE}"
        except FileNotFoundError:
            return f"{file.name} is in the manifest, but not in the folder"
        if part.stat().st_size > self._max_size:
            return f"{file.name} is larger than {size_text(self._max_size)} (YACP_MAX_FILE_SIZE)"
        if digest.hexdigest() != file.sha256:
            return f"{file.name} has the sha256 {digest.hexdigest()[:12]}…, the manifest says {file.sha256[:12]}…"
        part.rename(into / file.name)
        return None


def refusal(system: System, day: date, *problems: str, then: str = "") -> DeliveryRefused:
    """The error for a delivery that breaks the contract as a whole, with all its problems and what followed."""
    found = "; ".join(problems)
    end = "" if found.endswith("?") else "."
    return DeliveryRefused(
        f"The {system.title} delivery of {day} was refused: {found}{end} {then and then + ' '}"
        f"{NOTHING_LOADED} Ask for a new delivery with a higher delivery number."
    )
