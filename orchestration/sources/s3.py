"""s3:// for fsspec: one try for each request, as what stands above tries again, and errors in Python's own terms."""

from __future__ import annotations

import re
from textwrap import shorten

import aiohttp
import s3fs
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from orchestration.failures import STILL_PUBLISHED, RootDenied

_MEND = f"{STILL_PUBLISHED} Check YACP_EXTRACTS, YACP_S3_ENDPOINT and the AWS settings."


class S3FileSystem(s3fs.S3FileSystem):  # type: ignore[misc]
    """A bucket on AWS, or on another object store when YACP_S3_ENDPOINT names one."""

    retries = 1

    def close(self) -> None:
        """Hangs up."""
        if self._s3 is not None:
            self.close_session(self.loop, self._s3creator)

    @staticmethod
    def translate_error(error: Exception) -> Exception:
        """The error as the one of Python's own that says the same, or as the sentence for whoever set it up."""
        match error:
            case OSError() if isinstance(error.__cause__, ClientError):
                return _answered(error, error.__cause__)
            case NoCredentialsError() | PartialCredentialsError():
                return RootDenied(
                    f"There is no credential for s3. {STILL_PUBLISHED} Set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for one in ~/.aws/credentials."
                )
            case ReadTimeoutError() | ConnectTimeoutError():
                return TimeoutError()
            case SSLError():
                return ConnectionError("no TLS connection (AWS_CA_BUNDLE names a file with authorities of your own)")
            case BotoConnectionError() | HTTPClientError() | aiohttp.ClientError():
                return ConnectionError(_short(error))
            case OSError():
                return error
            case IncompleteReadError() | ResponseParserError():
                return ConnectionError("the answer broke off")
            case BotoCoreError() | ValueError():
                return RootDenied(f"s3 can't be used as it is set up: {_short(error)}. {_MEND}")
        return error


def _answered(error: OSError, answer: ClientError) -> Exception:
    code = str(answer.response.get("Error", {}).get("Code", ""))
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if isinstance(error, PermissionError):
        return PermissionError("" if code.isdigit() else code)
    if isinstance(error, FileNotFoundError | TimeoutError) or status >= 500 or status == 429:
        return error
    return RootDenied(f"s3 answers {code or status}: {_short(error)}. {_MEND}")


def _short(error: Exception) -> str:
    """What the library says, without the address it asked."""
    return shorten(re.split(r":? ?\"?https?://", str(error))[0], 120, placeholder="…").rstrip(".")
