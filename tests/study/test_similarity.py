import random

import pytest

from socrates_core.study.leaks import near_duplicates
from socrates_core.study.split import PARTS, Split, make_split, parts_digest
from socrates_core.study.study_set import StudySet
from tests.tables import study_set

VIGNETTE = (
    "A town of forty thousand people votes on whether to close its oldest bridge to cars. Supporters expect cleaner "
    "air and quieter streets along the river; opponents fear longer ways to work and fewer customers for the shops."
)
INSTRUCTION = " Only return an integer from 1 (Not at all) to 7 (Very much), nothing else."


def three_studies(train: str, val: str, test: str) -> tuple[StudySet, Split]:
    studies = study_set({"a": [(1, 1, train)], "b": [(1, 1, val)], "c": [(1, 1, test)]})
    parts = {"train": ("a",), "val": ("b",), "test": ("c",)}
    return studies, Split("study", 42, "made up", parts, parts_digest(parts))


def test_a_copied_stimulus_is_found_whatever_its_case_and_punctuation() -> None:
    studies, split = three_studies(VIGNETTE + INSTRUCTION, "How tall are you?", VIGNETTE.upper().replace(",", " –"))
    (pair,) = near_duplicates(studies, split)
    assert (pair.study_a, pair.part_a, pair.study_b, pair.part_b) == ("a", "train", "c", "test")
    assert (pair.cell_a, pair.cell_b, pair.similarity) == (0, 2, 1.0)


def test_similarity_is_the_share_of_common_five_word_phrases() -> None:
    # six words each: phrases 1-5 and 2-6 on both sides; the first is common: 1 of 3
    studies, split = three_studies("one two three four five six", "none", "one two three four five seven")
    assert [pair.similarity for pair in near_duplicates(studies, split, 0.1)] == [pytest.approx(1 / 3)]
    assert near_duplicates(studies, split, 0.34) == []


def test_a_changed_name_leaves_a_near_duplicate() -> None:
    studies, split = three_studies(VIGNETTE, "none", VIGNETTE.replace("oldest", "newest"))
    (pair,) = near_duplicates(studies, split)
    assert 0.7 < pair.similarity < 0.9


@pytest.mark.parametrize(
    "instruction",
    [
        INSTRUCTION,
        " Please answer with a number from 1 to 7, where 1 means strongly disagree and 7 means strongly agree.",
        " Return only one of these: "
        + "; ".join(f"{i} for a long enough label of option {i}" for i in range(12))
        + ".",
        "\n\nJust give the number of your answer: 1 for Yes, I would do so, or 2 for No, I would rather not do so.",
    ],
)
def test_a_shared_answer_instruction_makes_no_duplicates(instruction: str) -> None:
    studies, split = three_studies(f"Do you like tea?{instruction}", instruction, f"Is it late?{instruction}")
    assert near_duplicates(studies, split, 0.05) == []


def test_only_answer_in_a_vignette_does_not_hide_what_follows() -> None:
    stimulus = f"They were told to only answer in private. {VIGNETTE} {'Then it rained for days. ' * 30}"
    studies, split = three_studies(stimulus, "none", stimulus)
    assert [pair.similarity for pair in near_duplicates(studies, split)] == [1.0]


def test_stimuli_shorter_than_a_phrase_are_compared_whole() -> None:
    studies, split = three_studies("How are you?", "Who are you?", "how are you")
    assert [(pair.study_a, pair.study_b) for pair in near_duplicates(studies, split)] == [("a", "c")]


@pytest.mark.parametrize("text", ["", "   ", "?!…", "Only return an integer from 1 to 5."])
def test_stimuli_without_words_of_their_own_resemble_nothing(text: str) -> None:
    assert near_duplicates(*three_studies(text, text, text), threshold=0.01) == []


def test_duplicates_come_most_similar_first_and_once_for_equal_cells_of_a_study() -> None:
    studies = study_set(
        {
            "a": [(1, 1, VIGNETTE), (2, 1, VIGNETTE)],
            "b": [(1, 1, VIGNETTE.replace("oldest", "newest"))],
            "c": [(1, 1, VIGNETTE)],
        }
    )
    parts = {"train": ("a",), "val": ("b",), "test": ("c",)}
    found = near_duplicates(studies, Split("study", 42, "made up", parts, parts_digest(parts)))
    assert [(pair.cell_a, pair.cell_b) for pair in found] == [(0, 3), (0, 2), (2, 3)]


def test_within_studies_cells_are_placed_by_condition_and_by_participant_there_are_none() -> None:
    same = {f"s{i}": [(c, 1, f"{VIGNETTE} {i}") for c in (1, 2)] for i in range(2)}
    studies = study_set(same)
    found = near_duplicates(studies, make_split(studies, "condition"), threshold=1.0)
    assert {(pair.study_a, pair.study_b) for pair in found} <= {("s0", "s0"), ("s1", "s1")}
    assert len(found) == 2
    assert near_duplicates(studies, make_split(studies, "participant")) == []


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold must lie in"):
        near_duplicates(*three_studies("a", "b", "c"), threshold=threshold)


def test_all_pairs_equal_the_plain_computation_on_random_texts() -> None:
    chance = random.Random(5)
    texts = [" ".join(chance.choices("ab", k=chance.randrange(1, 12))) for _ in range(60)]
    studies = study_set({f"s{i}": [(1, 1, text)] for i, text in enumerate(texts)})
    split = make_split(studies, "study")
    home = {unit: name for name in PARTS for unit in split.parts[name]}

    def phrases(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))}

    expected = {}
    for i, a in enumerate(texts):
        for j, b in enumerate(texts):
            if i < j and home[f"s{i}"] != home[f"s{j}"]:
                expected[i, j] = len(phrases(a) & phrases(b)) / len(phrases(a) | phrases(b))
    found = {
        (min(pair.cell_a, pair.cell_b), max(pair.cell_a, pair.cell_b)): pair.similarity
        for pair in near_duplicates(studies, split, 0.05)
    }
    assert found == pytest.approx({key: value for key, value in expected.items() if value >= 0.05})
    assert len(found) > 10
