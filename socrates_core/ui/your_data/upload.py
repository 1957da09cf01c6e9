"""The route that takes a visitor's file, and the survey file of Qualtrics that belongs to it."""

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import gradio as gr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from socrates_core.errors import SocratesError
from socrates_core.study.sources.file.delimited import suffix_of
from socrates_core.study.sources.file.qualtrics import SUFFIX
from socrates_core.ui.access.uploads import shown_name
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.results import Results

PATH: Final = "/your-data"
COST: Final = 100
"""Price of a megabyte in simulated people, for the rate limit."""
PATIENCE: Final = 60.0
"""Seconds without a byte after which a file is given up; until then it takes room from others."""


def upload_route(results: Results) -> Route:
    """The route that takes files: the body is the file, the header `x-file-name` its name in percent-encoding.

    A survey file has a header `x-belongs-to` too: the secret word of its answers.
    """
    uploads = results.uploads

    async def respond(request: Request) -> Response:
        visitor = visitor_of(gr.Request(request))
        size = int(request.headers.get("content-length") or 0)
        name, word = unquote(request.headers.get("x-file-name", "")), request.headers.get("x-belongs-to")
        try:
            refusal = results.policy.refusal(visitor, "simulate")
            if refusal:
                return PlainTextResponse(f"{refusal}\n", 403)
            is_survey = suffix_of(Path(name)) == SUFFIX
            before = uploads.beside(word or "") if is_survey else None
            results.limits.take(visitor, COST * size // 1024**2)
            if before is None:
                upload = uploads.begin(name, size)
            else:
                uploads.add(before, size)
                upload, upload.survey = before, shown_name(name)
        except SocratesError as error:
            return PlainTextResponse(f"{error}\n", 413 if size > uploads.largest else 400)
        try:
            with (upload.path.with_name(f"answers{SUFFIX}") if is_survey else upload.path).open("wb") as target:
                async with asyncio.timeout(PATIENCE) as left:
                    async for chunk in request.stream():
                        target.write(chunk)
                        left.reschedule(asyncio.get_running_loop().time() + PATIENCE)
        except (
            ClientDisconnect,
            TimeoutError,
        ):  # the page was closed, or is stuck; it does not take the answers either
            upload.close()
            return PlainTextResponse("The file was not sent to its end.\n", 400)
        except OSError as error:
            upload.close()
            return PlainTextResponse(
                f"This server cannot keep the file: {error.strerror}. Use the command line.\n", 507
            )
        return JSONResponse({"word": word if is_survey else uploads.keep(upload)})

    return Route(PATH, respond, methods=["POST"])
