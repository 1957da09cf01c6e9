"""What an endpoint would learn about people whose rows are not public."""

from socrates_core.errors import LaunchError
from socrates_core.model.endpoint.endpoint_model import PREFIX
from socrates_core.people.sending import are_public, words_on_sending
from socrates_core.ui.catalogue import Catalogue


def check_people(catalogue: Catalogue, model: str) -> None:
    """Raise a LaunchError if an endpoint would get attributes of people whose rows are not public.

    Args:
        catalogue: The studies of the page.
        model: As the command takes it.
    """
    for source in catalogue.sources:
        if model.startswith(PREFIX) and source.folder is not None and not are_public(source.studies):
            told = words_on_sending(source.studies, source.studies.study_ids, model.removeprefix(PREFIX))
            raise LaunchError(
                f"{source.title}: a simulation would send {told} Add --confirm-people if they may be sent"
            )
