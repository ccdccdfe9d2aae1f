"""``yacp source init``: looks at what a source has, and drafts a profile for an analyst to finish.

Nothing depends on a guess being right. What couldn't be matched is a null with a ``-- TODO``, which the check refuses.
"""

import shutil
from pathlib import Path

import duckdb
from sqlalchemy import inspect

from orchestration.contract.extract import Column, Extract, System
from orchestration.failures import SourceError
from orchestration.pulling.file_survey import survey
from orchestration.pulling.matching import Match, SourceTable, match
from orchestration.pulling.pull import scratch_folder
from orchestration.pulling.shapes import date_formats, date_function, shape_of
from orchestration.settings import Settings
from orchestration.sources.database import inspected
from orchestration.sources.file_tables import days_found, load_tables, open_location
from orchestration.sources.profile import PROFILE, Profile, profile_folder, read_profile
from orchestration.state.database import connect, identifier
from orchestration.state.permissions import make_home

_INTERNAL_SCHEMAS = {"information_schema", "pg_catalog", "sys", "guest", "INFORMATION_SCHEMA"}
_SAMPLE_ROWS = 1_000


def draft(settings: Settings, system: System, files: str | None, address_variable: str) -> tuple[Path, int]:
    """Writes a profile for files at a location, or for a database, and returns its folder and how much is to do."""
    folder = profile_folder(settings, system)
    if folder.exists() and any(folder.iterdir()):
        raise SourceError(f"{folder} has a profile already. Remove it, or set YACP_SOURCES to another folder.")
    make_home(settings)
    with scratch_folder(settings.state, f"init-{system.name}") as scratch:
        drafted = scratch / "sources" / system.name
        drafted.mkdir(parents=True)
        location = files if files is None or "://" in files else str(Path(files).expanduser().absolute())
        (drafted / PROFILE).write_text(survey(settings, location) if location else _database_toml(address_variable))
        apart = settings.model_copy(update={"sources": scratch / "sources"})
        profile = read_profile(apart, system)
        tables = _tables_of_files(apart, profile, scratch) if profile.files else _tables_of_database(apart, profile)
        to_do = 0
        for extract in system.extracts:
            sql = _select(profile, extract, match(extract, tables), tables)
            to_do += sql.count("-- TODO")
            profile.sql_path(extract).write_text(sql, encoding="utf-8")
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(drafted, folder)
    return folder, to_do


def _database_toml(address_variable: str) -> str:
    return (
        "# Drafted by yacp source init. docs/sources.md explains every key.\n\n[database]\n"
        f'address_variable = "{address_variable}"\n\n'
        "# [ready]  TODO: without a query, yesterday is the newest finished day.\n"
        '# query = "select max(finished_on) from …"\n'
    )


def _tables_of_files(settings: Settings, profile: Profile, scratch: Path) -> list[SourceTable]:
    assert profile.files  # noqa: S101 - the caller has looked
    with open_location(settings, profile, profile.files) as storage:
        day = next(days_found(storage, profile.files), None)
    if day is None:
        raise SourceError(
            f"No day in the names of the files at {storage.location} is there for every table, as in "
            "CUST_20261123.txt. Write the profile by hand: docs/sources.md has an example."
        )
    work = scratch / "files"
    work.mkdir()
    with connect(settings) as connection:
        load_tables(connection, settings, profile, profile.files, day, work, lambda _: None)
        return [_surveyed(connection, name) for name in profile.files.tables]


def _surveyed(connection: duckdb.DuckDBPyConnection, table: str) -> SourceTable:
    described = connection.execute(f"describe {identifier(table)}").fetchall()
    columns = tuple(str(name) for name, *_ in described if name not in ("_file", "_line"))
    shapes = {}
    for name in columns:
        found = connection.execute(
            f"select {shape_of('value')} from (select {identifier(name)} as value from {identifier(table)}"
            f" where {identifier(name)} is not null limit {_SAMPLE_ROWS}) group by 1 order by count(*) desc, 1 limit 1"
        ).fetchone()
        if found:
            shapes[name] = str(found[0])
    return SourceTable(table, columns, shapes)


def _tables_of_database(settings: Settings, profile: Profile) -> list[SourceTable]:
    assert profile.database  # noqa: S101 - the caller has looked
    with inspected(settings, profile, profile.database) as connection:
        inspector = inspect(connection)
        found = []
        for schema in inspector.get_schema_names():
            if schema in _INTERNAL_SCHEMAS:
                continue
            before = "" if schema == inspector.default_schema_name else f"{schema}."
            for name in [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]:
                columns = tuple(str(column["name"]) for column in inspector.get_columns(name, schema))
                found.append(SourceTable(f"{before}{name}", columns, {}))
    return found


def _select(profile: Profile, extract: Extract, found: Match, tables: list[SourceTable]) -> str:
    """The select of an extract, with what has to be done by hand marked."""
    notes, items = [f"-- {extract.description} One row per {extract.key.name}."], []
    if found.table is None:
        names = ", ".join(table.name for table in tables)
        notes.append(f"-- TODO: no table looks like {extract.name}; there are {names}.")
    for column in extract.columns:
        source = found.columns[column.name]
        if source is None:
            need = "optional" if column.nullable else "required"
            items.append((f"null as {column.name}", f"  -- TODO: {need}, {column.type}: {column.description}"))
        else:
            items.append((_item(profile, column, source, found.table), ""))
    if profile.files and found.table:
        items += [("_file", ""), ("_line", "")]
    written = [f"    {item}{',' if number < len(items) else ''}{note}" for number, (item, note) in enumerate(items, 1)]
    end = [f"from {found.table.name}"] if found.table else []
    return "\n".join([*notes, "select", *written, *end]) + "\n"


def _item(profile: Profile, column: Column, source: str, table: SourceTable | None) -> str:
    """A column under the contract's name, with its date converted if the shape of the values is known."""
    shape = table.shapes.get(source, "").upper() if table and profile.files else ""
    name = source.lower() if source.replace("_", "").isalnum() and not source[0].isdigit() else identifier(source)
    if known := date_formats(column.type).get(shape):
        return f"{date_function(column.type)}({name}, '{known['duckdb']}') as {column.name}"
    return name if name == column.name else f"{name} as {column.name}"
