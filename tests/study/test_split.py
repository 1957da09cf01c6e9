import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import LeakError, SplitError
from socrates_core.study.leaks import refuse_overlap, seen
from socrates_core.study.split import (
    OFFICIAL_UNSEEN,
    PARTS,
    Split,
    make_split,
    part,
    parts_digest,
    refuse_split_groups,
    study_of,
    with_calibration,
)
from socrates_core.study.study_set import StudySet
from tests.tables import Question, plain, study_set

KINDS = ("study", "condition", "outcome", "participant")


def sizes(split: Split) -> tuple[int, int, int]:
    return len(split.parts["train"]), len(split.parts["val"]), len(split.parts["test"])


def grid(studies: int, conditions: int = 4, tasks: int = 4, people: int = 8) -> StudySet:
    """Every condition asks every task of everybody."""

    def questions(study: str) -> list[Question]:
        return [
            (c, t, f"Arm {c} of {study}. Question {t}?") for c in range(1, conditions + 1) for t in range(1, tasks + 1)
        ]

    return study_set({f"s{i}": questions(f"s{i}") for i in range(studies)}, people=people)


def shuffled(studies: StudySet) -> StudySet:
    return replace(
        studies,
        studies=studies.studies.sample(fraction=1, shuffle=True, seed=1),
        cells=studies.cells.sample(fraction=1, shuffle=True, seed=2),
        participants=studies.participants.sample(fraction=1, shuffle=True, seed=3),
    )


# -- by study


@pytest.mark.parametrize(
    ("studies", "expected"),
    [(210, (170, 20, 20)), (21, (17, 2, 2)), (100, (80, 10, 10)), (4, (2, 1, 1)), (3, (1, 1, 1))],
)
def test_studies_are_split_in_the_proportion_170_20_20(studies: int, expected: tuple[int, int, int]) -> None:
    assert sizes(make_split(plain(*(f"s{i}" for i in range(studies))), "study")) == expected


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b"]])
def test_fewer_than_three_studies_cannot_be_split_by_study(ids: list[str]) -> None:
    with pytest.raises(SplitError, match=r"three or more studies.*by condition, outcome or participant"):
        make_split(plain(*ids), "study")


def test_a_synthetic_society_trains_and_reality_tests() -> None:
    made_up, real = [f"m{i}" for i in range(21)], ["gss", "asian"]
    split = make_split(plain(*made_up, *real, real=real), "study")
    assert sizes(split) == (17, 2, 4)
    assert set(real) < set(split.parts["test"])


def test_real_studies_alone_are_split_like_any_others() -> None:
    ids = [f"r{i}" for i in range(21)]
    assert sizes(make_split(plain(*ids, real=ids), "study")) == (17, 2, 2)


def test_two_synthetic_studies_are_enough_beside_real_ones() -> None:
    assert sizes(make_split(plain("a", "b", "real", real=["real"]), "study")) == (1, 1, 1)
    with pytest.raises(SplitError, match=r"needs two or more synthetic studies besides the real ones.*; found a"):
        make_split(plain("a", "real", "real2", real=["real", "real2"]), "study")


