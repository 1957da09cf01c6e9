"""The plan of a run, before it starts: its cells and tokens, the studies its model has seen, and the time it takes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from socrates_core.errors import RunError
from socrates_core.evaluation.data import EvaluationData, batches
from socrates_core.evaluation.prediction import predict, questions
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.fit import fitting_template
from socrates_core.model.folder import local_folder
from socrates_core.model.loading import plan_network
from socrates_core.model.prefix_tree.encoding import PromptEncoder, Tokens
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.model.prefix_tree.tree import PromptTree
from socrates_core.model.record import ModelRecord
from socrates_core.runs.folder import read_spec
from socrates_core.runs.state import events, speed_of, this_machine
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.leaks import seen
from socrates_core.study.study_set import Cell

BASELINES: Final = ("uniform", "marginal")
"""Models that read no prompt."""

SPEED_DEPENDS_ON: Final = ("model", "adapter", "template", "precision", "both_orders")
"""Fields of the specification that an earlier run must share for its speed to count."""

MOST_PROMPTS: Final = 6000
"""Prompts that are encoded to count tokens; a longer run is extrapolated from batches spread evenly over it."""

TRIED_GROUPS: Final = 3
TRIED_CELLS: Final = 4
TRIED_PEOPLE: Final = 20
"""Size of a calibration: batches, maximum cells per batch, and people per cell."""


@dataclass(frozen=True)
class TokenCount:
    """Token counts over all prompts and their answers."""

    computed: int
    """Tokens in the prefix trees, which have to be computed."""
    unshared: int
    """Tokens of all prompts, if each were computed on its own."""
    estimated: bool
    """Whether the counts are extrapolated from a part of the cells."""

    @property
    def sharing_bound(self) -> float:
        """By what factor prefix sharing reduces the computed tokens; no engine can save more."""
        return self.unshared / self.computed


@dataclass(frozen=True)
class Pace:
    """The speed of a model on this machine."""

    rate: float
    """Answers per second."""
    before: float
    """Seconds until the first answer: opening the studies and loading the model."""
    after: float
    """Seconds to score a cell."""
    source: Literal["same studies", "other studies", "calibration"]
    """Where it was measured: in an earlier run on the same or on other studies, or on a few cells just now."""

    def seconds(self, plan: "RunPlan") -> float:
        """The estimated duration of a run."""
        return self.before + plan.answers / self.rate + self.after * plan.cells


@dataclass(frozen=True)
class RunPlan:
    """The size of a run."""

    studies: int
    cells: int
    answers: int
    """Answers to predict: people summed over all cells."""
    given: int
    """Human answers in these cells: above `answers` where not all people are drawn."""
    left_out: int
    """Cells that cannot be evaluated."""
    fewest: int
    """People in the smallest evaluated cell."""


def plan_run(data: EvaluationData, spec: EvaluationSpec) -> RunPlan:
    """Count what a run would predict."""
    people = [len(data.rows[cell.cell_id]) for cell in data.cells]
    asked = [n if spec.per_cell is None else min(n, spec.per_cell) for n in people]
    studies = len({cell.study_id for cell in data.cells})
    return RunPlan(studies, len(data.cells), sum(asked), data.people, len(data.left_out), min(asked))


def seen_studies(data: EvaluationData, spec: EvaluationSpec) -> list[str]:
    """The evaluated study ids that the model was trained on, according to its record and its adapter's.

    Raises:
        ModelError: If the model or adapter is not on this machine and cannot be fetched.
    """
    if spec.model == "marginal":
        learned = frozenset(data.training.study_ids) if data.training is not None else frozenset()
    elif spec.model == "uniform" or spec.model.startswith(ENDPOINT):
        learned = frozenset()
    else:
        folders = [local_folder(spec.model, "model", weights=False)]
        folders += [local_folder(spec.adapter, "adapter", weights=False)] if spec.adapter else []
        records = [record for folder in folders if (record := ModelRecord.load(folder))]
        learned = frozenset(study for record in records for study in record.trained_on)
    return sorted(seen(learned, data.units, data.groups))


# -- tokens ------------------------------------------------------------------------------------------------------


def count_tokens(data: EvaluationData, spec: EvaluationSpec) -> TokenCount | None:
    """The tokens of a run, by the model's own tokenizer; None for a model without a tokenizer on this machine.

    Raises:
        ModelError: If the model's tokenizer is not on this machine and cannot be fetched, or does not match.
    """
    if spec.model in BASELINES or spec.model.startswith(ENDPOINT):
        return None
    encoder = _encoder(spec.model, spec.adapter, spec.template)
    groups = batches(data, spec.per_cell)
    counted, whole = _some(data, groups, spec)
    trees: dict[AnswerScale, OptionTree] = {}
    computed = unshared = answers = 0
    for group in counted:
        tree = _tree(encoder, questions(data, group, spec), trees)
        computed, unshared = computed + tree.tokens, unshared + tree.tokens_unshared
        answers += _answers(data, group, spec)
    times = 1.0 if whole else sum(_answers(data, group, spec) for group in groups) / answers
    return TokenCount(round(computed * times), round(unshared * times), not whole)


@lru_cache(4)
def _encoder(model: str, adapter: str | None, template: str | None) -> PromptEncoder:
    network = plan_network(model)
    asked = None if adapter else template
    chosen = fitting_template(model, None, asked, network.record)
    if adapter:
        record = ModelRecord.load(local_folder(adapter, "adapter", weights=False))
        chosen = fitting_template(model, adapter, template, record)
    return PromptEncoder(network.tokenizer, chosen)


def _some(
    data: EvaluationData, groups: Sequence[tuple[Cell, ...]], spec: EvaluationSpec
) -> tuple[list[tuple[Cell, ...]], bool]:
    """All batches, or as many as MOST_PROMPTS allows, evenly spread; and whether these are all of them."""
    answers = sum(_answers(data, group, spec) for group in groups)
    if answers <= MOST_PROMPTS:
        return list(groups), True
    chosen = max(1, len(groups) * MOST_PROMPTS // answers)
    return [groups[(2 * place + 1) * len(groups) // (2 * chosen)] for place in range(chosen)], chosen == len(groups)


def _answers(data: EvaluationData, group: Sequence[Cell], spec: EvaluationSpec) -> int:
    return sum(len(data.rows[cell.cell_id][: spec.per_cell]) for cell in group)


def _tree(
    encoder: PromptEncoder,
    asked: Sequence[tuple[Cell, Sequence[dict[str, str | int | None]]]],
    trees: dict[AnswerScale, OptionTree],
) -> PromptTree:
    """The prefix tree of a batch, as the model would build it."""
    prompts: list[Tokens] = []
    options: list[OptionTree] = []
    known: set[tuple[bytes, AnswerScale]] = set()
    for cell, personas in asked:
        if cell.scale not in trees:
            texts = cell.scale.written_options
            trees[cell.scale] = option_tree([(text, encoder.encode_option(text)) for text in texts])
        for persona in personas:
            prompt = encoder.encode(cell, persona)
            key = (prompt.tobytes(), cell.scale)
            if key not in known:
                known.add(key)
                prompts.append(prompt)
                options.append(trees[cell.scale])
    return PromptTree(prompts, options)


# -- time --------------------------------------------------------------------------------------------------------


def measured_pace(root: Path, spec: EvaluationSpec) -> Pace | None:
    """The pace of the latest run of this model on this machine, preferring runs on the same studies.

    Args:
        root: The directory of the runs.
        spec: The specification of the planned run.
    """
    found = sorted(_paces(root, spec), key=lambda pair: (pair[0].source == "same studies", pair[1]))
    return found[-1][0] if found else None


def _paces(root: Path, spec: EvaluationSpec) -> Iterator[tuple[Pace, float]]:
    """The pace of every run of the model on this machine, and when it ran."""
    for path in sorted(root.glob("*/spec.json")):
        try:
            other = read_spec(path.parent)
        except RunError:
            continue
        if any(getattr(other, name) != getattr(spec, name) for name in SPEED_DEPENDS_ON):
            continue
        happened = events(path.parent)
        speed = speed_of(happened)
        if speed is None or speed.rate is None or speed.host != this_machine():
            continue
        last = {one["event"]: one["time"] for one in happened}
        cells = next((one.get("cells") for one in reversed(happened) if one["event"] == "started"), None)
        before = max(0.0, last["started"] - last.get("loading", last["started"]))
        scored = max(0.0, last["finished"] - last["scoring"]) if {"scoring", "finished"} <= set(last) else 0.0
        after = scored / cells if isinstance(cells, int) and cells > 0 else 0.0
        same = (other.studies, other.data) == (spec.studies, spec.data)
        yield Pace(speed.rate, before, after, "same studies" if same else "other studies"), speed.last


def calibrate(model: AnswerModel, data: EvaluationData, spec: EvaluationSpec, whole: TokenCount) -> Pace:
    """The pace of a loaded model, measured on a few cells now; excludes loading and scoring.

    Cells differ in length, so the time per token is measured, and the whole run has `whole.computed` tokens.

    Raises:
        ModelError: If the model cannot predict them.
    """
    groups = batches(data, spec.per_cell)
    few = replace(spec, per_cell=min(spec.per_cell or TRIED_PEOPLE, TRIED_PEOPLE))
    places = {(2 * place + 1) * len(groups) // (2 * TRIED_GROUPS) for place in range(TRIED_GROUPS)}
    chosen = [groups[place][:TRIED_CELLS] for place in sorted(places)]
    encoder = _encoder(spec.model, spec.adapter, spec.template)
    tokens = sum(_tree(encoder, questions(data, group, few), {}).tokens for group in chosen)
    predict(model, data, chosen[0][:1], few, None)  # warm-up: one-time costs do not count
    start = time.perf_counter()
    for group in chosen:
        predict(model, data, group, few, None)
    seconds = max(time.perf_counter() - start, 1e-6) * whole.computed / tokens
    return Pace(plan_run(data, spec).answers / seconds, 0.0, 0.0, "calibration")
