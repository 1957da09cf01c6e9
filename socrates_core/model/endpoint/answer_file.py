"""The answers of a server as a file in a run's folder, so that a resumed run does not ask for them again.

The first line says how they were obtained; then each line is one answer, written as it arrives. It holds neither the
server's address nor a key, and prompts only as hashes.
"""

import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.questioner import Answer

FILE: Final = "answers.jsonl"

METHODS: Final = ("exact", "typed", "binned", "sampled")


class AnswerFile:
    """One file of answers. Thread-safe; only one process may write to it, as only one works on a run."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a line that cannot be read, as the last one of a killed process, is left out."""
        self.path = path
        self.obtained: dict[str, Any] | None = None
        """How the answers were obtained; None for a file that is not there, or unreadable."""
        self.answers: dict[str, Answer] = {}
        """Key of the prompt ↦ its answer."""
        self._lock = threading.Lock()
        try:
            lines = path.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            lines = []
        for place, line in enumerate(lines):
            entry = _entry(line)
            if place == 0:
                self.obtained = entry
            elif entry is not None and (answer := _answer(entry)) is not None:
                self.answers[str(entry["key"])] = answer

    def begin(self, obtained: Mapping[str, Any]) -> None:
        """Start anew unless the answers in the file were obtained in just this way.

        Raises:
            ModelError: If the file cannot be written.
        """
        if self.obtained == obtained:
            self._write("\n", "a")  # ends a line that a killed process left half-written
            return
        self.obtained, self.answers = dict(obtained), {}
        self._write(json.dumps(obtained, ensure_ascii=False) + "\n", "w")

    def add(self, key: str, answer: Answer) -> None:
        """Append an answer.

        Raises:
            ModelError: If the file cannot be written.
        """
        entry = {"key": key, "probs": answer.probs.tolist(), "mass": answer.mass, "method": answer.method}
        self._write(json.dumps({**entry, "answers": answer.answers}) + "\n", "a")

    def _write(self, text: str, mode: str) -> None:
        try:
            with self._lock, self.path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written ({error.strerror}); free some disk space") from error


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _answer(entry: Mapping[str, Any]) -> Answer | None:
    """The answer of a line; None if anything about it is not as `add` writes it."""
    try:
        probs, mass = np.array(entry["probs"], dtype=np.float64), float(entry["mass"])
        method, answers = entry["method"], entry["answers"]
        whole = probs.ndim == 1 and (probs >= 0).all() and math.isclose(float(probs.sum()), 1.0, abs_tol=1e-9)
    except (KeyError, TypeError, ValueError):
        return None
    if not whole or not 0 <= mass <= 1 or method not in METHODS or not isinstance(answers, int | None):
        return None
    return Answer(probs, mass, method, answers)
