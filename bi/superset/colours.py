"""Writes the colors of the web dashboard into the assets: of rows by the line's color, and of series named for one.

Superset keeps colors inside its charts and dashboards. Run this after changing them in dashboard.css.
"""

import re
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
STYLES = HERE.parents[1] / "dashboard" / "static" / "dashboard.css"


def colours() -> dict[str, tuple[str, str]]:
    """The fill and the edge of each color of the guide, as the web dashboard shows them by day."""
    by_day = STYLES.read_text().split("}", 1)[0]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", by_day))
    return {name.removesuffix("-edge"): (full(found[name.removesuffix("-edge")]), full(found[name]))
            for name in found if name.endswith("-edge")}  # fmt: skip


def full(colour: str) -> str:
    """The long form, the only one that Superset takes."""
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


def coloured(asset: dict[str, Any]) -> dict[str, Any]:
    """The chart or dashboard with today's colors."""
    of = colours()
    if "label_colors" in asset.get("metadata", {}):
        asset["metadata"]["label_colors"] = {name: edge for name, (_, edge) in of.items()}
    for rule in (asset.get("params") or {}).get("conditional_formatting", []):
        rule["colorScheme"] = of[rule["targetValue"]][0]
    return asset


class Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and what occurs twice in full, as Superset's own export does."""

    def ignore_aliases(self, _: Any) -> bool:
        """Never refers to an earlier part of the file."""
        return True


def written(asset: dict[str, Any]) -> str:
    """The asset as the committed file has it."""
    return yaml.dump(asset, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


Dumper.add_representer(
    str, lambda to, text: to.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)

if __name__ == "__main__":
    for path in HERE.glob("assets/*/*.yaml"):
        path.write_text(written(coloured(yaml.safe_load(path.read_text()))))
