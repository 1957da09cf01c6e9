"""Requests to an OpenAI-compatible server: retries, a budget, a time limit, and a key that is never stored.

The key is read from the environment for each request, sent in one header, and removed from everything that the server
sends back before it is shown or stored.
"""

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
from socrates_core.model.endpoint.plan import EndpointSettings
from socrates_core.study.files import parse_json
from socrates_core.study.incoming.deadline import Deadline

KEY_VARIABLES: Final = ("SOCRATES_ENDPOINT_KEY", "OPENAI_API_KEY")
"""Environment variables for the key; the first one that is set is used."""

TEMPORARY: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses after which the same request may succeed when sent again."""

LARGEST_REPLY: Final = 8_000_000
"""In bytes; an answer of a few tokens with log-probabilities takes a few thousand."""


class UnusableReplyError(ModelError):
    """A server replies, but with a fault of its own or something else than JSON, however often the request is sent."""


@dataclass(frozen=True)
class Reply:
    """A server's reply, other than those after which the request is retried."""

    status: int
    data: Any
    """The JSON body of a successful reply (status 2xx); None otherwise."""
    text: str
    """The beginning of the body, on one line and without the key."""

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status < 300


class EndpointClient:
    """A client of one server. Thread-safe; at most `concurrency` requests are in flight at once."""

    def __init__(self, url: str, settings: EndpointSettings) -> None:
        """Prepare the client; nothing is sent yet."""
        self.url = url
        self.settings = settings
        self.requests = 0
        self.retries = 0
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(settings.concurrency)
        limits = httpx2.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
        self._http = httpx2.Client(limits=limits, follow_redirects=False)
        weakref.finalize(self, self._http.close)  # connections are closed with the model

    def __repr__(self) -> str:
        return f"EndpointClient({self.url!r})"

    def ping(self) -> int:
        """The status of the server's list of models; any status, 404 included, shows that a server is there.

        Raises:
            ModelError: If there is no reply.
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
        """Raise a ModelError if this many more requests exceed the budget."""
        most = self.settings.max_requests
        if most is not None and self.requests + planned > most:
            raise ModelError(
                f"{self.url}: {planned} more requests are needed and {most - self.requests} of the budget of {most} "
                "are left, so nothing was sent; raise the budget, or use fewer personas or fewer samples"
            )

    def send(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        stop: threading.Event | None = None,
        retry: bool = True,
    ) -> Reply:
        """Send one request, with retries while the server is busy or unreachable.

        Args:
            path: Path below the URL.
            body: Sent as JSON; without one the request is a GET.
            stop: Setting it ends the wait between retries.
            retry: Whether to retry at all.

        Raises:
            ModelError: If the budget is used up, the key is malformed, or there is no usable reply; an
                `UnusableReplyError` if there are replies.
        """
        stop = stop or threading.Event()
        headers = _key_header()
        wait, fault, tries = self.settings.first_wait, "", 1 + (self.settings.retries if retry else 0)
        for attempt in range(tries):
            self._count(is_retry=attempt > 0)
            retry_after: float | None = None
            kind: type[ModelError] = ModelError
            try:
                with self._slots:
                    status, raw, retry_after = self._send(path, body, headers)
            except httpx2.RequestError as error:
                fault = self._fault(error)
            else:
                reply, fault = _read(status, raw)
                if reply is not None:
                    return reply
                kind = UnusableReplyError
            if attempt + 1 == tries:
                break
            pause = max(wait * random.uniform(0.5, 1.0), retry_after or 0.0)  # randomises the timing, not a result
            if pause > self.settings.longest_wait:
                fault += f"; it asks to wait {pause:.0f} s, more than the limit of {self.settings.longest_wait:g} s"
                break
            if stop.wait(pause):
                raise ModelError(f"{self.url}/{path}: cancelled because another request failed permanently")
            wait = min(2 * wait, self.settings.longest_wait)
        raise kind(
            f"{self.url}/{path} {fault} (tried {attempt + 1} times); check that the server is running and not "
            "overloaded, then try again"
        )

    def refusal_error(self, reply: Reply, path: str, name: str) -> ModelError:
        """The error for a reply that refuses the request."""
        where = f"{self.url}/{path}"
        if reply.status in (401, 403):
            return self.access_error(reply.status, reply.text)
        if reply.status == 404:
            models = self.models()
            if models is not None and name not in models:
                listed = ", ".join(models[:20]) + (f" and {len(models) - 20} more" if len(models) > 20 else "")
                return ModelError(f"{self.url} has no model {name!r}; it has {listed or 'none'}")
            return ModelError(f"{where} does not exist (status 404): {reply.text}; most servers' URL ends in /v1")
        if 300 <= reply.status < 400:
            return ModelError(f"{where} redirects (status {reply.status}), which is not followed; give the final URL")
        return ModelError(f"{where} refused the request for {name!r} (status {reply.status}): {reply.text}")

    def access_error(self, status: int, text: str = "") -> ModelError:
        """The error for a missing or wrong key."""
        used = next(iter(_keys()), None)
        state = f"the key in {used} was sent" if used else "no key was sent"
        return ModelError(
            f"{self.url} refused access (status {status}, {state}){f': {text}' if text else ''}; set the environment "
            f"variable {KEY_VARIABLES[0]} to a valid key"
        )

    def models(self) -> list[str] | None:
        """The models that the server lists; None if it does not list them."""
        try:
            reply = self.send("models", retry=False)
        except ModelError:
            return None
        entries = reply.data.get("data") if reply.ok and isinstance(reply.data, dict) else None
        if not isinstance(entries, list):
            return None
        return [without_key(str(entry["id"]))[:200] for entry in entries if isinstance(entry, dict) and "id" in entry]

    def _fault(self, error: httpx2.RequestError) -> str:
        if isinstance(error, httpx2.TimeoutException):
            return f"sent no complete reply within {self.settings.timeout:g} s"
        return f"cannot be reached: {without_key(str(error)) or type(error).__name__}"

    def _count(self, is_retry: bool) -> None:
        with self._lock:
            most = self.settings.max_requests
            if most is not None and self.requests >= most:
                raise ModelError(f"{self.url}: the budget of {most} requests is used up; raise it to continue")
            self.requests += 1
            self.retries += is_retry

    def _send(
        self, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, float | None]:
        """Status, body, and the seconds that the server asks to wait."""
        seconds = self.settings.timeout
        deadline = Deadline(seconds, seconds, lambda _: httpx2.ReadTimeout("the reply took too long"))
        timeout = {"pool": seconds, "connect": deadline, "write": deadline, "read": deadline}
        method = "GET" if body is None else "POST"
        received = bytearray()
        with self._http.stream(
            method, f"{self.url}/{path}", json=body, headers=dict(headers), extensions={"timeout": timeout}
        ) as response:
            for piece in response.iter_bytes():
                received += piece
                if len(received) > LARGEST_REPLY:
                    raise httpx2.DecodingError(f"the reply is longer than {LARGEST_REPLY} bytes")
            return response.status_code, bytes(received), _retry_after(response.headers.get("retry-after"))


def checked_url(url: str) -> str:
    """The URL without a trailing slash.

    Raises:
        ModelError: If it is not http or https, names no server, or contains a password or a query. The message quotes
            no part of the URL that could be secret.
    """
    form = "write it like http://127.0.0.1:8000/v1 or https://HOST/v1"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        httpx2.URL(url.strip()), (host or "").encode("idna")  # both are stricter about server names
    except (ValueError, httpx2.InvalidURL):
        raise ModelError(f"the endpoint's URL cannot be read; {form}") from None
    printable = url.strip().isprintable() and " " not in url.strip()
    if parts.scheme not in ("http", "https") or not host or port == 0 or not printable:
        raise ModelError(f"the endpoint's URL is not http or https, or names no server; {form}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ModelError(
            f"the endpoint's URL at {host} contains a user name, a password or a query, which would end up in results; "
            "put the key in the environment variable SOCRATES_ENDPOINT_KEY"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def without_key(text: str) -> str:
    """The text with every key of the environment removed."""
    for key in _keys().values():
        text = text.replace(key, "[key]")
    return text


def _keys() -> dict[str, str]:
    """Variable ↦ its key, of those that are set; the first one is used."""
    keys = {variable: os.environ.get(variable, "").strip() for variable in KEY_VARIABLES}
    return {variable: key for variable, key in keys.items() if key}


def _key_header() -> dict[str, str]:
    for variable, key in _keys().items():
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ModelError(f"the key in {variable} contains blanks or characters not allowed in a key; set it again")
        return {"Authorization": f"Bearer {key}"}
    return {}


def _read(status: int, raw: bytes) -> tuple[Reply | None, str]:
    """The reply, or None and what is wrong with it if a retry may help."""
    text = " ".join(without_key(raw.decode("utf-8", "replace"))[:4000].split())[:300]
    if status in TEMPORARY:
        return None, f"replied with status {status}: {text}"
    if not 200 <= status < 300:
        return Reply(status, None, text), ""
    try:
        return Reply(status, parse_json(raw.decode("utf-8-sig")), text), ""
    except ValueError:
        return None, f"replied with something that is not JSON: {text!r}"


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a number or a date; None if the header is missing or unreadable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
