"""A Great Expectations context in memory that prints no progress bars and sends nothing to anybody.

Depends on ``ProgressBarsConfig``, which no public module exports, on there being no analytics, which earlier versions
had, and on PySpark being optional to it. When they change, progress bars fill the log of a run, runs report their use
over the network, or a run that the daemon started ends in the middle. Tried with Great Expectations 1.24.1.
"""

import sys
from importlib import import_module
from typing import Any

_ENDS_THE_PROCESS = ("pyspark", "pyspark.sql.connect")


def load_great_expectations() -> Any:
    """The module. It takes seconds to import, so only runs call this.

    Where PySpark is installed, it would be imported too, and PySpark ends a process whose main module has no file: it
    takes the daemon's runs for doctests of its own.
    """
    loaded = {name: sys.modules.get(name) for name in _ENDS_THE_PROCESS}
    sys.modules.update(dict.fromkeys(loaded))  # type: ignore[arg-type]  # Python's own way to say: not installed
    try:
        return import_module("great_expectations")
    finally:
        for name, module in loaded.items():
            del sys.modules[name]
            if module:
                sys.modules[name] = module


def quiet_context() -> Any:
    """A new context."""
    gx = load_great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context
