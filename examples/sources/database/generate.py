"""The invented people of sample deliveries, in a database whose tables are another system's.

python examples/sources/database/generate.py EXTRACTS DAY ADDRESS
"""

import re
import sys
from pathlib import Path

import duckdb
import sqlalchemy as sa

HERE = Path(__file__).resolve().parent
SCHEMA = (HERE / "schema.sql").read_text(encoding="utf-8")
TABLES = re.findall(r"create table (\w+)", SCHEMA)
_ROWS = 20_000


def normalized(extracts: Path, day: str) -> duckdb.DuckDBPyConnection:
    """The sample's extracts of a day as the tables of schema.sql, in DuckDB."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'America/Chicago'")
    for system in ("worknet", "iwds"):
        connection.execute(f"create schema {system}")
        for path in sorted((extracts / system / day).glob("*.csv")):
            connection.execute(f"create view {system}.{path.stem} as from read_csv('{path}', all_varchar = true)")
    connection.execute((HERE / "normalize.sql").read_text(encoding="utf-8"))
    return connection


def main(extracts: Path, day: str, address: str) -> None:
    """Replaces the tables of the database by those of the day."""
    engine = sa.create_engine(re.sub(r"^postgresql://", "postgresql+psycopg://", address))
    with normalized(extracts, day) as source, engine.begin() as target:
        for table in TABLES:
            target.execute(sa.text(f"drop table if exists {table}"))
        for statement in filter(str.strip, SCHEMA.split(";")):
            target.execute(sa.text(statement))
        reflected = sa.MetaData()
        reflected.reflect(target, only=TABLES)
        for table in TABLES:
            rows = source.execute(f"from {table}")
            names = [column[0] for column in rows.description]
            while batch := rows.fetchmany(_ROWS):
                target.execute(
                    sa.insert(reflected.tables[table]), [dict(zip(names, row, strict=True)) for row in batch]
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
