"""s3:// for fsspec, with errors as Python's own or as messages for the operator."""

import re
from textwrap import shorten

import aiohttp
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from orchestration.failures import STILL_PUBLISHED, RootDenied
from orchestration.internals.s3fs_connection import S3Connection

_WHAT_TO_DO = f"{STILL_PUBLISHED} Check YACP_EXTRACTS, YACP_S3_ENDPOINT and the AWS settings."


class S3FileSystem(S3Connection):
    """A bucket on AWS, or on another object store when YACP_S3_ENDPOINT names one."""

    @staticmethod
    def translate_error(error: Exception) -> Exception:
        """The error as the matching one of Python's, or as a message about the setup."""
        match error:
            case OSError() if isinstance(error.__cause__, boto.ClientError):
                return _refused(error, error.__cause__)
            case boto.NoCredentialsError() | boto.PartialCredentialsError():
                return RootDenied(
                    f"There are no credentials for s3. {STILL_PUBLISHED} Set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile in ~/.aws/credentials."
                )
            case boto.ReadTimeoutError() | boto.ConnectTimeoutError():
                return TimeoutError()
            case boto.SSLError():
                return ConnectionError("no TLS connection (AWS_CA_BUNDLE names a file with your own authorities)")
            case boto.ConnectionError() | boto.HTTPClientError() | aiohttp.ClientError():
                return ConnectionError(_short(error))
            case OSError():
                return error
            case boto.IncompleteReadError() | ResponseParserError():
                return ConnectionError("the response was cut off")
            case boto.BotoCoreError() | ValueError():
                return RootDenied(f"s3 can't be used with these settings: {_short(error)}. {_WHAT_TO_DO}")
        return error


def _refused(error: OSError, response: boto.ClientError) -> Exception:
    code = str(response.response.get("Error", {}).get("Code", ""))
    status = int(response.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if isinstance(error, PermissionError):
        return PermissionError("" if code.isdigit() else code)
    if isinstance(error, FileNotFoundError | TimeoutError) or status >= 500 or status == 429:
        return error
    return RootDenied(f"s3 responds with {code or status}: {_short(error)}. {_WHAT_TO_DO}")


def _short(error: Exception) -> str:
    """What the library says, without the address it asked."""
    return shorten(re.split(r":? ?\"?https?://", str(error))[0], 120, placeholder="…").rstrip(".")
