"""Shares that are moved after Run: the same figures as a fresh Run, from answers that are known."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.simulation.whole_study import OutcomeResult, Sampling
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.population.people import people_of
from socrates_core.study.study_set import Cell, Persona
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import Catalogue, open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.your_study.draft import ConditionDraft, Draft, OutcomeDraft, ScaleDraft, written
from socrates_core.ui.your_study.population import PeopleDraft, SharesDraft
from socrates_core.ui.your_study.remix import only_shares_differ
from socrates_core.ui.your_study.work import Prediction, predict, with_shares

VISITOR = Visitor(None, "anyone", "address:1")


class Partisan:
    """Democrats say yes with 0.9, 0.7 where the text is green, others with 0.2; women say "don't know" with 0.5."""

    description = ModelDescription(name="partisan")

    def __init__(self) -> None:
        self.asked = 0

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        self.asked += len(personas)
        democrat = np.array([one["party_id"] == "Democrat" for one in personas])
        yes = np.where(democrat, 0.7 if "green" in cell.stimulus else 0.9, 0.2)
        off = np.array([0.5 if one["gender"] == "Female" else 0.0 for one in personas])
        return AnswerDistributions(np.stack([(1 - yes) * (1 - off), yes * (1 - off), off], 1), np.ones(len(personas)))


def draft(women: str, democrats: str, of: str = "gss-answers") -> Draft:
    rest = [f"{100 - float(share):g}" for share in (women, democrats)]
    margins = (
        SharesDraft(attribute="gender", shares=(("Female", women), ("Male", rest[0]))),
        SharesDraft(attribute="party_id", shares=(("Democrat", democrats), ("Republican", rest[1]))),
    )
    asked = OutcomeDraft(name="buy", question="Would you buy it?", scale=ScaleDraft(kind="yes-no", off="Don't know"))
    arms = (
        ConditionDraft(label="Plain", text="A menu.", control=True),
        ConditionDraft(label="Green", text="A green one."),
    )
    return Draft(
        title="T", conditions=arms, outcomes=(asked,), people=PeopleDraft(kind="margins", of=of, margins=margins)
    )


@cache
def catalogue() -> Catalogue:
    return open_catalogue([], ())


def page(model: Partisan) -> Results:
    return Results(catalogue(), model, policy=Policy(DEFAULTS, space=False, sign_in=False))


def run(results: Results, what: Draft, people: int = 1000) -> Prediction:
    return predict(results, VISITOR, what, results.model_name, Sampling(people))


def figures(found: tuple[OutcomeResult, ...]) -> list[float]:
    one = found[0].simulation
    assert one is not None
    numbers: list[float] = []
    for arm in one.arms:
        numbers += [*arm.predicted.probs, arm.predicted_off_axis, arm.predicted_mean_interval.low, arm.n_predicted]
        numbers += [end for at in arm.share_intervals for end in (at.low, at.high)]
    for row in one.effects:
        numbers += [row.predicted, row.predicted_interval.low, row.predicted_interval.high]
    return [*numbers, *(middle or 0 for group in one.subgroups for middle in group.middles)]


def test_moved_shares_give_what_a_fresh_run_gives_and_the_model_is_not_asked() -> None:
    model = Partisan()
    results = page(model)
    made = run(results, draft("50", "50"))
    asked = model.asked
    moved = with_shares(results, VISITOR, made, draft("20", "75"))
    assert model.asked == asked == 2 * 36  # two conditions, and all 36 kinds of people
    fresh = run(page(Partisan()), draft("20", "75"))
    assert figures(moved.found) == pytest.approx(figures(fresh.found), abs=1e-12, rel=0)
    assert figures(moved.found) != figures(made.found)
    back = with_shares(results, VISITOR, moved, draft("50", "50"))
    assert figures(back.found) == pytest.approx(figures(made.found), abs=1e-12, rel=0)


def test_the_mixture_is_the_one_worked_out_by_hand() -> None:
    results = page(Partisan())
    moved = with_shares(results, VISITOR, run(results, draft("50", "50")), draft("20", "75"))
    one = moved.found[0].simulation
    assert one is not None
    # all 113,507 people with their weights: Σ w p(yes) / Σ w (1 − p(off)), by gender and party
    asked = form_of(written(draft("20", "75")).raw, "T").population
    people = people_of(asked, "own", None, "population")
    rows = people.group_by("gender", "party_id").agg(pl.col("weight").sum() / people["weight"].sum())
    share = {(gender, party): w for gender, party, w in rows.iter_rows()}
    assert share["Female", "Democrat"] + share["Female", "Republican"] == pytest.approx(0.2, abs=1e-6)
    assert share["Female", "Democrat"] + share["Male", "Democrat"] == pytest.approx(0.75, abs=1e-6)
    on = {who: w * (0.5 if who[0] == "Female" else 1) for who, w in share.items()}
    yes = sum(w * (0.9 if who[1] == "Democrat" else 0.2) for who, w in on.items())
    stays = sum(on.values())
    assert one.arms[0].predicted.probs[1] == pytest.approx(yes / stays, abs=1e-12)
    assert one.arms[0].predicted_off_axis == pytest.approx(1 - stays, abs=1e-12)


def test_who_was_not_asked_is_said_with_the_number_that_would_do() -> None:
    results = page(Partisan())
    made = run(results, draft("50", "100"), people=10)  # fewer than the 36 kinds of people there are
    with pytest.raises(SocratesError, match=r"not been asked yet\. Press Run; with 36 simulated people or more"):
        with_shares(results, VISITOR, made, draft("50", "1"))
    with pytest.raises(SocratesError, match="These shares cannot be met yet"):
        with_shares(results, VISITOR, made, draft("50", "110"))


def test_only_a_move_of_shares_is_one() -> None:
    one = draft("50", "50")
    assert only_shares_differ(draft("20", "50"), one)
    assert not only_shares_differ(one, one)
    assert not only_shares_differ(draft("20", "50").model_copy(update={"title": "U"}), one)
    assert not only_shares_differ(draft("20", "50", of="observed:gss-welfare"), one)
    assert not only_shares_differ(one.model_copy(update={"people": PeopleDraft()}), one)
