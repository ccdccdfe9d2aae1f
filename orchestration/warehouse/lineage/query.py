"""What each column of one query is made of, and what decides which rows there are, read from its SQL by sqlglot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, cast

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

_DIALECT = "duckdb"
_LONGEST_CONSTANT = 60
_NULL = "NULL"
_CLAUSES = ("joins", "where", "group", "having", "qualify", "distinct", "order")
Relations = Mapping[str, Mapping[str, Iterable[str]]]
"""The columns of every relation that a query can read, by schema and table."""


class Unreadable(Exception):
    """A query whose lineage can't be told, and why."""


@dataclass(frozen=True)
class Origin:
    """What a column, or the set of a relation's rows, is made of.

    ``values``: the columns whose values go into it. ``rows``: the relations whose rows are counted, or are the rows.
    ``decides``: the columns that decide which rows these are. ``constants``: what is written in the SQL.
    """

    values: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    decides: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()

    def __or__(self, other: Self) -> "Origin":
        return Origin(*(getattr(self, part.name) | getattr(other, part.name) for part in fields(self)))

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))

    def as_condition(self) -> "Origin":
        """The same as something that decides which rows there are."""
        return Origin(rows=self.rows, decides=self.values | self.decides)


def read_query(sql: str, relations: Relations) -> tuple[dict[str, Origin], Origin]:
    """The origin of each column of a query, in their order, and of its rows. Raises ``Unreadable``."""
    schema = MappingSchema(
        {name: {table: dict.fromkeys(columns, "unknown") for table, columns in tables.items()}
         for name, tables in relations.items()},
        dialect=_DIALECT,
    )  # fmt: skip
    try:
        tree = parse_one(sql, dialect=_DIALECT)
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)  # the database's name depends on where the warehouse is
        qualified = qualify(tree, schema=schema, dialect=_DIALECT)
    except SqlglotError as error:
        raise Unreadable(str(error).partition("\n")[0]) from None
    if (scope := build_scope(qualified)) is None:
        raise Unreadable("it is no select")
    reader = _Reader(relations)
    return reader.columns(scope), reader.rows(scope)


