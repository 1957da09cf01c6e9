"""The people suite: how long it takes to see what a moved share does, on the page of a study that somebody wrote.

Once for a thousand personas who are all different, once for the bundled General Social Survey, 1,000 people in each of
three conditions with two outcomes. Everybody has been asked before; a move rakes the people anew, draws, mixes their
remembered answers, and makes intervals, effects and subgroups of both outcomes, then the tables and pictures of one.
The first move is compared with a fresh simulation.
"""

import statistics
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.report.figures import arms_figure
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.simulation.whole_study import OutcomeResult, Sampling, simulate_study
from socrates_core.study.sources.bundled import load_real
from socrates_core.study.sources.persons import people_table
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import MarginsForm, StudyForm
from socrates_core.study.study_file.population.people import Loaded, people_of
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_set import Cell, Persona, StudySet
from socrates_core.ui.answer_memory import AnswerMemory
from socrates_core.ui.your_study.remix import ask_everybody, remixed
from socrates_core.ui.your_study.view import ranking_html, tables_html, verdict_html

PEOPLE: Final = 1000
MOVES: Final = 25
LIMIT: Final = 0.2
"""Seconds within which a move should be seen."""
MADE: Final = "gss-crime"
"""Study whose participants are replaced by made-up ones."""


class RandomAnswers:
    """Answers each person at random, but always the same: no two people and no two questions alike."""

    description = ModelDescription(name="random answers")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """Dirichlet distributions from a checksum of question and person."""
        seeds = [zlib.crc32(repr((cell.stimulus, sorted(one.items()))).encode()) for one in personas]
        options = np.ones(len(cell.scale.options or ()))
        probs = np.stack([np.random.default_rng(seed).dirichlet(options) for seed in seeds])
        return AnswerDistributions(probs, np.ones(len(personas)))


def run_people_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time moves of a share for both populations."""
    rng = np.random.default_rng(seed)
    loaded = {"made": made_up_people(rng)}
    return {
        "people_each": PEOPLE,
        "conditions": 3,
        "outcomes": 2,
        "different_personas": measure_moves(f"observed:{MADE}@made", "region", ("north", "south"), loaded, seed),
        "gss_answers": measure_moves("gss-answers", "age_group", ("18-34", "55+"), loaded, seed),
    }


def made_up_people(rng: np.random.Generator) -> StudySet:
    """A study with `PEOPLE` participants, of whom no two are alike."""
    columns: dict[str, Any] = {
        "participant": range(1, PEOPLE + 1),
        "age": rng.integers(18, 90, PEOPLE),
        "income": rng.permutation(PEOPLE),
        "gender": rng.choice(["Female", "Male"], PEOPLE),
        "region": rng.choice(["north", "south"], PEOPLE),
    }
    table = people_table(pl.DataFrame(columns), MADE, "made-up people")
    return replace(load_real().select([MADE]), participants=table)


def measure_moves(
    of: str, attribute: str, levels: tuple[str, str], loaded: Loaded, seed: int, moves: int = MOVES
) -> dict[str, Any]:
    """Seconds of moves of the share of women, with another attribute's shares fixed.

    Args:
        of: Who is weighted, as a study file says it.
        attribute: The other attribute.
        levels: Two of its values, of half each.
        loaded: Studies at hand.
        seed: Of the people drawn.
        moves: How many.
    """
    memory, model, sampling = AnswerMemory(), RandomAnswers(), Sampling(PEOPLE, seed=seed)
    first = study_file(of, 0.5, attribute, levels)
    studies = study_of(first, None, "bench", loaded)
    base = people_of(of, "own", None, "bench", loaded)
    simulate_study(studies, memory.asking(model), sampling)  # as Run does
    assert ask_everybody(studies, base, memory.asking(model), PEOPLE), "there are more kinds of people than are asked"
    mixing, drawing, gap = [], [], 0.0
    for number in range(moves):
        form = study_file(of, 0.1 + 0.8 * number / moves, attribute, levels)
        started = time.perf_counter()
        found = remixed(form, memory, model, sampling, loaded).found
        mixing.append(time.perf_counter() - started)
        started = time.perf_counter()
        draw(form, found[0])
        drawing.append(time.perf_counter() - started)
        if number == 0:
            fresh = simulate_study(study_of(form, None, "bench", loaded), model, sampling)
            gap = max(abs(a - b) for a, b in zip(figures(found), figures(fresh), strict=True))
    row = {
        "people": len(base),
        "kinds_of_people": len(base.drop("participant_id", "study_id", "participant", "weight").unique()),
        "mix_seconds": {"median": statistics.median(mixing), "largest": max(mixing)},
        "draw_seconds": {"median": statistics.median(drawing), "largest": max(drawing)},
        "largest_gap_from_a_fresh_simulation": gap,
    }
    print(
        f"people: {of}: a move of a share takes {1000 * statistics.median(mixing):.0f} ms (largest "
        f"{1000 * max(mixing):.0f}), its tables and pictures {1000 * statistics.median(drawing):.0f} ms; largest gap "
        f"from a fresh simulation {gap:.1e}"
    )
    return row


def study_file(of: str, women: float, attribute: str, levels: tuple[str, str]) -> StudyForm:
    """Three conditions and two outcomes, with people weighted to two margins."""
    margins = {"gender": {"Female": women, "Male": 1 - women}, attribute: dict.fromkeys(levels, 0.5)}
    raw = {
        "socrates_study": 1,
        "title": "Moves",
        "conditions": [{"label": name, "text": f"A menu, {name}.", "control": name == "a"} for name in "abc"],
        "outcomes": [
            {"name": "order", "question": "Would you order it?", "scale": "likelihood-7"},
            {"name": "price", "question": "Is it too expensive?", "scale": "agreement-5"},
        ],
        "population": {"of": of, "margins": margins},
    }
    form = form_of(raw, "bench")
    assert isinstance(form.population, MarginsForm)
    return form


def draw(form: StudyForm, one: OutcomeResult) -> None:
    """What the page shows of an outcome."""
    found = one.simulation
    assert found is not None
    verdict_html(form, one)
    ranking_html(found)
    tables_html(found)
    conditions_figure(found).to_json()
    arms_figure(found).to_json()


def figures(found: tuple[OutcomeResult, ...]) -> list[float]:
    """Shares, means, effects and their intervals of all outcomes."""
    numbers: list[float] = []
    for one in found:
        assert one.simulation is not None
        ends: list[Interval] = [row.predicted_interval for row in one.simulation.effects]
        for arm in one.simulation.arms:
            numbers += arm.predicted.probs.tolist()
            ends += [arm.predicted_mean_interval, *arm.share_intervals]
        numbers += [row.predicted for row in one.simulation.effects]
        numbers += [end for at in ends for end in (at.low, at.high)]
    return numbers
