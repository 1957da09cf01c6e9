"""What the page compares, and for whom: a prediction with an earlier one, or with its baselines."""

from dataclasses import replace

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.simulation.whole_study import Sampling
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import DEFAULTS, Policy
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.what_if.baselines import baseline_models
from socrates_core.ui.what_if.panel import download
from socrates_core.ui.what_if.view import comparison_html, shares_html, verdict_html
from socrates_core.ui.your_study import work
from socrates_core.ui.your_study.draft import ConditionDraft, Draft, OutcomeDraft, PeopleDraft, ScaleDraft
from socrates_core.ui.your_study.side_by_side import ComparingPredictions, moved_on
from socrates_core.ui.your_study.work import Prediction, predict
from tests.ui.your_study.test_work import STRANGER

POLICY = Policy(DEFAULTS, space=False, sign_in=False)


@pytest.fixture(scope="module")
def demo() -> Results:
    return Results(open_catalogue([], ()), load_model("demo", "demo"), policy=POLICY)


def draft(text: str = "You read a menu.", scale: str = "agreement-5") -> Draft:
    arms = (ConditionDraft(label="Plain", text=text, control=True), ConditionDraft(label="<b>Other</b>", text="b"))
    asked = OutcomeDraft(name="like", question="Do you like it?", scale=ScaleDraft(kind=scale))
    people = "\n".join(f"age: {20 + place}, gender: {'Female' if place % 2 else 'Male'}" for place in range(8))
    return Draft(title="A <menu>", conditions=arms, outcomes=(asked,),
                 people=PeopleDraft(kind="personas", personas=people))  # fmt: skip


def made(results: Results, model: str = "", **changes: str) -> Prediction:
    return predict(results, STRANGER, draft(**changes), model or results.model_name, Sampling(8))


def test_the_same_people_are_paired_after_a_change_of_text(demo: Results) -> None:
    found = ComparingPredictions(demo).beside(STRANGER, made(demo), made(demo, text="You read a red menu."))
    plain, other = found.outcomes[0].arms
    assert plain.differences[0].basis.words == "paired: the same 8 people answer in both settings"
    assert other.differences[0].middle is not None
    at = other.differences[0].middle
    assert (at.value, at.interval.low, at.interval.high) == (0, 0, 0)  # nothing was changed there
    shown = verdict_html(found, found.outcomes[0], "like") + comparison_html(found, found.outcomes[0])
    shown += shares_html(found, found.outcomes[0]) + ComparingPredictions(demo).kept(made(demo))
    assert "A and B (other texts)" in shown
    assert "<b>Other</b>" not in shown
    assert "A <menu>" not in shown


def test_one_click_compares_base_adapter_and_uniform(demo: Results) -> None:
    own = made(demo)
    found = ComparingPredictions(demo).against_baselines(STRANGER, own)
    assert [one.name for one in found.settings] == ["base", "adapter", "uniform"]
    assert found.settings[1].found is own.found  # asked once
    assert [one.first.model.adapter for one in found.settings] == [None, "demo", None]
    base = next(name for name in (value for _, value in demo.models.choices()) if name != demo.model_name)
    assert list(baseline_models(demo, base)) == ["base", "adapter", "uniform"]  # the same, seen from the base
    assert baseline_models(demo, base)["base"] is None
    csv = download(demo, STRANGER, found, "A menu", "csv")
    assert '"name": "a-menu-what-if.csv"' in csv
    with pytest.raises(SocratesError, match="no download 'exe'"):
        download(demo, STRANGER, found, "A menu", "exe")


def test_open_numbers_are_compared_with_the_base_alone(demo: Results) -> None:
    found = ComparingPredictions(demo).against_baselines(STRANGER, made(demo, scale="open"))
    assert [one.name for one in found.settings] == ["base", "adapter"]
    assert found.outcomes[0].arms[0].differences[0].middle is not None


def test_the_uniform_baseline_has_nothing_to_be_compared_with() -> None:
    results = Results(open_catalogue([], ()), UniformModel(), policy=POLICY)
    with pytest.raises(SocratesError, match="the prediction is the uniform baseline's own"):
        ComparingPredictions(results).against_baselines(STRANGER, made(results))


def test_baselines_cost_as_much_as_predicting_them(demo: Results) -> None:
    own = made(demo)
    tight = Results(demo.catalogue, demo.model, policy=POLICY, limits=Limits(burst=40, clock=lambda: 0.0))
    ComparingPredictions(tight).against_baselines(STRANGER, own)  # base and uniform · 2 conditions · 8 people = 32
    with pytest.raises(SocratesError, match="You have asked for much in a short time"):
        ComparingPredictions(tight).against_baselines(STRANGER, own)


def test_a_page_keeps_no_more_of_single_people_than_it_may(demo: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    small = made(demo)
    assert small.setting.size == 2 * 8 * 5  # conditions × profiles × options
    monkeypatch.setattr(work, "MOST_HELD", 79)
    large = made(demo)
    assert large.setting.size == 0
    for pair in ((small, large), (large, small)):
        with pytest.raises(SocratesError, match="too many people and options to be compared on the page"):
            ComparingPredictions(demo).beside(STRANGER, *pair)
    assert replace(large, found=small.found).setting.size == 80


def test_a_comparison_of_shares_that_were_moved_since_says_so(demo: Results) -> None:
    first, second, moved = made(demo), made(demo, text="You read a red menu."), made(demo, text="Moved.")
    found = ComparingPredictions(demo).beside(STRANGER, first, second)
    assert moved_on(first, None, second) == moved_on(None, found, None) == ""
    assert moved_on(first, found, second) == ""
    assert "for the shares before they were moved. Press Run to compare anew." in moved_on(first, found, moved)
    assert "Press the button again" in moved_on(None, found, moved)
