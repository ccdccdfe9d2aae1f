"""``python -m dashboard``: for a machine that has the published files and nothing else of the pipeline."""

import argparse
import sys
from pathlib import Path

from dashboard.serving import StartError, serve


def main() -> None:
    """Reads the arguments and serves; wrong usage is one sentence and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="The dashboard in a browser.")
    parser.add_argument("--published", type=Path, help="The folder of releases; default: YACP_DASHBOARD_PUBLISHED.")
    parser.add_argument("--host", help="The address to listen on; default: 127.0.0.1.")
    parser.add_argument("--port", type=int, help="The port to listen on; default: 8080.")
    parser.add_argument("--as", dest="as_email", metavar="EMAIL", help="Show it as this person, on this machine only.")
    options = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    try:
        serve(**options)
    except StartError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
