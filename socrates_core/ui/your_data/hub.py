"""A data set of the Hugging Face Hub, fetched for one page: into its own folder, and with its visitor's token alone."""

import time
from collections.abc import Callable
from typing import Final

import gradio as gr

from socrates_core.errors import SocratesError, SourceError
from socrates_core.report.words import duration
from socrates_core.study.sources.file.frames import column_names
from socrates_core.study.sources.hub_address import hub_name as hub_named
from socrates_core.study.sources.hub_dataset import PREFIX, Access, HubName, fetch
from socrates_core.study.sources.opening import kind_of
from socrates_core.ui.access.uploads import Upload, shown_name
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.listeners import LEAST_WAIT
from socrates_core.ui.results import Results

COST: Final = 2_000
"""Price of a fetch in simulated people, for the rate limit."""


def hub_upload(
    results: Results,
    visitor: Visitor,
    token: str | None,
    words: str,
    progress: Callable[[int, int], None] | None = None,
) -> Upload:
    """Fetch a data set into a folder that goes with the page, as a file that was sent does.

    Args:
        results: For its limits.
        visitor: Who asks.
        token: Their own for the Hub; None if they have none. That of this server is never theirs.
        words: OWNER/NAME, with :CONFIG/SPLIT and @REVISION as needed; the address of its page is taken too.
        progress: Called with (bytes fetched, bytes in all).

    Raises:
        SocratesError: If the visitor may not simulate or fetch, has exceeded the rate limit, there is no room now, or
            as for `fetch`.
    """
    for action in ("simulate", "pull"):
        refusal = results.policy.refusal(visitor, action)
        if refusal:
            raise SocratesError(refusal)
    name = hub_name(words)
    results.limits.take(visitor, COST)
    uploads = results.uploads
    upload = uploads.begin("hub.parquet", uploads.largest)  # until it is known how large it is
    try:
        found = fetch(name, Access(token or False, upload.path.parent, uploads.largest, progress))
        _check_kind(name, column_names(found.files[0]))
    except (SocratesError, OSError) as error:
        upload.close()
        if isinstance(error, OSError):
            raise SocratesError(f"This server cannot keep the data set: {error.strerror}") from error
        raise
    upload.hub, upload.path = found, found.files[0]
    upload.name = f"{shown_name(found.repo_id.rpartition('/')[0])}/{shown_name(found.repo_id)} at {found.commit[:7]}"
    parts = "/".join(filter(None, (name.config, name.split)))
    upload.source = f"{PREFIX}{found.repo_id}{f':{parts}' if parts else ''}@{found.commit}"
    upload.size = sum(file.stat().st_size for file in found.files)
    return upload


def hub_name(words: str) -> HubName:
    """What a visitor has written, as the parts of a name.

    Raises:
        SourceError: If it does not name a data set.
    """
    written = hub_named(words.strip(), "dataset").removeprefix(PREFIX).strip("/")
    try:
        return HubName.parse(PREFIX + written)
    except SourceError:
        raise SourceError(
            f"{written!r:.140} does not name a data set; expected OWNER/NAME, OWNER/NAME:CONFIG or "
            "OWNER/NAME:CONFIG/SPLIT, each with @REVISION at its end or without"
        ) from None


def report_bytes(progress: gr.Progress) -> Callable[[int, int], None]:
    """A callback that shows how much has come and the time left."""
    start = time.monotonic()

    def report(done: int, total: int) -> None:
        spent = time.monotonic() - start
        left = ""
        if done and spent > LEAST_WAIT:
            left = f", about {duration(max(1, round(spent * (total - done) / done)))} left"
        words = f"Fetching from the Hub: {done / 1024**2:,.1f} of {total / 1024**2:,.1f} MB{left}"
        progress((done, total), desc=words, unit="")

    return report


def _check_kind(name: HubName, columns: list[str]) -> None:
    """Raise a SourceError for rows in the form of SocSci210 or of the original run, which no map describes."""
    if kind_of(columns) in ("socsci210", "alpaca"):
        raise SourceError(
            f"{name.repo_id} has rows as SocSci210 has them, whole studies each: python -m train.prepare --source "
            f"{PREFIX}{name.repo_id} --out FOLDER, then python app.py --studies FOLDER"
        )
