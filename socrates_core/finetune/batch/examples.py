"""What is learned: a person's prompt and their answer, as tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.errors import ModelError, TrainingError
from socrates_core.model.prefix_tree.encoding import PromptEncoder, Tokens
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Cell, Persona, StudySet

Ints = npt.NDArray[np.int64]

CACHED_PERSONAS = 100_000
CACHED_ANSWERS = 10_000


@dataclass(frozen=True, eq=False)
class Examples:
    """N answers of people, in table order."""

    cells: tuple[Cell, ...]
    """(C,) the cells that somebody answered."""
    cell: Ints
    """(N,) places in `cells`."""
    person: Ints
    """(N,) rows of `people`."""
    response: Ints
    """(N,) what they answered."""
    people: pl.DataFrame
    """The attributes of everybody."""
    off_scale: int
    """Answers that are no option of their scale, left out."""

    def __len__(self) -> int:
        return len(self.response)

    def keep(self, which: npt.NDArray[np.bool_]) -> "Examples":
        """Only those of an (N,) choice."""
        return replace(self, cell=self.cell[which], person=self.person[which], response=self.response[which])


def examples_of(studies: StudySet) -> Examples:
    """All answers of some studies that are on the scale; an open-ended outcome has no scale to be off.

    Raises:
        TrainingError: If there is none.
    """
    rows = studies.responses.filter(pl.col("on_scale"))
    if rows.is_empty():
        raise TrainingError(
            f"the studies {', '.join(studies.study_ids[:5])} have no answer to learn from; prepare others with "
            "python -m train.prepare"
        )
    answered = set(rows["cell_id"].unique().to_list())
    cells = [cell for study_id in studies.study_ids for cell in studies.cells_of(study_id) if cell.cell_id in answered]
    cells.sort(key=lambda cell: cell.cell_id)
    ids = np.array([cell.cell_id for cell in cells])
    people = studies.participants
    attributes = [name for name in people.columns if name not in PARTICIPANTS_SCHEMA]
    return Examples(
        cells=tuple(cells),
        cell=np.searchsorted(ids, rows["cell_id"].to_numpy()),
        person=np.searchsorted(people["participant_id"].to_numpy(), rows["participant_id"].to_numpy()),
        response=rows["response"].to_numpy(),
        people=people.select(attributes),
        off_scale=len(studies.responses) - len(rows),
    )


@dataclass(frozen=True, eq=False)
class Example:
    """One person's prompt and answer."""

    prompt: Tokens
    """(T,) up to where the answer starts."""
    answer: tuple[int, ...]
    """The answer's tokens and the end of the turn: what the loss is taken of."""
    response: int
    cell: Cell
    group: int
    """People of one cell with the same number stand together."""

    @property
    def tokens(self) -> int:
        """Of the whole text, end of the turn included."""
        return len(self.prompt) + len(self.answer)


class ExampleEncoder:
    """Turns examples into tokens, each only when it is needed."""

    def __init__(self, examples: Examples, encoder: PromptEncoder) -> None:
        """Find the tokenizer's end of a turn."""
        self.examples = examples
        self._encoder = encoder
        self._end = end_of_turn(encoder.tokenizer)
        self._persona = lru_cache(CACHED_PERSONAS)(self._persona_of)
        self._answer = lru_cache(CACHED_ANSWERS)(encoder.encode_option)

    def encode(self, index: int, group: int) -> Example:
        """The example of this number.

        Raises:
            ModelError: If the tokenizer does not give the answer's number back.
        """
        cell, response = self.examples.cells[self.examples.cell[index]], int(self.examples.response[index])
        prompt = self._encoder.encode(cell, self._persona(int(self.examples.person[index])))
        return Example(prompt, (*self._answer(response), self._end), response, cell, group)

    def encode_all(self, indices: Sequence[int] | Ints, groups: Sequence[int] | Ints) -> list[Example]:
        """Several, in this order, each in its group."""
        return [self.encode(int(index), int(group)) for index, group in zip(indices, groups, strict=True)]

    def lengths(self) -> Ints:
        """(N,) tokens of every example."""
        return np.array([self.encode(index, 0).tokens for index in range(len(self.examples))], dtype=np.int64)

    def _persona_of(self, row: int) -> Persona:
        return self.examples.people.row(row, named=True) if self.examples.people.width else {}


def end_of_turn(tokenizer: Any) -> int:
    """The token that a model writes after its answer: what the chat template puts behind an assistant's message.

    Raises:
        ModelError: If the template puts nothing there.
    """
    answer = "ThisIsTheAnswer"
    turns = [{"role": "user", "content": "ThisIsTheUserText"}, {"role": "assistant", "content": answer}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    ids = tokenizer(text.partition(answer)[2], add_special_tokens=False).input_ids
    if not ids or answer not in text:
        raise ModelError("this model's chat template does not end an answer; it cannot be trained on answers")
    return int(ids[0])
