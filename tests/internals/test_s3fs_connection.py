"""An s3 session is closed when we say so, and a request that fails is tried once."""

import inspect
from typing import TYPE_CHECKING, Any

import botocore.exceptions
import fsspec
import pytest
import s3fs

from orchestration.internals.s3fs_connection import S3Connection

if TYPE_CHECKING:
    from servers import Place


@pytest.fixture
def connection(on_s3: "Place") -> Any:
    return S3Connection(
        endpoint_url=on_s3.settings["s3_endpoint"],
        config_kwargs={"retries": {"max_attempts": 0}, "read_timeout": 5},
        skip_instance_cache=True,
        use_listings_cache=False,
    )


def test_the_names_are_there(connection: Any) -> None:
    assert list(inspect.signature(s3fs.S3FileSystem.close_session).parameters) == ["loop", "s3"]
    assert s3fs.S3FileSystem.retries > 1
    assert connection._s3 is None
    assert connection.loop is fsspec.asyn.get_loop()
    assert not hasattr(s3fs.S3FileSystem, "close"), "s3fs can close by itself; delete ours"


def test_a_session_is_closed_at_once(on_s3: "Place", connection: Any) -> None:
    connection.close()  # before anything was asked
    connection.exists(on_s3.url)
    sessions = list(connection.s3._endpoint.http_session._sessions.values())
    assert [session.closed for session in sessions] == [False]
    connection.close()
    assert [session.closed for session in sessions] == [True]


def test_our_retries_are_the_ones_that_count(on_s3: "Place", connection: Any) -> None:
    def attempts() -> int:
        before = on_s3.wire.connections
        on_s3.wire.cuts = [0] * 20
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            connection.exists(on_s3.url)
        return on_s3.wire.connections - before

    assert S3Connection.retries == 1
    once = attempts()
    connection.retries = 2
    assert attempts() == 2 * once
    connection.close()
