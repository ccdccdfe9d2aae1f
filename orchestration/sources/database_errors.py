"""What a database says, as a sentence for the person who mends it: with file and line, without a secret or a value.

Drivers put the address, parameters, and rows into their messages. So nothing of a message is passed on but its first
line, and that only where the database's own code says that it is about the SQL.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from orchestration.failures import STILL_PUBLISHED, SourceError, SourceUnreachable
from orchestration.sources.profile import Profile
from orchestration.sources.profile_sql import LINE

_EXTRAS = {"postgresql": "postgresql", "mssql": "sqlserver", "oracle": "oracle", "ibm_db_sa": "db2", "db2": "db2"}
_STATE = re.compile(  # not a bare number, which may be the port of the server
    r"SQLSTATE:? ?\[?([0-9A-Z]{5})|[\['\"(](42[0-9A-Z]{3}|28000|28P01)[\]'\")]"
)
_PRIMARY = re.compile(r"(?:ERROR|FATAL): +([^\n]+)")
_REFUSED = re.compile(
    r"authentication|no pg_hba.conf entry|no password supplied|role .* does not exist|Login failed|ORA-01017",
    re.IGNORECASE,
)
_NO_DATABASE = re.compile(r"database .* does not exist|Cannot open database|ORA-12514", re.IGNORECASE)
_ABOUT_SQLITE = re.compile(
    r"(no such (?:table|column|function): \S+|near \".{1,30}\": syntax error|ambiguous column name: \S+"
    r"|attempt to write a readonly database|database is locked|unable to open database file"
    r"|file is not a database|interrupted|incomplete input)"
)
_LOST = re.compile(
    r"server closed the connection|terminating connection|could not connect|no connection to the server"
    r"|connection (?:to server )?(?:at .* )?(?:failed|refused|was lost|reset)|failed to connect|timeout expired"
    r"|communication link|broken pipe",
    re.IGNORECASE,
)


def require_driver(profile: Profile, address: URL) -> None:
    """``SourceError`` when the driver that an address needs isn't installed."""
    kind = address.get_backend_name()
    try:
        address.get_dialect().import_dbapi()
        if kind == "postgresql" and find_spec("adbc_driver_postgresql") is None:
            raise ModuleNotFoundError
    except (ImportError, NoSuchModuleError):
        extra = _EXTRAS.get(kind)
        how = f"pip install 'yacp[{extra}]' installs it." if extra else "Install the one that SQLAlchemy names for it."
        raise SourceError(f"{profile.path}: the driver for {kind} databases isn't installed. {how}") from None


@contextmanager
def explained(profile: Profile, path: Path, sql: str = "") -> Iterator[None]:
    """Turns the errors of a driver into ours."""
    try:
        yield
    except SQLAlchemyError as error:
        found: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig else error
        raise _as_ours(profile, path, sql, found) from None
    except Exception as error:
        is_of_stream = isinstance(error, OSError) and str(error).startswith("[libpq]")  # raised by Arrow's reader
        is_of_driver = type(error).__module__.startswith(("adbc_driver_manager", "pyarrow", "psycopg", "sqlite3"))
        if not (is_of_stream or is_of_driver):
            raise
        raise _as_ours(profile, path, sql, error) from None


def _as_ours(profile: Profile, path: Path, sql: str, error: BaseException) -> Exception:
    text, title = str(error), profile.system.title
    state = str(getattr(error, "sqlstate", None) or _code(text))
    if state.startswith("28") or (not state.startswith("42") and _REFUSED.search(text)):
        return SourceError(
            f"The database of {title} doesn't let this user in: user or password is wrong, or the server has no rule "
            f"for them. {STILL_PUBLISHED} Check the address that {profile.path} names."
        )
    if state == "3D000" or _NO_DATABASE.search(text):
        return SourceError(f"The server of {title} has no such database. Check the address that {profile.path} names.")
    if state == "57014" or "canceling statement due to statement timeout" in text:
        return SourceError(f"{path} was stopped: it took longer than YACP_PULL_MINUTES allows. Nothing was pulled.")
    if state[:2] in ("08", "57") or (not state.startswith("42") and _LOST.search(text)):
        return SourceUnreachable(
            f"The database of {title} can't be reached, or closed the connection. Nothing was pulled. "
            f"{STILL_PUBLISHED} Run it again when it answers."
        )
    said = _what_it_says(state, text)
    line = _line(text, said, sql)
    where = f"{path}, line {line}" if line and sql else str(path)
    return SourceError(f"{where}: {said}. Nothing was pulled. {STILL_PUBLISHED}")


def _code(text: str) -> str:
    found = _STATE.search(text)
    return (found[1] or found[2]) if found else ""


def _what_it_says(state: str, text: str) -> str:
    if state.startswith(("42", "0A", "25")):
        found = _PRIMARY.search(text)
        return (found[1] if found else f"the database refuses the SQL (SQLSTATE {state})").rstrip(". ")
    if found := _ABOUT_SQLITE.search(text):
        return found[1]
    if state.startswith("22") or "invalid input syntax" in text:
        return "a value can't be converted as the SQL asks; the database's text is left out because it may quote it"
    return f"the database reports an error{f' (SQLSTATE {state})' if state else ''}; its text may quote a row"


def _line(text: str, said: str, sql: str) -> int | None:
    """The line that the database names, or else the first one with the name that it doesn't know."""
    if found := LINE.search(text):
        return int(found[1])
    names = re.findall(r"\"([^\"]+)\"|: (\S+)$| (?:table|view|relation|schema) ([\w.]+)", said)
    for name in (re.escape(next(filter(None, groups))) for groups in names):
        for pattern in (rf"\b(from|join)\s+\S*\b{name}\b", rf"\b{name}\b"):
            for number, line in enumerate(sql.splitlines(), start=1):
                if re.search(pattern, line, re.IGNORECASE):
                    return number
    return None
