"""Where the true difference between two settings lies, and why that is mostly not said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.loading import load_model
from socrates_core.report.what_if.change import OF_CALIBRATED, SettingChange, change_sentences, change_table, changes
from socrates_core.report.what_if.files import what_if_csv, what_if_html, what_if_json
from socrates_core.simulation.what_if.comparison import WhatIf, what_if
from socrates_core.simulation.what_if.setting import Setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.study.study_file.form import MarginsForm, StudyForm
from socrates_core.study.study_file.reading import read_form, study_of
from tests.trust.evidence import untested


@pytest.fixture(scope="module")
def demo() -> AnswerModel:
    return load_model("demo", "demo")


@pytest.fixture(scope="module")
def menu() -> StudyForm:
    form = read_form(BUNDLED_STUDIES / "example.yaml")
    return form.model_copy(update={"outcomes": form.outcomes[:1], "conditions": form.conditions[:2]})


def asked(form: StudyForm, old: str, new: str) -> StudyForm:
    """The same with other words in its texts."""
    conditions = [one.model_copy(update={"text": (one.text or "").replace(old, new)}) for one in form.conditions]
    outcomes = [one.model_copy(update={"question": one.question.replace(old, new)}) for one in form.outcomes]
    return form.model_copy(update={"conditions": tuple(conditions), "outcomes": tuple(outcomes)})


def compared(model: AnswerModel, *forms: StudyForm) -> WhatIf:
    return what_if([Setting(study_of(form, None, "x"), model, Sampling(20)) for form in forms])


@pytest.fixture(scope="module")
def texts(demo: AnswerModel, menu: StudyForm) -> WhatIf:
    return compared(demo, menu, asked(menu, "Low climate impact", "Cooked with care"))


def told(found: WhatIf) -> SettingChange:
    (one,) = changes(found, found.outcomes[0])
    return one


def with_calibration(found: WhatIf, file: Path) -> WhatIf:
    """The same predictions by a model with this calibration."""
    settings = []
    for setting in found.settings:
        made = []
        for one in setting.found:
            assert one.simulation is not None
            model = replace(one.simulation.model, calibration=file)
            made.append(replace(one, simulation=replace(one.simulation, model=model)))
        settings.append(replace(setting, found=tuple(made)))
    return replace(found, settings=tuple(settings))


def test_another_text_is_an_effect_and_is_said_where_intervals_of_effects_are_offered(
    texts: WhatIf, tmp_path: Path
) -> None:
    found = with_calibration(texts, untested(tmp_path))
    plain, label = told(found).conditions
    assert (plain.predicted, plain.claim.inner) == (None, None)
    assert "the same people read the same" in (plain.claim.why or "")  # the control's text did not change
    assert label.predicted is not None
    assert label.claim.inner is not None
    assert label.claim.inner.low < label.predicted < label.claim.inner.high
    said, of = change_sentences([told(found)])
    assert said.startswith("With a probability of 80 %, B minus A in Climate label is truly −")
    assert of == OF_CALIBRATED  # the means beside it are raw
    table = change_table([told(found)])
    assert table is not None
    assert table.header[-1] == "B − A, true, 80 %"
    assert table.rows[0][-1] == "none"
    rows = what_if_csv(found).splitlines()
    assert any(f"{label.claim.inner.low:.6f},{label.claim.inner.high:.6f}" in row for row in rows)


def test_it_is_not_said_where_they_failed_their_test_and_files_say_why(texts: WhatIf) -> None:
    said, *_ = change_sentences([told(texts)])
    assert said.startswith("Where the true difference between B and A lies is not said, because the 80 % interval did")
    assert "56 ± 17 % of effects" in said
    assert said in what_if_html("menu", texts)
    (outcome,) = json.loads(what_if_json(texts))["comparisons"]
    assert outcome["how_far_off"][0]["said"] == said
    assert outcome["how_far_off"][0]["conditions"][1]["claim"]["inner"] is None
    assert told(texts).conditions[1].first.inner is not None  # each prediction's own mean is covered


def test_models_and_seeds_differ_and_the_truth_does_not(demo: AnswerModel, menu: StudyForm) -> None:
    study = study_of(menu, None, "x")
    found = what_if([Setting(study, demo, Sampling(20)), Setting(study, load_model("uniform"), Sampling(20))])
    said, *_ = change_sentences([told(found)])
    assert said.startswith("In truth B and A do not differ: the same people read the same")
    table = change_table([told(found)])
    assert table is not None
    assert table.header == ("Condition", "A: true mean, 80 %", "B: true mean, 80 %")
    assert table.rows[0][2] == "can't say"  # nobody has tried the uniform baseline here


def test_differences_that_were_never_tried_are_not_said(
    demo: AnswerModel, menu: StudyForm, texts: WhatIf, tmp_path: Path
) -> None:
    offering = untested(tmp_path)
    shares = MarginsForm.model_validate({"of": "gss-answers", "margins": {"gender": {"Female": 0.9, "Male": 0.1}}})
    weighted = menu.model_copy(update={"population": shares})
    cases = {
        "people were edited or weighted by hand": compared(demo, menu, weighted),
        "the people differ": compared(demo, menu, menu.model_copy(update={"population": "observed:gss-race"})),
        "the questions differ": compared(demo, menu, asked(menu, "How likely are you", "How unlikely are you")),
    }
    for why, found in cases.items():
        said, *_ = change_sentences([told(with_calibration(found, offering))])
        assert f"is not said, because {why}" in said, said
    changed = texts.settings[1]
    other = replace(changed.first.model, adapter_digest="0" * 64)
    made = replace(changed.found[0], simulation=replace(changed.first, model=other))
    found = replace(texts, settings=(texts.settings[0], replace(changed, found=(made,))))
    assert "the calibration was fitted on adapter digest" in change_sentences([told(found)])[0]
