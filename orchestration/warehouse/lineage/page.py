"""The lineage as one page: search a column, and see what it is made of and what it feeds."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestration.state.files import write_whole
from orchestration.warehouse.lineage.graph import How, Lineage

_TEMPLATE = Path(__file__).with_name("page.html")
_PLACE = "LINEAGE_OF_ALL_COLUMNS"


def write_page(lineage: Lineage, path: Path) -> Path:
    """Writes the page, which loads nothing from elsewhere, and returns its path."""
    data = json.dumps(_data(lineage), ensure_ascii=False, separators=(",", ":"))
    write_whole(path, _TEMPLATE.read_text(encoding="utf-8").replace(_PLACE, data.replace("<", "\\u003c")))
    return path


def _data(lineage: Lineage) -> dict[str, Any]:
    """All nodes, with others as numbers: first those that values lead to, then those that decide about rows."""
    nodes = list(lineage.nodes())
    number = {node: index for index, node in enumerate(nodes)}

    def both(found: Mapping[str, How]) -> list[list[int]]:
        return [[number[node] for node, by in found.items() if by == how] for how in ("value", "rows")]

    parts: dict[str, Callable[[str], Mapping[str, How]]] = {
        "sources": lineage.sources, "uses": lineage.uses, "ends": lineage.ends, "published": lineage.published,
    }  # fmt: skip
    return {
        "nodes": [
            {
                "name": node,
                "table": number[lineage.relation(node).name],
                "kind": lineage.kind(node),
                "text": lineage.description(node),
                "constants": sorted(lineage.origin(node).constants),
                "all_constants": sorted(lineage.constants(node)),
                **{part: both(found(node)) for part, found in parts.items()},
            }
            for node in nodes
        ],
        "unused": [number[node] for node in lineage.unused()],
    }
