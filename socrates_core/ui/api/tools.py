"""The endpoints as tools of the Model Context Protocol (MCP), if the package for it is installed."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

import gradio as gr

from socrates_core.errors import LaunchError

INSTALL: Final = 'pip install -c constraints.txt "mcp==1.30.0"'
"""Not `gradio[mcp]`: that asks for an older pydantic than is pinned here, with which the tools work just as well."""

PATH: Final = "/gradio_api/mcp/"


def check_installed() -> None:
    """Raise a LaunchError with the command that installs it, unless it is there."""
    if find_spec("mcp") is None:
        raise LaunchError(f"--mcp needs the package mcp, which is not installed: {INSTALL}")


def give_json(page: gr.Blocks) -> None:
    """Let tools of a launched page answer with JSON; Gradio would write what Python prints of it.

    Raises:
        LaunchError: If Gradio could not start them.
    """
    server = page.mcp_server_obj
    if server is None:
        raise LaunchError(f"--mcp: the tools could not be started: {page.mcp_error}")

    def answer(data: Sequence[Any], _root_url: str) -> list[Any]:
        return [server.types.TextContent(type="text", text=json.dumps(one, ensure_ascii=False)) for one in data]

    server.postprocess_output_data = answer
