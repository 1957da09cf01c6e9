"""How a command ends, and a disk that fills up on the way."""

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from socrates_core import command


def exit_code(monkeypatch: pytest.MonkeyPatch, story: Callable[..., Any], *arguments: object) -> int:
    """That of a command with these words, as its script runs it."""
    monkeypatch.setattr(sys, "argv", [story.__name__, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command.run(story)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk, no file can grow beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
