"""The HTTP client behind every call to the Hugging Face Hub: where a token may go, and how much is accepted.

`huggingface_hub` sends its token wherever an answer of the Hub points (the next page of a listing, the address that
confirms an upload), and reads answers of any size for any time. `guard` gives it a client that does neither. Through
it go the library's own calls and those of `datasets`:

    token       to the origin of the Hub that it was given for, and to no other
    redirects   to another origin for the content of files alone, and without the token
    listings    at most `MAX_PAGES` pages of one origin, each of at most `MAX_ANSWER` bytes
    files       as long as the Hub stated before, at most `MAX_FILE` bytes
    names       commits and hashes, by which the library names what it keeps, never lead out of its cache
    time        `ANSWER_SECONDS` for an answer, more for large files at `SLOWEST` bytes per second

Whatever exceeds this ends in a HubError, which no caller of the client retries.
"""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn
from urllib.parse import unquote

import httpx2
from huggingface_hub import constants, get_session, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from socrates_core.errors import HubError
from socrates_core.study.incoming.deadline import Deadline

TIMEOUT: Final = httpx2.Timeout(60.0, connect=15.0)
"""Seconds without data after which a request fails; most requests of `huggingface_hub` have no timeout of their own."""

ANSWER_SECONDS: Final = 120.0
"""Total seconds from the end of a request to the end of its answer."""

SLOWEST: Final = 10_000.0
"""Bytes per second at which files extend that time."""

PAGES_SECONDS: Final = 600.0
"""Total seconds of all pages of a listing."""

MAX_PAUSE: Final = 310
"""Longest pause in seconds that the Hub may ask for; it counts requests in windows of five minutes."""

MAX_ANSWER: Final = 16 * 1024**2
"""Bytes of an answer that is not the content of a file."""

MAX_PAGES: Final = 100
"""Pages of one listing, of up to 1,000 entries each."""

MAX_FILE: Final = 500 * 10**9
"""Bytes of one file; the Hub itself accepts no larger ones."""

_REMEMBERED: Final = 4096
"""Addresses about which something is remembered."""

_NAME: Final = re.compile(r'(?:W/)?"?[A-Za-z0-9_-]{1,200}"?')
"""A hash or commit in a header. Libraries put it into a path as it is: `"/home/me/thesis"` would be that file."""

_REVISION: Final = re.compile(r"/(?:resolve|revision|tree|paths-info)(?=/([^/?]+))")
"""The revision in an address, and a file's or folder's name below such a folder."""

_RESET: Final = re.compile(r"\br\s*=\s*0\s*;\s*t\s*=\s*(\d+)")
"""The seconds until the next window in a `RateLimit` header without remaining requests."""


def guard(token: str | None = None, endpoint: str | None = None) -> None:
    """Make `huggingface_hub` use the bounded client from now on, for the whole process.

    Also turned off: reports of the software that calls (with them, the client asks the Hub for a list of programs to
    recognise), and Xet, whose own client would send what this one refuses.

    Args:
        token: May be sent to `endpoint`; every token may be sent to the configured Hub.
        endpoint: Address of another Hub than the configured one (HF_ENDPOINT).

    Raises:
        HubError: If either address is not one of http or https.
    """
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_XET = True
    _configured()
    if endpoint is not None:
        _KNOWN.allow(token, _origin(endpoint))
    if _check_request not in get_session().event_hooks["request"]:
        set_client_factory(_client)


def _client() -> httpx2.Client:
    client = default_client_factory()
    client.event_hooks["request"].append(_check_request)
    client.event_hooks["response"].append(_check_response)
    return client


# -- what is remembered between requests -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Note:
    """What earlier answers said about an address."""

    page: int = 1
    """Its number in a listing, from 1."""
    since: float = 0.0
    """When the first page was answered, on the monotonic clock."""
    size: int | None = None
    """Bytes of the file, as stated by the Hub."""
    content: bool = False
    """Whether it is where the Hub keeps the content of a file."""


