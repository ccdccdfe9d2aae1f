"""The Dagster instance of YACP_HOME, which the command line, the daemon and the UI share."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.failures import BuildFailed, UsageError, YacpError, reason_of_database
from orchestration.runs.instance_file import (
    DATABASE_VARIABLE,
    how_to_mend,
    is_ours,
    path_of,
    read,
    write_instance_file,
)
from orchestration.settings import Settings
from orchestration.state.permissions import make_home

MODULE = "orchestration.definitions"
_POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg2://")


def prepare_instance(config: Settings) -> None:
    """Makes this process use the Dagster instance of YACP_HOME; raises what ``require_usable`` does."""
    require_usable(config)
    os.environ["DAGSTER_HOME"] = str(config.dagster_home)


def write_instance(config: Settings) -> None:
    """Creates DAGSTER_HOME with its configuration, and rewrites it after the state folder was moved or copied."""
    make_home(config)
    for private in (config.dagster_home, config.dbt_target.parent):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.chmod(0o700)
    write_instance_file(config)


def require_usable(config: Settings) -> None:
    """Writes the instance's configuration, and opens it once if a mistake may be in it.

    ``UsageError`` for settings or a ``dagster.yaml`` that Dagster doesn't take, ``BuildFailed`` for a database that
    can't be used.
    """
    write_instance(config)
    if config.secret("dagster_database"):
        os.environ[DATABASE_VARIABLE] = _address(config)
    elif is_ours(path_of(config)):
        return
    import dagster as dg

    read(path_of(config))
    try:
        with _quiet(), dg.DagsterInstance.from_config(str(config.dagster_home)) as instance:
            _ = instance.run_launcher, instance.run_coordinator, instance.compute_log_manager
    except Exception as error:  # of Dagster, SQLAlchemy, the drivers, or a module that isn't there
        raise _failure(config, error) from None


def _failure(config: Settings, error: Exception) -> YacpError:
    """The sentence for an instance that can't be opened, without values of the configuration: one may be a password."""
    import dagster as dg
    from sqlalchemy.exc import DBAPIError

    path = path_of(config)
    found = error.__cause__ if isinstance(error.__cause__, DBAPIError) else error
    if isinstance(found, DBAPIError):
        reason = reason_of_database(found)
        return BuildFailed(
            f"The database with Dagster's record of runs can't be used: {reason}. Nothing that is published depends on "
            f"it. Mend it, or {DATABASE_VARIABLE}, then try again."
        )
    if isinstance(found, dg.DagsterInvalidConfigError):
        where = ": ".join(map(str, found.errors[0].stack.levels)) or "an entry"
        return UsageError(f"{path}: Dagster doesn't take {where}. {how_to_mend(path)}")
    if isinstance(error.__context__ or error, ModuleNotFoundError):
        return UsageError(f"{path} needs a module that isn't installed here. {how_to_mend(path)}")
    return UsageError(f"{path}: Dagster can't use it ({type(found).__name__}). {how_to_mend(path)}")


def _address(config: Settings) -> str:
    """The address for the driver that Dagster's storage is written for: SQLAlchemy takes another one by default."""
    address = config.secret("dagster_database")
    for start in _POSTGRESQL:
        if address.startswith(start):
            return f"postgresql+psycopg2://{address.removeprefix(start)}"
    raise UsageError(f"{DATABASE_VARIABLE} must be an address like postgresql://user:password@host/database.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Dagster's warning for each try to connect."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
