"""How many people to ask, below a prediction on the page."""

import json

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.loading import load_model
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.trust.design.study import PredictedStudy
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.design.panel import advice_file, work
from socrates_core.ui.design.predictions import Linked, OwnStudy
from socrates_core.ui.design.view import advice_html, all_html, pilot_html
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import Link, to_query
from socrates_core.ui.your_study.draft import opened
from socrates_core.ui.your_study.work import predict
from tests.trust.design.arms import SEVEN, predicted_study, pushed

STRANGER = Visitor(None, "anyone", "address:1")
CHOSEN = ("wmw", 200, 0.05, 0.8, 1)
"""Test, people, alpha, power, ratio."""


@pytest.fixture(scope="module")
def results() -> Results:
    policy = Policy(DEFAULTS, space=False, sign_in=False)
    return Results(open_catalogue([], ()), load_model("demo", "demo"), policy=policy)


@pytest.fixture(scope="module")
def own(results: Results) -> PredictedStudy:
    draft = opened((BUNDLED_STUDIES / "example.yaml").read_text("utf-8"))
    return OwnStudy(results).study(STRANGER, predict(results, STRANGER, draft, results.model_name, Sampling(20)))


def test_a_prediction_of_an_own_study_is_advised_on_with_all_outcomes(own: PredictedStudy) -> None:
    advice, learnt, wrong = work(own, (*CHOSEN, ""))
    assert [of.contrast.outcome for of in advice.effects] == ["intention", "intention", "price", "price"]
    assert (learnt, wrong) == (None, "")
    said = advice_html(advice, 1)
    assert "Popular dish against Plain menu" in said
    assert "people in each arm find the predicted effect" in said
    assert "not science" in said
    assert "All effects of the study" in all_html(advice)


def test_a_link_stands_for_its_result_whose_answers_are_called_answer(results: Results) -> None:
    source = results.catalogue.sources[0]
    cell = source.studies.cells_of("gss-welfare")[0]
    query = to_query(Link(source.name, SimulationRequest(cell.cell_id, n=20), results.model_name), results.catalogue)
    study = Linked(results).study(STRANGER, query)
    assert [one.name for one in study.contrasts] == ["answer: Assistance to the poor against Welfare"]
    rows = "condition,answer\nWelfare,1\nWelfare,2\nAssistance to the poor,3\nAssistance to the poor,3\n"
    _, learnt, wrong = work(study, (*CHOSEN, rows))
    assert wrong == ""
    assert learnt is not None
    assert learnt.answers.people == 4


def test_nothing_on_the_page_is_nothing_to_advise_on(results: Results) -> None:
    with pytest.raises(SocratesError, match="Press Run again"):
        OwnStudy(results).study(STRANGER, None)
    with pytest.raises(SocratesError, match="Press Run again"):
        Linked(results).study(STRANGER, "")


def test_what_is_wrong_with_pasted_answers_stands_beside_them_and_the_advice_stays(own: PredictedStudy) -> None:
    advice, learnt, wrong = work(own, (*CHOSEN, "condition,nothing\nPlain menu,1\n"))
    assert len(advice.effects) == 4
    assert learnt is None
    assert wrong == "the pasted table: no column is called as an outcome; the study has 'intention', 'price'."


def test_pasted_answers_show_before_after_and_alone_and_stay_text(own: PredictedStudy) -> None:
    rows = "condition,intention\n" + "Plain menu,2\nClimate label,5\nClimate label,<b>\n" * 4
    _, learnt, _ = work(own, (*CHOSEN, rows))
    assert learnt is not None
    said = pilot_html(learnt)
    assert "What 8 people already say" in said
    assert "&#39;&lt;b&gt;&#39;" in said
    assert "<b>" not in said


@pytest.mark.parametrize("chosen", [("wmw", None, 0.05, 0.8, 1), ("wmw", 200, 2, 0.8, 1), ("x", 200, 0.05, 0.8, 1)])
def test_numbers_that_no_slider_gives_are_refused(chosen: tuple[object, ...], own: PredictedStudy) -> None:
    with pytest.raises(SocratesError):
        work(own, (*chosen, ""))


def test_files_are_of_the_advice_as_it_stands(results: Results, own: PredictedStudy) -> None:
    advice, learnt, _ = work(own, (*CHOSEN, ""))
    saved = json.loads(advice_file(results, STRANGER, advice, learnt, "csv"))
    assert saved["name"] == "labels-on-a-menu-design.csv"
    assert saved["text"].count("\n") == 5
    with pytest.raises(SocratesError, match="no download"):
        advice_file(results, STRANGER, advice, learnt, "exe")


def test_names_of_conditions_are_never_markup() -> None:
    study = predicted_study(("o", "<img src=x>", SEVEN), ("o", "<script>", pushed(SEVEN, 0.2)))
    advice, _, _ = work(study, (*CHOSEN, ""))
    assert "<img" not in advice_html(advice, 0) + all_html(advice)
    assert "<script" not in advice_html(advice, 0) + all_html(advice)


def test_more_effects_than_a_page_waits_for_are_left_to_the_command() -> None:
    cells = [(f"o{i}", arm, SEVEN if arm == "a" else pushed(SEVEN, 0.1)) for i in range(30) for arm in ("a", "b")]
    advice, _, _ = work(predicted_study(*cells), (*CHOSEN, ""))
    assert len(advice.effects) == 24
    assert any("first 24 of 30 effects" in note for note in advice.notes)
    assert "one of 30 effects" in advice_html(advice, 0)
