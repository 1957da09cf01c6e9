"""What is prepared before anybody has opened the page."""

import gc

from socrates_core.model.folder import DEMO
from socrates_core.model.loading import load_model
from socrates_core.ui.app import SELDOM, USUAL, settle
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.running.first import first_link, prepare_first
from socrates_core.ui.running.runs import base_arm
from socrates_core.ui.simulate import form


def test_the_first_visitor_finds_both_predictions_in_memory() -> None:
    model = load_model(DEMO, DEMO)
    results = Results(open_catalogue([], model.description.trained_on), model)
    preparing = prepare_first(results)
    assert preparing is not None
    preparing.join()
    link = first_link(results)
    place = form.place_text(link.source, link.request.cell_id)
    asked = form.link_of(results.model_name, place, "[]", 200, 1, 1, 0)  # what the page sends when it opens
    assert len(results._results) == 2
    found = results.get(asked)
    assert results.get(link) is found
    assert base_arm(results, asked, found) is not None
    assert len(results._results) == 2  # neither was computed anew


def test_garbage_is_collected_as_usual_again_but_not_among_what_the_start_made() -> None:
    gc.set_threshold(*SELDOM)
    try:
        settle()
        assert gc.get_threshold() == USUAL
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*USUAL)
