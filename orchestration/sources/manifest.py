"""A delivery's manifest: what it says it holds. Written last, it makes the delivery complete."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from orchestration.contract.extract import Extract

MANIFEST = "manifest.json"
FORMATS = (".csv", ".csv.gz", ".parquet")

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=200)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


class ManifestFile(BaseModel):
    """One file as its manifest promises it: the name inside the folder, data rows, checksum."""

    model_config = ConfigDict(frozen=True)

    name: FileName
    rows: int = Field(ge=0, le=10**12)
    sha256: Sha256


class Manifest(BaseModel):
    """What a delivery says of itself; written last, so its presence makes the delivery complete."""

    model_config = ConfigDict(frozen=True)

    system: Literal["worknet", "iwds"]
    as_of_date: date
    delivery: int = Field(ge=1, le=9999)  # the archive's folders are sorted by four digits
    files: tuple[ManifestFile, ...]

    @property
    def checksums(self) -> dict[str, str]:
        """The checksum of each file: two deliveries with the same ones are the same."""
        return {file.name: file.sha256 for file in self.files}

    def file_of(self, extract: Extract) -> ManifestFile | None:
        """The file that holds the extract, in whichever format; ``None`` when there is none."""
        return next(iter(self.files_of(extract)), None)

    def files_of(self, extract: Extract) -> list[ManifestFile]:
        """Every file that would hold the extract."""
        names = {extract.name + suffix for suffix in FORMATS}
        return [file for file in self.files if file.name in names]


def parse_manifest(content: bytes) -> Manifest:
    """The manifest in a file's content; ``InvalidManifest`` says what is wrong with it."""
    try:
        return Manifest.model_validate(json.loads(content, object_pairs_hook=_without_repeats))
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(_what_is_wrong(error)) from None


class InvalidManifest(Exception):
    """A file that isn't a manifest; the text says why, without quoting a value."""


class _RepeatedName(ValueError):
    pass


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(names := dict(pairs)) < len(pairs):
        raise _RepeatedName
    return names


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON at line {error.lineno}"
    if isinstance(error, ValidationError):
        places = {".".join(str(part) for part in found["loc"]) or "the whole" for found in error.errors()}
        return "wrong or missing " + ", ".join(sorted(places)[:5])
    if isinstance(error, _RepeatedName):
        return "a name stands twice in it"
    return "it can't be read"