def test_the_same_ids_and_seed_give_the_same_split_everywhere() -> None:
    # printf "42 %s" ID | sha256sum ranks c, e, a, d, b: written out, so that no platform or version may move a study
    split = make_split(plain("a", "b", "c", "d", "e"), "study")
    assert split.parts == {"test": ("c",), "val": ("e",), "train": ("a", "b", "d")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_rows_changes_nothing(kind: str) -> None:
    studies = grid(12)
    assert make_split(shuffled(studies), kind) == make_split(studies, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_split(kind: str) -> None:
    assert make_split(grid(12), kind, seed=1).digest != make_split(grid(12), kind, seed=2).digest


@pytest.mark.parametrize(
    ("kind", "seed"), [*((kind, 42) for kind in KINDS), *(("condition", seed) for seed in (0, -3))]
)
def test_no_id_is_lost_or_stands_in_two_parts(kind: str, seed: int) -> None:
    split = make_split(grid(12), kind, seed)
    units = [unit for name in PARTS for unit in split.parts[name]]
    expected = {"study": 12, "condition": 48, "outcome": 48, "participant": 96}
    assert len(units) == len(set(units)) == expected[kind]


def test_an_added_study_leaves_nearly_all_others_in_their_part() -> None:
    ids = [f"s{i}" for i in range(100)]
    before, after = make_split(plain(*ids), "study"), make_split(plain(*ids, "new"), "study")
    moved = sum(len(set(before.parts[name]) - set(after.parts[name])) for name in PARTS)
    assert moved <= 3


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(SplitError, match=r"no split of kind 'row'; choose one of study, official, condition"):
        make_split(plain("a", "b", "c"), "row")


def test_a_study_id_that_looks_like_a_unit_is_refused() -> None:
    with pytest.raises(SplitError, match="have the form STUDY, not x/condition:1"):
        make_split(plain("x/condition:1", "b", "c"), "study")


# -- the official split


def test_the_official_split_tests_on_the_forty_unseen_studies_and_carves_val_out_of_the_seen() -> None:
    seen_ids = [f"seen{i}" for i in range(170)]
    split = make_split(plain(*seen_ids, *OFFICIAL_UNSEEN), "official")
    assert split.parts["test"] == tuple(sorted(OFFICIAL_UNSEEN))
    assert sizes(split) == (150, 20, 40)


def test_studies_to_calibrate_on_are_set_aside_from_the_training_part_alone() -> None:
    studies = plain(*(f"s{i}" for i in range(170)), *OFFICIAL_UNSEEN)
    split = make_split(studies, "official")
    aside = with_calibration(studies, split, 20)
    assert [len(aside.parts[name]) for name in aside.names] == [130, 20, 20, 40]
    assert {*aside.parts["train"], *aside.parts["calibration"]} == {*split.parts["train"]}
    assert (aside.parts["val"], aside.parts["test"]) == (split.parts["val"], split.parts["test"])
    # the same studies in another order: the same choice
    assert with_calibration(shuffled(studies), split, 20) == aside


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        ("study", 0, "0 studies cannot be set aside"),
        ("study", 8, "none would be left to train on"),
        ("outcome", 1, "cannot be taken from a split by outcome"),
    ],
)
def test_what_leaves_nothing_to_train_on_is_not_set_aside(kind: str, count: int, expected: str) -> None:
    studies = grid(10)
    with pytest.raises(SplitError, match=expected):
        with_calibration(studies, make_split(studies, kind), count)


def test_the_official_split_says_how_many_of_its_studies_are_there() -> None:
    with pytest.raises(SplitError, match=r"40 unseen studies.*found 2 unseen and 3 others"):
        make_split(plain("326nv", "3muqx", "a", "b", "c"), "official")


# -- within studies


@pytest.mark.parametrize("kind", ["condition", "outcome"])
def test_each_study_gives_a_quarter_of_its_units_to_test_and_keeps_one_to_train_on(kind: str) -> None:
    split = make_split(grid(20, conditions=4, tasks=4), kind)
    assert sizes(split) == (54, 6, 20)  # 80 units: 20 test, 60 · 20/190 = 6 val
    for name in ("train", "test"):
        assert {study_of(unit) for unit in split.parts[name]} == {f"s{i}" for i in range(20)}


@pytest.mark.parametrize("seed", range(8))
def test_val_leaves_every_study_something_to_train_on(seed: int) -> None:
    # ten studies keep one condition each beside the six of a large one: both val units come from that
    questions = {f"s{i}": [(1, 1, f"A{i}?"), (2, 1, f"B{i}?")] for i in range(10)}
    questions["large"] = [(c, 1, f"C{c}?") for c in range(8)]
    split = make_split(study_set(questions), "condition", seed)
    assert sizes(split) == (14, 2, 12)
    assert {study_of(unit) for unit in split.parts["val"]} == {"large"}
    assert {study_of(unit) for unit in split.parts["train"]} == set(questions)


