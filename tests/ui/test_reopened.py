"""A saved result comes back as it was, and what is none is refused."""

import json

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.loading import load_model
from socrates_core.report.simulation import as_json, to_json
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import simulate
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.ui.saving.reopened import read_result
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
