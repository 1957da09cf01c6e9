import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from socrates_core.errors import SourceError
from socrates_core.report.design.files import pilot_csv
from socrates_core.report.design.picture import pilot_figure
from socrates_core.trust.calibration import AnswersModel, Calibration
from socrates_core.trust.design.answers import answers_in, answers_of_text
from socrates_core.trust.design.learnt import LITTLE_GAIN, learn
from tests.trust.design.arms import predicted_study, pushed

FIVE = np.array([0.1, 0.2, 0.3, 0.2, 0.2])
CELLS = (
    ("trust", "Plain menu", FIVE), ("trust", "Label", pushed(FIVE, 0.3)),
    ("liking", "Plain menu", FIVE), ("liking", "Label", pushed(FIVE, -0.1)),
)  # fmt: skip
STUDY = predicted_study(*CELLS)


def table(*rows: str) -> str:
    return "\n".join(("condition,trust,liking", *rows)) + "\n"


MANY = table(*(["Plain menu,2,3", "plain  MENU,3,3", "Label,4,2", "Label,always,never"] * 8))


def test_answers_are_read_by_the_names_of_outcomes_and_labels_of_conditions_and_options() -> None:
    few = answers_of_text(MANY, STUDY, "pilot.csv")
    assert few.people == 32
    assert few.pilot.people.tolist() == [16, 16, 16, 16]
    assert few.pilot.means.tolist() == [37.5, 87.5, 50, 12.5]  # 2 and 3 of 1 to 5; 4 and 5; 3; 2 and 1
    assert few.left_out == ()


def test_what_lies_off_the_scale_or_the_axis_is_left_out_and_named() -> None:
    few = answers_of_text(table("Label,7,1", "Label,99,don't know", "Label,perhaps,3", "Plain menu,2,"), STUDY, "p")
    assert few.pilot.people.tolist() == [1, 0, 0, 2]
    assert few.left_out == (
        "1 is off the scale of trust, such as '7', and left out.",
        "1 is off the axis of trust, such as '99', and left out.",
        "1 is off the axis of liking, such as '99', and left out.",
        "1 is not an answer to trust, such as 'perhaps', and left out.",
    )


def test_rows_of_one_participant_are_one_person_whose_first_answer_counts() -> None:
    rows = "participant,condition,trust\n7,Label,4\n7,Plain menu,3\n7,Label,1\n8,Label,2\n,Label,5\n"
    few = answers_of_text(rows, STUDY, "p")
    assert few.people == 3
    assert few.pilot.people.tolist() == [1, 3, 0, 0]
    assert few.pilot.means[1] == pytest.approx((75 + 25 + 100) / 3)
    assert few.left_out == ("1 is a second answer of one person to trust, such as '1', and left out.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names of columns"),
        ("condition,trust\n", "then a row a person"),
        ("condition,trust\nGreen menu,1\n", "row 2: no condition is called 'Green menu'"),
        ("condition,price\nLabel,1\n", "no column is called as an outcome; the study has 'trust', 'liking'"),
        ("trust,liking\n1,1\n", "expected a column `condition`"),
        ("condition,trust\nLabel\n", "row 2: expected 2 cells, got 1"),
        ("condition,trust,trust\nLabel,1,1\n", "two columns have one name"),
        ("condition,trust\nLabel,77\n", "no answer counts. 1 is off the scale"),
        ("condition,trust\nLabel,\n", "no answer counts"),
        ("condition,trust\n" + "Label,1\n" * 20_001, "at most 20,000"),
    ],
)
def test_a_table_that_cannot_be_a_pilot_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        answers_of_text(text, STUDY, "pilot.csv")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="UTF-8"):
        answers_in(tmp_path / "p.csv", STUDY)


def test_after_a_pilot_intervals_are_narrower_and_the_people_alone_say_less(calibration: Calibration) -> None:
    learnt = learn(predicted_study(*CELLS, calibration=calibration), answers_of_text(MANY, STUDY, "p"))
    assert [one.what for one in learnt.quantities] == ["effect"] * 2 + ["mean"] * 4
    effect = learnt.quantities[0]
    assert (effect.name, effect.people, effect.seen) == ("trust: Label against Plain menu", (16, 16), 50)
    assert effect.before is not None
    assert effect.after is not None
    assert effect.alone is not None
    assert effect.middle is not None
    before, after, alone = (at[0].high - at[0].low for at in (effect.before, effect.after, effect.alone))
    assert after < before
    assert after < alone
    assert effect.predicted < effect.middle < 50  # between what was predicted and what they show
    for one in learnt.quantities:
        for at in (one.before, one.after, one.alone):
            assert at is not None
            assert at[1] is not None
            assert at[1].low <= at[0].low <= at[0].high <= at[1].high
    assert learnt.notes == (LITTLE_GAIN,)


def test_without_a_calibration_the_people_alone_speak_and_it_says_why() -> None:
    learnt = learn(STUDY, answers_of_text(MANY, STUDY, "p"))
    assert all(one.before is None and one.after is None and one.alone is not None for one in learnt.quantities)
    assert learnt.notes[0].endswith("these people speak alone.")


def test_a_pilot_shows_no_interval_that_is_not_offered_without_one_and_says_of_what(calibration: Calibration) -> None:
    # effects were not tried, and means at 80 % alone
    def less(one: AnswersModel) -> AnswersModel:
        return replace(one, coverage=tuple(row for row in one.coverage if (row.what, row.level) == ("mean", 0.8)))

    families = {name: replace(one, raw=less(one.raw)) for name, one in calibration.families.items()}
    study = predicted_study(*CELLS, calibration=replace(calibration, families=families))
    learnt = learn(study, answers_of_text(MANY, STUDY, "p"))
    for one in learnt.quantities:
        if one.what == "effect":
            assert one.before is None
        else:
            assert one.before is not None
            assert one.after is not None
            assert (one.before[1], one.after[1]) == (None, None)
    (why, _) = learnt.notes
    assert why.startswith("Nothing can be said of how far off effects are: too few groups had effects")
    assert why.endswith("So effects have no intervals before and after, and these people speak alone.")
    drawn = [trace for trace in pilot_figure(learnt.quantities[2:]).data if trace.mode == "lines"]
    assert len(drawn[1].x) == 0  # of 95 %, before
    (mean,) = (row for row in csv.DictReader(io.StringIO(pilot_csv(learnt))) if row["name"] == "liking: Label")
    assert mean["before_low_80"]
    assert mean["before_low_95"] == mean["after_high_95"] == ""
    assert mean["alone_low_95"]


@pytest.mark.parametrize("rows", [["Label,3,3"], ["Label,3,3", "Plain menu,3,3"], ["Label,3,3", "Plain menu,3,3"] * 9])
def test_pilots_of_one_person_of_a_missing_arm_or_without_variation_give_sane_intervals(
    rows: list[str], calibration: Calibration
) -> None:
    learnt = learn(predicted_study(*CELLS, calibration=calibration), answers_of_text(table(*rows), STUDY, "p"))
    for one in learnt.quantities:
        assert one.before is not None
        assert one.after is not None
        assert 0 < one.after[0].high - one.after[0].low <= one.before[0].high - one.before[0].low + 1e-9
        assert (one.alone is not None) == (min(one.people) >= 2)
    assert (learnt.quantities[0].seen is None) == (len(rows) == 1)
