"""A question asked in other ways: what is changed, what is not, and what cannot be."""

from dataclasses import replace

import numpy as np
import pytest

from socrates_core.errors import ModelError, StoppedError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, NumberModel
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.report.robustness import robustness_csv, robustness_figure, robustness_sentences, robustness_table
from socrates_core.report.words import signed
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.robustness.asking import BothOrdersModel, check_both_orders, in_both_orders
from socrates_core.simulation.robustness.rewording import REWORDINGS, CannotRewordError, Rewording
from socrates_core.simulation.robustness.variants import Robustness, robustness
from socrates_core.study.sources.bundled import load_real
from socrates_core.study.study_set import Cell

REAL = load_real()
WELFARE = REAL.cells_of("gss-welfare")[0]


class FirstListed:
    """Answers what the instruction lists first, three times in four."""

    description = ModelDescription("first listed", template="shared")

    def answer_distributions(self, cell, personas):  # type: ignore[no-untyped-def]
        listed = cell.stimulus[cell.stimulus.rindex("Only return") :]
        places = [listed.find(f"{option} for") for option in cell.scale.written_options]
        row = np.full(len(places), 0.25 / (len(places) - 1))
        row[int(np.argmin(places))] = 0.75
        return AnswerDistributions(np.tile(row, (len(personas), 1)), np.ones(len(personas)))


@pytest.fixture(scope="module")
def found() -> Robustness:
    return robustness(REAL, FirstListed(), SimulationRequest(WELFARE.cell_id, n=5))


def test_only_the_instruction_changes_and_it_states_the_same_options() -> None:
    for name in REWORDINGS:
        cell = Rewording(name).of(WELFARE)
        assert cell.stimulus.startswith("Every country has problems")
        assert cell.stimulus != WELFARE.stimulus
        assert parse_scale(cell.stimulus).values == (1, 2, 3) == cell.scale.values
    backwards = Rewording("reversed").of(WELFARE).stimulus
    assert backwards.endswith(
        'Only return 3 for "Too much", 2 for "About the right amount", or 1 for "Too little", nothing else.'
    )


@pytest.mark.parametrize(
    ("change", "name", "why"),
    [
        ({"scale": AnswerScale(None)}, "listed", "open-ended"),
        ({"scale": AnswerScale(tuple(range(101)))}, "reversed", "101 options, too many to list"),
        ({"scale": AnswerScale((1, 2, 3), {1: "No", 3: "Yes"})}, "ends", "Only its ends have texts as it is"),
        ({"scale": AnswerScale((1, 2, 3), {1: "A", 2: "B", 3: "C"}, nominal=True)}, "ends", "mean nothing without"),
        ({"stimulus": "No instruction at all"}, "listed", "cannot be told from the rest"),
        ({"stimulus": f"{WELFARE.stimulus}\nThank you."}, "listed", "cannot be told from the rest"),
    ],
)
def test_what_cannot_be_asked_so_says_why(change: dict[str, object], name: str, why: str) -> None:
    cell: Cell = replace(WELFARE, **change)  # type: ignore[arg-type]
    with pytest.raises(CannotRewordError, match=why):
        Rewording(name).of(cell)


def test_a_model_that_prefers_what_is_listed_first_is_found_out(found: Robustness) -> None:
    ways = {one.name: one for one in found.variants}
    means = {name: one.simulation.arms[0].predicted_mean for name, one in ways.items() if one.simulation is not None}
    # as asked, 1 is first: 0.75 · 1 + 0.125 · (2 + 3)
    assert means["as asked"] == pytest.approx(1.375)
    assert means["reversed"] == pytest.approx(2.625)
    assert ways["alpaca"].refused == "The template is chosen where the model is loaded."
    said = robustness_sentences(found)
    assert said[0].startswith("The same people were asked in 5 ways")
    assert "moves by up to 62 % of the scale's width (Welfare)" in said[1]  # (2.625 − 1.375) / 2


def test_averaged_over_both_orders_no_preference_for_the_first_is_left() -> None:
    model = BothOrdersModel(FirstListed())
    given = model.answer_distributions(WELFARE, [{}])
    assert given.probs[0] == pytest.approx([0.4375, 0.125, 0.4375])  # (0.75 + 0.125) / 2
    assert model.description.template == "shared, options in both orders"  # a calibration of "shared" is refused
    with pytest.raises(ModelError, match="Welfare: The outcome is open-ended"):
        model.answer_distributions(replace(WELFARE, scale=AnswerScale(None)), [{}])


