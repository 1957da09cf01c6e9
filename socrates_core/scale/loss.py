"""How many answers may be lost because nobody can tell what they are, before a study is no longer the study.

The answers that cannot be read are rarely a random part of all: on a scale in half steps they are every answer between
two whole numbers. A rest from which they are missing has other means and other effects, so beyond a limit an import
stops, says what the answers are, and how they could be read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from socrates_core.errors import counted

MOST_LOST: Final = 0.02
"""Share of the answers given that may be unreadable."""

LEAST_ANSWERS: Final = 30
"""A cell with fewer answers is judged with the other cells of its outcome alone."""

_EXAMPLES: Final = 5


@dataclass
class AnswerCount:
    """The answers given in one cell: those that were read, and those that could not be."""

    study_id: str
    condition_num: int
    task_num: int
    read: int = 0
    """Answers off the stated scale are read, and kept; missing ones are no answers."""
    lost: Counter[str] = field(default_factory=Counter)
    """Why an answer could not be read → how many."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """Why → a few of the different answers."""

    def lose(self, reason: str, answer: str) -> None:
        """Count an answer that could not be read."""
        self.lost[reason] += 1
        kept = self.examples.setdefault(reason, [])
        if answer not in kept and len(kept) < _EXAMPLES:
            kept.append(answer)


@dataclass(frozen=True)
class Loss:
    """More answers of a cell, or of an outcome over all its cells, could not be read than may be lost."""

    study_id: str
    task_num: int
    condition_num: int | None
    """The arm of a cell; None for an outcome as a whole."""
    lost: int
    given: int
    """Answers that are not missing, the lost ones included."""
    reasons: Mapping[str, int]
    """Why → how many of the lost ones."""
    examples: Mapping[str, Sequence[str]]
    """Why → a few of the different answers."""
    ways_out: Mapping[str, str] = field(default_factory=dict)
    """Why → what to do, if the source knows."""

    def __str__(self) -> str:
        """`study s, task 1, condition 2: 40 of 100 answers cannot be read: the answer lies … (40, as in '3.5')`."""
        where = f"study {self.study_id}, task {self.task_num}"
        where += "" if self.condition_num is None else f", condition {self.condition_num}"
        told = [
            f"{reason} ({count:,}, as in {', '.join(map(repr, self.examples.get(reason, ())))})"
            for reason, count in self.reasons.items()
        ]
        return f"{where}: {self.lost:,} of {counted(self.given, 'answer')} cannot be read: {'; '.join(told)}"


def losses(cells: Iterable[AnswerCount], ways_out: Mapping[str, str]) -> tuple[Loss, ...]:
    """The outcomes and cells that lost more than `MOST_LOST` of the answers given.

    An outcome counts as a whole; of one that is within the limit, each cell of at least `LEAST_ANSWERS` answers.

    Args:
        cells: All cells of each outcome.
        ways_out: Why an answer could not be read → what to do.
    """
    outcomes: dict[tuple[str, int], list[AnswerCount]] = defaultdict(list)
    for cell in cells:
        outcomes[cell.study_id, cell.task_num].append(cell)
    found = []
    for members in outcomes.values():
        whole = _loss(members, None, ways_out)
        if whole.lost > MOST_LOST * whole.given:
            found.append(whole)
            continue
        parts = [_loss([cell], cell.condition_num, ways_out) for cell in members]
        found += [part for part in parts if part.given >= LEAST_ANSWERS and part.lost > MOST_LOST * part.given]
    return tuple(found)


def refusal(found: Sequence[Loss], most: int = 3) -> str:
    """What a person is told who must not go on: the losses, at most so many of them, and the ways out of each."""
    more = f" (and {len(found) - most} more such losses)" if len(found) > most else ""
    ways = dict.fromkeys(f"{reason}: {way}" for loss in found for reason, way in loss.ways_out.items())
    return (
        f"{'; '.join(map(str, found[:most]))}{more}. What is left would be biased. Ways out: {'; '.join([*ways, ''])}"
        "--allow-loss goes on without these answers and marks the studies"
    )


def _loss(cells: list[AnswerCount], condition_num: int | None, ways_out: Mapping[str, str]) -> Loss:
    """What several cells of one outcome lost together."""
    reasons: Counter[str] = sum((cell.lost for cell in cells), Counter())
    examples = {
        reason: tuple(dict.fromkeys(text for cell in cells for text in cell.examples.get(reason, ())))[:_EXAMPLES]
        for reason in reasons
    }
    return Loss(
        study_id=cells[0].study_id,
        task_num=cells[0].task_num,
        condition_num=condition_num,
        lost=reasons.total(),
        given=reasons.total() + sum(cell.read for cell in cells),
        reasons=dict(reasons.most_common()),
        examples=examples,
        ways_out={reason: ways_out[reason] for reason in reasons if reason in ways_out},
    )
