"""What is computed, and that nothing shared is computed twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socrates_core.model.prefix_tree.options import option_tree
from socrates_core.model.prefix_tree.tree import PromptTree, Stretch

ONE_DIGIT = option_tree([(str(v), (100 + v,)) for v in range(1, 8)])
TWO_DIGITS = option_tree([("1", (101,)), ("10", (101, 100)), ("2", (102,))])


def tree_of(*prompts: list[int], options: object = ONE_DIGIT) -> PromptTree:
    return PromptTree([np.array(prompt) for prompt in prompts], [options] * len(prompts))


def test_tokens_of_the_tree_and_of_the_rows() -> None:
    # 1 2 3 shared by both: 3 + (4, 5) + (6) = 6 of 9
    tree = tree_of([1, 2, 3, 4, 5], [1, 2, 3, 6])
    assert (tree.tokens, tree.tokens_unshared) == (6, 9)


def test_answer_nodes_count_once_for_each_prompt() -> None:
    # three fed nodes (1, 10, 2) below each of two prompts
    tree = tree_of([1, 2], [1, 3], options=TWO_DIGITS)
    assert (tree.tokens, tree.tokens_unshared) == (3 + 6, 4 + 6)


def test_a_block_holds_shared_tokens_once_and_lets_nobody_see_the_neighbours() -> None:
    tree = tree_of([1, 2, 3], [1, 2, 4])
    block = tree.block(tree.whole())
    assert block.tokens.tolist() == [1, 2, 3, 4]
    assert block.positions.tolist() == [0, 1, 2, 2]
    assert block.attends.astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1]]
    assert [(index, rows.tolist()) for index, rows in block.rows] == [(0, [2]), (1, [3])]


def test_answer_nodes_see_their_own_prompt_and_the_nodes_above_them() -> None:
    block = tree_of([5], options=TWO_DIGITS).block(Stretch(0, 1, 0))
    assert block.tokens.tolist() == [5, 101, 100, 102]
    assert block.positions.tolist() == [0, 1, 2, 1]
    assert block.attends.astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]]


def test_a_prompt_that_another_goes_on_from_keeps_its_last_token() -> None:
    tree = tree_of([1, 2], [1, 2, 3])
    assert tree.block(tree.whole()).tokens.tolist() == [1, 2, 2, 3]


def test_a_long_common_part_becomes_a_trunk() -> None:
    tree = tree_of(*([*range(300), 300 + person] for person in range(40)))
    assert list(tree.cut(tree.whole(), 32)) == [(Stretch(0, 40, 0), 300)]
    below = list(tree.cut(Stretch(0, 40, 300), 32))
    assert [piece.last - piece.first for piece, _ in below] == [32, 8]


@given(
    st.sets(st.lists(st.integers(0, 2), min_size=1, max_size=9).map(tuple), min_size=1, max_size=30),
    st.integers(4, 40),
    st.sampled_from([ONE_DIGIT, TWO_DIGITS]),
)
def test_the_pieces_hold_every_prompt_whole_and_once(
    prompts: set[tuple[int, ...]], limit: int, options: object
) -> None:
    tree = tree_of(*map(list, prompts), options=options)
    todo, found = [(tree.whole(), [])], {}
    while todo:
        stretch, path = todo.pop()
        for piece, depth in tree.cut(stretch, limit):
            if depth > piece.depth:
                block = tree.trunk(piece, depth)
                todo.append((Stretch(piece.first, piece.last, depth), [*path, *block.tokens.tolist()]))
                continue
            block = tree.block(piece)
            for index, rows in block.rows:
                end = rows[0]
                own = block.tokens[np.flatnonzero(block.attends[end])].tolist()
                assert index not in found
                found[index] = (*path, *own)
                assert block.positions[end] == len(found[index]) - 1
    assert [found[index] for index in range(len(prompts))] == sorted(prompts)


@pytest.mark.parametrize("limit", [8, 64, 1000])
def test_what_is_computed_stays_near_what_is_unique(limit: int) -> None:
    tree = tree_of(*([7] * 200 + [person // 10, person % 10, 9, 9, 9] for person in range(100)))
    computed = 0
    todo = [tree.whole()]
    while todo:
        for piece, depth in tree.cut(todo.pop(), limit):
            trunk = depth > piece.depth
            computed += len((tree.trunk(piece, depth) if trunk else tree.block(piece)).tokens)
            todo += [Stretch(piece.first, piece.last, depth)] if trunk else []
    assert tree.tokens <= computed <= 1.35 * tree.tokens
