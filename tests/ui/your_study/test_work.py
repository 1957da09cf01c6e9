import json
import re
from pathlib import Path

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.sources.bundled import load_real
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.your_study.draft import ConditionDraft, Draft, OutcomeDraft, ScaleDraft, opened
from socrates_core.ui.your_study.population import PeopleDraft, levels_json, people_menus
from socrates_core.ui.your_study.preview import checked, findings_json, preview_html, summary_html
from socrates_core.ui.your_study.tab import EXAMPLE, study_editor
from socrates_core.ui.your_study.view import keep_html, ranking_html, tables_html, verdict_html
from socrates_core.ui.your_study.work import download, loaded_in, predict, study_file

STRANGER = Visitor(None, "anyone", "address:1")


@pytest.fixture(scope="module")
def results() -> Results:
    return Results(open_catalogue([], ()), UniformModel(), policy=Policy(DEFAULTS, space=False, sign_in=False))


def example() -> Draft:
    return opened(EXAMPLE.read_text("utf-8"))


def one_outcome(**scale: str) -> Draft:
    asked = OutcomeDraft(name="like", question="Do you like it?", scale=ScaleDraft(**scale))
    arms = (ConditionDraft(label="A", text="a", control=True), ConditionDraft(label="<b>B</b>", text="b"))
    return Draft(title="T", conditions=arms, outcomes=(asked,), people=PeopleDraft(kind="nobody"))


def test_a_stranger_may_simulate_and_nothing_is_kept_for_others(results: Results) -> None:
    made = predict(results, STRANGER, example(), results.model_name, Sampling(20))
    assert [one.name for one in made.found] == ["intention", "price"]
    assert results._results == {}
    assert len(results.memory._stores) == 0


def test_a_title_with_quotation_marks_does_not_break_the_editor(results: Results) -> None:
    # Gradio fills in ${…} and {{…}} and reads a backslash as an escape; "is "data" singular" has one in its JSON
    menus = re.search(r"data-menus='(.*)'", study_editor(results).html_template)
    assert menus
    assert "%22data%5C%22" in menus[1]
    assert not set(menus[1]) & set("\\`${}\"'<>")


def test_a_stranger_pays_for_people_times_conditions_times_outcomes() -> None:
    tight = Results(open_catalogue([], ()), UniformModel(), limits=Limits(burst=150, clock=lambda: 0.0),
                    policy=Policy(DEFAULTS, space=False, sign_in=False))  # fmt: skip
    predict(tight, STRANGER, example(), tight.model_name, Sampling(20))  # 3 conditions · 2 outcomes · 20 = 120
    with pytest.raises(SocratesError, match="You have asked for much in a short time"):
        predict(tight, STRANGER, example(), tight.model_name, Sampling(20))


def test_who_may_not_simulate_is_refused_before_the_model_is_asked(results: Results) -> None:
    closed = Results(results.catalogue, UniformModel(),
                     policy=Policy({**DEFAULTS, "simulate": "owner"}, space=False, sign_in=False))  # fmt: skip
    with pytest.raises(SocratesError, match="Only the owner of this app may simulate"):
        predict(closed, STRANGER, example(), closed.model_name, Sampling(20))


def test_what_is_still_to_be_done_is_said_instead_of_running(results: Results) -> None:
    with pytest.raises(SocratesError, match="cannot be run yet: title: is empty"):
        predict(results, STRANGER, Draft(), results.model_name, Sampling(20))
    with pytest.raises(SocratesError, match="expected 1 to 10,000, got 20,000"):
        predict(results, STRANGER, example(), results.model_name, Sampling(20_000))


@pytest.mark.parametrize(
    "scale", [{"kind": "agreement-7"}, {"kind": "nominal", "labels": "X\nY"}, {"kind": "slider", "off": "DK"}]
)
def test_no_place_of_a_result_is_empty_or_broken(results: Results, scale: dict[str, str]) -> None:
    made = predict(results, STRANGER, one_outcome(**scale), results.model_name, Sampling(5))
    one = made.found[0]
    parts = [verdict_html(made.form, one), ranking_html(one.simulation), tables_html(one.simulation)]
    page = "".join([*parts, keep_html(made.form, made.found)])
    for broken in ("nan", "None", "<td></td>", "<li></li>", "<p></p>", "actual"):
        assert broken not in page
    assert "Nobody has answered this study." in page
    assert "<b>B</b>" not in page
    for kind in ("csv", "html", "json"):
        assert json.loads(download(results, STRANGER, made, kind))["name"] == f"t.{kind}"
    with pytest.raises(SocratesError, match="no download 'exe'"):
        download(results, STRANGER, made, "exe")


def test_an_outcome_that_cannot_be_predicted_says_why_and_shows_no_tables(results: Results) -> None:
    draft = one_outcome(kind="agreement-5")
    opens = OutcomeDraft(name="spend", question="How many dollars?", scale=ScaleDraft(kind="open"))
    made = predict(results, STRANGER, draft.model_copy(update={"outcomes": (*draft.outcomes, opens)}),
                   results.model_name, Sampling(5))  # fmt: skip
    assert "Not predicted" in verdict_html(made.form, made.found[1])
    assert tables_html(made.found[1].simulation) == ""


