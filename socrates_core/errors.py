"""Errors that a user can fix.

    SocratesError
    ├── ScaleError         an answer instruction that cannot be read
    ├── SourceError        input files: missing, malformed, or without the columns they need
    │   └── LossError      more answers that nobody can read than may be lost
    ├── StudyFolderError   a prepared folder that is incomplete, changed, or of another format
    ├── SplitError         a split that is impossible or does not fit its studies
    │   └── LeakError      a study that is on both sides of a split
    ├── PopulationError    an edit of the participants that makes no sense or leaves no one
    ├── StoppedError       a run that its visitor has stopped
    ├── ModelError         an unknown model, or an adapter, template and base that are incompatible
    ├── TrainingError      a recipe that cannot be read, or a training that cannot start or continue
    ├── PredictionError    predictions that cannot be read or scored
    ├── RunError           a run that differs from the one in its folder, is already running, or ended early
    ├── HubError           an adapter that cannot be pushed or pulled: rights, names, network, or its contents
    │   └── NoAccessError  a repository that does not exist or that the token does not open
    └── LaunchError        the app cannot start, for example because its port is taken

The message is all a user sees: it states what is wrong, where, what was expected, and what to do. A command that
ends in one of these errors prints it on stderr and exits with code 2.
"""

from collections.abc import Mapping, Sequence
from typing import Final

_PLURALS: Final = {"person": "people"}


class SocratesError(Exception):
    """An error that the user can fix; its text is the whole message."""


class ScaleError(SocratesError):
    """An answer instruction that cannot be read; quotes it."""

    def __init__(self, message: str, ends: Mapping[int, str] | None = None) -> None:
        """
        Args:
            message: What is wrong.
            ends: Two options and their texts, where these may be the ends of a scale or all there is; the answers show
                which. Codes for no answer may stand among them.
        """
        super().__init__(message)
        self.ends = ends


class SourceError(SocratesError):
    """Input files that are missing, malformed, or lack a column."""


class ColumnError(SocratesError):
    """Columns of a table that were given a role, labels or a scale that does not fit; has their names."""

    def __init__(self, message: str, columns: tuple[str, ...]) -> None:
        super().__init__(message)
        self.columns = columns


class LossError(SourceError):
    """More answers that cannot be read than a study may lose; names them, with examples and the ways out."""


class StudyFolderError(SocratesError):
    """A prepared study folder that is incomplete, changed, or of another format."""


class SplitError(SocratesError):
    """A split that is impossible or does not fit the studies at hand."""


class LeakError(SplitError):
    """A study that is on both sides of a split, or that an adapter was trained on."""


class PopulationError(SocratesError):
    """An edit of the participants that makes no sense or leaves no one."""


class StoppedError(SocratesError):
    """A run that its visitor has stopped, raised by its report of progress."""


class ModelError(SocratesError):
    """An unknown model, or an adapter, template and base that are incompatible."""


class TrainingError(SocratesError):
    """A recipe that cannot be read, or a training that cannot start or continue."""


class PredictionError(SocratesError):
    """Predictions that cannot be read or scored."""


class RunError(SocratesError):
    """A run that differs from the one in its folder, is already running, or ended early."""


class HubError(SocratesError):
    """An adapter that cannot be pushed or pulled; names the failed step, the missing permission or the reason."""


class NoAccessError(HubError):
    """A repository that does not exist, or that the token does not open; has its name."""

    def __init__(self, message: str, repo_id: str) -> None:
        super().__init__(message)
        self.repo_id = repo_id


class LaunchError(SocratesError):
    """The app cannot start."""


def shown(text: object) -> str:
    """A text in one line: line breaks, other control characters and halves of characters are spelt out.

    For a path or a value of a file that a message quotes, and for the message itself.
    """
    return "".join(letter if letter.isprintable() else _spelt(letter) for letter in str(text))


def listed(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first of some names, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def counted(number: int, what: str) -> str:
    """A number of things in words: `1 row`, `0 rows`, `1,200 studies`, `2 people`.

    Args:
        number: How many.
        what: One of them; the last word becomes a plural.
    """
    if number == 1:
        return f"{number:,} {what}"
    words, gap, last = what.rpartition(" ")
    if last in _PLURALS:
        plural = _PLURALS[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        plural = f"{last[:-1]}ies"
    else:
        plural = f"{last}{'e' * last.endswith(('s', 'x', 'ch', 'sh'))}s"
    return f"{number:,} {words}{gap}{plural}"


def _spelt(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