def test_a_study_of_one_condition_trains() -> None:
    questions = {"two": [(1, 1, "A?"), (2, 1, "B?")], "one": [(1, 1, "C?")], "also": [(7, 1, "D?"), (8, 1, "E?")]}
    split = make_split(study_set(questions), "condition")
    assert not any("one/" in unit for unit in split.parts["test"])
    assert sizes(split) == (2, 1, 2)


@pytest.mark.parametrize("kind", ["condition", "outcome"])
def test_one_unit_a_study_cannot_be_split_within_studies(kind: str) -> None:
    with pytest.raises(SplitError, match=f"a split by {kind} needs a study with two of them"):
        make_split(plain("a", "b", "c", "d"), kind)


def test_units_are_written_as_study_kind_and_number() -> None:
    split = make_split(study_set({"gss/50%": [(0, 3, "A?"), (1, 3, "B?"), (2, 3, "C?")]}), "condition")
    units = {unit for name in PARTS for unit in split.parts[name]}
    assert units == {"gss%2F50%25/condition:0", "gss%2F50%25/condition:1", "gss%2F50%25/condition:2"}
    assert {study_of(unit) for unit in units} == {"gss/50%"}


# -- parts of a study set


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_a_study_set_hold_each_response_once(kind: str) -> None:
    studies = grid(12)
    split = make_split(studies, kind)
    parts = [part(studies, split, name) for name in PARTS]
    assert sum(len(one.responses) for one in parts) == len(studies.responses)
    for one in parts:
        assert set(one.responses["cell_id"]) == set(one.cells["cell_id"])
        assert set(one.responses["participant_id"]) == set(one.participants["participant_id"])
        assert set(one.cells["study_id"]) == set(one.study_ids)
        assert one.cells.columns == studies.cells.columns
        assert one.cells["cell_id"].is_sorted()
        assert one.participants.columns == studies.participants.columns


@pytest.mark.parametrize(("kind", "column"), [("condition", "condition_num"), ("outcome", "task_num")])
def test_a_part_holds_whole_conditions_or_outcomes(kind: str, column: str) -> None:
    studies = grid(12)
    split = make_split(studies, kind)
    for name in PARTS:
        rows = part(studies, split, name).cells.select("study_id", column).unique().rows()
        assert {f"{study}/{kind}:{number}" for study, number in rows} == set(split.parts[name])


def test_nobody_answers_in_two_parts_of_a_split_by_participant() -> None:
    studies = grid(12)
    split = make_split(studies, "participant")
    people = [set(part(studies, split, name).participants["participant_id"]) for name in PARTS]
    assert not people[0] & people[1]
    assert not (people[0] | people[1]) & people[2]


def test_a_cell_that_nobody_answered_stays_in_its_part() -> None:
    studies = grid(4)
    silent = replace(studies, responses=studies.responses.clear())
    split = make_split(silent, "participant")
    assert len(part(silent, split, "test").cells) == 64
    assert len(part(silent, make_split(silent, "condition"), "test").participants) == 32


def test_a_subset_of_the_studies_can_be_parted_and_a_stranger_cannot() -> None:
    studies = plain("a", "b", "c", "d")
    split = make_split(studies, "study")
    tested = split.parts["test"][0]
    assert part(studies.select([tested]), split, "test").study_ids == [tested]
    with pytest.raises(SplitError, match="the part train of this split by study contains nothing of the studies"):
        part(studies.select([tested]), split, "train")
    with pytest.raises(SplitError, match=r"does not contain 1 of these ids \(e\)"):
        part(plain("a", "e"), split, "train")
    with pytest.raises(SplitError, match="no part 'dev'; choose one of train, val, test"):
        part(studies, split, "dev")


# -- the file


