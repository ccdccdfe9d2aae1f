"""The Spark session that dbt runs in, begun before dbt so that it finds the sources there, and quiet.

Nothing of it outlives the run but Parquet: the catalog is in memory, so no metastore has to be kept or mended.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestration.contract.dates import CHICAGO
from orchestration.failures import UsageError
from orchestration.internals.process import redirect_output
from orchestration.settings import Settings
from orchestration.spark.workspace import Workspace, newest

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
    """What Spark runs on here; ``UsageError`` when it lacks something."""
    try:
        found = f"pyspark {version('pyspark')}, dbt-spark {version('dbt-spark')}"
    except PackageNotFoundError:
        raise UsageError(
            f"YACP_ENGINE is spark, and Spark isn't installed here. Install it ({_INSTALL}), or leave YACP_ENGINE out: "
            "DuckDB needs nothing else."
        ) from None
    return f"{found}, Java {_require_java()}"


def _require_java() -> int:
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else shutil.which("java")
    try:
        told = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        told = ""
    found = re.search(r'version "(\d+)', told)
    if not found or int(found[1]) < _JAVA:
        raise UsageError(
            f"YACP_ENGINE is spark, and Spark needs Java {_JAVA} or later; "
            + (f"here is Java {found[1]}. " if found else "here is none. ")
            + "Install a headless one (Debian: apt-get install openjdk-17-jre-headless), or let JAVA_HOME lead to one."
        )
    return int(found[1])


@contextmanager
def session(settings: Settings) -> Iterator[None]:
    """Begins the session that dbt will find in this process, with every source in it."""
    place = newest(settings)
    _furnish(settings, place)
    from pyspark.sql import SparkSession

    # What Java says may quote a row, so it says it to a file of the run's owner.
    with redirect_output(place.log), _working_in(place.folder):
        spark = SparkSession.builder.appName("yacp").getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", CHICAGO)
    try:
        views: dict[str, str] = json.loads(place.views.read_text())
        for schema in {name.split(".")[0] for name in views}:
            spark.sql(f"create database if not exists {schema}")
        for name, query in views.items():
            spark.sql(f"create or replace view {name} as {query}")
        yield
    finally:
        with redirect_output(place.log):
            spark.stop()


def _furnish(settings: Settings, place: Workspace) -> None:
    """A home of its own for Spark: executors would keep their logs in the installed package otherwise."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        require_spark()
        return
    installed = Path(spec.origin).parent
    for part in ("bin", "sbin", "jars", "python"):
        link = place.home / part
        if (installed / part).exists() and not link.is_symlink():
            link.symlink_to(installed / part)
    conf = place.home / "conf"
    conf.mkdir(exist_ok=True)
    (conf / "log4j2.properties").write_text(_QUIET)
    (conf / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in _defaults(settings, place).items()) + _own(settings)
    )
    os.environ["SPARK_HOME"] = str(place.home)
    os.environ["SPARK_CONF_DIR"] = str(conf)
    os.environ["PYSPARK_SUBMIT_ARGS"] = "pyspark-shell"
    if settings.master.startswith("local"):  # nobody else's business, and no port for others
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ["SPARK_LOCAL_HOSTNAME"] = "localhost"


def _defaults(settings: Settings, place: Workspace) -> Mapping[str, str]:
    defaults = {
        "spark.master": settings.master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": place.warehouse,
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # DuckDB reads the older kind without a zone
        "spark.sql.session.timeZone": CHICAGO,
    }
    if settings.master.startswith("local"):
        defaults |= {
            "spark.driver.memory": _megabytes(settings.memory_limit),
            "spark.local.dir": str(place.folder / "local"),
            "spark.sql.shuffle.partitions": str(2 * settings.threads),
        }
    return defaults


def _megabytes(limit: str) -> str:
    """A memory limit as Java takes it; with less than 512 MB Spark doesn't begin."""
    number, unit = re.findall(r"[\d.]+|[KMGT]", limit)
    return f"{max(512, int(float(number) * 1024 ** ('KMGT'.index(unit) - 1)))}m"


def _own(settings: Settings) -> str:
    """What the operator sets; of two lines about the same the last one counts."""
    if settings.spark_conf is None:
        return ""
    try:
        return settings.spark_conf.expanduser().read_text()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"YACP_SPARK_CONF: {settings.spark_conf} can't be read.") from None


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Java stays in the folder that it is begun in, and drops there what it has no better place for."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
