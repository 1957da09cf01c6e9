"""The options of a scale as they are put to a server."""

import numpy as np
import pytest

from socrates_core.model.endpoint.prompt import (
    EndpointPrompt,
    can_be_binned,
    endpoint_prompt,
    in_bins,
    lists_backwards,
    one_by_one,
)
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.robustness.rewording import MOST_LISTED, Rewording
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.study_set import Cell

SLIDER = AnswerScale(tuple(range(301)), {0: "Very cold", 300: "Very warm"}, {999: "Don't know"})


def prompt(scale: AnswerScale, stimulus: str = "x. Only return an integer.") -> EndpointPrompt:
    return endpoint_prompt("shared", Cell(1, "s", 1, 1, stimulus, scale), {})


def test_every_option_is_offered_by_itself_with_its_text() -> None:
    offer = one_by_one(prompt(AnswerScale((1, 2, 3), {1: "Never", 3: "Always"})))
    assert offer.names == ("1", "2", "3")
    assert offer.texts == {"1": "Never", "3": "Always"}
    assert offer.spread(np.array([0.5, 0.2, 0.3])).tolist() == [0.5, 0.2, 0.3]


def test_bins_hold_neighbours_and_differ_by_one_option_at_most() -> None:
    # 0 … 4 in two bins beside an option off the axis: 0, 1, 2 and 3, 4
    offer = in_bins(prompt(AnswerScale(tuple(range(5)), {0: "No", 4: "Yes"}, {9: "Don't know"})), 3)
    assert offer.names == ("0 to 2", "3 to 4", "9")
    assert offer.texts == {"0 to 2": '0 means "No"', "3 to 4": '4 means "Yes"', "9": "Don't know"}
    assert offer.spread(np.array([0.6, 0.3, 0.1])) == pytest.approx([0.2, 0.2, 0.2, 0.15, 0.15, 0.1])


@pytest.mark.parametrize("most", [255, 208, 26])
def test_a_long_slider_is_offered_in_as_many_bins_as_the_server_takes(most: int) -> None:
    offer = in_bins(prompt(SLIDER), most)
    assert len(offer.names) == len(set(offer.names)) == most
    sizes = [len(places) for places in offer.members[:-1]]
    assert max(sizes) - min(sizes) <= 1
    assert [place for places in offer.members for place in places] == list(range(302))
    even = offer.spread(np.array([*(np.array(sizes) / 301 * 0.9), 0.1]))
    assert even == pytest.approx([*np.full(301, 0.9 / 301), 0.1])  # what is even over the options stays so


def test_kinds_without_an_order_are_put_in_no_bins() -> None:
    parties = AnswerScale(tuple(range(30)), {value: f"party {value}" for value in range(30)}, nominal=True)
    assert not can_be_binned(prompt(parties), 26)
    assert not can_be_binned(prompt(SLIDER), 2)  # one bin would say nothing
    assert not can_be_binned(prompt(AnswerScale((1, 2, 3))), 26)  # they fit as they are
    assert can_be_binned(prompt(SLIDER), 3)


def test_options_are_offered_in_the_order_in_which_the_question_lists_them() -> None:
    scale = AnswerScale((1, 2, 3), {1: "Over 3 times", 3: "Never"}, {8: "Don't know"})
    listed = Cell(1, "s", 1, 1, "How often? Only return 1 for Often, 2, 3, or 8.", scale)
    back = Rewording("reversed").of(listed)
    offers = [one_by_one(endpoint_prompt("shared", cell, {})) for cell in (Rewording("listed").of(listed), back)]
    assert [offer.names for offer in offers] == [("1", "2", "3", "8"), ("3", "2", "1", "8")]
    assert offers[1].spread(np.array([0.4, 0.3, 0.2, 0.1])).tolist() == [0.2, 0.3, 0.4, 0.1]
    binned = in_bins(endpoint_prompt("shared", back, {}), 3)
    assert binned.names == ("3", "2 to 1", "8")
    assert binned.members == ((2,), (1, 0), (3,))


def test_the_reversed_wording_of_a_bundled_question_is_seen_as_such_and_no_other() -> None:
    studies = load_bundled()
    scales: set[AnswerScale] = set()
    for cell in (cell for study in studies.study_ids for cell in studies.cells_of(study)):
        if cell.scale in scales or not 1 < len(cell.scale.options or ()) <= MOST_LISTED:
            continue
        scales.add(cell.scale)
        seen = {name: lists_backwards(Rewording(name).of(cell).stimulus, cell.scale) for name in ("listed", "reversed")}
        assert seen == {"listed": False, "reversed": True}
        assert not lists_backwards(cell.stimulus, cell.scale)
    assert len(scales) > 5
