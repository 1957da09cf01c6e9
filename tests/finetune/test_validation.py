from dataclasses import replace

import numpy as np
import pytest
import torch

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch.examples import examples_of
from socrates_core.finetune.training_log import Progress
from socrates_core.finetune.validation import Validation, answer_model, template_advice
from socrates_core.prompt import TEMPLATES
from tests.finetune.people import lora_model, studies
from tests.model.tiny import tokenizer

EXAMPLES = examples_of(studies(people=6))
"""Six people in each of four cells of two studies."""


def validation(cells: int = 8, people: int = 16, seed: int = 1) -> Validation:
    return Validation(EXAMPLES, cells, people, np.random.default_rng(seed))


def test_the_same_cells_and_people_are_asked_every_time() -> None:
    network = lora_model().get_base_model()
    model = answer_model(network, tokenizer(), "shared", "float32")
    asked = validation()
    first, again = (asked.measure(model, np.random.default_rng(2)) for _ in range(2))
    assert first == again
    assert (first.people, first.cells, first.studies) == (24, 4, 2)
    assert first.low <= first.wasserstein <= first.high
    assert network.training  # as it was before


def test_studies_of_one_group_are_resampled_as_one() -> None:
    # the two studies are the whole sample: drawn as one group, every resample is the sample itself
    model = answer_model(lora_model().get_base_model(), tokenizer(), "shared", "float32")
    apart = validation().measure(model, np.random.default_rng(2))
    assert apart.low < apart.wasserstein < apart.high
    one = Validation(EXAMPLES, 8, 16, np.random.default_rng(1), groups={"bridge": "village", "tea": "village"})
    together = one.measure(model, np.random.default_rng(2))
    assert together.low == together.high == pytest.approx(together.wasserstein, abs=1e-15)
    assert together.wasserstein == apart.wasserstein


def test_no_more_cells_and_people_than_wanted_are_asked() -> None:
    model = answer_model(lora_model().get_base_model(), tokenizer(), "shared", "float32")
    few = validation(cells=1, people=2).measure(model, np.random.default_rng(2))
    assert (few.people, few.cells, few.studies) == (4, 2, 2)


def test_the_probability_off_the_scale_is_measured_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    # an untrained network spreads its probability over the vocabulary
    model = answer_model(lora_model().get_base_model(), tokenizer(), "shared", "float32")
    found = validation().measure(model, np.random.default_rng(2))
    assert found.on_scale_mass is not None
    assert 0 < found.on_scale_mass < 0.9
    Progress(9, 0).validation(3, found)
    assert f"only {found.on_scale_mass:.1%} of the probability on the scale" in capsys.readouterr().err
    assert replace(found, on_scale_mass=0.99).mass_on_scale == "99.0% of the probability on the scale"
    assert replace(found, on_scale_mass=None).mass_on_scale == ""


def test_a_network_whose_weights_ran_away_is_never_the_best() -> None:
    tuned = lora_model()
    model = answer_model(tuned.get_base_model(), tokenizer(), "shared", "float32")
    asked = validation()
    asked.measure(model, np.random.default_rng(2))
    with torch.no_grad():
        next(weight for weight in tuned.parameters() if weight.requires_grad).fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"validation study (bridge|tea) is not finite"):
        asked.measure(model, np.random.default_rng(2))


def test_the_template_with_the_most_probability_on_the_scale_is_named_before_training() -> None:
    # the recipe's word for it, since --template is no option of the training
    network = lora_model().get_base_model()
    said = {name: template_advice(answer_model(network, tokenizer(), name, "float32")) for name in TEMPLATES}
    best = [name for name, text in said.items() if text.endswith(f"; {name} has the most")]
    assert len(best) == 1
    for name, text in said.items():
        assert text.startswith("share of the probability on the scale in typical prompts: shared ")
        assert name in best or text.endswith(f"; template: {best[0]} has the most, {name} is in use")
    assert network.training  # as it was before
