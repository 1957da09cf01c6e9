"""The bundled adapter is what `train.qlora` makes of the demo model, and it has learned the society it was shown."""

import numpy as np
import polars as pl
import pytest

from socrates_core.metrics.wasserstein import wasserstein
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.folder import DEMO_ADAPTER, DEMO_BASE, weights_digest
from socrates_core.model.loading import load_model
from socrates_core.model.record import ModelRecord
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.study.leaks import STIMULI, seen, sketches_text
from socrates_core.study.sources.bundled import BUNDLED_STUDIES, load_bundled
from socrates_core.study.sources.society import society
from socrates_core.study.split import Split, part, parts_digest
from socrates_core.study.study_set import StudySet, persona_rows

PEOPLE = 12
"""Asked in one cell of each study."""


@pytest.fixture(scope="module")
def unseen() -> StudySet:
    return part(load_bundled(), Split.load(BUNDLED_STUDIES / "split.json"), "test")


@pytest.fixture(scope="module")
def tuned() -> AnswerModel:
    return load_model("demo", "demo")


def distance_to_truth(model: AnswerModel, studies: StudySet) -> float:
    """Mean over unseen synthetic studies: from what is predicted to what is true of the same people."""
    truth = society.make_society(society.SEED)
    distances = []
    for study_id in studies.study_ids:
        if studies.study(study_id).real:
            continue
        cell = studies.cells_of(study_id)[-1]
        asked = persona_rows(studies.participants_of(study_id).head(PEOPLE))
        assert cell.scale.values is not None
        values = np.array(cell.scale.values)
        true = AnswerDistribution(values, truth.true_distributions(cell, asked).mean(axis=0))
        predicted = AnswerDistribution(values, model.answer_distributions(cell, asked).probs.mean(axis=0))
        distances.append(wasserstein(predicted, true))
    assert len(distances) == 20
    return float(np.mean(distances))


def test_it_says_what_it_learned_from_and_that_was_the_training_part_alone() -> None:
    record, split = ModelRecord.load(DEMO_ADAPTER), Split.load(BUNDLED_STUDIES / "split.json")
    assert record is not None
    assert record.demo
    assert record.training is not None
    assert record.training["validation"]["wasserstein"] > 0
    society = [name for name in split.parts["train"] if name.startswith("society-")]
    assert (record.base, list(record.trained_on)) == ("demo", society)
    assert seen(record.trained_on, [*split.parts["test"], *split.parts["calibration"]]) == []


def test_it_names_the_base_it_learned_on_and_keeps_sketches_of_all_that_it_read() -> None:
    record = ModelRecord.load(DEMO_ADAPTER)
    assert record is not None
    assert record.base_weights == weights_digest(DEMO_BASE)
    read = load_bundled().cells.filter(pl.col("study_id").is_in(list(record.trained_on)))
    assert (DEMO_ADAPTER / STIMULI).read_text("utf-8") == sketches_text(read)


def test_its_split_is_the_society_s() -> None:
    record, split = ModelRecord.load(DEMO_ADAPTER), Split.load(BUNDLED_STUDIES / "split.json")
    assert record is not None
    society = {name: [unit for unit in units if unit.startswith("society-")] for name, units in split.parts.items()}
    assert record.split == parts_digest({name: units for name, units in society.items() if units})


def test_base_and_adapter_together_are_small() -> None:
    assert sum(path.stat().st_size for path in DEMO_ADAPTER.parent.rglob("*") if path.is_file()) < 25e6


def test_on_unseen_synthetic_studies_it_is_closer_to_the_truth_than_its_base_and_than_guessing(
    tuned: AnswerModel, unseen: StudySet
) -> None:
    learned = distance_to_truth(tuned, unseen)
    assert learned < 0.9 * distance_to_truth(load_model("demo"), unseen)
    assert learned < 0.6 * distance_to_truth(load_model("uniform"), unseen)
