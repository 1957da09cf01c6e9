"""Routes to the reports of runs and of comparisons, and to their files.

A report is a page with scripts. It is served with a content security policy that gives it an opaque origin: its scripts
can draw, but neither read the app's page nor contact any host.
"""

from collections.abc import Callable
from typing import Final

import gradio as gr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from socrates_core.errors import SocratesError
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.evaluate import comparisons
from socrates_core.ui.evaluate.board import FILES, SINGLE_ANSWERS, RunBoard

SANDBOX: Final = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
)


def run_routes(board: RunBoard) -> list[Route]:
    """`/run/NAME/FILE` and `/comparison/KEY/FILE`; with `?download` as a download."""

    def of_run(request: Request) -> Response:
        name, file = request.path_params["name"], request.path_params["file"]
        if file == SINGLE_ANSWERS and visitor_of(gr.Request(request)).role != "owner":
            return PlainTextResponse("This file contains individual answers; only the owner may download it.\n", 403)
        path = board.file(name, file)
        return FileResponse(path, media_type=FILES[file], headers=_headers(request, f"{name}-{file}"))

    def of_comparison(request: Request) -> Response:
        key, file = request.path_params["key"], request.path_params["file"]
        files = board.comparisons.job(key).files
        if file not in files:
            known = ", ".join(comparisons.FILES)
            return PlainTextResponse(f"a finished comparison has no file {file[:60]!r}; it has {known}\n", 404)
        media = comparisons.FILES[file]
        return Response(files[file], media_type=media, headers=_headers(request, f"{key}-{file}"))

    return [
        Route("/run/{name}/{file}", _answering(of_run), methods=["GET"]),
        Route("/comparison/{key}/{file}", _answering(of_comparison), methods=["GET"]),
    ]


def _answering(answer: Callable[[Request], Response]) -> Callable[[Request], object]:
    def safely(request: Request) -> Response:
        try:
            return answer(request)
        except SocratesError as error:
            return PlainTextResponse(f"{error}\n", 404)

    async def respond(request: Request) -> Response:
        return await run_in_threadpool(safely, request)

    return respond


def _headers(request: Request, name: str) -> dict[str, str]:
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    saved = {"content-disposition": f'attachment; filename="{plain}"'} if "download" in request.query_params else {}
    return {"content-security-policy": SANDBOX, "cache-control": "no-cache", **saved}
