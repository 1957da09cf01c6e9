"""What of real people leaves this machine when a model on another server predicts their study."""

from collections.abc import Sequence

import polars as pl

from socrates_core.people.edit import attribute_words
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.study.study_set import StudySet


def are_public(studies: StudySet) -> bool:
    """Whether everybody can read these people's rows anyway: bundled, from the Hub, or made by a program."""
    return (
        studies.manifest.source == BUNDLED or studies.manifest.revision is not None or not studies.studies["real"].any()
    )


def words_on_sending(studies: StudySet, study_ids: Sequence[str], destination: str) -> str:
    """What would be sent where, in words that follow "send": `to X: age, gender of up to 40 people, …`.

    Args:
        studies: That hold the people.
        study_ids: The studies that are predicted.
        destination: The server and the model.
    """
    people = studies.participants.filter(pl.col("study_id").is_in(study_ids))
    known = [name for name in studies.attributes if people[name].null_count() < len(people)]
    named = ", ".join(map(attribute_words, known))
    columns = f"{named} of up to {len(people):,} people" if known else "nothing about people"
    return (
        f"to {destination}: {columns}, and the texts and questions that they read. Their answers, ids and weights stay "
        "here."
    )