def test_the_preview_is_what_people_would_read_and_is_escaped(results: Results) -> None:
    draft = one_outcome(kind="yes-no")
    found, studies = checked(draft, results.model)
    shown = preview_html(draft, found, studies, results.model, 1, 0)
    assert shown.startswith("<figure class='stimulus'><figcaption>What people would read</figcaption>")
    assert "b\n\nDo you like it?\n\nOnly return an integer from 0 to 1" in shown
    assert summary_html(draft, found) == (
        "<p class='quiet ready' role='status'>Ready to run: 2 conditions × 1 outcome.</p>"
    )
    assert "Load the example" in preview_html(Draft(), *checked(Draft(), results.model), results.model, 0, 0)


def test_findings_go_to_their_fields_in_words_of_the_page() -> None:
    draft = Draft(title="T")
    rows = json.loads(findings_json(checked(draft, UniformModel())[0].findings))
    assert {"place": "outcomes.0.scale", "kind": "open", "text": "Choose how people answer."} in rows
    assert {"place": "conditions.1.label", "kind": "open", "text": "Give this condition a name."} in rows


def test_people_who_do_not_exist_stand_beside_their_field(results: Results) -> None:
    draft = one_outcome(kind="yes-no").model_copy(update={"people": PeopleDraft(kind="observed", study="nobody")})
    found, studies = checked(draft, results.model)
    assert studies is None
    assert found.findings[0].place == ("population",)


@pytest.mark.parametrize("kind", ["yes-no", "open"])
def test_a_text_that_is_longer_than_the_context_is_found_before_running(kind: str) -> None:
    draft = one_outcome(kind=kind)
    arms = (draft.conditions[0], ConditionDraft(label="Long", text="word " * 5000))
    found, studies = checked(draft.model_copy(update={"conditions": arms}), load_model("demo", "demo"))
    assert studies is None
    assert "tokens, but this model's context is" in str(found.findings[0])
    assert found.findings[0].place == ("conditions", 1, "text")


def test_the_study_file_of_the_page_can_be_read_by_everything_else(results: Results) -> None:
    saved = json.loads(study_file(checked(example(), results.model)[0]))
    assert saved["name"] == "labels-on-a-menu.yaml"
    assert opened(saved["text"]) == example()


def test_people_of_a_folder_that_the_app_was_started_with_take_part(tmp_path: Path) -> None:
    load_real().select(["gss-crime"]).save(tmp_path / "mine")
    results = Results(open_catalogue([tmp_path / "mine"], ()), UniformModel(),
                      policy=Policy(DEFAULTS, space=False, sign_in=False))  # fmt: skip
    menus = people_menus(results.catalogue)
    assert ["gss-crime@mine", "Spending on crime: two wordings · 2006-2018 · 10,557 people", "mine (own folder)"] in (
        menus["studies"]
    )
    draft = one_outcome(kind="yes-no").model_copy(
        update={"people": PeopleDraft(kind="observed", study="gss-crime@mine")}
    )
    made = predict(results, STRANGER, draft, results.model_name, Sampling(20))
    assert made.found[0].simulation is not None
    assert made.found[0].simulation.profiles["age_group"].null_count() == 0
    assert "--studies path/to/mine" in keep_html(made.form, made.found)
    elsewhere = draft.model_copy(update={"people": PeopleDraft(kind="observed", study="gss-crime@/etc")})
    found, _ = checked(elsewhere, results.model, loaded_in(results))
    assert str(found.findings[0]) == "population: no studies called '/etc' are loaded here; there are mine, bundled"


def test_values_of_those_who_are_weighted_come_with_their_present_shares(results: Results) -> None:
    known = json.loads(levels_json(PeopleDraft(kind="margins"), loaded_in(results)))
    assert known["people"] == 113_507
    assert known["attributes"]["gender"] == [["Female", "55.5"], ["Male", "44.5"]]  # 62,989 and 50,518
    for levels in known["attributes"].values():
        assert sum(float(share) for _, share in levels) == pytest.approx(100)
    assert levels_json(PeopleDraft(), loaded_in(results)) == ""
    assert levels_json(PeopleDraft(kind="margins", of="observed:nobody"), loaded_in(results)) == ""


def test_a_warning_of_exploded_weights_stands_in_the_result(results: Results) -> None:
    rows = "gender\tweight\nMale\t900\n" + "Female\t1\n" * 99
    draft = one_outcome(kind="yes-no").model_copy(update={"people": PeopleDraft(kind="personas", personas=rows)})
    found, _ = checked(draft, results.model)
    (remark,) = json.loads(findings_json(found.findings))
    assert (remark["place"], remark["kind"]) == ("population.personas", "doubt")
    made = predict(results, STRANGER, draft, results.model_name, Sampling(20))
    assert (
        "count as 1 equally weighted ones, and the largest weight is 90.1 times the average; the weights are very"
        in (verdict_html(made.form, made.found[0]))
    )
