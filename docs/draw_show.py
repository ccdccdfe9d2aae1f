"""Draws docs/show.svg: the sample's dashboard as `yacp show` prints it.

    .venv/bin/yacp generate --as-of 2026-11-23
    .venv/bin/yacp run
    .venv/bin/python docs/draw_show.py

Rich loads its font from a public server. The picture asks no server for anything: it names the font and falls back to
the reader's own.
"""

import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from orchestration.cli.dashboard_tables import show_dashboard
from orchestration.publishing.queries import Scope, legend, sections
from orchestration.settings import settings

PICTURE = Path(__file__).with_name("show.svg")
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Writes the picture."""
    release, table = sections(settings(), Scope.parse("statewide"), None, None)
    console = Console(
        file=StringIO(), record=True, width=100, color_system="truecolor", force_terminal=True, no_color=False
    )
    show_dashboard(table, legend(release), f"Illinois · as of {release.as_of_date}", console)
    PICTURE.write_text(WEB_FONT.sub("", console.export_svg(title="yacp show", unique_id="show")))


if __name__ == "__main__":
    main()