class _Reader:
    """Follows columns through the CTEs, subqueries, and unions of one query, each of them once."""

    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._columns: dict[int, dict[str, Origin]] = {}
        self._rows: dict[int, Origin] = {}

    def columns(self, scope: Scope) -> dict[str, Origin]:
        """The origin of each output column."""
        key = id(scope)
        if key not in self._columns:
            self._columns[key] = self._columns_of(scope)
        return self._columns[key]

    def rows(self, scope: Scope) -> Origin:
        """The relations whose rows these are, and the columns by which they are joined, chosen, and grouped."""
        key = id(scope)
        if key not in self._rows:
            if scope.is_udtf:
                self._rows[key] = self._of(scope.expression, scope).as_condition()
            elif scope.set_operation_scopes:
                left, right = scope.set_operation_scopes
                self._rows[key] = self.rows(left) | self.rows(right)
            else:
                self._rows[key] = self._counted(scope) | self._conditions(scope)
        return self._rows[key]

    def _counted(self, scope: Scope) -> Origin:
        """The rows that an aggregate or a window of this select sees."""
        found = self._conditions(scope, ("joins", "where", "group"))
        for _, source in scope.selected_sources.values():
            found |= self._rows_of_source(source, scope)
        return found

    def _columns_of(self, scope: Scope) -> dict[str, Origin]:
        if not scope.set_operation_scopes:
            return {select.alias_or_name: self._of(select, scope) for select in _selects(scope)}
        left, right = (self._branch(branch) for branch in scope.set_operation_scopes)
        if not scope.expression.args.get("by_name"):
            right = dict(zip(left, right.values(), strict=True))
        nothing = Origin(constants=frozenset([_NULL]))
        return {name: left.get(name, Origin()) | right.get(name, Origin()) or nothing for name in left | right}

    def _branch(self, scope: Scope) -> dict[str, Origin]:
        """The columns of a branch of a union: which rows it has decides where its constants stand, but for null."""
        if scope.set_operation_scopes:
            return self.columns(scope)
        chosen = self._conditions(scope) or self.rows(scope)
        found = {}
        for name, origin in self.columns(scope).items():
            constants = origin.constants - {_NULL}
            found[name] = replace(origin, constants=constants) | (chosen if constants else Origin())
        return found

    def _conditions(self, scope: Scope, clauses: Sequence[str] = _CLAUSES) -> Origin:
        """What joins, filters, and groups the rows in this select itself."""
        select, parts = scope.expression, []
        for clause in clauses:
            found = select.args.get(clause)
            if clause == "joins":
                parts += [join.args.get("on") for join in found or ()]
            elif clause == "distinct" and found:
                parts += _selects(scope)
            elif clause != "order" or select.args.get("limit"):
                parts.append(found)
        decides = Origin()
        for part in parts:
            if part is not None:
                decides |= self._of(part, scope).as_condition()
        return decides

    def _of(self, expression: exp.Expr, scope: Scope) -> Origin:
        found = Origin()
        for node in expression.walk(prune=lambda node: isinstance(node, exp.Select | exp.SetOperation)):
            if isinstance(node, exp.Select | exp.SetOperation):
                found |= self._of_subquery(node, scope)
            elif isinstance(node, exp.TableColumn) or (isinstance(node, exp.Star) and not _is_counted(node)):
                raise Unreadable(f"{expression.sql(_DIALECT)} takes a whole row")
            elif isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
                found |= self._of_column(node, scope)
            elif isinstance(node, exp.AggFunc | exp.Window) and not _names_columns(node):
                found |= self._counted(scope)
        return found or Origin(constants=frozenset([_constant(expression)]))

    def _of_subquery(self, query: exp.Expr, scope: Scope) -> Origin:
        """All of what a subquery in an expression selects, and what decides which rows it finds, makes its value."""
        inner = next((inner for inner in scope.subquery_scopes if inner.expression is query), None)
        if inner is None:
            raise Unreadable(f"{query.sql(_DIALECT)} can't be followed")
        found = self._conditions(inner) if not inner.set_operation_scopes else self.rows(inner)
        found = Origin(values=found.decides, rows=found.rows)
        for origin in self.columns(inner).values():
            found |= origin
        return Origin(found.values, found.rows, found.decides) if found.values or found.rows else found

    def _of_column(self, column: exp.Column, scope: Scope) -> Origin:
        within: Scope | None = scope
        while within is not None and column.table not in within.sources:
            within = within.parent
        if within is None:
            raise Unreadable(f"{column.sql(_DIALECT)} is of no table of it")
        for pivot in within.pivots:
            if pivot.alias == column.table:
                return self._of_unpivoted(column.name, pivot, within)
        return self._of_source(column.name, within.sources[column.table], within)

    def _of_source(self, name: str, source: exp.Expr | Scope, scope: Scope) -> Origin:
        if not isinstance(source, Scope):
            relation = self._relation(source)
            return Origin(values=frozenset([f"{relation}.{name}"])) if relation else self._of(source.this, scope)
        if source.is_udtf:
            return self._of(source.expression, source)
        if name not in (columns := self.columns(source)):
            raise Unreadable(f"{name} is no column of a query in it")
        return columns[name]

    def _of_unpivoted(self, name: str, pivot: exp.Pivot, scope: Scope) -> Origin:
        """A column of ``unpivot``: the values, the names of the columns that have one, or one that is kept."""
        table = pivot.parent
        if not pivot.args.get("unpivot") or not isinstance(table, exp.Table) or len(pivot.fields) != 1:
            raise Unreadable("it pivots, or unpivots what is no table and no CTE")
        source = _unpivoted(table, scope)
        values = Origin()
        for column in pivot.fields[0].expressions:
            values |= self._of_source(column.name, source, scope)
        if name in (value.name for value in pivot.expressions):
            return values
        if name == pivot.fields[0].this.name:
            constants = frozenset(f"'{column.name}'" for column in pivot.fields[0].expressions)
            return replace(values.as_condition(), constants=constants)
        return self._of_source(name, source, scope)

    def _rows_of_source(self, source: exp.Expr | Scope, scope: Scope) -> Origin:
        if isinstance(source, Scope):
            return self.rows(source)
        if source.args.get("pivots"):  # a row for each value there is
            found = Origin()
            for pivot in source.args["pivots"]:
                found |= self._of_unpivoted(pivot.expressions[0].name, pivot, scope).as_condition()
            named = _unpivoted(source, scope)
            return found | (
                self.rows(named) if isinstance(named, Scope) else Origin(rows=frozenset([self._relation(source)]))
            )
        if relation := self._relation(source):
            return Origin(rows=frozenset([relation]))
        return self._of(source.this, scope).as_condition()

    def _relation(self, table: exp.Expr) -> str:
        """Schema and name; empty for a function that returns rows."""
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            return ""
        if table.name not in self._relations.get(table.db, {}):
            raise Unreadable(f"it reads {table.db}.{table.name}, which nothing describes")
        return f"{table.db}.{table.name}"


def _selects(scope: Scope) -> list[exp.Expr]:
    return cast("exp.Select", scope.expression).selects


def _unpivoted(table: exp.Expr, scope: Scope) -> exp.Expr | Scope:
    """What a table with ``unpivot`` behind it reads: a CTE of that name, or itself."""
    named = scope.cte_sources.get(table.name)
    return named if isinstance(named, Scope) and not table.args.get("db") else table


def _is_counted(star: exp.Star) -> bool:
    """Whether it is that of ``count(*)`` or ``count(table.*)``."""
    return star.find_ancestor(exp.Count, exp.Select) is not star.parent_select


def _names_columns(node: exp.Expr) -> bool:
    """Whether an aggregate is of columns, and not of rows as ``count(*)`` is, whatever filters them."""
    return not node.find(exp.Star) and node.find(exp.Column) is not None


def _constant(expression: exp.Expr) -> str:
    value = expression.unalias()
    while isinstance(value, exp.Cast | exp.Paren):
        value = value.this
    text = value.sql(_DIALECT)
    return text if len(text) <= _LONGEST_CONSTANT else f"{text[:_LONGEST_CONSTANT]}…"
