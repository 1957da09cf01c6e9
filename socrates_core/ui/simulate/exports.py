"""Downloads of a result, by link: `result/csv?…`, `result/json?…`, `result/html?…`.

A download is computed from its link, like the page itself, so nothing is written to disk and visitors cannot receive
each other's files.
"""

from collections.abc import Callable
from typing import Final

import gradio as gr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from socrates_core.errors import SocratesError
from socrates_core.report.simulation import to_csv, to_html, to_json
from socrates_core.simulation.result import Simulation
from socrates_core.ui.access.limits import DOWNLOAD_COST
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.access.workers import Workers
from socrates_core.ui.results import Results
from socrates_core.ui.saving.pictures import file_stem
from socrates_core.ui.simulate.link import from_query

KINDS: Final[dict[str, tuple[str, Callable[[Simulation], str]]]] = {
    "csv": ("text/csv; charset=utf-8", to_csv),
    "html": ("text/html; charset=utf-8", to_html),
    "json": ("application/json", to_json),
}
"""File extension → media type and writer."""


def export_route(results: Results) -> Route:
    """The route that serves downloads; each is charged, and computed in threads of its own."""
    workers = Workers()

    def export(request: Request, visitor: Visitor) -> Response:
        kind = request.path_params["kind"]
        if kind not in KINDS:
            return PlainTextResponse(f"unknown download {kind!r}; choose one of {', '.join(KINDS)}\n", 404)
        media, write = KINDS[kind]
        try:
            link = from_query(dict(request.query_params), results.catalogue)
            if link is None:
                return PlainTextResponse("this link does not name a result: the parameter cell is missing\n", 400)
            refusal = results.policy.refusal(visitor, "simulate")
            if refusal:
                return PlainTextResponse(f"{refusal}\n", 403)
            results.limits.take(visitor, DOWNLOAD_COST)
            found = results.get(link, visitor=visitor)
            content = write(found)
        except SocratesError as error:
            return PlainTextResponse(f"{error}\n", 400)
        name = f"{file_stem(found)}.{kind}"
        return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})

    async def respond(request: Request) -> Response:
        visitor = visitor_of(gr.Request(request))
        return await workers.run(visitor, lambda: export(request, visitor))

    return Route("/result/{kind}", respond, methods=["GET"])
