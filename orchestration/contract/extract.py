"""Extracts: their columns, types and references."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class ColumnType(StrEnum):
    """The type of a column. Each has one DuckDB type in the archive."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    SSN_LAST4 = "last four digits"

    @property
    def duckdb_type(self) -> str:
        """The type in the archive's Parquet files and in ``raw``; timestamps are instants (with time zone)."""
        return {
            ColumnType.TEXT: "VARCHAR",
            ColumnType.CODE: "VARCHAR",
            ColumnType.INTEGER: "INTEGER",
            ColumnType.DATE: "DATE",
            ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
            ColumnType.BOOLEAN: "BOOLEAN",
            ColumnType.SSN_LAST4: "VARCHAR",
        }[self]


@dataclass(frozen=True)
class Column:
    """A column of an extract. What is ``personal`` must never leave the archive and the customer lists."""

    name: str
    description: str
    type: ColumnType
    nullable: bool = False
    key: bool = False
    codes: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True)
class Reference:
    """A column that refers to the key of another extract of the same system.

    With a *hard* reference, a row without its parent is quarantined as an ``orphan``; with a soft one it only causes a
    warning.
    """

    column: str
    parent: str
    hard: bool = True


@dataclass(frozen=True)
class Extract:
    """One file of a delivery: a full snapshot as of the end of the as-of date, one row per key."""

    system: str
    name: str
    description: str
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()

    @property
    def table(self) -> str:
        """The name in the warehouse's ``raw`` schema, for example ``worknet_customers``."""
        return f"{self.system}_{self.name}"

    @property
    def key(self) -> Column:
        """The column that identifies a row."""
        return next(column for column in self.columns if column.key)

    @property
    def parents(self) -> tuple[Reference, ...]:
        """The hard references: the rows that a row can't do without."""
        return tuple(reference for reference in self.references if reference.hard)


@dataclass(frozen=True)
class System:
    """A source system and its extracts, parents before children."""

    name: str
    title: str
    extracts: tuple[Extract, ...]

    def extract(self, name: str) -> Extract:
        """The extract with that name; ``KeyError`` when the system has none."""
        return {extract.name: extract for extract in self.extracts}[name]


LWIA = "The number of the local workforce innovation area."

key_column = partial(Column, type=ColumnType.TEXT, key=True)
text_column = partial(Column, type=ColumnType.TEXT)
integer_column = partial(Column, type=ColumnType.INTEGER)
date_column = partial(Column, type=ColumnType.DATE)
timestamp_column = partial(Column, type=ColumnType.TIMESTAMP)
boolean_column = partial(Column, type=ColumnType.BOOLEAN)
ssn_column = partial(Column, "ssn_last4", type=ColumnType.SSN_LAST4, nullable=True, personal=True)


def code_column(name: str, description: str, *codes: str, nullable: bool = False) -> Column:
    """A column of codes from a fixed set."""
    return Column(name, description, ColumnType.CODE, nullable=nullable, codes=codes)
