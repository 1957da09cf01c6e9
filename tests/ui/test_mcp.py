"""The endpoints as tools, asked by the MCP project's own client over HTTP."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import TextContent

from tests.servers.app_server import AppServer, app_server


@pytest.fixture(scope="module")
def app() -> Iterator[AppServer]:
    with app_server("--model", "uniform", "--mcp") as server:
        yield server
        assert "Traceback" not in server.log()


def ask(
    app: AppServer, *calls: tuple[str, dict[str, Any]], token: str = ""
) -> tuple[list[str], list[tuple[bool, str]]]:
    """The tools, and of each call whether it failed and what it said."""

    async def talk() -> tuple[list[str], list[tuple[bool, str]]]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with (
            create_mcp_http_client(headers) as http,
            streamable_http_client(f"{app.address}gradio_api/mcp/", http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            said = []
            for name, arguments in calls:
                answer = await session.call_tool(name, arguments)
                (content,) = answer.content
                assert isinstance(content, TextContent)
                said.append((answer.isError, content.text))
            return tools, said

    with ThreadPoolExecutor(1) as apart:  # the browser tests of this worker leave a running loop in its main thread
        return apart.submit(lambda: asyncio.run(talk())).result()


def test_a_client_finds_the_tools_and_gets_numbers_as_json(app: AppServer) -> None:
    tools, ((failed, said),) = ask(app, ("simulate", {"study": "gss-welfare", "people": 50}))
    assert tools == ["studies", "study", "simulate", "what_if", "advise", "runs", "launch", "report"]
    assert not failed
    score = json.loads(said)["outcomes"][0]["arms"][0]["score"]
    assert score["wasserstein"] == pytest.approx(0.0742, abs=5e-5)


def test_a_stranger_may_simulate_and_neither_read_nor_launch_and_the_owner_may(app: AppServer) -> None:
    _, said = ask(app, ("runs", {}), ("launch", {}), ("study", {"study": "nope"}))
    for (failed, words), expected in zip(said, ("read and compare", "start evaluations", "no 'nope'"), strict=True):
        assert failed
        assert expected in words
    _, ((failed, words),) = ask(app, ("runs", {}), token=app.token)
    assert (failed, json.loads(words)) == (False, {"runs": []})


def test_other_sites_hosts_and_ways_of_asking_are_refused(app: AppServer) -> None:
    sent, body = {"content-type": "application/json", "accept": "application/json, text/event-stream"}, b"{}"
    for foreign in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
        assert app.ask("POST", "/gradio_api/mcp/", {**sent, **foreign}, body).status == 403
    assert app.ask("GET", "/gradio_api/mcp/", {"accept": "text/event-stream"}).status == 405
    assert app.ask("GET", "/gradio_api/mcp/sse").status == 403
