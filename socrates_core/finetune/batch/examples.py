"""Training examples: a person's prompt and their answer, as tokens."""

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
    """(C,) the cells with at least one answer."""
    cell: Ints
    """(N,) indices into `cells`."""
    person: Ints
    """(N,) rows of `people`."""
    response: Ints
    """(N,) the answers."""
    people: pl.DataFrame
    """The attributes of all people."""
    off_scale: int
    """Number of answers left out because they are no option of their scale, on its axis or off it."""

    def __len__(self) -> int:
        return len(self.response)

    def select(self, mask: npt.NDArray[np.bool_]) -> "Examples":
        """Only the examples where an (N,) mask is true."""
        return replace(self, cell=self.cell[mask], person=self.person[mask], response=self.response[mask])


def examples_of(studies: StudySet) -> Examples:
    """All answers of some studies that are on their scale; every answer to an open-ended outcome counts as such.

    Raises:
        TrainingError: If there are none.
    """
    rows = studies.responses.filter(pl.col("on_scale"))
    if rows.is_empty():
        raise TrainingError(
            f"the studies {', '.join(studies.study_ids[:5])} have no answers to train on; prepare others with "
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
    """(T,) tokens up to where the answer starts."""
    answer: tuple[int, ...]
    """The answer's tokens and the end of the turn, over which the loss is computed."""
    response: int
    cell: Cell
    group: int
    """Number of the group of people of one cell that it belongs to."""

    @property
    def has_place(self) -> bool:
        """Whether the answer lies on the axis of an ordered scale, so that a distance from it means something."""
        scale = self.cell.scale
        return scale.values is not None and not scale.nominal and self.response not in scale.off_axis

    @property
    def tokens(self) -> int:
        """Length of the whole text, end of the turn included."""
        return len(self.prompt) + len(self.answer)


class ExampleEncoder:
    """Encodes examples lazily, each when it is needed."""

    def __init__(self, examples: Examples, encoder: PromptEncoder) -> None:
        """Look up the tokenizer's end-of-turn token."""
        self.examples = examples
        self._encoder = encoder
        self._end = end_of_turn(encoder.tokenizer)
        self._persona = lru_cache(CACHED_PERSONAS)(self._persona_of)
        self._answer = lru_cache(CACHED_ANSWERS)(encoder.encode_option)

    def encode(self, index: int, group: int) -> Example:
        """The example with this index.

        Raises:
            ModelError: If the tokenizer does not reproduce the answer's number.
        """
        cell, response = self.examples.cells[self.examples.cell[index]], int(self.examples.response[index])
        prompt = self._encoder.encode(cell, self._persona(int(self.examples.person[index])))
        return Example(prompt, (*self._answer(cell.scale.written(response)), self._end), response, cell, group)

    def encode_all(self, indices: Sequence[int] | Ints, groups: Sequence[int] | Ints) -> list[Example]:
        """Several examples, in this order, each with its group."""
        return [self.encode(int(index), int(group)) for index, group in zip(indices, groups, strict=True)]

    def lengths(self) -> Ints:
        """(N,) tokens of every example."""
        return np.array([self.encode(index, 0).tokens for index in range(len(self.examples))], dtype=np.int64)

    def _persona_of(self, row: int) -> Persona:
        return self.examples.people.row(row, named=True) if self.examples.people.width else {}


def end_of_turn(tokenizer: Any) -> int:
    """The token that a model writes after its answer: what the chat template puts after an assistant's message.

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
