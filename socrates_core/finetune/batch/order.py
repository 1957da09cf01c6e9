"""The order of the training examples: people of a cell in groups, groups shuffled, a fixed number per step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from socrates_core.finetune.batch.examples import Examples, Ints


@dataclass(frozen=True, eq=False)
class Order:
    """The examples of all epochs, in sequence."""

    index: Ints
    """(N · epochs,) indices of examples."""
    group: Ints
    """(N · epochs,) the group of each; a group is a run of consecutive examples from one cell."""
    step_examples: int

    @property
    def steps(self) -> int:
        """Number of optimiser steps; the last one takes the remainder."""
        return -(-len(self.index) // self.step_examples)

    def step(self, number: int) -> tuple[Ints, Ints]:
        """Indices and groups of the examples of a step, counted from 0."""
        part = slice(number * self.step_examples, (number + 1) * self.step_examples)
        return self.index[part], self.group[part]


def order_of(
    examples: Examples, epochs: int, group_size: int, group_cells: int, step_examples: int, rng: np.random.Generator
) -> Order:
    """Reshuffle in every epoch.

    The people of each cell are shuffled and divided into groups of `group_size`; groups of up to `group_cells` cells of
    one condition are tied together; the ties are shuffled. With both set to 1 this is a plain shuffle of the examples.
    """
    pieces: list[Ints] = []
    for _ in range(epochs):
        groups = list(_groups(examples, group_size, rng))
        ties = _tied(examples, groups, group_cells, rng)
        pieces += [groups[number] for place in rng.permutation(len(ties)) for number in ties[place]]
    lengths = [len(piece) for piece in pieces]
    return Order(np.concatenate(pieces), np.repeat(np.arange(len(pieces)), lengths), step_examples)


def _groups(examples: Examples, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    shuffled = rng.permutation(len(examples))
    by_cell = shuffled[np.argsort(examples.cell[shuffled], kind="stable")]
    edges = np.flatnonzero(np.diff(examples.cell[by_cell])) + 1
    for people in np.split(by_cell, edges):
        yield from (people[start : start + size] for start in range(0, len(people), size))


def _tied(examples: Examples, groups: list[Ints], together: int, rng: np.random.Generator) -> list[list[int]]:
    """Ties: a condition's groups (the first of each cell, then the second, and so on), in runs of `together`."""
    if together == 1:
        return [[number] for number in range(len(groups))]
    rounds: dict[int, int] = {}
    ranked: dict[tuple[str, int], list[tuple[int, float, int]]] = {}
    chance = rng.random(len(examples.cells))  # reorders a condition's cells in every epoch
    for number, group in enumerate(groups):
        place = int(examples.cell[group[0]])
        cell = examples.cells[place]
        rounds[place] = rounds.get(place, -1) + 1
        condition = (cell.study_id, cell.condition_num)
        ranked.setdefault(condition, []).append((rounds[place], float(chance[place]), number))
    ties = []
    for members in ranked.values():
        numbers = [number for _, _, number in sorted(members)]
        ties += [numbers[start : start + together] for start in range(0, len(numbers), together)]
    return ties
