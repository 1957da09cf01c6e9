import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import PredictionError
from socrates_core.model.folder import DEMO_ADAPTER
from socrates_core.trust.calibration import Calibration, load_calibration, save_calibration
from socrates_core.trust.error_model.evidence import ALL
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.fitting import calibrate
from tests.trust.evidence import evaluation, provenance


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    cells = [*evaluation(19), *evaluation(4, seed=1, values=(0, 1))]
    return calibrate([(cells, provenance())])


def test_a_family_with_nineteen_groups_has_parts_of_its_own_and_others_share_those_of_all(
    calibration: Calibration,
) -> None:
    assert (calibration.groups, calibration.studies) == (23, 23)
    assert set(calibration.families) == {ALL, "3 to 7 options"}
    assert calibration.merged == ("2 options",)
    assert calibration.of(5)[0] == "3 to 7 options"
    assert calibration.of(2)[0] == ALL
    assert calibration.of(101)[0] == ALL


def test_it_is_read_back_to_the_last_digit(calibration: Calibration, tmp_path: Path) -> None:
    save_calibration(calibration, tmp_path / "calibration.json")
    assert load_calibration(tmp_path) == calibration
    assert not list(tmp_path.glob(".*"))


def test_the_same_answers_give_the_same_calibration_in_one_run_or_in_two() -> None:
    cells = evaluation(6)
    once, in_two = calibrate([(cells, provenance())]), calibrate([(cells[:4], provenance()), (cells[4:], provenance())])
    assert once == in_two


def test_an_interval_lies_on_the_scale_and_holds_the_prediction_less_its_bias(calibration: Calibration) -> None:
    raw = calibration.families[ALL].raw
    narrow, wide = raw.mean_interval(0.5, 0.8), raw.mean_interval(0.5, 0.95)
    assert narrow is not None
    assert wide is not None
    assert 0 <= wide[0] < narrow[0] < narrow[1] < wide[1] <= 1
    assert raw.mean_interval(0.99, 0.95) == (pytest.approx(0.99 + wide[0] - 0.5), 1.0)
    assert raw.mean_interval(1.0 + 1.0, 0.95) == (1.0, 1.0)  # never the wrong way round
    later = raw.mean_interval(0.5, 0.8, sampling=0.01)
    assert later is not None
    assert later[1] - later[0] > narrow[1] - narrow[0]


def test_a_larger_predicted_effect_is_more_probably_positive(calibration: Calibration) -> None:
    effect = calibration.families[ALL].raw.effect
    assert effect is not None
    assert effect.positive(-10) < 0.5 < effect.positive(10)
    assert effect.positive(0) == pytest.approx(0.5)
    assert effect.worth(10).most == 60


def test_nineteen_groups_or_more_bound_the_distance_at_95_percent(calibration: Calibration) -> None:
    distance = calibration.families[ALL].raw.distance
    assert distance is not None
    assert distance.at(0.95).cell is not None


def test_every_interval_was_tried_beside_one_that_ignores_the_predictions(calibration: Calibration) -> None:
    tried = calibration.families[ALL].raw.coverage
    assert {(one.what, one.level) for one in tried} == {
        (what, level) for what in ("mean", "share", "effect", "distance") for level in (0.8, 0.95)
    }
    mean = calibration.families[ALL].raw.tried("mean", 0.8)
    assert mean is not None
    assert mean.ignoring_width is not None
    assert mean.width < mean.ignoring_width  # these predictions are half right
    assert mean.informative


def test_an_interval_that_was_tried_on_too_few_groups_or_failed_is_not_offered() -> None:
    few = calibrate([(evaluation(12), provenance())]).families[ALL].raw
    assert few.mean_interval(0.5, 0.8) is not None
    assert few.mean_interval(0.5, 0.95) is None  # tried on 12 groups, of which none or all can be outside
    tried = few.tried("mean", 0.8)
    assert tried is not None
    assert not replace(tried, covered=0.68, covered_se=0.1).holds  # 0.8 − max(0.1, √(0.16/12) = 0.115) = 0.685
    assert replace(tried, covered=0.69, covered_se=0.1).holds


ASKED = Fingerprint("m", "a1", None, None, None, "shared", "float32", 1.0, 1.0)