class _Known:
    """Notes on addresses, and which origins may receive a token; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: OrderedDict[str, _Note] = OrderedDict()
        self._endpoints: set[httpx2.Origin] = set()
        self._allowed: set[tuple[bytes, httpx2.Origin]] = set()

    def allow(self, token: str | None, origin: httpx2.Origin) -> None:
        with self._lock:
            self._endpoints.add(origin)
            if token:
                self._allowed.add((_digest(f"Bearer {token}"), origin))

    def may_receive(self, origin: httpx2.Origin, authorization: str) -> bool:
        return origin == _configured() or (_digest(authorization), origin) in self._allowed

    def is_hub(self, origin: httpx2.Origin) -> bool:
        return origin == _configured() or origin in self._endpoints

    def all_encrypted(self) -> bool:
        return all(one.scheme == "https" for one in (_configured(), *self._endpoints))

    def note(self, url: httpx2.URL) -> _Note:
        with self._lock:
            return self._notes.get(str(url), _Note())

    def keep(self, url: httpx2.URL, note: _Note) -> None:
        with self._lock:
            self._notes[str(url)] = note
            self._notes.move_to_end(str(url))
            if len(self._notes) > _REMEMBERED:
                self._notes.popitem(last=False)

    def forget(self, url: httpx2.URL) -> None:
        with self._lock:
            self._notes.pop(str(url), None)


_KNOWN: Final = _Known()


def _digest(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode()).digest()


def _configured() -> httpx2.Origin:
    return _origin(constants.ENDPOINT)


def _origin(endpoint: str) -> httpx2.Origin:
    try:
        origin = httpx2.URL(endpoint).origin
    except (httpx2.InvalidURL, ValueError) as error:
        raise HubError(f"{endpoint[:200]!r} is not the address of a Hub ({error}); check HF_ENDPOINT") from None
    if origin.scheme not in ("http", "https"):
        raise HubError(f"{endpoint[:200]!r} is not the address of a Hub; expected http or https, check HF_ENDPOINT")
    return origin


# -- requests ----------------------------------------------------------------------------------------------------


def _check_request(request: httpx2.Request) -> None:
    """Keep tokens at home, ask for plain bytes, and set the time limits."""
    origin = request.url.origin
    authorization = request.headers.get("authorization")
    if authorization is not None and not _KNOWN.may_receive(origin, authorization):
        if request.method != "HEAD":
            _refuse(f"the Hub directs to {_shown(request.url)}, where the token may not be sent")
        # the sizes and hashes of a file, which a mirror leaves to another Hub
        del request.headers["authorization"]
    if origin.scheme != "https" and not _KNOWN.is_hub(origin) and _KNOWN.all_encrypted():
        _refuse(f"the Hub directs to {_shown(request.url)}, which is not encrypted")
    for revision in map(unquote, _REVISION.findall(request.url.raw_path.decode("ascii"))):
        # git allows none of these; the Hub may have named it, and it becomes a path in the cache too
        if _KNOWN.is_hub(origin) and (revision.startswith("/") or any(part in revision for part in ("..", ":", "\\"))):
            _refuse(f"{revision!r:.100} is no commit, branch or tag, and could be written outside of the cache")
    # compressed, a few megabytes could unfold to gigabytes
    request.headers["accept-encoding"] = "identity"
    given: dict[str, Any] = request.extensions.get("timeout") or {}
    limits: dict[str, Any] = {**TIMEOUT.as_dict(), **{name: one for name, one in given.items() if one is not None}}
    upload = _number(request.headers.get("content-length"), MAX_FILE)
    for name, extra in (("read", 0.0), ("write", upload / SLOWEST)):
        each = limits[name].each if isinstance(limits[name], Deadline) else float(limits[name])
        limits[name] = Deadline(each, ANSWER_SECONDS + extra, _late)
    request.extensions["timeout"] = limits


# -- answers -----------------------------------------------------------------------------------------------------


class _Bounded(httpx2.SyncByteStream):
    """The body of an answer, up to a number of bytes."""

    def __init__(self, body: httpx2.SyncByteStream, most: int) -> None:
        self._body, self._most = body, most

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for part in self._body:
            received += len(part)
            if received > self._most:
                _refuse(f"the Hub sent more than {self._most:,} bytes where it should not")
            yield part

    def close(self) -> None:
        self._body.close()


def _check_response(response: httpx2.Response) -> None:
    """Check where an answer leads and how long it is, and bound its body."""
    request, headers = response.request, response.headers
    note = _KNOWN.note(request.url)
    pauses = [headers.get("retry-after", ""), *_RESET.findall(headers.get("ratelimit", ""))]
    if not response.is_success and any(_number(pause, 0) > MAX_PAUSE for pause in pauses):
        _refuse("the Hub asks to wait for more than five minutes; try again later")
    content = request.method in ("GET", "HEAD") and (note.content or "/resolve/" in request.url.path)
    if request.method == "HEAD":
        # the page of an error has an ETag of its own, which nothing is named by
        content_hash = "" if response.is_error else headers.get("x-linked-etag") or headers.get("etag", "")
        for name in filter(None, (content_hash, headers.get("x-repo-commit"))):
            if not _NAME.fullmatch(name):
                _refuse(f"the Hub names a file {name!r:.100}, which could be written outside of the cache")
        stated = headers.get("x-linked-size") or (None if response.is_redirect else headers.get("content-length"))
        note = replace(note, size=None if stated is None else _number(stated, 0))
        _KNOWN.keep(request.url, note)
    if response.has_redirect_location:
        _check_redirect(response, note, content)
    elif "next" in response.links:
        _check_next_page(response, note)
    content = content or (request.method == "GET" and not _KNOWN.is_hub(request.url.origin))
    if request.method != "HEAD":
        most = _most(response, note, content and response.is_success)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Bounded(response.stream, most)


def _check_redirect(response: httpx2.Response, note: _Note, content: bool) -> None:
    here, there = response.request.url, response.request.url.join(response.headers["location"])
    if there.origin != here.origin:
        if not content:
            _refuse(f"the Hub at {_shown(here)} redirects to {_shown(there)}; if that is the Hub, set HF_ENDPOINT")
        if here.scheme == "https" != there.scheme:
            _refuse(f"the Hub redirects to {_shown(there)}, which is not encrypted")
    _KNOWN.keep(there, replace(note, content=content))


def _check_next_page(response: httpx2.Response, note: _Note) -> None:
    here, there = response.request.url, httpx2.URL(response.links["next"].get("url", ""))
    if there.origin != here.origin:
        _refuse(f"the Hub at {_shown(here)} continues a list at {_shown(there)}, where the token may not be sent")
    now = time.monotonic()
    note = replace(note, page=note.page + 1, since=now if note.page == 1 else note.since)
    if note.page > MAX_PAGES or now - note.since > PAGES_SECONDS:
        _KNOWN.forget(here)
        _refuse(f"the Hub sent {note.page - 1} pages of a list in {now - note.since:,.0f} seconds, and there are more")
    _KNOWN.keep(there, note)


def _most(response: httpx2.Response, note: _Note, content: bool) -> int:
    """The bytes that the body of an answer may have; extends the time limit for the content of a file."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        _refuse("the Hub sent a compressed answer, which was not asked for; check HF_ENDPOINT and the proxy")
    stated = response.headers.get("content-length")
    size = None if stated is None else _number(stated, 0)
    if not content:
        if size is not None and size > MAX_ANSWER:
            _refuse(f"the Hub sends an answer of {size:,} bytes; expected at most {MAX_ANSWER:,}")
        return MAX_ANSWER
    most = min(MAX_FILE, next(one for one in (note.size, size, MAX_ANSWER) if one is not None))
    if size is not None and size > most:
        _refuse(f"the Hub sends a file of {size:,} bytes, more than the listed {most:,}; try again later")
    deadline = response.request.extensions["timeout"]["read"]
    if isinstance(deadline, Deadline):
        deadline.total = ANSWER_SECONDS + most / SLOWEST
    return most


def _late(total: float) -> HubError:
    return HubError(f"the Hub did not finish its answer within {total:,.0f} seconds; try again later")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else otherwise


def _shown(url: httpx2.URL) -> str:
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"[:200]


def _refuse(reason: str) -> NoReturn:
    raise HubError(reason)
