"""Routes to the reports of runs and of comparisons, and to their files.

A report is a page with scripts. It is served with a content security policy that gives it an opaque origin: its scripts
can draw, but neither read the app's page nor contact any host.
"""

from collections.abc import Callable
from typing import Final

import gradio as gr
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from socrates_core.errors import SocratesError
from socrates_core.ui.access.visitors import Policy, Visitor, visitor_of
from socrates_core.ui.access.workers import Workers
from socrates_core.ui.evaluate import comparisons
from socrates_core.ui.evaluate.board import FILES, SINGLE_ANSWERS, RunBoard

SANDBOX: Final = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
)


def run_routes(board: RunBoard, policy: Policy) -> list[Route]:
    """`/run/NAME/FILE` and `/comparison/KEY/FILE`, for those who may read evaluations; `?download` makes a download."""
    workers = Workers()

    def of_run(request: Request, visitor: Visitor) -> Response:
        name, file = request.path_params["name"], request.path_params["file"]
        if file == SINGLE_ANSWERS and visitor.role != "owner":
            return PlainTextResponse("This file contains individual answers; only the owner may download it.\n", 403)
        path = board.file(name, file)
        return FileResponse(path, media_type=FILES[file], headers=_headers(request, f"{name}-{file}"))

    def of_comparison(request: Request, _: Visitor) -> Response:
        key, file = request.path_params["key"], request.path_params["file"]
        files = board.comparisons.job(key).files
        if file not in files:
            known = ", ".join(comparisons.FILES)
            return PlainTextResponse(f"a finished comparison has no file {file[:60]!r}; it has {known}\n", 404)
        media = comparisons.FILES[file]
        return Response(files[file], media_type=media, headers=_headers(request, f"{key}-{file}"))

    def answering(answer: Callable[[Request, Visitor], Response]) -> Callable[[Request], object]:
        def safely(request: Request, visitor: Visitor) -> Response:
            refusal = policy.refusal(visitor, "read")
            if refusal:
                return PlainTextResponse(f"{refusal}\n", 403)
            try:
                return answer(request, visitor)
            except SocratesError as error:
                return PlainTextResponse(f"{error}\n", 404)

        async def respond(request: Request) -> Response:
            visitor = visitor_of(gr.Request(request))
            return await workers.run(visitor, lambda: safely(request, visitor))

        return respond

    return [
        Route("/run/{name}/{file}", answering(of_run), methods=["GET"]),
        Route("/comparison/{key}/{file}", answering(of_comparison), methods=["GET"]),
    ]


def _headers(request: Request, name: str) -> dict[str, str]:
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    saved = {"content-disposition": f'attachment; filename="{plain}"'} if "download" in request.query_params else {}
    return {"content-security-policy": SANDBOX, "cache-control": "no-cache", **saved}
