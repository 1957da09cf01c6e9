import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from socrates_core import __version__
from socrates_core.model.baselines import UniformModel
from socrates_core.people.population import Filter
from socrates_core.report.simulation import OTHER_ORDER, cell_hash, example_prompt, inert, to_csv, to_html, to_json
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.robustness.asking import BOTH_ORDERS
from socrates_core.simulation.simulate import Simulation, SimulationRequest, simulate
from tests.experiments import AgeModel, AmountModel, Arm, experiment, people

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{body}&amp;"
PEOPLE = people(age=[20, 80] * 20, party=[HOSTILE, "B"] * 20)


def simulation(text: str = "How high?", label: str = "control", title: str = "A study") -> Simulation:
    scale = AnswerScale((1, 2, 3), {1: label, 3: "high"})
    arms = [
        Arm(text, {person: [person % 3 + 1] for person in range(20)}, 1, label=label, scale=scale),
        Arm(text + "!", {person: [3] for person in range(20, 40)} | {0: [99]}, 2, label="treated", scale=scale),
    ]
    return simulate(experiment(PEOPLE, arms, title), AgeModel(), SimulationRequest(0, n=20))


class Tags(HTMLParser):
    """The tags and attributes of a page, outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.scripts += tag == "script"


def test_the_same_simulation_has_the_same_page_to_the_last_byte() -> None:
    page = to_html(simulation())
    assert page == to_html(simulation())
    assert re.findall(r'<div id="([^"]*)" class="plotly', page) == ["picture-1", "picture-2", "picture-3"]


def test_the_json_repeats_the_simulation() -> None:
    first = simulation()
    report = json.loads(to_json(first))
    request = SimulationRequest.from_json(report["request"])
    assert request == first.request
    arm = report["arms"][0]
    assert arm["cell"]["stimulus"] == "How high?"
    assert arm["cell"]["scale_values"] == [1, 2, 3]
    assert arm["cell"]["scale_labels"] == ["control", None, "high"]
    assert arm["cell"]["sha256"] == cell_hash(first.arms[0].cell)
    assert sum(arm["predicted"]["shares"]) == pytest.approx(1)
    assert arm["score"]["wasserstein"] == first.arms[0].score.wasserstein  # type: ignore[union-attr]
    assert arm["score"]["verdict"]["code"]
    assert report["model"]["trained_on"] == ["another"]
    assert report["versions"]["polars"]
    assert report["versions"]["socrates"] == __version__
    assert report["arms"][1]["n_off_scale"] == 1


def test_the_json_of_a_prediction_alone_has_nulls_and_no_nan() -> None:
    alone = simulate(
        experiment(PEOPLE, [Arm("How high?", {}), Arm("How high??", {}, 2)]), UniformModel(), SimulationRequest(0, n=3)
    )
    report = json.loads(to_json(alone), parse_constant=lambda name: pytest.fail(name))
    assert report["arms"][0]["score"] is None
    assert report["arms"][0]["actual"] is None
    assert report["arms"][0]["unscored"] == "Nobody answered."
    assert report["effects"][0]["actual_percent_of_scale"] is None


@pytest.mark.parametrize("change", [{"stimulus": "x"}, {"condition_num": 9}, {"scale": AnswerScale((1, 2))}])
def test_a_changed_cell_has_another_hash_and_a_renumbered_one_has_not(change: dict[str, object]) -> None:
    cell = simulation().arms[0].cell
    assert cell_hash(replace(cell, **change)) != cell_hash(cell)  # type: ignore[arg-type]
    assert cell_hash(replace(cell, cell_id=77)) == cell_hash(cell)


def test_the_csv_has_a_row_for_each_option_of_each_arm() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(simulation()))))
    assert [(row["condition"], row["option"], row["label"]) for row in rows[:3]] == [
        ("control", "1", "control"),
        ("control", "2", ""),
        ("control", "3", "high"),
    ]
    assert len(rows) == 6
    assert sum(float(row["predicted_share"]) for row in rows[:3]) == pytest.approx(1, abs=1e-5)
    assert sum(float(row["actual_share"]) for row in rows[3:]) == pytest.approx(1, abs=1e-5)
    assert {row["actual_answers"] for row in rows} == {"20"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("plain = text", "plain = text"),
        ("", ""),
    ],
)
def test_no_text_in_the_csv_is_a_formula(text: str, expected: str) -> None:
    assert inert(text) == expected


def test_hostile_labels_stay_one_cell_of_the_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(simulation(label='=HYPERLINK("x"),\n"y"')))))
    assert rows[0]["label"] == '\'=HYPERLINK("x"),\n"y"'
    assert len(rows) == 6


def test_the_page_stands_alone_and_says_what_it_is() -> None:
    page = to_html(simulation())
    assert not re.search(r"<script[^>]*\bsrc=|<link|<img|@import|cdn\.plot\.ly/plotly-[\d.]+", page)
    assert page.count("<title>A study</title>") == 1
    assert "All predicted answers are simulated by age." in page
    assert "synthetic answers, not given by people" in page
    assert "Age: 20" in page
    assert "&#34;seed&#34;: 0" in page
    assert "Difference between each condition's mean" in page


def test_hostile_texts_leave_the_page_as_it_is() -> None:
    clean, hostile = Tags(to_html(simulation())), Tags(to_html(simulation(HOSTILE, HOSTILE, HOSTILE)))
    assert hostile.tags == clean.tags
    assert hostile.attributes == clean.attributes
    assert hostile.scripts == clean.scripts


def test_the_page_names_edits_and_what_cannot_be_compared() -> None:
    request = SimulationRequest(0, (Filter("party", ("B",)),), n=5)
    arms = [Arm("How high?", {0: [1], 2: [3]})]
    page = to_html(simulate(experiment(PEOPLE, arms), AgeModel(), request))
    assert "The simulated population was edited: party is B." in page
    assert "W cannot be computed for this condition: Nobody who answered is among the people whose party is B." in page


def test_the_prompt_is_shown_as_the_model_reads_it_and_only_if_it_reads_one() -> None:
    prompt = example_prompt(simulation())
    assert "How high?" in prompt
    assert "- Age: 20" in prompt
    assert "<|im_start|>" not in prompt
    blind = simulate(experiment(PEOPLE, [Arm("How high?", {})]), UniformModel(), SimulationRequest(0, n=3))
    assert example_prompt(blind) == ""


def test_of_a_question_that_is_asked_in_both_orders_both_prompts_are_shown() -> None:
    scale = AnswerScale((1, 2, 3), {1: "low", 2: "middle", 3: "high"})
    arms = [Arm("How high?\nOnly return 1, 2 or 3.", {}, scale=scale)]
    made = simulate(experiment(PEOPLE, arms), AgeModel(), SimulationRequest(0, n=3))
    asked_twice = replace(made, model=replace(made.model, template=f"shared, {BOTH_ORDERS}"))
    first, second = example_prompt(asked_twice).split(OTHER_ORDER)
    listed = '1 for "low", 2 for "middle", or 3 for "high"'
    reverse = '3 for "high", 2 for "middle", or 1 for "low"'
    assert f"Only return {listed}, nothing else." in first
    assert second == first.replace(listed, reverse)


# -- open-ended outcomes


def amounts(stimulus: str = "How many dollars?", label: str = "control", invalid: int = 0) -> Simulation:
    """Forty people say 0, 10, 20, …; as many simulated ones ten times their age and a digit."""
    table = people(age=[30] * (40 - invalid) + [99] * invalid)
    given = {person: [10 * person] for person in range(40)}
    arms = [Arm(stimulus, given, i, label=f"{label}{i}", scale=AnswerScale(None)) for i in (1, 2)]
    return simulate(experiment(table, arms), AmountModel(), SimulationRequest(0, n=40))


def test_the_json_of_numbers_holds_values_quartiles_and_the_name_of_the_range() -> None:
    report = json.loads(to_json(amounts(invalid=4)), parse_constant=lambda name: pytest.fail(name))
    arm = report["arms"][0]
    assert arm["cell"]["scale_values"] is None
    assert arm["actual"]["values"] == [10 * person for person in range(40)]
    assert all(300 <= value < 310 for value in arm["predicted"]["values"])
    assert sum(arm["predicted"]["shares"]) == pytest.approx(1)
    assert (arm["numbers"]["n_valid"], arm["numbers"]["n_invalid"]) == (36, 4)
    assert arm["numbers"]["actual"] == {"low": 90, "median": 190, "high": 290}
    assert 0 < arm["numbers"]["score"]["observed"] < 1
    assert arm["score"] is None
    assert report["effects"][0]["actual_median_difference"] == 0
    assert SimulationRequest.from_json(report["request"]) == SimulationRequest(0, n=40)


def test_the_csv_of_numbers_has_a_row_for_each_number_that_anybody_gave() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(amounts(invalid=4)))))
    first = [row for row in rows if row["condition"] == "control1"]
    assert sum(float(row["predicted_share"]) for row in first) == pytest.approx(1, abs=1e-4)
    assert sum(float(row["actual_share"]) for row in first) == pytest.approx(1, abs=1e-4)
    assert {row["invalid_predictions"] for row in first} == {"4"}
    assert [int(row["option"]) for row in first] == sorted({int(row["option"]) for row in first})


def test_the_page_of_numbers_says_by_which_range_it_measures() -> None:
    page = to_html(amounts(invalid=4))
    for words in (
        "4 of 40: numbers that are too long",
        "<th>Actual median and quartiles</th><td>190 (90 to 290)</td>",
        "<th>Observed range of the actual answers</th><td>0 to 390</td>",
        "Wasserstein distance (W), observed range",
        "median and that of <b>control1</b>, in the unit of the answers",
    ):
        assert words in page
    assert "stated scale</th>" not in page
    assert "Uniform baseline" not in page


def test_hostile_texts_leave_a_page_of_numbers_as_it_is() -> None:
    clean, hostile = Tags(to_html(amounts())), Tags(to_html(amounts(HOSTILE, HOSTILE)))
    assert (hostile.tags, hostile.attributes, hostile.scripts) == (clean.tags, clean.attributes, clean.scripts)


def test_the_page_has_every_option_with_its_label_in_a_table() -> None:
    page = to_html(simulation())
    assert "<tr><th>1 control</th><td>" in page
    assert "<tr><th>3 high</th><td>" in page


def test_effects_are_written_with_a_minus_and_without_a_sign_on_zero() -> None:
    arms = [Arm("How?", {one: [3] for one in range(20)}, 1, label="control"),
            Arm("How!", {one: [3] for one in range(20, 40)}, 2, label="same"),
            Arm("How.", {one: [1] for one in range(40, 60)}, 3, label="lower")]  # fmt: skip
    scaled = [replace(arm, scale=AnswerScale((1, 2, 3))) for arm in arms]
    made = simulate(experiment(people(age=[50] * 60), scaled), UniformModel(), SimulationRequest(0, n=20))
    page = to_html(made)
    assert "<td>same</td><td>0.0 (0.0 to 0.0)</td><td>0.0 (−11.5 to +11.5)</td>" in page
    assert "<td>lower</td><td>0.0 (0.0 to 0.0)</td><td>−100.0 (−100.0 to −79.4)</td>" in page
