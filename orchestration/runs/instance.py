"""The Dagster instance of YACP_HOME, which the command line, the daemon and the UI share."""

import os
from pathlib import Path

from orchestration.settings import Settings
from orchestration.state.files import write_whole
from orchestration.state.permissions import make_home

MODULE = "orchestration.definitions"


def prepare_instance(config: Settings) -> None:
    """Makes this process use the Dagster instance of YACP_HOME."""
    write_instance(config)
    os.environ["DAGSTER_HOME"] = str(config.dagster_home)


def write_instance(config: Settings) -> None:
    """Creates DAGSTER_HOME with its configuration, and rewrites it after the state folder was moved or copied."""
    make_home(config)
    for private in (config.dagster_home, config.dbt_target.parent):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.chmod(0o700)
    target = config.dagster_home / "dagster.yaml"
    template = Path(__file__).with_name("dagster.yaml").read_text()
    content = template.replace("${DAGSTER_HOME}", str(config.dagster_home.resolve()))
    if not target.exists() or target.read_text() != content:
        write_whole(target, content)
