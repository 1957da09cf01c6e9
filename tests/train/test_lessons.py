"""What the demo base model learns from says what it should, where it should."""

import re
from collections.abc import Sequence

import numpy as np
import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from socrates_core.model.folder import DEMO_BASE
from socrates_core.study.sources.society import people as society_people
from socrates_core.study.sources.society import society
from train.demo.lessons import FIRST_WORLD, HINTS, Lesson, LessonPlan, lessons, shown


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(DEMO_BASE)


@pytest.fixture(scope="module")
def course(tokenizer: PreTrainedTokenizerBase) -> Sequence[Lesson]:
    made = lessons(LessonPlan(worlds=2, averaged=2), tokenizer, np.random.default_rng(5))
    return [next(made) for _ in range(40)]


def test_the_worlds_learnt_from_are_not_the_bundled_one() -> None:
    assert not FIRST_WORLD <= society.SEED < FIRST_WORLD + LessonPlan().worlds


def test_a_hint_stands_where_a_line_of_the_persona_has_been_read(
    course: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase
) -> None:
    for lesson in course:
        for name in ("direction", "scale", "traits", "question", "attitude"):
            for place in lesson.hints[name].places if name in lesson.hints else ():
                assert tokenizer.decode(lesson.pack.tokens[place]).endswith("\n")


def test_the_topic_is_known_once_the_vignette_ends(
    course: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase
) -> None:
    ends = [lesson.hints["topic"].places[0] for lesson in course if "topic" in lesson.hints]
    assert len(ends) > 30
    for lesson in course:
        for place in lesson.hints["topic"].places if "topic" in lesson.hints else ():
            rest = tokenizer.decode(lesson.pack.tokens[place + 1 : lesson.pack.starts[0]])
            assert "Only return" in rest
            assert "\n\nWho the person is" in rest
            assert rest.count("\n\n") == 1


def test_hints_have_the_size_that_their_readers_expect(course: Sequence[Lesson]) -> None:
    for lesson in course:
        for name, hint in lesson.hints.items():
            assert hint.values.shape == (len(hint.places), HINTS[name])
            assert np.isfinite(hint.values).all()


def test_at_the_answer_the_attitude_is_that_of_the_whole_persona(course: Sequence[Lesson]) -> None:
    """Nobody's latent attitude may differ from the centre by more than the traits explain."""
    for lesson in course:
        if not lesson.hints:
            continue
        names = ("traits", "question", "attitude", "direction")
        traits, question, attitude, direction = (lesson.hints[name].values for name in names)
        np.testing.assert_allclose(attitude[:, 0], question[:, 5] + (traits * question[:, :5]).sum(axis=1), atol=1e-9)
        np.testing.assert_allclose(attitude[:, 1], direction[:, 0] * attitude[:, 0], atol=1e-9)


def test_the_direction_of_the_scale_is_known_from_its_first_label_to_the_end_of_the_question(
    course: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase
) -> None:
    known = [lesson for lesson in course if "label" in lesson.hints]
    assert len(known) > 30
    assert {value for lesson in known for value in lesson.hints["label"].values.ravel()} == {-1.0, 1.0}
    for lesson in known:
        hint = lesson.hints["label"]
        read, rest = np.split(lesson.pack.tokens, [hint.places[0] + 1])
        label = re.split(r"Only return|stands for", str(tokenizer.decode(read)))[-1]
        following = str(tokenizer.decode(rest[: len(hint.places) - 1]))
        assert "nothing else" in following
        assert "Who the person is" in following
        positive = re.search(r"(Extremely|Strongly agree|Yes)|(Not at all|Strongly disagree|No$)", label)
        if positive:
            assert (hint.values == (-1.0 if positive[1] else 1.0)).all()


def test_how_many_digits_an_answer_may_have_is_known_after_the_question_and_wherever_one_is_written(
    course: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase
) -> None:
    known = [lesson for lesson in course if "digits" in lesson.hints]
    assert {len(set(map(tuple, lesson.hints["digits"].values))) for lesson in known} == {1}
    found = set()
    for lesson in known:
        hint, pack = lesson.hints["digits"], lesson.pack
        assert set(pack.rows) <= set(hint.places)
        assert "nothing else" not in tokenizer.decode(pack.tokens[hint.places[0] : pack.starts[0]])
        instruction = str(tokenizer.decode(pack.tokens[: pack.starts[0]])).rpartition("Only return")[2]
        digits = len(str(max(map(int, re.findall(r"-?\d+", instruction.partition("Who the person is")[0])))))
        assert hint.values[0].tolist() == [digits > 1, digits > 2]
        found.add(digits)
    assert found == {1, 2, 3}


def test_coarse_attributes_describe_the_same_person() -> None:
    person = society_people.draw_people(1, np.random.default_rng(1)).to_dicts()[0]
    rng = np.random.default_rng(2)
    people = [shown(person, rng, coarse=1.0) for _ in range(50)]
    assert {name for one in people for name in one.persona} == {"age_group", "gender", "education", "party_id"}
    for one in people:
        assert len(one.persona) == len(one.known)
        assert all(person[name] == value for name, value in one.known)
