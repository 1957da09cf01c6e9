import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.table.columns import is_tidy, plain, recognised

NEEDED = ["study_id", "condition_num", "participant_id", "response", "stimulus"]


@pytest.mark.parametrize(
    "spelling",
    ["participant_id", "ParticipantID", "participantId", " Participant ID", "PARTICIPANT.ID", "participant-id"],
)
def test_spellings_of_one_name_are_one_plain_name(spelling: str) -> None:
    assert plain(spelling) == "participant_id"


@pytest.mark.parametrize(
    "columns",
    [
        NEEDED,
        ["Study_ID", " condition_num", "Participant_ID", "Response", "Stimulus"],
        ["studyId", "conditionNum", "participantId", "response", "stimulusText"],
        ["Experiment", "Treatment", "ResponseId", "Answer", "Vignette"],
        ["Studie", "Bedingung", "Teilnehmer", "Antwort", "Frage"],
        ["study_id", "arm", "subject", "response", "question"],
    ],
)
def test_tables_are_known_by_the_names_people_give_columns(columns: list[str]) -> None:
    assert is_tidy(columns)


def test_each_guess_is_said_and_an_exact_name_is_none() -> None:
    found = recognised(["study_id", "Arm", "Demo Age", "demo_Größe"], "a.csv")
    assert dict(found.renames) == {"Arm": "condition", "Demo Age": "demo_age"}
    assert found.assumed == ("column 'Arm' is condition", "column 'Demo Age' is demo_age")


def test_an_exact_name_leaves_other_candidates_alone() -> None:
    assert dict(recognised(["participant_id", "Subject", "user_id"], "a.csv").renames) == {}
    # and of two spellings, the name itself wins over another word for it
    assert dict(recognised(["Subject", "Participant ID"], "a.csv").renames) == {"Participant ID": "participant_id"}


def test_two_candidates_are_for_the_author_to_choose() -> None:
    with pytest.raises(
        SourceError, match=r"'Subject', 'Respondent' may be participant_id; .*columns: .participant_id: Subj"
    ):
        recognised(["Subject", "Respondent"], "a.csv")
    stated = {"participant_id": "Respondent"}
    assert dict(recognised(["Subject", "Respondent"], "a.csv", stated).renames) == {"Respondent": "participant_id"}


def test_a_stated_column_that_is_not_there_is_named_with_the_nearest_one() -> None:
    with pytest.raises(SourceError, match=r"no column 'Respondant', .* did you mean 'Respondent'\?"):
        recognised(["Respondent"], "a.csv", {"participant_id": "Respondant"})
