"""The manifest of a delivery: its files with row counts and checksums. Written last, it completes the delivery."""

import json
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from orchestration.contract.extract import Extract

MANIFEST = "manifest.json"


class ManifestFile(BaseModel):
    """One file as the manifest lists it: its name in the folder, the number of data rows, the checksum."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=200)
    rows: int = Field(ge=0, le=10**12)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]

    @property
    def format(self) -> str:
        """``csv``, ``csv.gz`` or ``parquet``, for the file of an extract."""
        return self.name.partition(".")[2].lower()


class Manifest(BaseModel):
    """What a delivery contains, by its own account. ``source`` is a digest of what a delivery was pulled from."""

    model_config = ConfigDict(frozen=True)

    system: Literal["worknet", "iwds"]
    as_of_date: date
    delivery: int = Field(ge=1, le=9999)  # the archive names folders with four digits
    files: tuple[ManifestFile, ...]
    source: str = ""

    @property
    def checksums(self) -> dict[str, str]:
        """The checksum of each file; two deliveries with equal checksums are equal."""
        return {file.name: file.sha256 for file in self.files}

    def file_of(self, extract: Extract) -> ManifestFile | None:
        """The file of the extract, in any format; ``None`` when there is none."""
        return next(iter(self.files_of(extract)), None)

    def files_of(self, extract: Extract) -> list[ManifestFile]:
        """All files that could be the extract's; more than one is an error."""
        names = {f"{extract.name}.{ending}" for ending in ("csv", "csv.gz", "parquet")}
        return [file for file in self.files if file.name.lower() in names]


def parse_manifest(content: bytes) -> Manifest:
    """Parses the content of a manifest; ``InvalidManifest`` says what is wrong with it."""
    try:
        return Manifest.model_validate(json.loads(content, object_pairs_hook=_reject_repeated_names))
    except json.JSONDecodeError as error:
        raise InvalidManifest(f"invalid JSON in line {error.lineno}") from None
    except ValidationError as error:
        fields = {".".join(str(part) for part in found["loc"]) or "everything" for found in error.errors()}
        raise InvalidManifest("wrong or missing " + ", ".join(sorted(fields)[:5])) from None
    except (ValueError, RecursionError):
        raise InvalidManifest("it can't be read") from None


class InvalidManifest(Exception):
    """A file that isn't a valid manifest; the text says why, without quoting a value."""


def _reject_repeated_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(names := dict(pairs)) < len(pairs):
        raise InvalidManifest("it has a name twice")
    return names
