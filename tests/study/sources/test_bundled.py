import numpy as np
import polars as pl
import pytest

from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.bundled import BUNDLED_STUDIES, load_bundled, paraphrased_texts
from socrates_core.study.sources.society.society import SEED, make_society, study_set
from socrates_core.study.split import Split, make_split
from socrates_core.study.study_set import Answers, StudySet, persona_rows


@pytest.fixture(scope="module")
def studies() -> StudySet:
    return load_bundled()


def arms(studies: StudySet, study_id: str) -> list[Answers]:
    return [studies.answers(cell.cell_id) for cell in studies.cells_of(study_id)]


def cohens_d(a: Answers, b: Answers) -> float:
    """(mean a − mean b) / pooled standard deviation."""
    spread = np.sqrt((a.responses.var(ddof=1) + b.responses.var(ddof=1)) / 2)
    return float((a.responses.mean() - b.responses.mean()) / spread)


def test_twenty_five_real_studies_stand_before_210_synthetic_ones(studies: StudySet) -> None:
    assert studies.studies["real"].to_list() == [True] * 25 + [False] * 210
    assert studies.studies.filter("real")["kind"].unique().to_list() == ["experiment"]
    assert studies.manifest.counts["responses"] == len(studies.responses)
    assert studies.manifest.counts["participants"] == len(studies.participants)
    assert studies.manifest.counts["cells"] == len(studies.cells)


def test_ids_number_rows(studies: StudySet) -> None:
    assert studies.cells["cell_id"].to_list() == list(range(len(studies.cells)))
    assert np.array_equal(studies.participants["participant_id"], np.arange(len(studies.participants)))
    asked = studies.responses.join(studies.cells.select("cell_id", "study_id"), on="cell_id")
    asked = asked.join(studies.participants.select("participant_id", home="study_id"), on="participant_id")
    assert len(asked) == len(studies.responses)
    assert (asked["study_id"] == asked["home"]).all()


def test_the_gss_answers_are_all_there(studies: StudySet) -> None:
    gss = [study_id for study_id in studies.study_ids if study_id.startswith("gss-")]
    assert len(gss) == 11
    assert len(studies.select(gss).responses) == 113_507
    assert len(studies.select(gss).participants) == 113_507


@pytest.mark.parametrize(
    ("study_id", "d"),
    [("gss-welfare", -1.1), ("gss-space", 0.0), ("gss-cities", 0.67)],
)
def test_gss_wordings_have_the_published_effects(studies: StudySet, study_id: str, d: float) -> None:
    x, y = arms(studies, study_id)
    assert cohens_d(y, x) == pytest.approx(d, abs=0.01)


def test_one_group_of_people_counts_as_in_the_published_table(studies: StudySet) -> None:
    # space, first wording, Democratic women of 18-34 with a college degree: 18 too little, 66 about right, 19 too much
    cell = studies.cells_of("gss-space")[0]
    group = studies.participants_of("gss-space").filter(
        party_id="Democrat", gender="Female", age_group="18-34", education="College degree"
    )
    answers = studies.responses.filter(pl.col("cell_id") == cell.cell_id).join(group, on="participant_id")
    assert cell.condition == "Space exploration program"
    assert answers["response"].value_counts().sort("response")["count"].to_list() == [18, 66, 19]


def test_losses_make_people_risk_more(studies: StudySet) -> None:
    gain, loss = arms(studies, "classic-disease-framing-ml1")
    assert (gain.responses == 2).sum() == 1200
    assert len(gain.responses) == 3174
    assert (loss.responses == 2).mean() == pytest.approx(2059 / 3097)
    gain_cell, loss_cell = studies.cells_of("classic-disease-framing-ml1")
    assert "200 of these people will be saved" in gain_cell.stimulus
    assert "400 of these people will die" in loss_cell.stimulus


def test_real_texts_are_labelled_as_paraphrases(studies: StudySet) -> None:
    real = studies.studies.filter("real")
    assert real["title"].str.contains("paraphrased").all()
    assert real["source"].str.contains("wording paraphrased").all()
    assert (real["licence"].str.len_chars() > 0).all()
    assert (real["citation"].str.len_chars() > 0).all()


def test_the_arms_of_a_real_study_differ_in_text_and_label(studies: StudySet) -> None:
    for study_id in studies.study_ids[:25]:
        cells = studies.cells_of(study_id)
        assert len(cells) >= 2
        assert len({cell.stimulus for cell in cells}) == len({cell.condition for cell in cells}) == len(cells)


def test_every_real_instruction_states_the_stored_scale_and_labels(studies: StudySet) -> None:
    for study_id in studies.study_ids[:25]:
        for cell in studies.cells_of(study_id):
            read = parse_scale(cell.stimulus)
            assert read.values == cell.scale.values
            assert dict(read.labels) == dict(cell.scale.labels)


def test_classic_studies_know_nothing_about_people(studies: StudySet) -> None:
    people = studies.participants_of("classic-reciprocity")
    assert people.columns == ["participant_id", "study_id", "participant", "weight"]
    assert persona_rows(people)[0] == {}


def test_gss_people_have_four_attributes(studies: StudySet) -> None:
    (persona, *_) = persona_rows(studies.participants_of("gss-health"))
    assert persona == {
        "party_id": "Democrat",
        "gender": "Female",
        "age_group": "18-34",
        "education": "College degree",
    }


def test_the_stored_society_is_the_one_that_its_seed_makes() -> None:
    stored, made = StudySet.load(BUNDLED_STUDIES / "society", verify=True), study_set(make_society(SEED))
    for table in ("studies", "cells", "participants", "responses"):
        assert getattr(stored, table).equals(getattr(made, table)), table


def test_the_bundled_split_is_the_default_one_and_tests_on_all_real_studies(studies: StudySet) -> None:
    split = Split.load(BUNDLED_STUDIES / "split.json")
    assert split == make_split(studies, "study")
    parts = split.parts
    assert [len(parts[name]) for name in ("train", "val", "test")] == [170, 20, 45]
    assert set(studies.study_ids[:25]) <= set(parts["test"])


def test_paraphrased_texts_hold_every_real_stimulus(studies: StudySet) -> None:
    assert len(paraphrased_texts()) == 51
