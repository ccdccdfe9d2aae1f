"""A home for Spark outside the installed package, where its executors would otherwise write their logs.

Depends on the folders of the ``pyspark`` package, which are those of a Spark distribution. When they change, Spark
doesn't start. PySpark has no setting for executors' logs alone. Tried with PySpark 4.3.0.
"""

from importlib.metadata import distribution
from pathlib import Path


def link_installation(home: Path) -> None:
    """Links the parts of the installed Spark into ``home``."""
    spark = Path(str(distribution("pyspark").locate_file("pyspark")))
    for part in ("bin", "sbin", "jars", "python"):
        installed, link = spark / part, home / part
        if installed.exists() and not link.is_symlink():
            link.symlink_to(installed)
