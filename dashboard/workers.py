"""Where pages and files are made: a few threads for pages, and apart from them the one that writes files.

Making a page takes milliseconds of one processor. Twenty at once on two processors would each take ten times as long;
in turn, most are done long before. A file may take seconds, and no page waits behind one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import Response

Work = Callable[[], Response]


class Workers:
    """The threads, for as long as the application runs."""

    def __init__(self) -> None:
        # More than processors: one may wait for the disk, or for a release that is being opened.
        self._pages = ThreadPoolExecutor((os.cpu_count() or 1) + 2, "page")
        self._files = ThreadPoolExecutor(1, "file")

    async def page(self, work: Work) -> Response:
        """The answer, when its turn has come."""
        return await asyncio.get_running_loop().run_in_executor(self._pages, work)

    async def file(self, work: Work) -> Response:
        """The same for a file."""
        return await asyncio.get_running_loop().run_in_executor(self._files, work)

    def close(self) -> None:
        """Waits for what is being made."""
        self._pages.shutdown()
        self._files.shutdown()
