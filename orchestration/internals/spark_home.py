"""A home for Spark outside the installed package, where its executors would otherwise write their logs.

Depends on the folders of the ``pyspark`` package, which are those of a Spark distribution. When they change, Spark
doesn't start. PySpark has no setting for executors' logs alone. Tried with PySpark 4.3.0.
"""

import importlib.util
from pathlib import Path

_PARTS = ("bin", "sbin", "jars", "python")


def link_installation(home: Path) -> None:
    """Links the parts of the installed Spark into ``home``."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyspark")
    for part in _PARTS:
        installed, link = Path(spec.origin).parent / part, home / part
        if installed.exists() and not link.is_symlink():
            link.symlink_to(installed)