def test_table_picture_and_file_have_a_row_for_every_way(found: Robustness) -> None:
    table = robustness_table(found)
    assert len(table.rows) == len(found.variants) == 7
    assert table.rows[0][:3] == ("the question as it is", "1.38", "1.38")
    assert table.rows[-1][1].startswith("not asked so: ")
    assert len({len(row) for row in table.rows} | {len(table.header)}) == 1
    assert [len(trace.x) for trace in robustness_figure(found).data] == [5, 5]
    lines = robustness_csv(found).splitlines()
    assert lines[0].endswith("refused,simulated")
    assert len(lines) == 1 + 2 * 5 + 2
    assert all(line.endswith("true") for line in lines[1:])


def test_the_uniform_baseline_moves_by_nothing() -> None:
    told = robustness_sentences(robustness(REAL, UniformModel(), SimulationRequest(WELFARE.cell_id, n=5)))
    assert "moves by up to 0 %" in told[1]
    # both arms are answered alike: nothing that could have a sign, and no claim of one
    assert "is 0.0 points as asked: no effect (below 0.5 points up or down), so it has no sign; 5 of 5" in told[2]


class BySet:
    """Moves the answers of one arm as far as a table says for the way in which it is asked."""

    description = ModelDescription("by set", template="shared")

    def __init__(self, **points: float) -> None:
        self.points = points

    def answer_distributions(self, cell, personas):  # type: ignore[no-untyped-def]
        way = next((name for name in REWORDINGS if Rewording(name).of(WELFARE).stimulus == cell.stimulus), "asked")
        moved = self.points.get(way, self.points["asked"]) / 100 * (cell.condition_num == WELFARE.condition_num)
        return AnswerDistributions(np.tile([0.5 - moved, 0, 0.5 + moved], (len(personas), 1)), np.ones(len(personas)))


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (
            {"asked": 8, "reversed": -3, "request": 0.3},
            "-8.0 points as asked, has the same sign in 3 of 5 ways. The opposite sign: all options listed, last to "
            "first. No effect (below 0.5 points up or down): another request for the number.",
        ),
        ({"asked": 8}, "-8.0 points as asked, has the same sign in 5 of 5 ways."),
        # 0.4 and −0.4 are no effects of one sign, and no effects of two signs
        ({"asked": 0.4, "ends": -0.4, "listed": 5}, "so it has no sign; 4 of 5 ways show none. An effect is shown by:"),
    ],
)
def test_an_effect_near_zero_has_no_sign_and_the_ways_that_disagree_are_named(
    points: dict[str, float], said: str
) -> None:
    told = robustness_sentences(robustness(REAL, BySet(**points), SimulationRequest(WELFARE.cell_id, n=5)))
    assert said.replace("-8.0", signed(-8.0)) in told[2]


def test_both_orders_can_be_averaged_beside_the_other_ways() -> None:
    parts: list[tuple[int, int]] = []
    request = SimulationRequest(WELFARE.cell_id, n=5)
    found = robustness(REAL, FirstListed(), request, lambda *part: parts.append(part), both_orders=True)
    means = {one.name: one.simulation.arms[0].predicted_mean for one in found.variants if one.simulation is not None}
    assert means["both orders"] == pytest.approx(2)  # (1.375 + 2.625) / 2
    assert parts == sorted(parts)
    assert parts[-1][0] == parts[-1][1]  # 5 ways and one that is twice the work


def test_what_was_asked_before_it_is_stopped_is_kept() -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise StoppedError("Stopped")

    found = robustness(REAL, FirstListed(), SimulationRequest(WELFARE.cell_id, n=5), stop)
    assert len(found.asked) == 1
    assert found.variants[-3].refused == "Stopped before it was asked so."
    with pytest.raises(StoppedError):
        robustness(REAL, FirstListed(), SimulationRequest(WELFARE.cell_id, n=5), lambda *_: stop(1, 1))


def test_in_both_orders_an_open_ended_outcome_is_asked_once_as_it_is() -> None:
    model = in_both_orders(load_model("demo"))
    open_ended = replace(WELFARE, scale=AnswerScale(None))
    assert isinstance(model, NumberModel)
    rng = np.random.default_rng(0)
    assert len(model.sampled_numbers(open_ended, [{}, {}], rng).values) == 2
    assert not isinstance(in_both_orders(UniformModel()), NumberModel)
    with pytest.raises(ModelError, match="all outcomes are open-ended"):
        check_both_orders([open_ended])
    with pytest.raises(ModelError, match="Welfare: The scale has 101 options"):
        check_both_orders([replace(WELFARE, scale=AnswerScale(tuple(range(101))))])
