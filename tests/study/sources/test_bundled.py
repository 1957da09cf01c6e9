import numpy as np
import polars as pl
import pytest

from socrates_core.scale.instruction import parse_scale
from socrates_core.study.leaks import near_duplicates
from socrates_core.study.sources.bundled import BUNDLED_STUDIES, load_bundled, load_real, paraphrased_texts
from socrates_core.study.sources.society.society import SEED, make_society, study_set
from socrates_core.study.split import PARTS, Split, part, parts_digest, refuse_split_groups
from socrates_core.study.study_set import Answers, StudySet, persona_rows
from train.demo.studies import divided


@pytest.fixture(scope="module")
def studies() -> StudySet:
    return load_bundled()


def arms(studies: StudySet, study_id: str) -> list[Answers]:
    return [studies.answers(cell.cell_id) for cell in studies.cells_of(study_id)]


def cohens_d(a: Answers, b: Answers) -> float:
    """(mean a − mean b) / pooled standard deviation."""
    spread = np.sqrt((a.responses.var(ddof=1) + b.responses.var(ddof=1)) / 2)
    return float((a.responses.mean() - b.responses.mean()) / spread)


REAL = 66


def test_sixty_six_real_studies_stand_before_210_synthetic_ones(studies: StudySet) -> None:
    assert studies.studies["real"].to_list() == [True] * REAL + [False] * 210
    kinds = studies.studies.filter("real").group_by("kind").len().sort("kind")
    assert kinds.rows() == [("experiment", 42), ("survey", 24)]
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
    for study_id in studies.study_ids[:REAL]:
        cells = studies.cells_of(study_id)
        assert len(cells) >= 2 or studies.study(study_id).kind == "survey"
        assert len({cell.stimulus for cell in cells}) == len({cell.condition for cell in cells}) == len(cells)


def test_every_real_instruction_states_the_stored_scale_and_labels(studies: StudySet) -> None:
    for study_id in studies.study_ids[:REAL]:
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


@pytest.fixture(scope="module")
def split() -> Split:
    return Split.load(BUNDLED_STUDIES / "split.json")


def test_the_bundled_split_is_the_one_that_its_rule_makes(studies: StudySet, split: Split) -> None:
    assert split == divided(load_real(), StudySet.load(BUNDLED_STUDIES / "society"))
    sizes = {name: (len(part(studies, split, name).studies), len(real_groups(studies, split, name))) for name in PARTS}
    assert sizes == {"train": (183, 5), "val": (20, 0), "test": (52, 11)}
    assert (len(split.parts["calibration"]), len(real_groups(studies, split, "calibration"))) == (21, 10)


def real_groups(studies: StudySet, split: Split, name: str) -> set[str]:
    return set(studies.select(split.parts[name]).studies.filter("real")["group"])


def test_no_group_of_real_studies_stands_in_two_parts(studies: StudySet, split: Split) -> None:
    groups = [group for name in split.names for group in real_groups(studies, split, name)]
    assert len(groups) == len(set(groups)) == 26
    refuse_split_groups(studies, split)
    real = studies.select(studies.study_ids[:REAL])
    homes = Split("study", 1, "real", only(split, real.study_ids), parts_digest(only(split, real.study_ids)))
    assert near_duplicates(real, homes) == []


def only(split: Split, study_ids: list[str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(unit for unit in units if unit in study_ids) for name, units in split.parts.items()}


def test_every_kind_of_real_study_is_calibrated_and_tested(studies: StudySet, split: Split) -> None:
    # binary experiments, others, surveys on 3 to 7 options: 12, 7 and 7 groups; one scale of nine options stands alone
    for name, least in (("calibration", 2), ("test", 3)):
        held = studies.select(split.parts[name])
        held = held.select(held.studies.filter("real")["study_id"].to_list())
        options = held.cells.select("study_id", options=pl.col("scale_values").list.len()).unique("study_id")
        rows = held.studies.join(options, on="study_id").unique("group")
        assert len(rows.filter(options=2)) >= 4
        assert len(rows.filter(pl.col("options").is_between(3, 7), kind="experiment")) >= least
        assert len(rows.filter(kind="survey")) >= least


def test_the_gss_and_disease_framing_are_one_group_each(studies: StudySet) -> None:
    groups = dict(studies.studies.filter("real").select("study_id", "group").iter_rows())
    assert len({groups[name] for name in studies.study_ids if name.startswith("gss-")}) == 1
    assert groups["classic-disease-framing-ml1"] == groups["classic-disease-framing-1981"]
    assert groups["classic-trolley-loop"] == groups["classic-trolley-switch-push"]
    assert groups["classic-allow-forbid"] == "classic-allow-forbid"


def test_the_tokenizer_of_the_demo_model_is_trained_on_the_texts_that_it_was_trained_on(studies: StudySet) -> None:
    assert paraphrased_texts() == studies.cells["stimulus"].to_list()[:51]
