import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import LeakError
from socrates_core.study.leaks import (
    STIMULI,
    load_sketches,
    near_duplicates,
    near_duplicates_of_sketches,
    sketches_text,
)
from socrates_core.study.similarity import SKETCH, similar_pairs, sketch, sketch_similarity
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


# -- sketches ----------------------------------------------------------------------------------------------------


def test_sketches_of_short_texts_give_their_similarity_exactly() -> None:
    # phrases of A: abcde bcdef cdefg; of B: bcdef cdefg defgh: two of four in common
    assert sketch_similarity(sketch("a b c d e f g"), sketch("b c d e f g h")) == pytest.approx(0.5)
    assert sketch_similarity(sketch("a b c d e f g"), sketch("A, b; c d e f g!")) == 1
    assert sketch_similarity(sketch("a b c d e f g"), sketch("h i j k l m n")) == 0
    assert sketch_similarity(sketch(""), sketch("a b c")) == 0


def test_sketches_of_long_texts_estimate_it() -> None:
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(40):
        words = [f"w{number}" for number in rng.integers(0, 9999, 400)]
        kept = int(rng.integers(100, 300))
        other = words[:kept] + [f"v{number}" for number in rng.integers(0, 9999, 400 - kept)]
        a, b = " ".join(words), " ".join(other)
        exact = next((found for _, _, found in similar_pairs([a, b], ["a", "b"], 0.01)), 0.0)
        assert len(sketch(a)) == SKETCH
        errors.append(sketch_similarity(sketch(a), sketch(b)) - exact)
    # the standard error is at most 0.5 / sqrt(64) = 0.06
    assert np.std(errors) < 0.08
    assert abs(np.mean(errors)) < 0.03


def test_an_answer_instruction_is_not_in_a_sketch() -> None:
    text = "Read about the new bridge over the wide river and say what you think."
    assert (sketch(text) == sketch(f"{text} Only return an integer from 1 to 7, nothing else.")).all()


def test_a_file_of_sketches_finds_what_returns_and_holds_no_text(tmp_path: Path) -> None:
    bridge = "Please read about the new bridge over the river and then tell us how much you would like it to be built."
    trained = pl.DataFrame(
        {"study_id": ["a", "a", "b"], "stimulus": [bridge, bridge, "How much do you like green tea?"]}
    )
    path = tmp_path / STIMULI
    path.write_text(sketches_text(trained), "utf-8")
    assert "bridge" not in path.read_text("utf-8")
    known = load_sketches(path)
    assert {study: len(stimuli) for study, stimuli in known.studies.items()} == {"a": 1, "b": 1}
    asked = {
        "cell_id": [7, 8],
        "study_id": ["c", "c"],
        "stimulus": [f"{bridge} Thank you.", "Do you own a dog or a cat?"],
    }
    (pair,) = near_duplicates_of_sketches(known, pl.DataFrame(asked))
    assert (pair.study_a, pair.study_b, pair.cell_b) == ("a", "c", 7)
    assert pair.similarity == pytest.approx(18 / 20)  # of 22 and 24 words


def test_many_stimuli_get_shorter_sketches() -> None:
    words = [" ".join(f"w{number}" for number in range(start, start + 30)) for start in range(0, 40_000 * 30, 30)]
    text = sketches_text(pl.DataFrame({"study_id": ["a"] * len(words), "stimulus": words}))
    assert json.loads(text)["size"] == 16
    assert len(text) < 8 * 1024**2  # what the Hub's files may have


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "cannot be read"),
        ('{"format": 1, "words": 5, "size": 64, "studies": {"a": ["?"]}}', "cannot be read"),
        ('{"format": 1, "words": 5, "size": 64, "studies": {"a": ["AAAA"]}}', "cannot be read"),
        ('{"format": 2, "words": 5, "size": 64, "studies": {}}', "of another version"),
        ('{"format": 1, "words": 4, "size": 64, "studies": {}}', "of another version"),
        ('{"format": 1, "words": 5, "size": 1, "studies": {}}', "of another version"),
    ],
)
def test_a_damaged_file_of_sketches_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / STIMULI).write_text(content, "utf-8")
    with pytest.raises(LeakError, match=reason):
        load_sketches(tmp_path / STIMULI)
