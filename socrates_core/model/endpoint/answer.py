"""One persona's answer: from log-probabilities, or from the first number in a text; and the file of a run's answers.

The file is in the run's folder, so that a resumed run does not ask for them again. Its first line says how they were
obtained; then each line is one answer, written as it arrives. It holds neither the server's address nor a key, and
prompts only as hashes.
"""

import json
import math
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import Method
from socrates_core.model.endpoint.chat import Completion
from socrates_core.scale.distribution import Floats
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.study.incoming.fields import number, one_of, read_as, whole

FILE: Final = "answers.jsonl"

Share = Annotated[float, number("a share from 0 to 1", ge=0, le=1)]

UNKNOWN_SHARE: Final = 1e-3
"""Share of the mass on the scale that may be unaccounted for in a list of log-probabilities that counts as exact. The
Wasserstein distance between two distributions that differ by that much is at most 0.001."""

_NUMBER: Final = re.compile(
    r"(?P<sign>(?<![\w)\]])[-\u2212])?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?P<part>\.[0-9]+)?(?P<more>\w|,[0-9])?"
)
_THOUGHT: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Answer:
    """The predicted answer of one persona."""

    probs: Floats
    """(K,) summing to 1."""
    mass: float
    """In [0, 1]: the share of the probability mass on the scale before renormalising."""
    method: Method
    answers: int | None = None
    """Sampled answers on the scale that `probs` rests on; None if it is not sampled."""


@dataclass(frozen=True)
class ParsedNumber:
    """The number in a completion that counts as its answer."""

    value: str | None
    """As an option is written, such as 7, -2 or 3.5; None if there is none."""
    is_number: bool
    """Whether a number was written, on the scale or not."""


def first_number(completion: Completion) -> ParsedNumber:
    """The first number in a completion, in digits as in 7, -2 or 1,000.

    A leading <think> block is skipped; if it never ends, there is no number. 3.50 is 3.5, and 3.0 is 3. A number with
    letters attached (10k, 3rd), or at the very end of a text that was cut off equals no option.
    """
    text = _THOUGHT.sub("", completion.text, count=1)
    found = None if text.lstrip().startswith("<think>") else _NUMBER.search(text)
    if found is None:
        return ParsedNumber(None, is_number=False)
    digits = found["digits"].replace(",", "")
    may_go_on = completion.is_cut and not text[found.end() :].strip(".,")
    if may_go_on or found["more"] or len(digits) > 18:
        return ParsedNumber(None, is_number=True)
    decimals = (found["part"] or "").rstrip("0").rstrip(".")
    number = f"{int(digits)}{decimals}"
    return ParsedNumber(f"-{number}" if found["sign"] and number != "0" else number, is_number=True)


def option_probs(tokens: Mapping[str, float], texts: Sequence[str]) -> Floats | None:
    """(L,) probabilities of the options, not renormalised; None if the first tokens do not determine them all.

    They do if the undetermined mass is at most `UNKNOWN_SHARE` of the mass on the scale. Undetermined is the mass of
    tokens that begin an option without being one ("-" of -2, a blank), and of unlisted options, each of which has at
    most the smallest listed probability. That bound holds for options of one character, which every vocabulary has as
    a token; a longer unlisted option may be written in several tokens and can have any probability. So options with
    decimals are hardly ever determined.
    """
    if any(len(text) > 1 and text not in tokens for text in texts):
        return None
    least = min(tokens.values())
    unknown = least * sum(text not in tokens for text in texts)
    unknown += sum(prob for token, prob in tokens.items() if token not in texts and _begins(token, texts))
    probs = np.array([tokens.get(text, 0.0) for text in texts], dtype=np.float64)
    return probs if probs.sum() > 0 and unknown <= UNKNOWN_SHARE * probs.sum() else None


def _begins(token: str, texts: Sequence[str]) -> bool:
    return any(text.startswith(token) for text in texts)


@dataclass(frozen=True)
class _Line:
    """An answer as `AnswerFile.add` writes it."""

    key: str
    probs: tuple[Share, ...]
    mass: Share
    method: Annotated[Method, one_of("exact", "typed", "binned", "sampled")]
    answers: Annotated[int | None, whole(1)]

    def answer(self) -> Answer:
        """What it says; a ValueError if the probabilities are none together."""
        if not math.isclose(sum(self.probs), 1.0, abs_tol=1e-9):
            raise ValueError("the probabilities do not sum to 1")
        return Answer(np.array(self.probs), self.mass, self.method, self.answers)


class AnswerFile:
    """One file of answers. Thread-safe; only one process may write to it, as only one works on a run."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a line that cannot be read, as the last one of a killed process, is left out.

        Raises:
            ModelError: If there is a file that cannot be read.
        """
        self.path = path
        self.obtained: dict[str, Any] | None = None
        """How the answers were obtained; None for a file that is not there, or unreadable."""
        self.answers: dict[str, Answer] = {}
        """Key of the prompt ↦ its answer."""
        self._lock = threading.Lock()
        try:
            first, *lines = read_bytes(path).decode("utf-8", "replace").splitlines() or [""]
        except FileNotFoundError:
            return
        except OSError as error:
            raise ModelError(
                f"{path} cannot be read ({error.strerror}); move it away to ask for every answer"
            ) from error
        with suppress(ValueError):
            obtained = parse_json(first)
            self.obtained = obtained if isinstance(obtained, dict) else None
        for line in lines:
            with suppress(ValueError):
                kept = read_as(_Line, parse_json(line))
                self.answers[kept.key] = kept.answer()

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
