"""A person in the published lists: ``customers.duckdb`` and the Parquet of every release kept, and the live views.

A database is rewritten as a whole, because deleted rows would stay in its free blocks. A Parquet file that several
releases share is still shared afterwards. Readers who have an old file open keep it until they open it again.
"""

import json
import shutil
from collections import defaultdict
from pathlib import Path

from orchestration.privacy.person import Person
from orchestration.privacy.replacement import replaced
from orchestration.publishing.release_files import LINK_POOL
from orchestration.state.checksums import rewriting
from orchestration.state.database import identifier, literal, literal_list, write_parquet
from orchestration.state.fresh_process import in_fresh_process, write_database
from orchestration.state.releases import RELEASE

_RECORDS = (f"releases/[0-9]*/{RELEASE}", f"following/releases/[a-z]*/{RELEASE}")


def find(person: Person) -> dict[str, dict[Path, int]]:
    """How many rows of the person each file has, by kind of file."""
    return {
        "lists, customers.duckdb": {path: count for path in _databases(person) if (count := _rows(person, path))},
        "lists, Parquet": {paths[0]: count for paths, count in _parquet(person)},
    }


def erase(person: Person) -> None:
    """Rewrites every database, and every Parquet file that has rows of the person."""
    published = person.settings.published
    if not published.exists():
        return
    shutil.rmtree(published / "releases" / LINK_POOL, ignore_errors=True)  # links to files of releases removed before
    databases, parquet = _databases(person), [paths for paths, _ in _parquet(person)]
    records = [path for pattern in _RECORDS for path in published.glob(pattern)]
    with rewriting([*databases, *records, *(path for paths in parquet for path in paths)]):
        for database in databases:
            _erase_from_database(person, database)
        for paths in parquet:
            with replaced(paths, published) as new:
                rows = f"from read_parquet({literal(paths[0])}, hive_partitioning = false)"
                write_parquet(person.connection, f"{rows} where ({person.is_theirs}) is not true", new)


def _databases(person: Person) -> list[Path]:
    return sorted(person.settings.published.glob("releases/[0-9]*/customers.duckdb"))


def _rows(person: Person, database: Path) -> int:
    person.connection.execute(f"attach {literal(database)} as published (read_only)")
    counts = " union all ".join(
        f"select count(*) as n from published.{table} where {person.is_theirs}"
        for table, has_customers in _tables(person).items()
        if has_customers
    )
    [(found,)] = person.connection.execute(f"select sum(n) from ({counts})").fetchall()
    person.connection.execute("detach published")
    return int(found)


def _tables(person: Person) -> dict[str, bool]:
    """The tables of the database that is attached, and whether they have a column of customers."""
    rows = person.connection.execute(
        "select schema_name, table_name, bool_or(column_name = 'customer_id') from duckdb_columns()"
        " semi join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = 'published' group by all order by all"
    ).fetchall()
    return {f"{identifier(schema)}.{identifier(table)}": has_customers for schema, table, has_customers in rows}


def _erase_from_database(person: Person, database: Path) -> None:
    """Writes the others' rows to a new file, in a process that has never read this person's."""
    execute, published, record = person.connection.execute, person.settings.published, database.parent / RELEASE
    counts = {}
    with replaced([database], published) as new:
        execute(f"attach {literal(database)} as published (read_only)")
        script = _definitions(person)
        for number, (table, has_customers) in enumerate(_tables(person).items()):
            rows = new.with_name(f"{number}.parquet")
            others = f" where ({person.is_theirs}) is not true" if has_customers else ""
            write_parquet(person.connection, f"from published.{table}{others}", rows)
            [(counts[table.replace('"', "")],)] = execute(f"select count(*) from {literal(rows)}").fetchall()
            script.append(f"insert into {table} from read_parquet({literal(rows)}, hive_partitioning = false)")
        execute("detach published")
        in_fresh_process(write_database, person.settings, new, ";\n".join(script))
    release = json.loads(record.read_text())
    release["rows"] |= {table: count for table, count in counts.items() if table in release["rows"]}
    with replaced([record], published) as new:
        new.write_text(json.dumps(release, indent=1) + "\n")


def _definitions(person: Person) -> list[str]:
    """The statements that create the tables and views of the database that is attached, without their rows."""
    relations = person.connection.execute(
        "select 'table' as kind, schema_name, table_name, sql, comment from duckdb_tables()"
        " where database_name = 'published'"
        " union all select 'view', schema_name, view_name, sql, comment from duckdb_views()"
        " where database_name = 'published' and not internal order by kind"
    ).fetchall()
    columns = person.connection.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns()"
        " where database_name = 'published' and comment is not null"
    ).fetchall()
    statements = []
    for kind, schema, name, sql, comment in relations:
        statements += [f"create schema if not exists {identifier(schema)}", sql.rstrip(";\n")]
        if comment is not None:
            statements.append(f"comment on {kind} {identifier(schema)}.{identifier(name)} is {literal(comment)}")
    for schema, name, column, comment in columns:
        relation = f"{identifier(schema)}.{identifier(name)}"
        statements.append(f"comment on column {relation}.{identifier(column)} is {literal(comment)}")
    return statements


def _parquet(person: Person) -> list[tuple[list[Path], int]]:
    """Every file that has rows of the person: the paths of all its links, and how many rows."""
    links = defaultdict(list)
    for path in sorted(person.settings.published.rglob("*.parquet")):
        if "customers" in path.relative_to(person.settings.published).parts:
            links[path.stat().st_dev, path.stat().st_ino].append(path)
    shared = {str(paths[0]): paths for paths in links.values()}
    of_customers = person.connection.execute(
        "select file_name from parquet_schema(?) where name = 'customer_id'", [list(shared)]
    ).fetchall()
    if not of_customers:
        return []
    rows = person.connection.execute(
        f"select filename, count(*) from read_parquet({literal_list(Path(name) for (name,) in of_customers)},"
        " union_by_name = true, filename = true, hive_partitioning = false)"
        f" where {person.is_theirs} group by filename order by filename"
    ).fetchall()
    return [(shared[name], count) for name, count in rows]
