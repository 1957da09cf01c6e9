from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import LeakError, SourceError, SplitError
from socrates_core.study.leaks import groups_of, near_duplicates, refuse_overlap, seen
from socrates_core.study.sources.grouping import grouped
from socrates_core.study.sources.opening import Stated, open_source
from socrates_core.study.split import OFFICIAL_UNSEEN, PARTS, Split, make_split, parts_digest, refuse_split_groups
from socrates_core.study.study_set import StudySet
from tests.study.sources.table.test_tidy import HEADER, table
from tests.tables import plain, study_set

LONG = "We are faced with many problems in this country, none of which can be solved easily or inexpensively."


def joined(studies: StudySet, *groups: tuple[str, ...]) -> StudySet:
    """The studies, some of them in groups that are called after their first."""
    names = {study_id: ids[0] for ids in groups for study_id in ids}
    column = [names.get(study_id, study_id) for study_id in studies.study_ids]
    return replace(studies, studies=studies.studies.with_columns(pl.Series("group", column)))


def homes(split: Split) -> dict[str, str]:
    return {unit: name for name in PARTS for unit in split.parts[name]}


# -- where groups come from


def test_a_column_names_the_group_of_each_study(tmp_path: Path) -> None:
    rows = [f's{i},1,p{i},3,"Fine? Only return an integer from 1 to 5.",{group}' for i, group in enumerate("xyx")]
    path = table(tmp_path / "mine.csv", f"{HEADER},group", *rows)
    assert groups_of(open_source(str(path))) == {"s0": "x", "s1": "y", "s2": "x"}
    other = table(tmp_path / "mine.csv", f"{HEADER},Pool", *rows)
    assert groups_of(open_source(str(other))) == {"s0": "s0", "s1": "s1", "s2": "s2"}
    pooled = open_source(str(other), stated=Stated(group_by="Pool"))
    assert groups_of(pooled) == {"s0": "x", "s1": "y", "s2": "x"}
    assert not any("nothing reads" in note for note in pooled.manifest.notes)


def test_studies_json_names_groups_too(tmp_path: Path) -> None:
    (tmp_path / "studies.json").write_text('[{"study_id": "s", "group": "pool"}]', "utf-8")
    path = table(tmp_path / "mine.csv", HEADER, 's,1,p,3,"Fine? Only return an integer from 1 to 5."')
    assert groups_of(open_source(str(path))) == {"s": "pool"}


def test_a_group_joins_whole_studies(tmp_path: Path) -> None:
    rows = [f's,1,p{arm},3,"Fine? Only return an integer from 1 to 5.",{arm}' for arm in "ab"]
    with pytest.raises(
        SourceError, match=r"study s: its rows have the groups 'a' and 'b'; .* call a column that holds"
    ):
        open_source(str(table(tmp_path / "mine.csv", f"{HEADER},group", *rows)))


def test_studies_of_one_wording_or_source_make_a_group() -> None:
    texts = {"a": f"{LONG} Welfare.", "b": f"{LONG} Space.", "c": "Something else entirely, in other words than those."}
    studies = study_set({study_id: [(1, 1, text)] for study_id, text in texts.items()})
    assert groups_of(grouped(studies, "wording")) == {"a": "a", "b": "a", "c": "c"}
    assert groups_of(grouped(studies, "source")) == {"a": "a", "b": "a", "c": "a"}
    assert groups_of(grouped(studies, "title")) == {"a": "a", "b": "b", "c": "c"}
    # a stated group stays together
    assert groups_of(grouped(joined(studies, ("b", "c")), "wording")) == {"a": "a", "b": "a", "c": "a"}


def test_what_there_is_nothing_to_group_by_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "mine.csv", HEADER, 's,1,p,3,"Fine? Only return an integer from 1 to 5."')
    with pytest.raises(
        SourceError, match=r"no column 'pool' for --group-by; it has study_id, .* --group-by wording or"
    ):
        open_source(str(path), stated=Stated(group_by="pool"))
    with pytest.raises(SourceError, match="nothing called 'pool' to group these studies by; choose wording, title"):
        open_source("bundled", stated=Stated(group_by="pool"))


# -- what groups do to a split


