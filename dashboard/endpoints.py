"""Endpoints from functions that answer a visit: who asks, from which release, and on which thread."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import TypeVar

import duckdb
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard.download_writer import DownloadFailed
from dashboard.errors import TooMany
from dashboard.identity import Identity
from dashboard.release import ReleaseRemoved
from dashboard.releases import Releases
from dashboard.responses import PRIVATE, CompressedPage, close_file, page_response
from dashboard.visit import COMMON_PARAMETERS, Visit

T = TypeVar("T")
Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]
_MAX_ATTEMPTS = 3
_DOWNLOADS_A_PERSON = 3
_SECONDS_BETWEEN_LOOKS = 0.1


class Endpoints:
    """Makes them, and runs what they answer with. Every request is checked for what its visitor may see.

    A page takes milliseconds of one processor. Twenty at once on two processors would each take ten times as long; a
    few at a time, most are done long before. A download may take seconds, and no page should wait behind it.
    """

    def __init__(self, identity: Identity, releases: Releases) -> None:
        self._identity = identity
        self._releases = releases
        # More than processors: a thread may wait for the disk, or for a release that is being opened.
        self._pages = ThreadPoolExecutor((os.cpu_count() or 1) + 2, "page")
        self._downloads = ThreadPoolExecutor(1, "download")
        self._downloading: Counter[str] = Counter()  # by person; only the event loop changes it

    def page(self, handler: Handler, parameters: Sequence[str]) -> Endpoint:
        """A page that is made by a thread for pages; the address may have the parameters and no others."""
        return self._endpoint(self._pages, handler, parameters)

    def download(
        self, handler: Handler, parameters: Sequence[str], require: Callable[[Visit], object], stop: Callable[[], None]
    ) -> Endpoint:
        """A file that is written after the downloads requested before it.

        ``require`` says no before anything is queued. A person has a few at a time. When a visitor hangs up, a file
        that isn't started is not written, and ``stop`` ends the one that is.
        """

        async def endpoint(request: Request) -> Response:
            email = self._identity.email_of(request)
            run = asyncio.get_running_loop().run_in_executor
            await run(self._pages, self._answer, require, request, email, parameters)
            if self._downloading[email] >= _DOWNLOADS_A_PERSON:
                raise TooMany("too_many_downloads")
            self._downloading[email] += 1
            try:
                written = self._downloads.submit(self._answer, handler, request, email, parameters)
                return await self._unless_gone(request, written, stop)
            finally:
                self._downloading[email] -= 1

        return endpoint

    async def _unless_gone(self, request: Request, written: Future[Response], stop: Callable[[], None]) -> Response:
        """The response, or none for somebody who has hung up meanwhile."""
        answer = asyncio.wrap_future(written)
        while not answer.done():
            await asyncio.wait([answer], timeout=_SECONDS_BETWEEN_LOOKS)
            if not answer.done() and await request.is_disconnected():
                if not written.cancel() and written.running():  # not the next one in the queue
                    stop()
                with suppress(Exception, asyncio.CancelledError):
                    close_file(await answer)
                return Response(status_code=499)
        return answer.result()

    def count_page(
        self, make: Callable[[Visit], CompressedPage], parameters: Sequence[str] = COMMON_PARAMETERS
    ) -> Endpoint:
        """A page of counts: once it is cached, it is sent without waiting for a thread."""

        def handler(visit: Visit) -> Response:
            page = visit.release.pages.get_or_make(visit.cache_key, lambda: make(visit))
            return page_response(visit.request, page, PRIVATE)

        uncached = self.page(handler, parameters)

        async def endpoint(request: Request) -> Response:
            email = self._identity.email_of(request)
            with self._releases.lease_if_open() as release:
                if release is not None:
                    visit = Visit.from_request(request, release, email, parameters)
                    page = release.pages.get(visit.cache_key)
                    if page is not None:
                        return page_response(request, page, PRIVATE)
            return await uncached(request)

        return endpoint

    def unless(self, instead: Callable[[Visit], Response | None], endpoint: Endpoint) -> Endpoint:
        """At an address that names no scope, what ``instead`` answers; the endpoint where that is nothing.

        ``instead`` runs on the event loop where a release is open, so it has to be quick.
        """

        async def first(request: Request) -> Response:
            if "scope" not in request.query_params:
                email = self._identity.email_of(request)
                with self._releases.lease_if_open() as release:
                    if release is not None:
                        found = instead(Visit.from_request(request, release, email, COMMON_PARAMETERS))
                        return found or await endpoint(request)
                run = asyncio.get_running_loop().run_in_executor
                if found := await run(self._pages, self._answer, instead, request, email, COMMON_PARAMETERS):
                    return found
            return await endpoint(request)

        return first

    async def health(self, _: Request) -> Response:
        """The newest day, for monitoring; it asks for no identity."""
        with self._releases.lease_if_open() as release:
            if release is not None:
                return PlainTextResponse(f"{release.as_of_date}\n")
        day = await asyncio.get_running_loop().run_in_executor(self._pages, self._newest_day)
        return PlainTextResponse(f"{day}\n")

    def close(self) -> None:
        """Waits for what is running."""
        self._pages.shutdown()
        self._downloads.shutdown()

    def _newest_day(self) -> date:
        with self._releases.lease() as release:
            return release.as_of_date

    def _endpoint(self, pool: Executor, handler: Handler, parameters: Sequence[str]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            email = self._identity.email_of(request)
            run = asyncio.get_running_loop().run_in_executor
            return await run(pool, self._answer, handler, request, email, parameters)

        return endpoint

    def _answer(self, handler: Callable[[Visit], T], request: Request, email: str, parameters: Sequence[str]) -> T:
        """Answers from the current release; from the next one, if that replaced it while this one was being read."""
        attempt = 0
        while True:
            with self._releases.lease(newest=attempt > 0) as release:
                try:
                    return handler(Visit.from_request(request, release, email, parameters))
                except (duckdb.Error, ReleaseRemoved, DownloadFailed):
                    attempt += 1
                    if attempt == _MAX_ATTEMPTS or self._releases.is_current(release):
                        raise