def test_it_serves_predictions_that_are_made_in_the_same_way(calibration: Calibration) -> None:
    assert calibration.for_predictions(ASKED) is calibration


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("model", "other", "model 'm' there, 'other' here"),
        ("model_revision", "b2", "model revision 'a1' there, 'b2' here"),
        ("adapter", "mine", "adapter None there, 'mine' here"),
        ("template", "alpaca", "template 'shared' there"),
        ("precision", "nf4", "precision 'float32' there"),
        ("temperature", 0.7, "temperature 1.0 there, 0.7 here"),
        ("top_p", 0.9, "top p 1.0 there"),
    ],
)
def test_it_is_refused_for_predictions_that_are_made_in_another(
    field: str, value: Any, said: str, calibration: Calibration
) -> None:
    with pytest.raises(PredictionError, match=said) as refused:
        calibration.for_predictions(Fingerprint(**{**vars(ASKED), field: value}))
    assert "\n" not in str(refused.value)


def test_weights_are_told_by_their_content_and_by_their_name_where_a_run_states_none() -> None:
    fitted = replace(ASKED, model="/here/base", model_revision=None, model_digest="d1")
    assert not fitted.differences(replace(fitted, model="/moved/base"))
    assert fitted.differences(replace(fitted, model_digest="d2")) == ("model digest 'd1' there, 'd2' here",)
    older = replace(fitted, model_digest=None)
    assert not older.differences(fitted)
    assert older.differences(replace(fitted, model="/moved/base")) == ("model '/here/base' there, '/moved/base' here",)


def test_one_study_is_too_few() -> None:
    with pytest.raises(PredictionError, match=r"needs 5 independent groups of real studies .* this run has 1"):
        calibrate([(evaluation(1), provenance())])


def test_studies_of_one_group_are_one_whatever_their_number() -> None:
    cells = [replace(one, group="the same people") for one in evaluation(12)]
    with pytest.raises(PredictionError, match="this run has 1"):
        calibrate([(cells, provenance())])


def test_studies_that_the_model_was_trained_on_are_left_out() -> None:
    found = calibrate([(evaluation(7), provenance(contaminated=["s5-00", "s5-01"]))])
    assert found.groups == 5
    assert found.left_out == ("2 studies that the model was trained on, or another study of their group",)


def test_a_group_goes_with_the_study_of_it_that_the_model_was_trained_on() -> None:
    cells = evaluation(7)
    grouped = [replace(one, group="pool" if one.study_id in ("s5-00", "s5-01") else one.study_id) for one in cells]
    found = calibrate([(grouped, provenance(contaminated=["s5-00"]))])
    assert found.studies == 5


def test_predictions_of_no_named_model_are_refused() -> None:
    with pytest.raises(PredictionError, match="names no model"):
        calibrate([(evaluation(6), provenance(model=None))])


def test_several_runs_are_of_one_model_and_of_different_studies() -> None:
    with pytest.raises(PredictionError, match="s5-00 is in two"):
        calibrate([(evaluation(6), provenance()), (evaluation(1), provenance())])
    with pytest.raises(PredictionError, match="model 'm' there, 'n' here"):
        calibrate([(evaluation(6), provenance()), (evaluation(6, values=(0, 1)), provenance(model="n"))])


