"""The Spark session that dbt runs in, started before dbt so that the sources are there, and quiet.

The catalog is in memory, so a run leaves nothing but Parquet and there is no metastore to maintain.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestration.contract.dates import CHICAGO
from orchestration.failures import UsageError
from orchestration.internals.process import redirect_output
from orchestration.internals.spark_home import link_installation
from orchestration.settings import Settings
from orchestration.spark.workspace import Workspace, newest_workspace

_JAVA = 17
_INSTALL = "pip install --require-hashes --no-deps -r requirements/spark.txt"
_QUIET = """\
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


def require_spark() -> str:
    """The versions of what Spark needs here; ``UsageError`` when something is missing."""
    try:
        packages = f"pyspark {version('pyspark')}, dbt-spark {version('dbt-spark')}"
    except PackageNotFoundError:
        raise UsageError(
            f"YACP_ENGINE is spark, and Spark isn't installed here. Install it ({_INSTALL}), or unset YACP_ENGINE: "
            "DuckDB needs nothing else."
        ) from None
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else shutil.which("java")
    try:
        output = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        output = ""
    found = re.search(r'version "(\d+)', output)
    if not found or int(found[1]) < _JAVA:
        raise UsageError(
            f"YACP_ENGINE is spark, and Spark needs Java {_JAVA} or later; "
            + (f"this is Java {found[1]}. " if found else "none was found. ")
            + "Install a headless one (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME."
        )
    return f"{packages}, Java {found[1]}"


@contextmanager
def session(settings: Settings) -> Iterator[None]:
    """Starts the session that dbt will find in this process, with every source in it."""
    workspace = newest_workspace(settings)
    _configure(settings, workspace)
    from pyspark.sql import SparkSession

    # Java's output may quote a row, so it goes to a private file. Java stays in the folder where it was started, and
    # writes its stray files there.
    with redirect_output(workspace.log), chdir(workspace.folder):
        spark = SparkSession.builder.appName("yacp").getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", CHICAGO)
    try:
        views: dict[str, str] = json.loads(workspace.views.read_text())
        for schema in {name.split(".")[0] for name in views}:
            spark.sql(f"create database if not exists {schema}")
        for name, query in views.items():
            spark.sql(f"create or replace view {name} as {query}")
        yield
    finally:
        with redirect_output(workspace.log):
            spark.stop()


def _configure(settings: Settings, workspace: Workspace) -> None:
    """Writes Spark's configuration into its home, and points Spark at both.

    The operator's own settings come after ours: the last line about a setting wins.
    """
    try:
        operator_settings = settings.spark_conf.expanduser().read_text() if settings.spark_conf else ""
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"YACP_SPARK_CONF: {settings.spark_conf} can't be read.") from None
    home = workspace.folder / "home"
    link_installation(home)
    conf = home / "conf"
    conf.mkdir(exist_ok=True)
    (conf / "log4j2.properties").write_text(_QUIET)
    (conf / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in _defaults(settings, workspace).items()) + operator_settings
    )
    os.environ.update(SPARK_HOME=str(home), SPARK_CONF_DIR=str(conf), PYSPARK_SUBMIT_ARGS="pyspark-shell")
    if settings.master.startswith("local"):  # no port that other machines can reach
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost")


def _defaults(settings: Settings, workspace: Workspace) -> Mapping[str, str]:
    defaults = {
        "spark.master": settings.master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": workspace.warehouse,
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # DuckDB reads the older type without a time zone
        "spark.sql.session.timeZone": CHICAGO,
    }
    if settings.master.startswith("local"):
        number, unit = re.findall(r"[\d.]+|[KMGT]", settings.memory_limit)
        megabytes = int(float(number) * 1024 ** ("KMGT".index(unit) - 1))
        defaults |= {
            "spark.driver.memory": f"{max(512, megabytes)}m",  # Spark doesn't start with less
            "spark.local.dir": str(workspace.folder / "local"),
            "spark.sql.shuffle.partitions": str(2 * settings.threads),
        }
    return defaults