def test_a_split_survives_its_file(tmp_path: Path) -> None:
    split = make_split(plain("ä", "b", "c", "d"), "study")
    split.save(tmp_path / "split.json")
    assert Split.load(tmp_path / "split.json") == split
    raw = json.loads((tmp_path / "split.json").read_text("utf-8"))
    assert list(raw) == ["kind", "seed", "source", "parts", "digest"]
    assert list(raw["parts"]) == ["train", "val", "test"]
    assert [path.name for path in tmp_path.iterdir()] == ["split.json"]


def test_the_digest_is_the_sha256_of_the_documented_bytes() -> None:
    # printf '{"test":["c"],"train":["a","b"],"val":[]}' | sha256sum
    expected = "aabce036959b458dd9aa0e26395f8e9672c1c2d5acb9e5321b18192997a480d4"
    assert parts_digest({"train": ("b", "a"), "val": (), "test": ("c",)}) == expected


def of_four_parts() -> Split:
    """Studies a (train), b (val), c and d (calibration) and e (test)."""
    parts = {"train": ("a",), "val": ("b",), "calibration": ("c", "d"), "test": ("e",)}
    return Split("study", 42, "made up", parts, parts_digest(parts))


def test_a_split_may_have_a_part_for_calibration_that_survives_its_file(tmp_path: Path) -> None:
    split = of_four_parts()
    split.save(tmp_path / "split.json")
    assert Split.load(tmp_path / "split.json") == split
    assert split.names == ("train", "val", "calibration", "test")
    assert list(json.loads((tmp_path / "split.json").read_text("utf-8"))["parts"]) == list(split.names)
    assert part(plain(*"abcde"), split, "calibration").study_ids == ["c", "d"]


def test_a_split_without_calibration_says_so_and_an_unknown_fifth_part_is_refused(tmp_path: Path) -> None:
    split = make_split(plain(*"abcd"), "study")
    assert split.names == PARTS
    with pytest.raises(SplitError, match="no part 'calibration'; choose one of train, val, test"):
        part(plain(*"abcd"), split, "calibration")
    parts = {"train": ["a"], "val": ["b"], "test": ["c"], "spare": ["d"]}
    with pytest.raises(SplitError, match="may have calibration; this one has spare"):
        Split.load(written(tmp_path / "split.json", parts=parts, digest=parts_digest(parts)))


def test_calibration_mixes_with_no_other_part(tmp_path: Path) -> None:
    parts = {"train": ["a"], "val": ["b"], "test": ["c"], "calibration": ["c", "a"]}
    with pytest.raises(LeakError, match=r"a \(train and calibration\), c \(calibration and test\)"):
        Split.load(written(tmp_path / "split.json", parts=parts, digest=parts_digest(parts)))
    studies = plain(*"abcde")
    pool = pl.when(pl.col("study_id").is_in(["d", "e"])).then(pl.lit("pool")).otherwise("study_id")
    grouped = replace(studies, studies=studies.studies.with_columns(group=pool))
    with pytest.raises(LeakError, match=r"of the group 'pool' \(d, e\) are in the parts calibration and test"):
        refuse_split_groups(grouped, of_four_parts())
    assert seen(of_four_parts(), ["c", "d", "e"]) == []
    assert seen(of_four_parts(), ["a"]) == ["a"]


