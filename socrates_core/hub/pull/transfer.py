"""Downloads one file from the Hub and checks its size and hash.

Time and origins are bounded by the client (`study.hub_client`). `hf_hub_download` gives up where the storage fails for
a moment, loses up to 10 MB at each break, and compares neither size nor hash with the listing.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urljoin

import httpx2
from huggingface_hub import HfApi, get_hf_file_metadata, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from socrates_core.errors import HubError
from socrates_core.hub.pull.listing import ListedFile
from socrates_core.study.files import file_sha256, git_blob_id
from socrates_core.study.hub_client import TIMEOUT

ATTEMPTS: Final = 4
"""Attempts per file; a broken download resumes where it stopped."""

PAUSE: Final = 0.5
"""Seconds before the first retry; later ones wait longer."""

_CHUNK: Final = 1024**2
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

OnBytes = Callable[[int], object]
"""Called with the number of bytes received."""


def download(api: HfApi, repo_id: str, commit: str, file: ListedFile, path: Path, on_bytes: OnBytes) -> None:
    """Download one file of a commit.

    Args:
        api: A client with the token to use, if any.
        repo_id: OWNER/NAME.
        commit: 40 hexadecimal digits.
        file: The entry of the listing.
        path: Destination, which must not exist.
        on_bytes: Called with the number of bytes of every chunk.

    Raises:
        HubError: If the content does not match the listing.
        httpx2.HTTPError: If the Hub rejects the request or cannot be reached; handled by `hub_step`.
        OSError: If it cannot be written.
    """
    url = hf_hub_url(repo_id, file.name, revision=commit, endpoint=api.endpoint)
    metadata = get_hf_file_metadata(url, token=api.token, endpoint=api.endpoint, timeout=TIMEOUT.read)
    where = f"{repo_id}, {file.name} at {commit[:12]}"
    if metadata.commit_hash != commit:
        raise HubError(f"{where}: the Hub returned commit {metadata.commit_hash}; try again, and check HF_ENDPOINT")
    if metadata.size is not None and metadata.size != file.size:
        raise HubError(f"{where}: the listing says {file.size:,} bytes, the server {metadata.size:,}; try again later")
    linked = metadata.etag if _DIGEST.fullmatch(metadata.etag or "") else None
    if file.sha256 is not None and linked not in (None, file.sha256):
        raise HubError(
            f"{where}: the sha256 of the server differs from {file.sha256[:12]}… in the listing; try again later"
        )
    location = urljoin(url, metadata.location)
    headers = build_hf_headers(token=api.token if httpx2.URL(location).origin == httpx2.URL(url).origin else False)
    _fetch(location, headers, file, path, where, on_bytes)
    if file.sha256 is not None and file_sha256(path) != file.sha256:
        raise HubError(f"{where}: the sha256 does not match the listing: the file was modified or damaged")
    if file.sha256 is None and git_blob_id(path) != file.blob_id:
        raise HubError(f"{where}: the git hash does not match the listing: the file was modified or damaged")


def _fetch(url: str, headers: dict[str, str], file: ListedFile, path: Path, where: str, on_bytes: OnBytes) -> None:
    """Stream into a file, resuming after interruptions."""
    broken = ""
    with path.open("xb") as out:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * attempt)
            try:
                _stream(url, headers, file, out, where, on_bytes)
            except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
                broken = f" ({error})"
            except HfHubHTTPError as error:
                if error.response.status_code < 500 or attempt == ATTEMPTS - 1:
                    raise
                broken = f" (HTTP {error.response.status_code})"
            if out.tell() == file.size:
                return
    raise HubError(
        f"{where}: {path.stat().st_size:,} of {file.size:,} bytes arrived after {ATTEMPTS} attempts{broken}; "
        "check the network and try again"
    )


def _stream(url: str, headers: dict[str, str], file: ListedFile, out: BinaryIO, where: str, on_bytes: OnBytes) -> None:
    have = out.tell()
    asked = {**headers, "range": f"bytes={have}-"} if have else headers
    with get_session().stream("GET", url, headers=asked, timeout=TIMEOUT, follow_redirects=True) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:
            on_bytes(-have)
            out.seek(0)
            out.truncate()
        for chunk in response.iter_bytes(_CHUNK):
            if out.tell() + len(chunk) > file.size:
                raise HubError(f"{where}: received more than the listed {file.size:,} bytes; download aborted")
            out.write(chunk)
            on_bytes(len(chunk))
