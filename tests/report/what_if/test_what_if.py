"""Settings side by side as tables, sentences, a picture and files: worked out by hand."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.report.what_if.command import what_if as command
from socrates_core.report.what_if.files import what_if_csv, what_if_files
from socrates_core.report.what_if.picture import settings_figure
from socrates_core.report.what_if.tables import differences_table, notes, sentence, shares_table
from socrates_core.report.what_if.words import same_words, settings_table
from socrates_core.simulation.what_if.comparison import WhatIf, what_if
from socrates_core.simulation.what_if.setting import Setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_file.writing import write_study
from tests.report.prediction.test_prediction import ByText, study


def compared(*forms: StudyForm, uniform: bool = False, people: int = 60) -> WhatIf:
    """Each form by the model that reads texts; the last one by the uniform baseline if asked for."""
    models = [ByText() for _ in forms]
    asked: list[Any] = [*models[:-1], UniformModel() if uniform else models[-1]]
    return what_if(
        [Setting(study_of(one, None, "x"), model, Sampling(people)) for one, model in zip(forms, asked, strict=True)]
    )


def test_the_means_of_both_settings_stand_beside_their_difference() -> None:
    found = compared(study(), study(), uniform=True)
    table = differences_table(found.outcomes[0])
    assert table.header == (
        "Condition", "A: mean", "B: mean", "B − A, % of the scale", "W of B from A",
    )  # fmt: skip
    # means 1.2667 and 4.2 (see the tests of predictions); 3 by uniform: (3 − 1.2667) / 4 and (3 − 4.2) / 4
    assert [(row[0], row[1][:4], row[2][:4], row[3][:5]) for row in table.rows] == [
        ("Plain", "1.27", "3.00", "+43.3"), ("Green", "4.20", "3.00", "−30.0"),
    ]  # fmt: skip
    told = sentence(found.outcomes[0])
    assert told.startswith(
        "In Plain, where it changes most of 2 conditions, the predicted mean goes from 1.27 (A) to 3.00 (B): "
        "+43.3 % of the scale's width (95 % interval over who is simulated: +4"
    )
    assert told.endswith("; paired).")
    shares = shares_table(found.outcomes[0], found.outcomes[0].arms[0])
    assert shares.rows[0][0] == "1 = No"
    assert shares.rows[0][3].startswith("−53.3 (")  # 20 % for 73.3 %
    assert "B against A: paired: the same 60 people answer in both settings." in notes(found, found.outcomes[0])


def test_shares_of_options_without_an_order_move() -> None:
    outcome = compared(study(), study(), uniform=True).outcomes[1]
    assert differences_table(outcome).header == ("Condition", "Total variation of B from A")
    # Pasta .733, Steak .267, Soup 0 against a third each: ½ (.4 + .0667 + .3333)
    assert differences_table(outcome).rows[0] == ("Plain", "0.400")
    assert sentence(outcome).startswith(
        "In Plain, where it changes most of 2 conditions, 40.0 % of the answers move from A (by text) to B (uniform); "
        "the share of 'Pasta' changes by −40.0 ("
    )
    assert not any("mean" in text and "no means" not in text for text in notes(compared(study(), study()), outcome))


def test_the_same_setting_twice_predicts_the_same() -> None:
    found = compared(study(), study())
    assert [one.name for one in found.settings] == ["A", "B"]
    assert sentence(found.outcomes[0]) == "B and A predict the same in every condition."
    assert "Nothing can be compared. A does not predict it." in sentence(found.outcomes[2])
    assert same_words(found.settings).endswith("the people who can take part, all texts.")


def test_what_differs_is_shown_from_where_the_texts_part() -> None:
    changed = study(
        conditions=[
            {"label": "Plain", "text": "A menu.", "control": True},
            {"label": "Green", "text": "A green menu, printed on paper."},
        ],
        population=[{"gender": "Female", "age": 30}, {"gender": "Male", "age": 31}],
    )
    found = compared(study(), changed)
    rows = {row[0]: row[1:] for row in settings_table(found.settings).rows}
    assert rows["Who can take part"] == ("population 1", "population 2")
    assert rows["Text of Green"] == ("A green menu.…", "A green menu, printed on paper.…")
    assert found.settings[1].name == "B (other people, other texts)"


def test_every_condition_has_a_panel_in_one_picture_on_one_axis() -> None:
    found = compared(study(), study(), uniform=True)
    figure = settings_figure(found.outcomes[0])
    assert [(bar.name, sum(bar.y)) for bar in figure.data] == [
        (name, pytest.approx(100, abs=0.01)) for name in ("A (by text)", "B (uniform)") * 2
    ]
    assert len({tuple(axis.range) for axis in (figure.layout.yaxis, figure.layout.yaxis2)}) == 1
    many = [{"label": f"Arm {n}", "text": f"Text {n}.", "control": n == 0} for n in range(32)]
    means = settings_figure(compared(study(conditions=many), study(conditions=many), people=5).outcomes[0])
    assert [len(points.x) for points in means.data] == [32, 32]


def test_options_off_the_axis_that_one_setting_lacks_leave_the_others_comparable() -> None:
    scales = [{"from": 1, "to": 3}, {"from": 1, "to": 3, "off_axis": {9: "DK"}}]
    forms = [study(outcomes=[{"name": "x", "question": "What?", "scale": scale}]) for scale in scales]
    for pair in (forms, forms[::-1]):
        found = compared(*pair, uniform=True)
        (outcome,) = found.outcomes
        assert all(len(bar.y) == 3 for bar in settings_figure(outcome).data)
        assert {cell for row in shares_table(outcome, outcome.arms[0]).rows[3:] for cell in row[1:]} <= {"–"}
        assert any("different options off the axis" in text for text in notes(found, outcome))
        assert "nan" not in what_if_csv(found).lower()


def test_files_hold_both_settings_and_say_that_all_is_simulated() -> None:
    found = compared(study(), study(), uniform=True)
    files = what_if_files("A menu", found)
    rows = list(csv.DictReader(io.StringIO(files["what_if.csv"])))
    assert {row["kind"] for row in rows} == {"simulated"}
    mean = [row for row in rows if (row["outcome"], row["condition"], row["figure"]) == ("like", "Plain", "mean")]
    assert [(row["setting"], row["predicted"][:6], row["minus_first"][:6], row["basis"]) for row in mean] == [
        ("A (by text)", "1.2666", "", ""), ("B (uniform)", "3.0000", "43.333", "paired"),
    ]  # fmt: skip
    raw = json.loads(files["what_if.json"])
    assert [one["name"] for one in raw["settings"]] == ["A (by text)", "B (uniform)"]
    assert raw["comparisons"][1]["conditions"][0]["differences"][0]["total_variation"] == pytest.approx(0.4)
    for name in ("report.md", "report.html", "what_if.json"):
        assert "simulated by models, in every setting" in files[name]
    assert "None" not in files["report.md"]


def test_the_command_compares_files_and_models_and_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [{"name": "like", "question": "Do you like it?", "scale": "agreement-7"}]
    for name in ("one", "other"):
        form = study(outcomes=asked, conditions=[{"label": "Plain", "text": f"A menu, {name}."}])
        write_study(form, tmp_path / f"{name}.yaml")
    paths = [tmp_path / "one.yaml", tmp_path / "other.yaml"]
    command(paths, tmp_path / "out", model=["uniform"], people=20)
    said = capsys.readouterr().out
    assert "B (other texts) and A predict the same." in said
    assert "Plain      4.00 (4.00 to 4.00)  4.00 (4.00 to 4.00)" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html", "report.md", "study-a.yaml", "study-b.yaml", "what_if.csv", "what_if.json",
    ]  # fmt: skip
    command(paths[:1], model=["uniform", "marginal"], people=5)
    assert "the predicted mean goes from 4.00 (A) to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing differs"),
        ({"model": ["uniform", "demo"], "temperature": [1.0, 0.5, 0.2]}, "--model is given 2 times, something else 3"),
        ({"model": ["uniform"], "baselines": True}, "the uniform baseline itself"),
        ({"model": ["uniform", "demo"], "baselines": True}, "--model is given more than once"),
        ({"temperature": [0.1 * n for n in range(5)]}, "at most 4"),
        ({"population": ["gss-answers", "gss-anwsers"], "model": ["uniform"]}, "there is no 'gss-anwsers'"),
    ],
)
def test_options_that_make_no_comparison_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_study(study(outcomes=[{"name": "x", "question": "Like it?", "scale": "yes-no"}]), tmp_path / "menu.yaml")
    with pytest.raises(SocratesError, match=message):
        command([tmp_path / "menu.yaml"], people=5, **options)
