"""The lineage of every column, backward and forward."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

from orchestration.failures import UsageError
from orchestration.warehouse.lineage.query import Origin

Kind = Literal["extract", "seed", "run", "model", "published"]
How = Literal["value", "rows"]
"""``value``: it goes into the value. ``rows``: it decides which rows there are, or is counted."""


@dataclass(frozen=True)
class Relation:
    """A table that a run reads or builds. Only models have origins: lineage ends at the others."""

    name: str
    kind: Kind
    description: str
    columns: Mapping[str, str]
    origins: Mapping[str, Origin]
    rows: Origin

    @property
    def is_built(self) -> bool:
        """Whether it is a model. Lineage ends at all others."""
        return self.kind in ("model", "published")

    def as_record(self) -> dict[str, Any]:
        """As JSON."""
        origins = {name: _record(origin) for name, origin in self.origins.items()}
        return {**asdict(self), "origins": origins, "rows": _record(self.rows)}

    @staticmethod
    def of_record(record: Mapping[str, Any]) -> "Relation":
        """What ``as_record`` wrote."""
        origins = {name: _origin(parts) for name, parts in record["origins"].items()}
        return Relation(**{**record, "origins": origins, "rows": _origin(record["rows"])})


@dataclass(frozen=True)
class Lineage:
    """All relations by name. A node is a column, ``schema.table.column``, or a relation, which stands for its rows."""

    relations: Mapping[str, Relation]

    def origin(self, node: str) -> Origin:
        """What a node is made of directly; nothing where lineage ends."""
        relation = self.relation(node)
        if node == relation.name or not relation.is_built:
            return relation.rows
        return relation.origins[self.column(node)]

    def relation(self, node: str) -> Relation:
        """The relation that a node is or belongs to."""
        return self.relations[".".join(node.split(".")[:2])]

    def column(self, node: str) -> str:
        """The name of the column alone; empty for a relation."""
        return node.removeprefix(self.relation(node).name).removeprefix(".")

    def kind(self, node: str) -> Kind:
        """What its relation is."""
        return self.relation(node).kind

    def tables_of(self, nodes: Iterable[str]) -> list[str]:
        """The relations of these nodes, each once."""
        return sorted({self.relation(node).name for node in nodes})

    def description(self, node: str) -> str:
        """What the contract or the model says of it."""
        relation = self.relation(node)
        return relation.columns[self.column(node)] if node != relation.name else relation.description

    def columns(self, *kinds: Kind) -> Iterator[str]:
        """The columns of all relations of these kinds."""
        for relation in self.relations.values():
            if relation.kind in kinds:
                yield from (f"{relation.name}.{column}" for column in relation.columns)

    def nodes(self) -> Iterator[str]:
        """Every relation, each followed by its columns."""
        for relation in self.relations.values():
            yield relation.name
            yield from (f"{relation.name}.{column}" for column in relation.columns)

    def sources(self, node: str) -> dict[str, How]:
        """What a node is made of directly, and how."""
        origin = self.origin(node)
        found: dict[str, How] = dict.fromkeys(sorted(origin.rows | origin.decides), "rows")
        return found | dict.fromkeys(sorted(origin.values), "value")

    def uses(self, node: str) -> dict[str, How]:
        """What a node goes into directly, and how."""
        return self._uses.get(node, {})

    @cached_property
    def _uses(self) -> dict[str, dict[str, How]]:
        found: dict[str, dict[str, How]] = defaultdict(dict)
        for node in self.nodes():
            for source, how in self.sources(node).items():
                found[source][node] = how
        return dict(found)

    def back(self, node: str) -> dict[str, How]:
        """Everything that a node is made of, directly or not; ``value`` where values alone lead there."""
        return self._reach(node, is_back=True)

    def forward(self, node: str) -> dict[str, How]:
        """Everything that a node goes into, directly or not; ``value`` where values alone lead there."""
        return self._reach(node, is_back=False)

    def _reach(self, node: str, *, is_back: bool) -> dict[str, How]:
        found: dict[str, How] = {}
        waiting: list[tuple[str, How]] = [(node, "value")]
        while waiting:
            here, so_far = waiting.pop()
            for other, how in (self.sources(here) if is_back else self.uses(here)).items():
                joined: How = "value" if so_far == how == "value" else "rows"
                if found.get(other) not in (joined, "value"):
                    found[other] = joined
                    waiting.append((other, joined))
        return found

    def ends(self, node: str) -> dict[str, How]:
        """The columns and rows of extracts, seeds, and run records that a node is made of."""
        return {end: how for end, how in sorted(self.back(node).items()) if not self.relation(end).is_built}

    def published(self, node: str) -> dict[str, How]:
        """The published columns and tables that a node goes into."""
        found = sorted(self.forward(node).items())
        return {end: how for end, how in found if self.relation(end).kind == "published"}

    def constants(self, node: str) -> set[str]:
        """What is written in the SQL of the models and goes into the value."""
        values = [other for other, how in self.back(node).items() if how == "value"]
        return {constant for other in (node, *values) for constant in self.origin(other).constants}

    def unused(self) -> list[str]:
        """The columns of extracts that nothing published is made of or decided by."""
        return [column for column in self.columns("extract") if not self.published(column)]

    def find(self, name: str) -> str:
        """The node of this name, or of its end where that is enough. An extract also has its name in the warehouse.

        Raises ``UsageError`` with names that are close.
        """
        wanted = name.strip().lower().removeprefix("raw.")
        for relation in self.relations.values():
            table = relation.name.replace(".", "_", 1)
            if relation.kind == "extract" and wanted.split(".")[0] == table:
                wanted = relation.name + wanted.removeprefix(table)
        nodes = list(self.nodes())
        if wanted in nodes:
            return wanted
        ending = f".{wanted}"
        found = [node for node in nodes if node.endswith(ending)]
        if len(found) > 1:  # a whole table comes before columns of that name
            found = [node for node in found if node in self.relations] or found
        if len(found) == 1:
            return found[0]
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise UsageError(f"{name} can be {', '.join(found[:_SHOWN])}{more}. Name one with its schema and table.")
        names = {node.partition(".")[2]: node for node in nodes} | {node: node for node in nodes}
        close = dict.fromkeys(names[match] for match in get_close_matches(wanted, names, _SHOWN))
        hint = f"Close to it: {', '.join(close)}." if close else "yacp lineage lists the tables."
        raise UsageError(f"There is no table or column called {name}. {hint}")


_SHOWN = 5


def _record(origin: Origin) -> dict[str, list[str]]:
    return {part: sorted(names) for part, names in asdict(origin).items()}


def _origin(record: Mapping[str, list[str]]) -> Origin:
    return Origin(**{part: frozenset(names) for part, names in record.items()})