@pytest.mark.parametrize("seed", range(20))
def test_studies_of_one_group_stay_in_one_part(seed: int) -> None:
    studies = joined(plain(*(f"s{i}" for i in range(30))), ("s1", "s2", "s3"), ("s4", "s5"))
    split = make_split(studies, "study", seed)
    home = homes(split)
    assert home["s1"] == home["s2"] == home["s3"]
    assert home["s4"] == home["s5"]
    assert tuple(len(split.parts[name]) for name in PARTS) == (24, 3, 3)


def test_a_group_that_is_larger_than_a_part_trains() -> None:
    names = [f"s{i}" for i in range(12)]
    split = make_split(joined(plain(*names), tuple(names[:9])), "study")
    assert set(names[:9]) <= set(split.parts["train"])
    assert [len(split.parts[name]) for name in PARTS] == [10, 1, 1]


def test_two_groups_are_not_three_studies() -> None:
    with pytest.raises(SplitError, match=r"three or more studies, each a group of its own; found a, b"):
        make_split(joined(plain("a", "b", "c"), ("b", "c")), "study")


def test_synthetic_siblings_of_a_real_study_are_tested_with_it() -> None:
    studies = joined(plain(*(f"s{i}" for i in range(10)), "real", real=["real"]), ("real", "s3"))
    assert {"real", "s3"} <= set(make_split(studies, "study").parts["test"])


def test_the_official_split_refuses_a_group_on_both_sides() -> None:
    studies = plain(*OFFICIAL_UNSEEN, "one", "two", "three")
    assert make_split(joined(studies, ("one", "two")), "official").parts["test"] == tuple(sorted(OFFICIAL_UNSEEN))
    with pytest.raises(SplitError, match="keeps some studies of a group unseen and not others"):
        make_split(joined(studies, (OFFICIAL_UNSEEN[0], "one")), "official")


@pytest.mark.parametrize("kind", ["condition", "outcome", "participant"])
def test_within_studies_a_group_is_one_study(kind: str) -> None:
    def asked(study: str) -> list[tuple[int, int, str]]:
        return [(c, t, f"{study} {c} {t}?") for c in range(1, 5) for t in range(1, 5)]

    studies = joined(study_set({name: asked(name) for name in ("a", "b", "c")}, people=8), ("a", "b"))
    home = homes(make_split(studies, kind))
    ours = {unit.partition("/")[2]: name for unit, name in home.items() if unit.startswith("a/")}
    theirs = {unit.partition("/")[2]: name for unit, name in home.items() if unit.startswith("b/")}
    assert ours == theirs
    assert len(set(ours.values())) > 1


def test_a_stated_split_that_parts_a_group_is_refused() -> None:
    parts: dict[str, tuple[str, ...]] = {"train": ("a",), "val": ("b",), "test": ("c",)}
    split = Split("study", 42, "here", parts, parts_digest(parts))
    refuse_split_groups(plain("a", "b", "c"), split)
    with pytest.raises(LeakError, match=r"studies of the group 'b' .b, c. are in the parts val and test"):
        refuse_split_groups(joined(plain("a", "b", "c"), ("b", "c")), split)


def test_grouped_by_wording_no_near_duplicates_are_left_across_parts() -> None:
    texts = {f"s{i}": f"{LONG} Topic number {i}." for i in range(6)}
    texts |= {f"t{i}": f"Unrelated {' '.join(chr(97 + i) * n for n in range(1, 9))}" for i in range(8)}
    studies = study_set({study_id: [(1, 1, text)] for study_id, text in texts.items()})
    assert near_duplicates(studies, make_split(studies, "study"))
    together = grouped(studies, "wording")
    assert near_duplicates(together, make_split(together, "study")) == []


# -- the guard


def test_a_trained_study_makes_its_group_seen() -> None:
    groups = {"a": "pool", "b": "pool", "c": "c"}
    assert seen(["a"], ["b", "c"], groups) == ["b"]
    assert seen(["a"], ["b", "c"]) == []
    with pytest.raises(LeakError, match="trained on 1 of the studies to evaluate: b"):
        refuse_overlap(["a"], ["b", "c"], groups=groups)
    # within studies, the same condition of a sibling is the same condition, and another one is another
    assert seen(["a/condition:1"], ["b/condition:1", "b/condition:2", "c/condition:1"], groups) == ["b/condition:1"]
    assert seen(["a/condition:1"], ["b", "b/participant:x"], groups) == ["b", "b/participant:x"]
