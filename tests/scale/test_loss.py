"""How many answers may be unreadable before an import stops."""

import pytest

from socrates_core.scale.loss import AnswerCount, losses, refusal

BETWEEN = "the answer lies between the options"


def cell(read: int, lost: int, condition: int = 1, task: int = 0) -> AnswerCount:
    count = AnswerCount("s", condition, task, read)
    for number in range(lost):
        count.lose(BETWEEN, f"{number}.5")
    return count


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([cell(98, 2)], []),  # 2 of 100 is not more than 2 %
        ([cell(97, 3)], [(None, 3, 100)]),
        ([cell(9, 1)], [(None, 1, 10)]),  # a small outcome is judged too
        ([cell(28, 1, 1), cell(300, 0, 2)], []),  # 1 of 29 in a cell of less than 30 answers: 1 of 329 in all
        ([cell(29, 1, 1), cell(300, 0, 2)], [(1, 1, 30)]),  # one arm of 30 answers loses 3 %
        ([cell(0, 40, 1), cell(60, 0, 2)], [(None, 40, 100)]),  # a cell of which nothing was read
        ([cell(100, 0, 1, 0), cell(90, 10, 1, 1)], [(None, 10, 100)]),
    ],
)
def test_an_outcome_or_a_large_cell_may_lose_two_in_a_hundred(
    cells: list[AnswerCount], found: list[tuple[int | None, int, int]]
) -> None:
    assert [(loss.condition_num, loss.lost, loss.given) for loss in losses(cells, {})] == found


def test_the_refusal_names_count_examples_and_ways_out() -> None:
    told = refusal(losses([cell(60, 40)], {BETWEEN: "state the step", "another reason": "nothing"}))
    assert "study s, task 0: 40 of 100 answers cannot be read" in told
    assert "the answer lies between the options (40, as in '0.5', '1.5'" in told
    assert "Ways out: the answer lies between the options: state the step; --allow-loss goes on" in told
    assert "another reason" not in told
