"""Loads a large model in the background: the page starts with the demo model, shows progress, and then switches."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from huggingface_hub import constants
from markupsafe import Markup

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.access import client, hub_step, saved_token
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.folder import HUB_ID
from socrates_core.report.markup import markup
from socrates_core.study.files import data_size
from socrates_core.ui.access.failures import LogUnexpected, UnexpectedError
from socrates_core.ui.html import worded_here

DOWNLOADED: Final = (".safetensors", ".json", ".txt", ".jinja")
"""Extensions of the files that are downloaded."""

State = Literal["loading", "ready", "failed"]


@dataclass(frozen=True)
class Wanted:
    """The model to load, as named on the command line."""

    model: str
    adapter: str | None = None

    @property
    def words(self) -> str:
        """Name in messages."""
        return f"{self.model} with {self.adapter}" if self.adapter else self.model


class Startup:
    """Loads a model in a background thread and hands it over."""

    def __init__(
        self,
        wanted: Wanted,
        load: Callable[[], AnswerModel],
        use: Callable[[AnswerModel], None],
        log: Callable[[str], None],
        meanwhile: str = "the demo model",
    ) -> None:
        """Prepare loading, which begins with `start`.

        Args:
            wanted: The model.
            load: Downloads and loads the model.
            use: Called with the model once it is ready.
            log: Called with a line about the outcome.
            meanwhile: What is used until then, in messages.
        """
        self.wanted = wanted
        self.state: State = "loading"
        self.why = ""
        """The reason if it failed."""
        self._load, self._use, self._log = load, use, log
        self._meanwhile = meanwhile
        self._total: int | None = None

    def start(self) -> None:
        """Begin loading; the thread does not keep the program alive."""
        threading.Thread(target=self._work, name="startup", daemon=True).start()

    def words(self) -> str:
        """Why what is used meanwhile is used, in plain text; empty once the model is ready."""
        if self.state == "ready":
            return ""
        if self.state == "failed":
            return f"The model {self.wanted.words} could not be loaded, so {self._meanwhile} stays in use: {self.why}"
        return f"The model {self.wanted.words} is being loaded; until it is ready, {self._meanwhile} is used."

    def note(self) -> Markup:
        """The progress as HTML; empty once the model is ready."""
        if self.state == "ready":
            return Markup()
        if self.state == "failed":
            return markup("<p class='notice' role='alert'>{{ words }}</p>", words=worded_here(self.words()))
        done, total = downloaded(self.wanted.model), self._total
        step = "Loading into memory."
        if total and done < total:
            step = f"{data_size(done)} of {data_size(total)} downloaded."
        return markup(
            "<p class='notice' role='status'>{{ words }} {{ step }}{% if total and done < total %}"
            "<progress max='{{ total }}' value='{{ done }}'></progress>{% endif %}</p>",
            words=self.words(), step=step, total=total, done=done,
        )  # fmt: skip

    def _work(self) -> None:
        try:
            with LogUnexpected():
                self._total = size_on_hub(self.wanted.model)
                self._use(self._loaded())
        except (SocratesError, UnexpectedError) as error:
            self.why, self.state = str(error), "failed"
            self._log(f"Failed   {self.wanted.words}: {error}")
            return
        self.state = "ready"
        self._log(f"Model    {self.wanted.words} is ready")

    def _loaded(self) -> AnswerModel:
        """Load the model; insufficient resources become a message.

        Raises:
            SocratesError: If loading fails, or memory or disk space run out.
        """
        try:
            return self._load()
        except MemoryError as error:
            raise SocratesError(_too_small("memory")) from error
        except RuntimeError as error:  # torch raises this when the GPU is full
            if "out of memory" not in str(error).lower():
                raise
            raise SocratesError(_too_small("GPU memory")) from error
        except OSError as error:
            raise SocratesError(f"{error.strerror or error}; check the log and the disk space of this app") from error


def downloaded(name: str) -> int:
    """Bytes of a Hub model that have been downloaded, including partial files."""
    repo_id = name.partition("@")[0]
    if not HUB_ID.fullmatch(repo_id):
        return 0
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repo_id.replace('/', '--')}" / "blobs"
    return sum(entry.stat().st_size for entry in os.scandir(folder)) if folder.is_dir() else 0


def size_on_hub(name: str) -> int | None:
    """Size of a model on the Hub in bytes; None if it is not a Hub model, or the Hub does not tell."""
    repo_id, _, revision = name.partition("@")
    if Path(name).is_dir() or not HUB_ID.fullmatch(repo_id):
        return None
    token = saved_token()
    try:
        with hub_step(f"looking up {repo_id}", token, repo_id, revision or None):
            info = client(token).model_info(repo_id, revision=revision or None, files_metadata=True)
    except HubError:
        return None  # loading will report the problem, if there is one
    return sum(one.size or 0 for one in info.siblings or () if one.rfilename.endswith(DOWNLOADED)) or None


def _too_small(what: str) -> str:
    return f"there is not enough {what} for it; choose larger hardware, a smaller model, or SOCRATES_PRECISION=nf4"
