"""The route that takes a visitor's file."""

from typing import Final
from urllib.parse import unquote

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from socrates_core.errors import SocratesError
from socrates_core.ui.access.uploads import Upload
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.results import Results

PATH: Final = "/your-data"
COST: Final = 100
"""Price of a megabyte in simulated people, for the rate limit."""


def upload_route(results: Results) -> Route:
    """The route that takes files: the body is the file, the header `x-file-name` its name in percent-encoding."""
    uploads = results.uploads

    async def respond(request: Request) -> Response:
        visitor = visitor_of(gr.Request(request))
        size = int(request.headers.get("content-length") or 0)
        try:
            refusal = results.policy.refusal(visitor, "simulate")
            if refusal:
                return PlainTextResponse(f"{refusal}\n", 403)
            uploads.check_room(size)
            upload = Upload(unquote(request.headers.get("x-file-name", "")))
            results.limits.take(visitor, COST * size // 1024**2)
        except SocratesError as error:
            return PlainTextResponse(f"{error}\n", 413 if size > uploads.largest else 400)
        with upload.path.open("wb") as target:
            async for chunk in request.stream():
                upload.size += len(chunk)
                target.write(chunk)
        return JSONResponse({"word": uploads.keep(upload)})

    return Route(PATH, respond, methods=["POST"])
