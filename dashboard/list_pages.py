"""A list of customers as its description says: a page of it in the browser, or all of it as a file. Each is logged."""

import re
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from dashboard.access_log import log_access
from dashboard.customer_lists import page_count
from dashboard.download_writer import DownloadJob, DownloadWriter
from dashboard.endpoints import Endpoints
from dashboard.errors import NotFound
from dashboard.list_descriptions import ListDescription, RequestedList
from dashboard.page_templates import render_page
from dashboard.responses import NO_STORE, CompressedPage, FileResponse, page_response
from dashboard.section_counts import require_scope
from dashboard.settings import Settings
from dashboard.visit import COMMON_PARAMETERS, Visit

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class ListPages:
    """The pages and files of one kind of list."""

    description: ListDescription
    settings: Settings
    writer: DownloadWriter

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """The files come first; otherwise their suffix would be read as part of a line's key."""
        path = self.description.path
        parameters = (*COMMON_PARAMETERS, *self.description.parameters)
        return [
            *(self._download_route(endpoints, kind, parameters) for kind in _MEDIA_TYPES),
            Route(path, endpoints.page(self._page, (*parameters, "page"))),
        ]

    def _download_route(self, endpoints: Endpoints, kind: str, parameters: tuple[str, ...]) -> Route:
        endpoint = endpoints.download(
            lambda visit: self._download(visit, kind), parameters, self._read, self.writer.stop
        )
        return Route(f"{self.description.path}.{kind}", endpoint)

    def _page(self, visit: Visit) -> Response:
        requested = self._read(visit)
        page_parameter = visit.parameters.get("page", "1")
        if not re.fullmatch("[1-9][0-9]{0,5}", page_parameter):
            raise NotFound("no_such_page")
        number = int(page_parameter)

        def make() -> CompressedPage:
            rows, matching = requested.customers.page(visit.release, number)
            unfiltered = requested.unfiltered
            return render_page(
                self.description.template,
                visit,
                rows=rows,
                matching=matching,
                line=requested.line,
                parent=requested.parent,
                filters=requested.filters,
                sort=requested.sort,
                page=number,
                pages=page_count(matching),
                providers=unfiltered.summary(visit.release).providers if unfiltered else (),
            )

        page = visit.release.pages.get_or_make(visit.cache_key, make)
        self._log(visit, "list", requested, page.rows, page.matching, page=page_parameter)
        return page_response(visit.request, page, NO_STORE)

    def _download(self, visit: Visit, file_format: str) -> Response:
        requested = self._read(visit)
        job = DownloadJob(
            file_format=file_format,
            name=requested.name,
            columns=self.description.file_columns(requested, visit.language),
            release_folder=str(visit.release.folder),
            sql=requested.customers.sql,
            values=requested.customers.values,
            memory_limit=self.settings.memory_limit,
            threads=self.settings.threads,
        )
        file, row_count = self.writer.write(job)
        size = file.seek(0, 2)
        self._log(visit, file_format, requested, row_count, row_count)
        scope = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(visit.scope))
        headers = {
            **NO_STORE,
            "Content-Disposition": f'attachment; filename="{requested.name}_{scope}_{visit.day}.{file_format}"',
            "Content-Length": str(size),
        }
        return FileResponse(file, _MEDIA_TYPES[file_format], headers)

    def _read(self, visit: Visit) -> RequestedList:
        visit.viewer.require(visit.scope, lists=True)
        require_scope(visit.release, visit.scope, visit.day)
        return self.description.read(visit)

    def _log(self, visit: Visit, view: str, requested: RequestedList, rows: int, matching: int, **more: object) -> None:
        """Filters by name only: the value of one may be a person's initial."""
        log_access(
            self.settings.access_log,
            who=visit.viewer.email,
            view=view,
            line=requested.name,
            scope=str(visit.scope),
            as_of=visit.day,
            release=visit.release.folder.name,
            rows=rows,
            matching=matching,
            filters=requested.filters.names,
            **more,
        )
