"""One file from the Hub, with its size and hash checked while and after it comes in."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urljoin, urlsplit

import httpx2
from huggingface_hub import HfApi, get_hf_file_metadata, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from socrates_core.errors import HubError
from socrates_core.hub.access import TIMEOUT
from socrates_core.hub.pull.listing import ListedFile
from socrates_core.study.files import file_sha256

ATTEMPTS: Final = 4
"""Times that a broken transfer is taken up again where it stopped."""

SLOWEST: Final = 10_000.0
"""Bytes a second, below which a transfer is given up."""

GRACE: Final = 120.0
"""Seconds that a transfer may take beside that."""

PAUSE: Final = 0.5
"""Seconds before a broken transfer is taken up again; longer each time."""

_CHUNK: Final = 1024**2
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

Told = Callable[[int], object]
"""Told how many bytes came in."""


def download(api: HfApi, repo_id: str, commit: str, file: ListedFile, path: Path, told: Told) -> None:
    """Fetch one file of a commit.

    Args:
        api: With the token to use, if any.
        repo_id: OWNER/NAME.
        commit: 40 hexadecimal digits.
        file: As the listing has it.
        path: Where it goes; not there yet.
        told: Told the bytes of every chunk.

    Raises:
        HubError: If what came is not what the listing says.
        httpx2.HTTPError: If the Hub refuses or cannot be reached; for `hub_step`.
        OSError: If it cannot be written.
    """
    url = hf_hub_url(repo_id, file.name, revision=commit, endpoint=api.endpoint)
    metadata = get_hf_file_metadata(url, token=api.token, endpoint=api.endpoint, timeout=TIMEOUT.read)
    where = f"{repo_id}, {file.name} at {commit[:12]}"
    if metadata.commit_hash != commit:
        raise HubError(f"{where}: the Hub answers with commit {metadata.commit_hash}; try again, and see HF_ENDPOINT")
    if metadata.size is not None and metadata.size != file.size:
        raise HubError(f"{where}: listed with {file.size:,} bytes and offered with {metadata.size:,}; try again later")
    linked = metadata.etag if _DIGEST.fullmatch(metadata.etag or "") else None
    if file.sha256 is not None and linked not in (None, file.sha256):
        raise HubError(f"{where}: listed with sha256 {file.sha256[:12]}… and offered with another; try again later")
    location = urljoin(url, metadata.location)
    headers = build_hf_headers(token=api.token if _origin(location) == _origin(url) else False)
    _fetch(location, {**headers, "accept-encoding": "identity"}, file, path, where, told)
    if file.sha256 is not None and file_sha256(path) != file.sha256:
        raise HubError(f"{where}: what arrived has another sha256 than the pointer says: it was changed or damaged")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _fetch(url: str, headers: dict[str, str], file: ListedFile, path: Path, where: str, told: Told) -> None:
    """Stream into a file, taking up again what breaks off."""
    deadline = time.monotonic() + GRACE + file.size / SLOWEST
    broken = ""
    with path.open("xb") as out:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * attempt)
            try:
                _stream(url, headers, file, out, where, told, deadline)
            except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
                broken = f" ({error})"
            except HfHubHTTPError as error:
                if error.response.status_code < 500 or attempt == ATTEMPTS - 1:
                    raise
                broken = f" (HTTP {error.response.status_code})"
            if out.tell() == file.size:
                return
    raise HubError(
        f"{where}: {path.stat().st_size:,} of {file.size:,} bytes arrived, {ATTEMPTS} times over{broken}; "
        "check the network and try again"
    )


def _stream(
    url: str, headers: dict[str, str], file: ListedFile, out: BinaryIO, where: str, told: Told, deadline: float
) -> None:
    have = out.tell()
    asked = {**headers, "range": f"bytes={have}-"} if have else headers
    with get_session().stream("GET", url, headers=asked, timeout=TIMEOUT, follow_redirects=True) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:
            told(-have)
            out.seek(0)
            out.truncate()
        for chunk in response.iter_bytes(_CHUNK):
            if out.tell() + len(chunk) > file.size:
                raise HubError(f"{where}: more than the listed {file.size:,} bytes came in; it was cut off there")
            if time.monotonic() > deadline:
                raise HubError(f"{where}: it comes in slower than {SLOWEST:,.0f} bytes a second; try again later")
            out.write(chunk)
            told(len(chunk))