def _mean(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["families"][ALL]["raw"]["mean"]
    return found


def _raw(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["families"][ALL]["raw"]
    return found


def _bounds(told: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _raw(told)["distance"]["bounds"]
    return found


def _level_out(model: dict[str, Any]) -> None:
    for one in ("tau", "sigma"):
        model[one] = 0.0
        model["components"][one] = [0.0 for _ in model["components"][one]]


def set_to(place: Callable[[dict[str, Any]], dict[str, Any]], key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: place(told).__setitem__(key, value)


TESTED = {
    "what": "mean", "level": 0.8, "groups": 2, "responses": 2, "covered": 1.0, "covered_se": 0.0, "width": 0.5,
    "score": None, "ignoring_covered": None, "ignoring_width": None, "ignoring_score": None, "gain": None,
    "gain_se": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_to(lambda told: told, "format", 2), "of format 2, this version reads 3"),
        (set_to(lambda told: told, "groups", 1), "5 groups of studies or more"),
        (set_to(lambda told: told, "families", {}), "there are parts for"),
        (set_to(lambda told: told, "more", 1), "more is not known"),
        (set_to(_mean, "tau", -0.1), "0 or more"),
        (set_to(_mean, "groups", 1), "5 groups or more"),
        (set_to(_mean, "sigma", None), "expected a number"),
        (lambda told: _raw(told)["coverage"][0].update(groups=900, covered_se=0.01), "more groups or studies"),
        (lambda told: _mean(told)["components"]["sigma"].__setitem__(0, 1e200), "errors as large as these"),
        (set_to(_mean, "sigma", "NaN"), "expected a number"),
        (set_to(lambda told: _mean(told)["components"], "variance", [-1.0]), "components"),
        (set_to(lambda told: told, "tested_on", -1), "5 groups of studies or more"),
        (set_to(lambda told: told["families"][ALL]["raw"]["share"], "tau", -1.0), "0 or more"),
        (lambda told: told["families"][ALL]["raw"].pop("tested"), "tested is missing"),
        (set_to(lambda told: told["families"][ALL]["raw"], "tested", [TESTED]), "tested on more groups than all of it"),
        (set_to(lambda told: told["fingerprint"], "temperature", 0.0), "above 0"),
        (set_to(lambda told: told, "tested_on", 11), r"tested_on is 11, and there is no row of the mean at 0\.8"),
        (set_to(lambda told: _raw(told)["coverage"][0], "covered_se", 5.0), r"covered_se is 5, more than .* 23 groups"),
        (lambda told: _bounds(told)[0].__setitem__("cell", 0.99), "distance: bounds: cell falls where the level rises"),
        (lambda told: _bounds(told).insert(0, _bounds(told)[0]), "each once"),
        (lambda told: _raw(told)["coverage"].append(_raw(told)["coverage"][0]), "coverage has two rows"),
        (set_to(lambda told: _raw(told)["distribution_worth"], "most", 1e9), "no study asks more than 1,000,000"),
        (set_to(lambda told: _raw(told)["effect"], "people", 1e9), "people are 1 to 1,000,000"),
        (set_to(_mean, "sigma", 5000.0), "raw: mean: sigma is 5000, more than errors can be"),
        (lambda told: _mean(told)["components"]["tau"].__setitem__(0, 5000.0), "mean: tau is 5000"),
        (lambda told: _level_out(_mean(told)), "mean: tau and sigma are all but 0"),
        (lambda told: _mean(told)["components"]["coefficient"].__setitem__(0, 3.0), "mean: a bias is at most"),
    ],
)
def test_a_hostile_file_is_refused_in_one_line(
    change: Callable[[dict[str, Any]], None], said: str, calibration: Calibration, tmp_path: Path
) -> None:
    file = tmp_path / "calibration.json"
    save_calibration(calibration, file)
    told = json.loads(file.read_text("utf-8"))
    change(told)
    file.write_text(json.dumps(told), "utf-8")
    with pytest.raises(PredictionError, match=said) as refused:
        load_calibration(file)
    assert "\n" not in str(refused.value)
    assert "eval.calibrate" in str(refused.value)


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        (8, "there is no row of the effect at 0.8"),  # what failed the test would be offered
        (None, "there is no row of the effect at 0.8"),  # older files do not say how many groups had effects
        (12, "no more groups of the test part have effects than it has"),
        (1, ""),  # too few to try them on
    ],
)
def test_rows_of_a_test_of_effects_cannot_be_missing_unless_too_few_groups_had_some(
    stated: int | None, refused: str, tmp_path: Path
) -> None:
    told = json.loads((DEMO_ADAPTER / "calibration.json").read_text("utf-8"))
    assert told.pop("tested_effects") == 8
    told |= {} if stated is None else {"tested_effects": stated}
    for kind in ("raw", "sharpened"):
        rows = told["families"][ALL][kind]["tested"]
        told["families"][ALL][kind]["tested"] = [row for row in rows if row["what"] != "effect"]
    (tmp_path / "calibration.json").write_text(json.dumps(told), "utf-8")
    if refused:
        with pytest.raises(PredictionError, match=refused):
            load_calibration(tmp_path)
    else:
        assert load_calibration(tmp_path).tested_effects == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda family: family.update(sharpness=None), "where a sharpness was found to help"),
        (lambda family: family["sharpness"].update(gain=-1.0), "where a sharpness was found to help"),
        (lambda family: family.update(change=None), "where a sharpness was found to help"),
        (lambda family: family["sharpness"]["setting"].update(temperature=1e-9), "a temperature is 0.35 to 8"),
    ],
)
def test_raw_answers_are_never_called_calibrated_by_a_file_that_lost_what_calibrates_them(
    change: Callable[[dict[str, Any]], None], said: str, tmp_path: Path
) -> None:
    told = json.loads((DEMO_ADAPTER / "calibration.json").read_text("utf-8"))
    change(told["families"][ALL])
    (tmp_path / "calibration.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(PredictionError, match=said):
        load_calibration(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 3}', '{"format": NaN}'])
def test_what_is_no_calibration_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(text, "utf-8")
    with pytest.raises(PredictionError, match="is not a calibration"):
        load_calibration(tmp_path)


def test_a_folder_without_one_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"has no calibration.json; make one with python -m eval.calibrate RUN"):
        load_calibration(tmp_path)
