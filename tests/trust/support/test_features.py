import json
from dataclasses import replace

import pytest

from socrates_core.evaluation.results.json_file import as_json
from socrates_core.trust.support.features import MOST_STIMULI, attribute_name, features_of, words_of
from tests.predictions import cell
from tests.trust.support.questions import on_topics, stimulus


def test_counts_are_of_groups_whatever_the_number_of_their_studies_and_cells() -> None:
    one_pool = [replace(one, group="pool") for one in on_topics(4)]
    found = features_of([*one_pool, cell([0, 1], [0.5, 0.5], values=(0, 1), study="alone", stimulus=stimulus("dogs"))])
    assert found.groups == 2
    assert dict(found.families) == {"2 options": 1, "3 to 7 options": 1}
    assert dict(found.lengths) == {"2": 1, "5": 1}
    assert (found.english, found.undescribed) == (2, 2)


def test_no_text_and_no_value_can_be_read_from_what_is_kept() -> None:
    found = features_of(on_topics(attributes={"hobby": ["beekeeping", "beekeeping"]}))
    kept = json.dumps(as_json(found))
    assert "neighbours" not in kept
    assert "beekeeping" not in kept
    assert dict(found.attributes) == {"hobby": 8}


def test_a_tested_text_is_found_again_with_a_word_changed_and_an_unrelated_one_is_not() -> None:
    found = features_of(on_topics())
    assert found.nearest(stimulus("schools")) == ("on-schools", 1.0)
    study, similarity = found.nearest(stimulus("schools").replace("neighbours", "residents"))
    assert study.startswith("on-")
    assert 0.4 < similarity < 1
    assert found.nearest("Which of these two wines would you rather bring to dinner with your family?") == ("", 0.0)


def test_each_group_is_as_like_the_others_as_the_share_of_its_words_that_they_have() -> None:
    # two groups share "money" and "plan" of their three words, the third shares none
    texts = ("money plan taxes", "money plan trains", "wines cheese bread")
    found = features_of([cell([1, 2], [0.2] * 5, study=one, stimulus=one) for one in texts])
    assert found.likeness == (0.0, pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_every_study_is_sketched_before_any_has_two_sketches() -> None:
    many = [
        cell([1, 2], [0.2] * 5, study=f"s{i % 600}", cell_id=i, stimulus=f"{stimulus('cats')} {i}") for i in range(1200)
    ]
    found = features_of(many)
    assert len(found.sketches) == MOST_STIMULI
    assert len({study for study, _ in found.sketches}) == 600


def test_names_of_one_attribute_are_the_same() -> None:
    assert attribute_name("age_group") == attribute_name("Age") == "age"
    assert attribute_name("Party-ID") == "party"
    assert attribute_name("hobby") == "hobby"


def test_the_answer_instruction_and_common_words_say_nothing_about_a_topic() -> None:
    assert len(words_of("Do you like trains? Only return an integer from 1 to 7, nothing else.")) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"words": "?"}, "base64"),
        ({"words": "AAA="}, "32 bits"),
        ({"values": "A" * 400_000}, "32 bits"),
        ({"sketches": (("s", "x"),)}, "base64"),
        ({"sketches": (("s", ""),) * 1001}, "at most 1000"),
        ({"lengths": {"many": 1}}, "whole numbers"),
        ({"lengths": {"5": 9}}, "counts of groups"),
        ({"families": {"odd": 1}}, "known families"),
        ({"english": -1}, "counts of groups"),
        ({"likeness": (1.5,)}, "in \\[0, 1\\]"),
    ],
)
def test_what_no_studies_have_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(features_of(on_topics()), **change)  # type: ignore[arg-type]
