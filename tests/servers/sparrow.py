"""The server of sparrow-decider, which nobody here wrote: `/v1/systemone` by a model of two megabytes."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2


@contextmanager
def sparrow_serve() -> Iterator[str]:
    """Its URL until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("sparrow-decider")
    server = subprocess.Popen([program, "serve", "--port", str(port)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(600):
            try:
                if httpx2.get(f"{url}/models", trust_env=False).status_code == 200:
                    break
            except httpx2.TransportError:
                pass
            if server.poll() is not None:
                raise RuntimeError("sparrow-decider did not start")
            time.sleep(0.05)
        yield url
    finally:
        server.kill()
        server.wait()