def written(path: Path, **changes: object) -> Path:
    """A split file of studies a, b (train), c (val) and d (test), changed by hand."""
    parts = {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
    raw = {"kind": "study", "seed": 42, "source": "made up", "parts": parts, "digest": parts_digest(parts), **changes}
    path.write_text(json.dumps(raw), "utf-8")
    return path


def test_a_study_planted_in_two_parts_is_refused_by_name(tmp_path: Path) -> None:
    parts = {"train": ["a", "b", "d"], "val": ["c", "b"], "test": ["d"]}
    with pytest.raises(LeakError, match=r"2 ids occur .*: b \(train and val\), d \(train and test\)"):
        Split.load(written(tmp_path / "split.json", parts=parts))
    with pytest.raises(LeakError, match=r"b \(train and val\)"):
        Split.load(written(tmp_path / "split.json", parts=parts, digest=parts_digest(parts)))


def test_a_study_listed_twice_in_one_part_is_refused(tmp_path: Path) -> None:
    parts = {"train": ["a", "a"], "val": ["c"], "test": ["d"]}
    with pytest.raises(LeakError, match=r"a \(train and train\)"):
        Split.load(written(tmp_path / "split.json", parts=parts, digest=parts_digest(parts)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": {"train": ["a"], "val": ["c"], "test": ["d"]}}, "do not match its digest"),
        ({"digest": "0" * 64}, "do not match its digest"),
        ({"digest": None}, "digest: expected a text, got None"),
        ({"seed": "42"}, "seed: expected a whole number, got '42'"),
        ({"seed": True}, "seed: expected a whole number, got True"),
        ({"parts": {"train": "ab", "val": [], "test": []}}, "parts.train: expected a list, got 'ab'"),
        ({"parts": {"train": [1], "val": [], "test": []}}, "parts.train[0]: expected a text, got 1"),
        (
            {"parts": {"train": ["a"], "test": []}},
            "and test, and may have calibration; this one has test, train",
        ),
        ({"kind": "row"}, "kind: expected 'study', 'official'"),
        ({"kind": "condition"}, "have the form STUDY/condition:ID, not a, b, c, d"),
    ],
)
def test_a_split_file_that_was_changed_says_what_is_wrong(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SplitError, match=r"split\.json") as caught:
        Split.load(written(tmp_path / "split.json", **changes))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '"study"', "\xff\xfe", "null"])
def test_a_file_that_is_no_split_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "split.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SplitError, match=r"split\.json is not a split file"):
        Split.load(tmp_path / "split.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match=r"the split .*absent.json cannot be read \(No such file"):
        Split.load(tmp_path / "absent.json")
    with pytest.raises(SplitError, match="Is a directory"):
        Split.load(tmp_path)


# -- the gate


@pytest.mark.parametrize(
    ("trained", "evaluated", "expected"),
    [
        (["a", "b"], ["b", "c"], ["b"]),
        (["a"], ["A", "a "], []),
        (["a"], ["a/condition:1"], ["a/condition:1"]),  # all of the study was seen
        (["a/condition:1"], ["a"], ["a"]),  # some of the study was seen
        (["a/condition:1"], ["a/condition:2", "a/condition:1"], ["a/condition:1"]),
        (["a/condition:1"], ["a/participant:7"], ["a/participant:7"]),  # who may have been in that condition
        (["a/condition:1", "a/outcome:1"], ["a/condition:2"], ["a/condition:2"]),
        (["a/condition:1"], ["b/condition:1", "b"], []),
        ([], ["a"], []),
        (["a"], [], []),
    ],
)
def test_what_a_model_has_seen(trained: list[str], evaluated: list[str], expected: list[str]) -> None:
    assert seen(trained, evaluated) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_test_part_of_its_own_split_is_unseen_and_its_train_part_seen(kind: str) -> None:
    split = make_split(grid(12), kind)
    assert refuse_overlap(split, split.parts["test"]) == ()
    assert refuse_overlap(split, split.parts["val"]) == ()
    assert seen(split, split.parts["train"]) == list(split.parts["train"])


def test_the_gate_names_the_studies_and_opens_only_when_told() -> None:
    with pytest.raises(LeakError, match=r"2 of the studies to evaluate: b, c.*--allow-seen.*CONTAMINATED"):
        refuse_overlap(["a", "b", "c/outcome:1"], ["c", "b", "x"])
    assert refuse_overlap(["a", "b", "c/outcome:1"], ["c", "b", "x"], allow_seen=True) == ("b", "c")


def test_a_single_text_is_no_list_of_ids() -> None:
    with pytest.raises(TypeError, match="the string 'abc'"):
        seen("abc", ["a"])
