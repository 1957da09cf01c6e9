"""Requests to an OpenAI-compatible server: retries, a budget, a time limit, and a key that is never kept.

The key is read from the environment for each request, goes into one header, and is cut out of everything that the
server sends back before anybody sees it.
"""

import json
import os
import random
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.settings import EndpointSettings

KEY_VARIABLES: Final = ("SOCRATES_ENDPOINT_KEY", "OPENAI_API_KEY")
"""Where the key is looked for; the first one that is set counts."""

TEMPORARY: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses after which the same request may succeed."""

LARGEST_REPLY: Final = 8_000_000
"""Bytes; an answer of a few tokens with its log-probabilities has some thousands."""


@dataclass(frozen=True)
class Reply:
    """What a server answered, once it was neither busy nor broken."""

    status: int
    data: Any
    """The JSON of a reply that says yes (status 2xx); None otherwise."""
    text: str
    """The beginning of the body, in one line and without the key."""

    @property
    def ok(self) -> bool:
        """Whether the server did as asked."""
        return 200 <= self.status < 300


class EndpointClient:
    """One server. Threads share it; no more than `concurrency` requests are under way at once."""

    def __init__(self, url: str, settings: EndpointSettings) -> None:
        """Name the server; nothing is sent yet."""
        self.url = url
        self.settings = settings
        self.requests = 0
        self.retries = 0
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(settings.concurrency)
        limits = httpx2.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
        self._http = httpx2.Client(timeout=settings.timeout, limits=limits, follow_redirects=False)
        weakref.finalize(self, self._http.close)  # connections last as long as the model

    def __repr__(self) -> str:
        return f"EndpointClient({self.url!r})"

    def reach(self) -> int:
        """The status with which the server answers at all; a server that has no list of models is there too.

        Raises:
            ModelError: If nothing answers.
        """
        self._count(is_retry=False)
        try:
            status, _, _ = self._send("models", None, _key_header())
        except httpx2.RequestError as error:
            raise ModelError(
                f"the endpoint {self.url} {self._fault(error)}; start the server, or correct the URL"
            ) from error
        return status

    def check_budget(self, planned: int) -> None:
        """Raise a ModelError if so many more requests would not fit into the budget."""
        most = self.settings.max_requests
        if most is not None and self.requests + planned > most:
            raise ModelError(
                f"{self.url}: {planned} more requests are needed and {most - self.requests} of the budget of {most} "
                "are left, so nothing was sent; raise the budget, or ask fewer personas or fewer samples"
            )

    def ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        stop: threading.Event | None = None,
        patient: bool = True,
    ) -> Reply:
        """Send one request, again while the server is busy or out of reach.

        Args:
            path: Below the URL.
            body: Sent as JSON; without one the request is a GET.
            stop: When set, waiting ends.
            patient: Whether to send it again at all.

        Raises:
            ModelError: If the budget is used up, the key is malformed, or no usable reply came.
        """
        stop = stop or threading.Event()
        headers = _key_header()
        wait, fault, tries = self.settings.first_wait, "", 1 + (self.settings.retries if patient else 0)
        for attempt in range(tries):
            self._count(is_retry=attempt > 0)
            asked_wait: float | None = None
            try:
                with self._slots:
                    status, raw, asked_wait = self._send(path, body, headers)
            except httpx2.RequestError as error:
                fault = self._fault(error)
            else:
                reply, fault = _read(status, raw)
                if reply is not None:
                    return reply
            if attempt + 1 == tries:
                break
            pause = max(wait * random.uniform(0.5, 1.0), asked_wait or 0.0)  # chance in the timing, not in a result
            if pause > self.settings.longest_wait:
                fault += f"; it asks to wait {pause:.0f} s, longer than {self.settings.longest_wait:g} s"
                break
            if stop.wait(pause):
                raise ModelError(f"{self.url}/{path}: given up because another request failed for good")
            wait = min(2 * wait, self.settings.longest_wait)
        raise ModelError(
            f"{self.url}/{path} {fault} (tried {attempt + 1} times); check that the server runs and has room, then "
            "ask again"
        )

    def refusal(self, reply: Reply, path: str, name: str) -> ModelError:
        """What to tell about a reply that says no."""
        where = f"{self.url}/{path}"
        if reply.status in (401, 403):
            return self.no_access(reply.status, reply.text)
        if reply.status == 404:
            models = self.models()
            if models is not None and name not in models:
                listed = ", ".join(models[:20]) + (f" and {len(models) - 20} more" if len(models) > 20 else "")
                return ModelError(f"{self.url} has no model {name!r}; it has {listed or 'none'}")
            return ModelError(f"{where} is not there (status 404): {reply.text}; the URL of most servers ends in /v1")
        if 300 <= reply.status < 400:
            return ModelError(f"{where} redirects (status {reply.status}), which is not followed; name the final URL")
        return ModelError(f"{where} refuses the request for {name!r} (status {reply.status}): {reply.text}")

    def no_access(self, status: int, text: str = "") -> ModelError:
        """What to tell about a missing or a wrong key."""
        used = next((variable for variable in KEY_VARIABLES if os.environ.get(variable)), None)
        state = f"the key in {used} was sent" if used else "no key was sent"
        return ModelError(
            f"{self.url} refuses access (status {status}, {state}){f': {text}' if text else ''}; put a valid key into "
            f"the environment variable {KEY_VARIABLES[0]}"
        )

    def models(self) -> list[str] | None:
        """The names that the server lists; None where it gives no such list."""
        try:
            reply = self.ask("models", patient=False)
        except ModelError:
            return None
        entries = reply.data.get("data") if reply.ok and isinstance(reply.data, dict) else None
        if not isinstance(entries, list):
            return None
        return [without_key(str(entry["id"]))[:200] for entry in entries if isinstance(entry, dict) and "id" in entry]

    def _fault(self, error: httpx2.RequestError) -> str:
        if isinstance(error, httpx2.TimeoutException):
            return f"gave no complete answer within {self.settings.timeout:g} s"
        return f"cannot be reached: {without_key(str(error)) or type(error).__name__}"

    def _count(self, is_retry: bool) -> None:
        with self._lock:
            most = self.settings.max_requests
            if most is not None and self.requests >= most:
                raise ModelError(f"{self.url}: the budget of {most} requests is used up; raise it to go on")
            self.requests += 1
            self.retries += is_retry

    def _send(
        self, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, float | None]:
        """Status, body, and the seconds that the server asks to wait.

        A time-out of the client counts from one piece of a reply to the next, so the whole is timed here: a server
        that sends a byte a minute would never end.
        """
        deadline = time.monotonic() + self.settings.timeout
        method = "GET" if body is None else "POST"
        received = bytearray()
        with self._http.stream(method, f"{self.url}/{path}", json=body, headers=dict(headers)) as response:
            for piece in response.iter_bytes():
                received += piece
                if len(received) > LARGEST_REPLY:
                    raise httpx2.DecodingError(f"the reply is longer than {LARGEST_REPLY} bytes")
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("the reply does not end")
            return response.status_code, bytes(received), _retry_after(response.headers.get("retry-after"))


def checked_url(url: str) -> str:
    """The URL without a closing slash.

    Raises:
        ModelError: If it is not http or https, names no server, or carries a password or a query; a message quotes no
            part of the URL that could be secret.
    """
    form = "write it like http://127.0.0.1:8000/v1 or https://HOST/v1"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        httpx2.URL(url.strip()), (host or "").encode("idna")  # both are stricter on the names of servers
    except (ValueError, httpx2.InvalidURL):
        raise ModelError(f"the endpoint's URL cannot be read; {form}") from None
    printable = url.strip().isprintable() and " " not in url.strip()
    if parts.scheme not in ("http", "https") or not host or port == 0 or not printable:
        raise ModelError(f"the endpoint's URL is not of http or https, or names no server; {form}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ModelError(
            f"the endpoint's URL at {host} holds a user name, a password or a query, which would end up in results; "
            "put the key into the environment variable SOCRATES_ENDPOINT_KEY"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def without_key(text: str) -> str:
    """The text with every key of the environment cut out of it."""
    for variable in KEY_VARIABLES:
        key = os.environ.get(variable, "").strip()
        if key:
            text = text.replace(key, "[key]")
    return text


def _key_header() -> dict[str, str]:
    for variable in KEY_VARIABLES:
        key = os.environ.get(variable, "").strip()
        if key:
            if not key.isascii() or not key.isprintable() or " " in key:
                raise ModelError(f"the key in {variable} holds blanks or characters that no key has; set it again")
            return {"Authorization": f"Bearer {key}"}
    return {}


def _read(status: int, raw: bytes) -> tuple[Reply | None, str]:
    """The reply; or None and what is wrong with it, where the same request may do better."""
    text = " ".join(without_key(raw.decode("utf-8", "replace"))[:4000].split())[:300]
    if status in TEMPORARY:
        return None, f"answers with status {status}: {text}"
    if not 200 <= status < 300:
        return Reply(status, None, text), ""
    try:
        return Reply(status, json.loads(raw), text), ""
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None, f"answers with something that is not JSON: {text!r}"


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a number or a date; None where the header is missing or unreadable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
