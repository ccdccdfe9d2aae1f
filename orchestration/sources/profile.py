"""Source profiles: how the deliveries of a system are pulled, written by an analyst.

    sources/<system>/source.toml      where the rows are, in which format, and when a day is complete
    sources/<system>/<extract>.sql    one select per extract of the contract
    sources/<system>/<name>.csv       code lists that the SQL may join

Every error names the file and the key or line in it. The address of a database is never in a profile.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from orchestration.contract.extract import Extract, System
from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.day_patterns import DayPattern, InvalidPattern

PROFILE = "source.toml"
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=63)]
_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class FileTable(_Part):
    """The files that make up one table, and how they are written. ``fixed_width`` has first and last character."""

    files: str
    delimiter: str = Field(default=",", min_length=1, max_length=4)
    quote: str = Field(default='"', max_length=1)
    encoding: str = "utf-8"
    null: tuple[str, ...] = ()
    skip_first: int = Field(default=0, ge=0, le=10_000)
    skip_last: int = Field(default=0, ge=0, le=10_000)
    columns: tuple[str, ...] = ()
    fixed_width: dict[str, tuple[int, int]] = {}
    sheet: str = ""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        try:
            "".encode(self.encoding)
            DayPattern(self.files)
        except LookupError:
            raise ValueError(f"Python knows no encoding {self.encoding}") from None
        except InvalidPattern as error:
            raise ValueError(str(error)) from None
        if any(not 1 <= first <= last for first, last in self.fixed_width.values()):
            raise ValueError("fixed_width needs the first and the last character of each column, from 1")
        return self

    @property
    def pattern(self) -> DayPattern:
        """Which files of a location belong to the table, and to which day."""
        return DayPattern(self.files)


class Files(_Part):
    """Files at a location; a relative path is below YACP_HOME."""

    location: str = Field(min_length=1)
    tables: dict[TableName, FileTable] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _apply_format(cls, given: Any) -> Any:
        """``[files.format]`` holds for every table that doesn't say otherwise, which may be no more than a pattern."""
        if not isinstance(given, dict) or not isinstance(given.get("tables"), dict):
            return given
        rest = {name: value for name, value in given.items() if name != "format"}
        shared = given.get("format", {})
        tables = {
            name: {**shared, **({"files": table} if isinstance(table, str) else table)}
            if isinstance(table, str | dict)
            else table
            for name, table in given["tables"].items()
        }
        return {**rest, "tables": tables}


class Database(_Part):
    """A database; its address is in an environment variable or in a file. ``isolation`` overrides the dialect's own."""

    address_variable: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    address_file: Path | None = None
    isolation: str = Field(default="", pattern=r"^[A-Za-z ]*$")
    past_days: bool = False

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.address_variable) == bool(self.address_file):
            raise ValueError("needs either address_variable or address_file")
        return self

    def address(self, profile: Path) -> SecretStr:
        """The address, which is a secret; ``SourceError`` when it isn't there."""
        if self.address_file is None:
            if not (found := os.environ.get(self.address_variable, "").strip()):
                raise SourceError(
                    f"The profile of {profile.parent.name} has its database's address in the variable "
                    f"{self.address_variable}, which is not set. Set it, as docs/sources.md shows."
                )
            return SecretStr(found)
        file = (profile.parent / self.address_file.expanduser()).resolve()
        try:
            found = file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise SourceError(f"{profile}: address_file names {file}, which can't be read.") from None
        if not found:
            raise SourceError(f"{profile}: address_file names {file}, which is empty.")
        return SecretStr(found)


class Ready(_Part):
    """When a day is complete: a file says so, nothing changed for a while, or a query returns the newest such day."""

    file: str = ""
    age_minutes: float = Field(default=0, ge=0)
    query: str = ""


