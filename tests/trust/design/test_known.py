"""What is known of how wrong a prediction may be is what the statement of trust says of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from socrates_core.errors import PredictionError
from socrates_core.model.baselines import UniformModel
from socrates_core.people.taking_part import Population
from socrates_core.simulation.named import simulate
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.studies import Outcome, load_studies
from socrates_core.trust.calibration import Calibration, save_calibration
from socrates_core.trust.design.advice import ALONE, Plan, advise, sharpened_words
from socrates_core.trust.design.answers import answers_of_text
from socrates_core.trust.design.learnt import learn
from socrates_core.trust.design.study import READ_ALIKE, PredictedStudy
from socrates_core.trust.error_model.sharpness import Setting
from socrates_core.trust.fitting import calibrate
from socrates_core.trust.statement.making import NO_CALIBRATION, statement_of
from socrates_core.trust.support.features import features_of
from tests.predictions import cell
from tests.trust.evidence import evaluation, provenance


@pytest.fixture(scope="module")
def of_uniform() -> Calibration:
    said = provenance(model="uniform", revisions={}, template=None, precision="exact")
    return calibrate([(evaluation(20, values=(1, 2, 3)), said)])


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """On three options, by the uniform baseline."""
    return simulate(load_studies("bundled"), UniformModel(), study="gss-welfare", people=20)


@pytest.fixture(scope="module")
def like_it(of_uniform: Calibration, simulation: Simulation) -> Calibration:
    """The same, as if its studies had asked this question of such people."""
    people = simulation.profiles.drop("participant_id", "predicted_mean", "simulated_answer")
    known = {name: list(map(str, people[name].to_list())) for name in people.columns}
    cells = [
        cell(
            [1] * len(people), [1 / 3] * 3, values=(1, 2, 3), study=f"s{number}", attributes=known,
            stimulus=simulation.arms[number % 2].cell.stimulus,
        )
        for number in range(20)
    ]  # fmt: skip
    return replace(of_uniform, support=features_of(cells))


def study_of(simulation: Simulation, calibration: Calibration | None = None) -> PredictedStudy:
    outcome = Outcome(1, "spending", "", simulation.control.scale)
    return PredictedStudy.of("Welfare", [OutcomeResult(outcome, simulation, None)], calibration=calibration)


def test_nothing_is_known_without_a_calibration(simulation: Simulation) -> None:
    known = study_of(simulation).known_of("spending")
    assert (known.answers, known.why) == (None, NO_CALIBRATION)


def test_a_calibration_speaks_where_the_statement_does_and_is_silent_for_its_reason(
    simulation: Simulation, of_uniform: Calibration, like_it: Calibration
) -> None:
    assert statement_of(simulation, like_it).applied
    assert study_of(simulation, like_it).known_of("spending").answers is not None
    heated = replace(simulation, request=replace(simulation.request, temperature=0.5))
    edited = replace(simulation, request=replace(simulation.request, edits=Population().keep(gender="Female").edits))
    for one in (simulation, heated, edited):
        said, known = statement_of(one, of_uniform), study_of(one, of_uniform).known_of("spending")
        assert (known.answers is not None) == said.applied
        assert known.why == (said.why or "")
    assert "temperature" in study_of(heated, of_uniform).known_of("spending").why


def test_nothing_is_known_of_effects_between_different_questions(simulation: Simulation, like_it: Calibration) -> None:
    # neither the statement nor the assurance of a design speaks of them; both speak of each question by itself
    arms = tuple(replace(arm, cell=replace(arm.cell, wording_contrast=True)) for arm in simulation.arms)
    asked = replace(simulation, arms=arms, control=arms[0].cell)
    plain, contrast = (study_of(one, like_it).known_of("spending") for one in (simulation, asked))
    assert plain.answers is not None
    assert contrast.answers is not None
    assert plain.answers.effect is not None
    assert (contrast.answers.mean, contrast.answers.effect) == (plain.answers.mean, None)
    (effect,) = advise(study_of(asked, like_it), Plan("welch")).effects
    assert effect.hope is None
    assert effect.why_no_hope.startswith("The conditions ask different questions")


def test_nothing_is_known_of_the_effect_of_a_condition_that_reads_as_the_control_does(
    simulation: Simulation, like_it: Calibration
) -> None:
    read = simulation.control.stimulus
    arms = tuple(replace(arm, cell=replace(arm.cell, stimulus=read)) for arm in simulation.arms)
    study = study_of(replace(simulation, arms=arms), like_it)
    (effect,) = advise(study, Plan("welch")).effects
    assert (effect.hope, effect.why_no_hope) == (None, f"{READ_ALIKE} {ALONE}")
    labels = [cell.condition for cell in study.cells]
    rows = [f"{label},{answer}" for label in labels for answer in (1, 2, 3)]
    learnt = learn(study, answers_of_text("\n".join(["condition,spending", *rows]), study, "p"))
    assert [one.what for one in learnt.quantities if one.before is None] == ["effect"]
    assert learnt.notes[0].endswith("so its effect has no interval before and after.")


def test_the_note_on_sharpened_answers_names_the_outcomes_where_others_are_not(
    simulation: Simulation, like_it: Calibration
) -> None:
    study = study_of(simulation, _sharper(like_it))
    assert sharpened_words(study).startswith("Predicted answers are the sharpened ones")
    other = replace(study, cells=(*study.cells, replace(study.cells[0], outcome="taxes")))
    assert sharpened_words(other).startswith("Predicted answers of spending are the sharpened ones")
    assert sharpened_words(other).endswith("Those of other outcomes are as the model gives them.")


def test_shares_are_sharpened_where_the_statement_speaks_of_sharpened_ones(
    simulation: Simulation, like_it: Calibration
) -> None:
    for calibration in (like_it, _sharper(like_it)):
        said, study = statement_of(simulation, calibration), study_of(simulation, calibration)
        assert said.basis is not None
        assert study.sharpened == (("spending",) if said.basis.sharpened else ())
        for arm, one in zip(said.arms, study.cells, strict=True):
            np.testing.assert_allclose(arm.calibrated, one.shares, atol=1e-9)
        for effect, contrast in zip(said.effects, study.contrasts, strict=True):
            assert contrast.effect == pytest.approx(effect.predicted, abs=1e-9)


def _sharper(calibration: Calibration) -> Calibration:
    """As if sharpening had helped."""
    families = {}
    for name, one in calibration.families.items():
        assert one.sharpness is not None
        sharpness = replace(one.sharpness, setting=Setting(0.5, 0.2))
        families[name] = replace(one, sharpness=sharpness, sharpened=one.raw)
    return replace(calibration, families=families)


def test_the_calibration_that_came_with_a_model_is_used_and_a_broken_one_is_named(
    simulation: Simulation, of_uniform: Calibration, tmp_path: Path
) -> None:
    file = tmp_path / "calibration.json"
    save_calibration(of_uniform, file)
    travelled = replace(simulation, model=replace(simulation.model, calibration=file))
    ours, given = (study.known_of("spending") for study in (study_of(travelled), study_of(simulation, of_uniform)))
    assert (ours.why, ours.family, ours.answers is None) == (given.why, given.family, given.answers is None)
    file.write_text("{")
    assert "Can't say how far off this is:" in study_of(travelled).known_of("spending").why


def test_what_was_not_predicted_is_no_study() -> None:
    with pytest.raises(PredictionError, match="nothing was predicted"):
        PredictedStudy.of("Empty", [])
