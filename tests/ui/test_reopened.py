"""A saved result comes back as it was, and what is none is refused."""

import csv
import io
import json

import polars as pl
import pytest

from socrates_core import __version__
from socrates_core.errors import SocratesError
from socrates_core.model.loading import load_model
from socrates_core.people.edit import Filter
from socrates_core.report.figures import histogram
from socrates_core.report.simulation import as_json, to_csv, to_json
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import simulate
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.ui.saving.pictures import means_words, shares_words, told
from socrates_core.ui.saving.reopened import read_result
from socrates_core.ui.simulate.form import groups_hint
from socrates_core.ui.simulate.result_view import effects_html, metrics_html, options_html, verdict_html


@pytest.fixture(scope="module")
def saved() -> str:
    cell = load_bundled().cells_of("gss-welfare")[1]
    return to_json(simulate(load_bundled(), load_model("uniform"), SimulationRequest(cell.cell_id, n=50, seed=3)))


def test_a_saved_result_is_shown_with_the_very_same_figures(saved: str) -> None:
    found = read_result(saved).simulation
    cell = load_bundled().cells_of("gss-welfare")[1]
    made = simulate(load_bundled(), load_model("uniform"), SimulationRequest(cell.cell_id, n=50, seed=3))
    for draw in (verdict_html, effects_html):
        assert draw(found) == draw(made)
    for draw_arm in (metrics_html, options_html):
        assert draw_arm(found.arms[0]) == draw_arm(made.arms[0])
    before = as_json(made)
    assert {key: value for key, value in as_json(found).items() if key not in ("trust", "subgroups")} == {
        key: value for key, value in before.items() if key not in ("trust", "subgroups")
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"simulated": False}, "holds no simulated answers"),
        ({"format": 1}, "is of format 1, and this version reads 2"),
        ({"arms": []}, "not a complete saved result"),
        ({"arms": [5]}, "not a complete saved result"),
        ({"control": {"cell_id": 999_999}}, "not a complete saved result"),
        ({"effects": [{"cell_id": "x"}]}, "not a complete saved result"),
        ({"request": {}}, "."),
        ({"versions": None}, "not a complete saved result"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_a_sentence(
    saved: str, change: dict[str, object], said: str
) -> None:
    with pytest.raises(SocratesError, match=said):
        read_result(json.dumps({**json.loads(saved), **change}))


def test_a_score_that_is_text_or_missing_is_refused(saved: str) -> None:
    raw = json.loads(saved)
    raw["arms"][0]["score"]["wasserstein"] = "small"
    with pytest.raises(SocratesError, match="wasserstein"):
        read_result(json.dumps(raw))
    for broken in ("", "[]", "{", "null", '{"arms": 1}', "[" * 100_000, "x" * 5_000_001):
        with pytest.raises(SocratesError, match="This file is"):
            read_result(broken)


def test_figures_bring_words_and_names_of_files_along(saved: str) -> None:
    result = read_result(saved).simulation
    meta = told(histogram(result.arms[0]), result, shares_words(result.arms[0]), "answers").layout.meta
    assert meta["file"] == "socrates-gss-welfare-assistance-to-the-poor-cell-21-answers"
    assert "1 Too little: predicted 33.3 %, actual 71.2 %" in meta["alt"]
    assert meta["under"] == "Predicted: simulated by uniform, seed 3"
    assert "Assistance to the poor: predicted 2.00, actual 1.37; Welfare: predicted 2.00, actual 2.15" in means_words(
        result
    )


def test_every_row_of_the_table_says_what_it_is(saved: str) -> None:
    cell = load_bundled().cells_of("gss-welfare")[1]
    edits = (Filter("party_id", ("Democrat",)),)
    asked = SimulationRequest(cell.cell_id, n=50, seed=3, edits=edits)
    made = simulate(load_bundled(), load_model("uniform"), asked)
    rows = list(csv.DictReader(io.StringIO(to_csv(made))))
    assert {row["edits"] for row in rows} == {"party identification is Democrat"}
    assert {(row["seed"], row["model"], row["version"], row["convention"]) for row in rows} == {
        ("3", "uniform", __version__, "scale")
    }
    by_arm = {row["condition"]: float(row["wasserstein"]) for row in rows}
    assert by_arm == {arm.label: pytest.approx(arm.w, abs=1e-6) for arm in made.arms}


@pytest.mark.parametrize(
    ("columns", "attribute", "said"),
    [
        ({"age": [30, 61]}, "age", ""),
        ({"age": ["18-34", "35-64"]}, "age", "tick the groups"),
        ({"age_group": ["18-34", "65+"], "age": [30, 70]}, "age_group", "choose the attribute Age"),
        ({"gender": ["Male", "Female"]}, "gender", ""),
    ],
)
def test_why_no_limit_of_age_can_be_set_is_said_where_ages_are_groups(
    columns: dict[str, list[object]], attribute: str, said: str
) -> None:
    hint = groups_hint(pl.DataFrame(columns), attribute)
    assert said in hint
    assert bool(said) == bool(hint)
