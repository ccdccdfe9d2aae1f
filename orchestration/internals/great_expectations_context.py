"""A Great Expectations context in memory that prints no progress bars and sends nothing to anybody.

Depends on ``ProgressBarsConfig``, which no public module exports, and on there being no analytics, which earlier
versions had. When they change, progress bars fill the log of a run, or runs report their use over the network. Tried
with Great Expectations 1.24.1.
"""

from typing import Any


def quiet_context() -> Any:
    """A new context."""
    import great_expectations as gx  # takes seconds, and only runs need it
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context
