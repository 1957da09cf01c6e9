from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core import load_model, load_studies, simulate
from socrates_core.errors import SocratesError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.trust.predicted import Prediction, sentence
from socrates_core.trust.statement.making import NO_CALIBRATION
from socrates_core.trust.statement.record import ArmStatement, Claim, Statement


@pytest.fixture(scope="module")
def predicted() -> Prediction:
    return simulate(load_studies("bundled"), load_model("uniform"), study="gss-welfare", people=20)


def test_a_printed_prediction_says_why_nobody_knows_how_far_off_it_is(predicted: Prediction) -> None:
    assert str(predicted).splitlines()[-1] == f"  {NO_CALIBRATION}"
    assert (predicted.how_far_off.applied, predicted.how_far_off.why) == (False, NO_CALIBRATION)


def arm(label: str, claim: Claim) -> ArmStatement:
    return ArmStatement(1, label, (0.5, 0.5), (0.5, 0.5), 1.5, claim, (), None, None, None)


def test_the_sentence_has_the_interval_of_every_true_mean_or_why_there_is_none() -> None:
    held = Claim(Interval(1.2, 1.8), None, "too few")
    said = Statement(True, None, arms=(arm("Plain", held), arm("Label", held)))
    assert sentence(said) == (
        "How far off: with a probability of 80 % each, true means lie in 1.20 to 1.80 (Plain), 1.20 to 1.80 (Label)."
    )
    assert sentence(replace(said, arms=said.arms * 3)).endswith("(Label) and 2 more in how_far_off.")
    none = Statement(True, None, arms=(arm("Plain", Claim(None, None, "it did not hold")),))
    assert sentence(none) == "Can't say how far off the means are: it did not hold."


def test_what_simulate_refuses_it_refuses_here(tmp_path: Path) -> None:
    with pytest.raises(SocratesError, match="people: expected a whole number"):
        simulate(load_studies("bundled"), load_model("uniform"), study="gss-welfare", people=0)
