"""The threads that make pages, and the one that waits for downloads.

A page takes milliseconds of one processor. Twenty at once on two processors would each take ten times as long; a few
at a time, most are done long before. A download may take seconds, and no page should wait behind it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import Response

Work = Callable[[], Response]


class ThreadPools:
    """Both pools, for as long as the application runs."""

    def __init__(self) -> None:
        # More than processors: a thread may wait for the disk, or for a release that is being opened.
        self._pages = ThreadPoolExecutor((os.cpu_count() or 1) + 2, "page")
        self._downloads = ThreadPoolExecutor(1, "download")

    async def run_page(self, work: Work) -> Response:
        """Runs it on the next free thread for pages."""
        return await asyncio.get_running_loop().run_in_executor(self._pages, work)

    async def run_download(self, work: Work) -> Response:
        """Runs it after the downloads requested before it."""
        return await asyncio.get_running_loop().run_in_executor(self._downloads, work)

    def close(self) -> None:
        """Waits for running work to finish."""
        self._pages.shutdown()
        self._downloads.shutdown()