class _Content(_Part):
    files: Files | None = None
    database: Database | None = None
    ready: Ready = Ready()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.files is None) == (self.database is None):
            raise ValueError("needs either [files] or [database]")
        if self.files and self.ready.query:
            raise ValueError("[ready] query is for a database; for files there are file and age_minutes")
        if self.database and (self.ready.file or self.ready.age_minutes):
            raise ValueError("[ready] file and age_minutes are for files; for a database there is query")
        if self.ready.file:
            try:
                DayPattern(self.ready.file)
            except InvalidPattern as error:
                raise ValueError(f"[ready] file: {error}") from None
        return self


@dataclass(frozen=True)
class Profile:
    """The profile of a system, read and checked."""

    system: System
    folder: Path
    files: Files | None
    database: Database | None
    ready: Ready

    @property
    def path(self) -> Path:
        """The file with everything but the SQL, for messages."""
        return self.folder / PROFILE

    def sql_path(self, extract: Extract) -> Path:
        """The file with the extract's select."""
        return self.folder / f"{extract.name}.sql"

    def sql(self, extract: Extract) -> str:
        """The extract's select; ``SourceError`` when it isn't there."""
        path = self.sql_path(extract)
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SourceError(
                f"{path} is missing: a profile has a select for every extract of {self.system.title}. yacp source init "
                "drafts them."
            ) from None
        except (OSError, UnicodeDecodeError):
            raise SourceError(f"{path} can't be read; it must be a text in UTF-8.") from None

    @property
    def code_lists(self) -> dict[str, Path]:
        """The CSV files of the folder, by the name of the table that the SQL can join."""
        found = {path.stem: path for path in sorted(self.folder.glob("*.csv"))}
        for name, path in found.items():
            if not _PLAIN.match(name):
                raise SourceError(
                    f"{path}: its name is the name of a table, so it can have letters, digits and _ only."
                )
        return found

    @property
    def all_files(self) -> list[Path]:
        """The files that the profile consists of."""
        return [self.path, *map(self.sql_path, self.system.extracts), *self.code_lists.values()]


def profile_folder(settings: Settings, system: System) -> Path:
    """Where the system's profile is, or would be."""
    return settings.sources_folder / system.name


def profile_files(settings: Settings, system: System) -> list[Path]:
    """The files of a system's profile, whether or not it can be read."""
    folder = profile_folder(settings, system)
    return [folder / PROFILE, *sorted(path for path in folder.glob("*") if path.suffix in (".sql", ".csv"))]


def has_profile(settings: Settings, system: System) -> bool:
    """Whether the system's deliveries are pulled."""
    return (profile_folder(settings, system) / PROFILE).exists()


def read_profile(settings: Settings, system: System) -> Profile:
    """The system's profile; ``SourceError`` names the file and the key that is wrong."""
    folder = profile_folder(settings, system)
    path = folder / PROFILE
    try:
        text = path.read_text(encoding="utf-8")
        content = _Content.model_validate(tomllib.loads(text))
    except FileNotFoundError:
        raise SourceError(
            f"{system.title} has no profile: there is no {path}. yacp source init {system.name} drafts one; "
            "YACP_SOURCES names another folder."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise SourceError(f"{path} can't be read; it must be a text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        raise SourceError("; ".join(_what_is_wrong(path, text, dict(each)) for each in error.errors()) + ".") from None
    return Profile(system, folder, content.files, content.database, content.ready)


def _what_is_wrong(path: Path, text: str, error: dict[str, Any]) -> str:
    keys = [str(part) for part in error["loc"]]
    line = _line_of(text, keys)
    where = f"{path}, line {line}" if line else str(path)
    said = {"extra_forbidden": "there is no such key", "missing": "this key is missing"}.get(
        error["type"], str(error["msg"]).removeprefix("Value error, ")
    )
    return f"{where}: {'.'.join(keys)}: {said}" if keys else f"{where}: {said}"


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line that sets the innermost key that is in the file; what is wrong may be that a key is missing."""
    for key in reversed(keys):
        written = re.compile(
            rf"^\s*(\[[^\]]*\b{re.escape(key)}\]|[\"']?{re.escape(key)}[\"']?\s*=|.*\b{re.escape(key)}\s*=)"
        )
        for number, line in enumerate(text.splitlines(), start=1):
            if written.match(line):
                return number
    return None
