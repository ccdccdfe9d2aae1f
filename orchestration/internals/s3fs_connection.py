"""s3fs, with its session closed at once and each request tried once.

Depends on ``S3FileSystem``: ``_s3`` and ``_s3creator`` hold the session once it is open, ``close_session`` closes it,
and ``retries`` counts attempts. s3fs itself closes only in a garbage collection. When they change, connections stay
open for that long, or requests are retried twice over: by s3fs and by us. Tried with s3fs 2026.9.0.
"""

import s3fs


class S3Connection(s3fs.S3FileSystem):  # type: ignore[misc]
    """Buckets over one session."""

    retries = 1

    def close(self) -> None:
        """Closes the session, if one was opened."""
        if self._s3 is not None:
            self.close_session(self.loop, self._s3creator)
