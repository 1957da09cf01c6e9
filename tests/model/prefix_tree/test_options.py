"""Options as a tree of tokens."""

import numpy as np
import pytest

from socrates_core.model.prefix_tree.options import option_tree


def digits(*values: int) -> list[tuple[str, tuple[int, ...]]]:
    """Options whose tokens are their characters."""
    return [(str(value), tuple(ord(char) for char in str(value))) for value in values]


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        (range(1, 8), False),  # one digit each
        (range(-2, 3), False),  # -1 and 1 begin differently
        (range(10, 100), False),  # two digits each
        (range(0, 11), True),  # 1 begins 10
        (range(0, 101), True),
        ((1, 2, 99), False),
        ((1, 12), True),
        ((-1, -10), True),
    ],
)
def test_the_end_of_the_number_is_a_factor_only_where_one_option_begins_another(values: range, stops: bool) -> None:
    assert option_tree(digits(*values)).stops is stops


def test_single_digits_need_nothing_but_the_prompt() -> None:
    tree = option_tree(digits(1, 2, 3))
    assert len(tree.fed) == 0
    assert tree.source_row.tolist() == [0, 0, 0]


def test_ten_options_with_ten_among_them_feed_every_end() -> None:
    # 0..10: eleven ends; "10" hangs below "1", so all eleven nodes are fed and "10"'s last digit is read at row of "1"
    tree = option_tree(digits(*range(0, 11)))
    assert len(tree.tokens) == 11
    assert len(tree.fed) == 11
    assert tree.parent[tree.ends[10]] == tree.ends[1]
    assert tree.source_row[tree.ends[10]] == tree.end_row[1]


def test_probabilities_multiply_along_the_tokens_and_with_the_stop() -> None:
    # options 1 and 10: P(1) = .5 * P(stop | 1) = .5 * .6; P(10) = .5 * .4 * .9
    tree = option_tree(digits(1, 10))
    logs = tree.log_probs(np.log([[0.5, 0.4]]), np.log([[0.6, 0.9]]))
    assert np.exp(logs[0]) == pytest.approx([0.3, 0.18])


def test_a_node_sees_itself_and_the_nodes_above_it() -> None:
    tree = option_tree(digits(1, 10, 100))
    assert tree.ancestry.tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_options_without_tokens_of_their_own_are_refused() -> None:
    with pytest.raises(ValueError, match="distinct"):
        option_tree([("1", (5,)), ("2", (5,))])
    with pytest.raises(ValueError, match="distinct"):
        option_tree([])


def test_a_decimal_point_does_not_end_a_number_where_an_option_goes_on_with_it() -> None:
    # tokens: the digits are themselves, the point is 50; 3 may go on as 3.5, and no option begins with 4 alone
    tree = option_tree([("3", (3,)), ("3.5", (3, 50, 5)), ("4.5", (4, 50, 5))])
    assert tree.points.tolist() == [50]
    assert tree.stops
    assert option_tree([("1", (1,)), ("10", (1, 0))]).points.tolist() == []
