"""Which runs of a directory a visitor wants to see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.runs.index import RunRow
from socrates_core.ui.evaluate.view import STATES, title_of

ANY: Final = ""
"""The entry of a menu that leaves out no run."""

LONGEST: Final = 200
"""Longest text that is searched for, in characters."""

NOBODY: Final = "not recorded"
"""Who started a run of which that is not known."""


@dataclass(frozen=True)
class RunFilter:
    """The values of the filter; an empty one leaves out nothing."""

    words: str | None = ""
    """Each of these must stand in the run's names, studies, state or message."""
    state: str | None = ANY
    """A key of `STATES`."""
    model: str | None = ANY
    """As `title_of` words it."""
    owner: str | None = ANY

    def picks(self, row: RunRow) -> bool:
        """Whether a run is to be shown."""
        wanted = ((self.state, row.state), (self.model, title_of(row)), (self.owner, row.owner or NOBODY))
        if any(asked and asked != there for asked, there in wanted):
            return False
        said = (
            title_of(row),
            row.name,
            row.studies,
            row.part,
            STATES[row.state],
            f"seed {row.seed}",
            row.owner,
            row.message,
        )
        text = " ".join(filter(None, said)).casefold()
        return all(word in text for word in (self.words or "")[:LONGEST].casefold().split())

    def menus(self, rows: Sequence[RunRow]) -> list[Any]:
        """Updates for the menus of states, models and owners: what there is, and what is chosen."""
        there = {row.state for row in rows}
        states = [(name, code) for code, name in STATES.items() if code in there]
        return [
            _menu("any state", states, self.state),
            _menu("any model", _each(rows, title_of), self.model),
            _menu("anybody", _each(rows, lambda row: row.owner or NOBODY), self.owner),
        ]


def _each(rows: Sequence[RunRow], named: Callable[[RunRow], str]) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted({named(row) for row in rows}, key=str.casefold)]


def _menu(all_of_them: str, choices: Sequence[tuple[str, str]], chosen: str | None) -> Any:
    """A menu that keeps its choice while there is such a run."""
    known = chosen if chosen in {value for _, value in choices} else ANY
    return gr.update(choices=[(all_of_them, ANY), *choices], value=known)
