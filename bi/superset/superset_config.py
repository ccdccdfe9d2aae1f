"""Superset's settings. Read once by every process of Superset that start.py starts, which prepares what they need."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL

STATE = Path(os.environ["YACP_SUPERSET_STATE"])
PUBLISHED = Path(os.environ["YACP_PUBLISHED"])

SECRET_KEY = (STATE / "secret_key").read_text().strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{STATE / 'superset.db'}"

# Row-level security asks who is signed in.
FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True}

# A new day shows in the next query, so no answers are kept.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

# Everybody who opens a page with several charts sends a burst of requests.
RATELIMIT_ENABLED = False

# Pages may ask nobody else, not even for Superset's own telemetry.
_SELF = "'self'"
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": [_SELF],
        "base-uri": [_SELF],
        "img-src": [_SELF, "blob:", "data:"],
        "worker-src": [_SELF, "blob:"],
        "object-src": "'none'",
        "style-src": [_SELF, "'unsafe-inline'"],
        "script-src": [_SELF, "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}


def DB_CONNECTION_MUTATOR(uri: URL, params: dict[str, Any], *_: Any) -> tuple[URL, dict[str, Any]]:  # noqa: N802
    """Opens the published file that a connection names, wherever this installation publishes, and only for reading.

    The views of `following` show a new day to connections that are already open.
    """
    params.setdefault("connect_args", {})["read_only"] = True
    return uri.set(database=str(PUBLISHED / "following" / Path(uri.database).name)), params


# Every statement by itself, right before it runs.
MUTATE_AFTER_SPLIT = True


def SQL_QUERY_MUTATOR(sql: str, **_: Any) -> str:  # noqa: N802
    """Lets only plain queries of published tables through.

    Anybody who sees a chart can send an expression of their own for a column. Superset 6.1 refuses a subquery there,
    but not `union`, behind which there is no row-level security, and not the functions of DuckDB that read any file.
    """
    from sqlglot import exp, parse_one
    from superset.exceptions import QueryObjectValidationError

    query = parse_one(sql, dialect="duckdb")
    tables = all(isinstance(table.this, exp.Identifier) and table.db for table in query.find_all(exp.Table))
    if not isinstance(query, exp.Select) or query.find(exp.SetOperation) or not tables:
        raise QueryObjectValidationError("A query reads published tables, and doesn't combine several with `union`.")
    return sql
