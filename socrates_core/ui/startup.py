"""A large model on its way: the page is up at once with the demo model, says how far the other one is, and switches."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from huggingface_hub import constants

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.access import client, hub_step, saved_token
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.folder import HUB_ID
from socrates_core.ui.access.failures import Reported, Unforeseen
from socrates_core.ui.html import text

FETCHED: Final = (".safetensors", ".json", ".txt", ".jinja")
"""Endings of what is fetched of a model."""

State = Literal["loading", "ready", "failed"]


@dataclass(frozen=True)
class Wanted:
    """What is loaded, as it was asked for."""

    model: str
    adapter: str | None = None

    @property
    def words(self) -> str:
        """For a message."""
        return f"{self.model} with {self.adapter}" if self.adapter else self.model


class Startup:
    """Loads a model in a thread of its own and hands it over."""

    def __init__(
        self,
        wanted: Wanted,
        load: Callable[[], AnswerModel],
        use: Callable[[AnswerModel], None],
        tell: Callable[[str], None],
    ) -> None:
        """Prepare; nothing happens before `start`.

        Args:
            wanted: For the messages.
            load: Fetches and loads the model.
            use: Told the model when it is ready.
            tell: Told how it ended, for the log.
        """
        self.wanted = wanted
        self.state: State = "loading"
        self.why = ""
        """Why it failed."""
        self._load, self._use, self._tell = load, use, tell
        self._total: int | None = None

    def start(self) -> None:
        """Begin; the thread does not keep the program alive."""
        threading.Thread(target=self._work, name="startup", daemon=True).start()

    def note(self) -> str:
        """How far it is, as HTML; empty once the model answers."""
        name = text(self.wanted.words)
        if self.state == "ready":
            return ""
        if self.state == "failed":
            return (
                f"<p class='notice' role='alert'>The model {name} cannot be loaded, so the demo model answers: "
                f"{text(self.why)}</p>"
            )
        done, total = downloaded(self.wanted.model), self._total
        doing = "It is being loaded into memory."
        if total and done < total:
            doing = f"{done / 1e9:,.1f} of {total / 1e9:,.1f} GB are downloaded."
        share = f"<progress max='{total}' value='{min(done, total)}'></progress>" if total and done < total else ""
        return (
            f"<p class='notice' role='status'>The model {name} is on its way; until it is here, the demo model "
            f"answers. {doing}{share}</p>"
        )

    def _work(self) -> None:
        try:
            with Reported():
                self._total = size_on_hub(self.wanted.model)
                self._use(self._loaded())
        except (SocratesError, Unforeseen) as error:
            self.why, self.state = str(error), "failed"
            self._tell(f"Failed   {self.wanted.words}: {error}")
            return
        self.state = "ready"
        self._tell(f"Model    {self.wanted.words} is ready")

    def _loaded(self) -> AnswerModel:
        """The model; what a smaller model or other hardware would mend is a message.

        Raises:
            SocratesError: Of the loading itself, or if memory or disk are full.
        """
        try:
            return self._load()
        except MemoryError as error:
            raise SocratesError(_too_small("memory")) from error
        except RuntimeError as error:  # torch's errors of a full GPU are of this kind
            if "out of memory" not in str(error).lower():
                raise
            raise SocratesError(_too_small("GPU memory")) from error
        except OSError as error:
            raise SocratesError(f"{error.strerror or error}; see the log of this app, and its disk space") from error


def downloaded(name: str) -> int:
    """Bytes of a model of the Hub that are on this machine, finished or not."""
    repo_id = name.partition("@")[0]
    if not HUB_ID.fullmatch(repo_id):
        return 0
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repo_id.replace('/', '--')}" / "blobs"
    return sum(entry.stat().st_size for entry in os.scandir(folder)) if folder.is_dir() else 0


def size_on_hub(name: str) -> int | None:
    """Bytes that a model has on the Hub; None where it is no model of the Hub, or the Hub does not say."""
    repo_id, _, revision = name.partition("@")
    if Path(name).is_dir() or not HUB_ID.fullmatch(repo_id):
        return None
    token = saved_token()
    try:
        with hub_step(f"asking for {repo_id}", token, repo_id, revision or None):
            info = client(token).model_info(repo_id, revision=revision or None, files_metadata=True)
    except HubError:
        return None  # loading says what is wrong, if it is
    return sum(one.size or 0 for one in info.siblings or () if one.rfilename.endswith(FETCHED)) or None


def _too_small(what: str) -> str:
    return f"there is not enough {what} for it; choose larger hardware, a smaller model, or SOCRATES_PRECISION=nf4"
