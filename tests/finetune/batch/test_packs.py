from dataclasses import replace

import numpy as np
import pytest

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.packs import OptionScales, Pack, common_prefix, halves, pack_of, partition, tree_size
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.finetune.people import encoder, examples
from tests.model.tiny import tokenizer

CELL = Cell(1, "s", 1, 1, "?", AnswerScale((1, 2, 3)))
END = 9


def example(prompt: list[int], *answer: int, group: int = 0) -> Example:
    return Example(np.array(prompt), (*answer, END), 0, CELL, group)


def text_of(pack: Pack, row: int) -> list[int]:
    """What a place of the pack sees, itself included: the tokens above it."""
    return pack.tokens[pack.attends[row]].tolist()


def test_shared_tokens_stand_once_in_depth_first_order() -> None:
    # 5 6 ─┬─ 7 ─ 1   and  5 6 7 ─ 2, 5 6 8 ─ 1; the end of a turn is predicted and never read
    pack = pack_of([example([5, 6, 8], 1), example([5, 6, 7], 2), example([5, 6, 7], 1)])
    assert pack.tokens.tolist() == [5, 6, 7, 1, 2, 8, 1]
    assert pack.positions.tolist() == [0, 1, 2, 3, 3, 2, 3]
    assert pack.last.tolist() == [7, 7, 5, 4, 5, 7, 7]
    assert pack.rows.tolist() == [2, 3, 2, 4, 5, 6]
    assert pack.targets.tolist() == [1, END, 2, END, 1, END]
    assert pack.owner.tolist() == [0, 0, 1, 1, 2, 2]
    assert pack.tokens_unshared == 12


def test_the_mask_of_two_people_is_the_one_in_the_modules_docstring() -> None:
    # instruction 5, stimulus 6, persona A 7 answers 4, persona B 8 answers 2
    pack = pack_of([example([5, 6, 7], 4), example([5, 6, 8], 2)])
    assert pack.tokens.tolist() == [5, 6, 7, 4, 8, 2]
    assert pack.last.tolist() == [6, 6, 4, 4, 6, 6]
    assert pack.positions.tolist() == [0, 1, 2, 3, 2, 3]
    assert pack.attends.astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 1, 1],
    ]
    assert pack.targets.tolist() == [4, END, 2, END]
    assert pack.tokens_unshared == 8


def test_two_people_with_one_persona_and_one_answer_both_count() -> None:
    pack = pack_of([example([5, 6], 1), example([5, 6], 1)])
    assert pack.tokens.tolist() == [5, 6, 1]
    assert pack.rows.tolist() == [1, 2, 1, 2]


def test_a_prompt_that_goes_on_where_another_ends_keeps_its_own_answer() -> None:
    pack = pack_of([example([5], 6), example([5, 6], 1)])
    assert [text_of(pack, row) for row in pack.rows] == [[5], [5, 6], [5, 6], [5, 6, 1]]


def test_every_row_sees_its_own_text_and_nothing_else() -> None:
    everybody = examples()
    pack = pack_of(everybody)
    assert len(pack.tokens) < pack.tokens_unshared / 3
    place = 0
    for one in pack.examples:
        for written in range(len(one.answer)):
            assert text_of(pack, pack.rows[place]) == [*one.prompt.tolist(), *one.answer[:written]]
            assert pack.positions[pack.rows[place]] == len(one.prompt) + written - 1
            assert pack.targets[place] == one.answer[written]
            place += 1
    assert place == len(pack.rows)


def test_the_loss_covers_exactly_the_answer_and_the_end_of_the_turn() -> None:
    pack = pack_of(examples())
    for number, one in enumerate(pack.examples):
        learned = pack.targets[pack.owner == number]
        assert tokenizer().decode(learned) == f"{one.response}<|im_end|>"


@pytest.mark.parametrize("budget", [1, 60, 200, 400, 100_000])
def test_packs_hold_everybody_once_and_keep_to_the_budget(budget: int) -> None:
    everybody = examples()
    packs = partition(everybody, budget)
    assert sorted(id(one) for pack in packs for one in pack) == sorted(map(id, everybody))
    for members in packs:
        assert len(pack_of(members).tokens) <= budget or len(members) == 1
    if budget == 100_000:
        assert len(packs) == 1


def test_groups_stay_whole_where_they_fit() -> None:
    everybody = examples(group_size=3)
    budget = max(tree_size(everybody[start : start + 3]) for start in range(0, len(everybody), 3))
    for members in partition(everybody, budget + 20):
        groups = [one.group for one in members]
        assert all(groups.count(group) == 3 for group in groups)


def test_cells_of_one_condition_share_their_vignette() -> None:
    like, fair = (next(one for one in examples() if one.cell.cell_id == cell) for cell in (0, 1))
    shared = tokenizer().decode(like.prompt[: common_prefix(like.prompt, fair.prompt)])
    assert shared.endswith("close the old bridge for cars. How ")
    assert len(pack_of([like, fair]).tokens) < 0.8 * pack_of([like, fair]).tokens_unshared


def test_halves_cut_between_groups_and_within_a_lone_one() -> None:
    a, b, c = (example([1, number], 1, group=group) for number, group in ((1, 0), (2, 1), (3, 1)))
    assert halves([a, b, c]) == ([a], [b, c])
    assert halves([b, c]) == ([b], [c])


@pytest.mark.parametrize("scale", [(1, 2, 3), tuple(range(8, 13)), tuple(range(-2, 3))], ids=str)
def test_the_options_of_a_group_hang_below_every_person(scale: tuple[int, ...]) -> None:
    cell = replace(CELL, scale=AnswerScale(scale))
    people = [replace(example([5, number], 1), cell=cell, response=scale[number % 3]) for number in range(4)]
    scales = OptionScales(encoder())
    pack = pack_of(people, scales)
    assert len(pack.groups) == 1
    group = pack.groups[0]
    tree = group.options.tree
    assert group.places.shape == (4, len(tree.fed) + 1)
    assert group.options.values[group.answer].tolist() == [one.response for one in pack.examples]
    for person, places in zip(pack.examples, group.places, strict=True):
        assert text_of(pack, places[0]) == person.prompt.tolist()
        for node, place in zip(tree.fed, places[1:], strict=True):
            assert pack.tokens[place] == tree.tokens[node]
            assert pack.positions[place] == len(person.prompt) - 1 + tree.depth[node]


def test_a_lone_person_and_an_open_ended_outcome_have_no_distribution() -> None:
    scales = OptionScales(encoder())
    assert pack_of([example([5], 1, group=0), example([6], 1, group=1)], scales).groups == ()
    open_ended = replace(CELL, scale=AnswerScale(None))
    people = [replace(example([5, number], 1), cell=open_ended) for number in range(3)]
    assert pack_of(people, scales).groups == ()
