"""The model card of an adapter: intended use, performance, limitations, training data.

Everything on it comes from the adapter's record and the figures of a run; unknown facts are omitted or stated as
unknown. External texts are escaped or set in code blocks, so that they cannot act as markup.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml
from huggingface_hub import EvalResult, ModelCardData

from socrates_core.errors import HubError
from socrates_core.hub.inspection import AdapterConfig
from socrates_core.hub.push.figures import Evaluated, Figure, validation_figures
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.model.folder import DEMO
from socrates_core.model.record import ModelRecord
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.error_model.coverage import Coverage
from socrates_core.trust.error_model.evidence import ALL

if TYPE_CHECKING:
    from socrates_core.report.document import Part, Section

DATASET: Final = "socratesft/SocSci210"
TAGS: Final = ("socrates", "lora", "social-science", "survey", "experiments", "human-behavior-prediction")
SHOWN_STUDIES: Final = 40

_LICENCE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,59}")
_SETTINGS: Final = (
    "precision", "fraction", "lora_rank", "lora_alpha", "lora_dropout", "lora_targets", "lora_layers", "epochs",
    "step_examples", "learning_rate", "schedule", "warm_up", "weight_decay", "group_size", "distribution_weight",
    "choose_by", "seed",
)  # fmt: skip
"""Settings of the recipe that are shown; none of them can contain a local path."""


@dataclass(frozen=True)
class CardContent:
    """Everything a card is made from."""

    repo_id: str
    config: AdapterConfig
    record: ModelRecord
    evaluated: Evaluated | None
    licence: str | None
    """The Hub's identifier; None if not stated."""
    inherited: bool = False
    """Whether the licence is that of the base model."""
    calibration: Calibration | None = None
    """How far off its predictions are on studies that it has not seen, if that was fitted."""

    @property
    def demo(self) -> bool:
        """Whether it belongs to the demo model."""
        return self.record.demo or self.config.base == DEMO

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Figures of the run, then of the validation."""
        return (*(self.evaluated.figures if self.evaluated else ()), *validation_figures(self.record))


def check_licence(licence: str) -> str:
    """Return a licence identifier unchanged.

    Raises:
        HubError: If it is not one.
    """
    if not _LICENCE.fullmatch(licence):
        raise HubError(
            f"{licence[:80]!r} is not a licence of the Hub; expected a short name such as apache-2.0 or other"
        )
    return licence


def make_card(content: CardContent) -> str:
    """The text of README.md: front matter, then Markdown."""
    # imports plotly, which takes a second, so it is loaded only when a card is made
    from socrates_core.report.document import to_markdown

    data = front_matter(content)
    front = yaml.safe_dump(data, sort_keys=False, allow_unicode=False, width=10_000)
    return f"---\n{front}---\n\n{to_markdown(content.repo_id.partition('/')[2], _sections(content))}"


# -- front matter ------------------------------------------------------------------------------------------------


def front_matter(content: CardContent) -> dict[str, Any]:
    """The metadata that the Hub reads (https://github.com/huggingface/hub-docs/blob/main/modelcard.md)."""
    record, evaluated = content.record, content.evaluated
    results = [_result(figure, content) for figure in content.figures]
    if evaluated is not None and evaluated.contaminated:
        results = []
    on_hub = content.config.base != DEMO
    card = ModelCardData(
        library_name="peft",
        base_model=content.config.base if on_hub else None,
        base_model_relation="adapter" if on_hub else None,
        datasets=[DATASET] if _source(record) == "SocSci210" else None,
        license=content.licence,
        pipeline_tag="text-generation",
        tags=[*TAGS, *(["demo"] if content.demo else [])],
        model_name=content.repo_id.partition("/")[2],
        eval_results=results or None,
    )
    data: dict[str, Any] = card.to_dict()  # type: ignore[no-untyped-call]
    if not results:
        data.pop("model_name", None)
    return json.loads(json.dumps(data))  # type: ignore[no-any-return]


def _result(figure: Figure, content: CardContent) -> EvalResult:
    evaluated = content.evaluated if figure.measured == "evaluation" else None
    source = evaluated.source if evaluated else _source(content.record)
    whose = f"{figure.kind} studies, " if figure.kind else ""
    return EvalResult(
        task_type="text-generation",
        task_name="Predicting answers in social-science experiments",
        dataset_type=DATASET if source == "SocSci210" else "socrates-studies",
        dataset_name=_short(source or "own studies"),
        dataset_split=_short(evaluated.part) if evaluated else "validation",
        metric_type="wasserstein",
        metric_name=f"Wasserstein distance, {whose}convention {figure.convention}",
        metric_value=round(figure.value, 5),
        metric_args={
            "convention": figure.convention,
            **({"kind": figure.kind} if figure.kind else {}),
            "ci95": None
            if figure.low is None or figure.high is None
            else [round(figure.low, 5), round(figure.high, 5)],
            "noise_floor": round(figure.floor, 5),
            "uniform": round(figure.uniform, 5),
            "cells": figure.cells,
            "studies": figure.studies,
        },
    )


def _source(record: ModelRecord) -> str | None:
    """Source of the training studies, from their manifest; of a path only the last part."""
    data = (record.training or {}).get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1] if isinstance(source, str) and source else None


def _short(text: str) -> str:
    flat = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return flat if len(flat) <= 100 else f"{flat[:100]}…"


# -- body --------------------------------------------------------------------------------------------------------


def _sections(content: CardContent) -> list["Section"]:
    from socrates_core.report.document import Section

    return [
        Section("", _opening(content)),
        Section("How good it is", _quality(content)),
        *([] if content.calibration is None else [Section("How far off it may be", _errors(content.calibration))]),
        Section("What it must not be used for", _limits(content)),
        Section("How to load it", _loading(content)),
        Section("What it was trained on", _training(content)),
        Section("Licence", [_licence(content)]),
    ]


def _opening(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Warned

    config, record = content.config, content.record
    base = "the demo model that comes with Socrates" if config.base == DEMO else config.base
    at = f" at revision {config.base_revision}" if config.base_revision else ", whose revision is not recorded"
    parts: list[Part] = [
        "Predicts how people answer in a social-science experiment: for every profile of a simulated person it gives a "
        "distribution over the answer options. A LoRA adapter, made with Socrates.",
        f"Base model: {base}{at if config.base != DEMO else ''}. Rank {config.rank}, alpha {config.alpha:g}, on "
        f"{config.changes}. Prompt template: {record.template}.",
    ]
    if content.demo:
        parts.append(Warned("A demo for trying out the software. Not for science."))
    return parts


def _quality(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded, Table, Warned
    from socrates_core.report.words import percent

    evaluated = content.evaluated
    if not content.figures:
        return ["Not measured: neither its record nor an evaluation run provides figures."]
    parts: list[Part] = [
        "W is the Wasserstein distance between predicted and actual answers: 0 is a perfect match, 1 puts all answers "
        "at opposite ends. The noise floor is the W of a perfect prediction with as many people: a W close to it is "
        "indistinguishable from perfect. The uniform baseline gives every option the same share: a W close to it means "
        "that the prediction carries no information.",
        Table(
            (
                "Measured on",
                "Studies are",
                "Convention",
                "W",
                "95 % interval",
                "Noise floor",
                "Uniform baseline",
                "Cells",
                "Studies",
                "Mass on scale",
            ),
            tuple(_row(figure, content) for figure in content.figures),
        ),
        "Convention scale: W relative to the scale that the question states. Convention observed: relative to the "
        "range of the human answers, as in the Socrates paper (arXiv 2509.05830), which also pools the texts of a "
        "task into one cell. Figures are means over the cells of a study, then over studies; intervals resample "
        "studies. A small W says little about treatment effects.",
    ]
    parts += _proper(evaluated)
    little = [figure.mass for figure in content.figures if figure.mass is not None and figure.mass < TRUSTED_MASS]
    if little:
        parts.append(
            Warned(
                f"Only {percent(min(little))} of the probability is on the scale: otherwise the model would have "
                "written something else than an answer, which W leaves out."
            )
        )
    if any(figure.measured == "validation" for figure in content.figures):
        parts.append("The weights were selected on the validation studies, so that figure is optimistic.")
    if evaluated is not None and evaluated.contaminated:
        parts.append(Warned("CONTAMINATED: the evaluation includes studies that the adapter was trained on."))
    if evaluated is not None and not evaluated.checked:
        parts.append("The evaluated weights were not available when this card was made, so they were not compared.")
    if evaluated is not None:
        people = "all" if evaluated.per_cell is None else f"up to {evaluated.per_cell}"
        facts = {"source": evaluated.source, "part": evaluated.part, "split_digest": evaluated.split}
        parts.append(Folded("Evaluated on:", _listed({**facts, "people_in_a_cell": people})))
    return parts


def _proper(evaluated: Evaluated | None) -> list["Part"]:
    """Proper scores of the evaluation, and of guessing evenly on the same answers."""
    from socrates_core.report.document import Table
    from socrates_core.report.words import number, with_interval

    rows = [
        (kind, name, with_interval(one.model.mean, one.model.ci95, 4), number(one.uniform.mean, 4),
         f"{one.model.cells:,}")
        for kind, found in ({} if evaluated is None else evaluated.proper).items()
        for name, one in (("Brier", found.brier), ("ranked probability", found.rps), ("log, nats", found.log))
        if one.model.mean is not None
    ]  # fmt: skip
    if not rows:
        return []
    return [
        Table(("Studies", "Proper score", "Model (95 % interval)", "Uniform baseline", "Cells"), tuple(rows)),
        "Proper scores judge the distribution predicted for each person by this person's answer; smaller is better.",
    ]


def _row(figure: Figure, content: CardContent) -> tuple[str, ...]:
    from socrates_core.report.words import percent

    contaminated = figure.measured == "evaluation" and content.evaluated and content.evaluated.contaminated
    interval = "none" if figure.low is None or figure.high is None else f"{figure.low:.4f} to {figure.high:.4f}"
    return (
        f"{figure.measured}{', CONTAMINATED' if contaminated else ''}",
        figure.kind or "not recorded",
        figure.convention,
        f"{figure.value:.4f}",
        interval,
        f"{figure.floor:.4f}",
        f"{figure.uniform:.4f}",
        f"{figure.cells:,}",
        f"{figure.studies:,}",
        "not recorded" if figure.mass is None else percent(figure.mass),
    )


def _errors(calibration: Calibration) -> list["Part"]:
    from socrates_core.report.document import Table
    from socrates_core.report.words import percent

    family = calibration.families[ALL]
    sides = (("as predicted", family.raw), ("calibrated", family.sharpened))

    def held(one: Coverage | None) -> str:
        return "none" if one is None else f"{percent(one.covered)} ± {percent(one.covered_se)} of {one.groups} groups"

    units = {"effect": "points", "share": "of the people"}
    rows = [
        (
            which,
            f"{one.what}, {100 * one.level:.0f} %",
            held(one),
            held(answers.test_of(one.what, one.level)),
            f"{one.width:.{1 if one.what == 'effect' else 3}f} {units.get(one.what, 'of the scale')}",
            "none" if one.ignoring_width is None else f"{one.ignoring_width:.3g}",
            "yes" if answers.offered(one.what, one.level) else "no",
        )
        for which, answers in sides
        if answers is not None
        for one in answers.coverage
    ]
    header = (
        "Predictions",
        "Interval of",
        "Covered",
        "On the test part",
        "Width",
        "Ignoring the prediction",
        "Offered",
    )
    return [
        f"Fitted on {calibration.studies} {calibration.kind} studies in {calibration.groups} independent groups that "
        "it has not seen, and tried on each group with the others: how often an interval for a new study held what "
        "people showed, beside the width of one that ignores the prediction. An interval is offered only where it was "
        "tried on enough groups and held as often as it says, less one standard error at most, on the test part too if "
        "there is one: groups that nothing was fitted on.",
        Table(header, tuple(rows)),
    ]


def _limits(content: CardContent) -> list["Part"]:
    return [
        "It predicts groups, not individuals: a single simulated answer means nothing.",
        "It is not for decisions about a person, such as hiring, credit, insurance, policing or medical care, and "
        "it does not replace asking people: it is for pre-testing designs.",
        "Groups that are rare in its training studies are predicted less well; check the figures by group in an "
        "evaluation before comparing groups. Which published studies the base model has read is unknown.",
    ]


def _loading(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded

    config, name = content.config, content.repo_id
    at = f"@{config.base_revision}" if config.base_revision else ""
    model = "demo" if config.base == DEMO else f"{config.base}{at}"
    commands = f"python -m socrates_core.hub pull {name} --out adapter\npython app.py --model {model} --adapter adapter"
    parts: list[Part] = [Folded("With Socrates, which checks that base, template and tokenizer match:", commands)]
    if config.base != DEMO:
        revision = f', revision="{config.base_revision}"' if config.base_revision else ""
        code = (
            "from peft import PeftModel\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            f'base = AutoModelForCausalLM.from_pretrained("{config.base}"{revision}, dtype="auto")\n'
            f'tokenizer = AutoTokenizer.from_pretrained("{config.base}"{revision})\n'
            f'model = PeftModel.from_pretrained(base, "{name}")'
        )
        words = f"With PEFT alone (prompts must follow the template {content.record.template}):"
        parts.append(Folded(words, code))
    return parts


def _training(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded

    record, training = content.record, content.record.training or {}
    shown = list(record.trained_on[:SHOWN_STUDIES])
    more = len(record.trained_on) - len(shown)
    facts: dict[str, Any] = {"source": _source(record), "split_digest": record.split, "tokenizer": record.tokenizer}
    facts |= {"studies": len(record.trained_on), "study_ids": [*shown, *([f"and {more} more"] if more else [])]}
    parts: list[Part] = [
        f"{len(record.trained_on):,} studies or parts of studies, listed in socrates.json; an evaluation on any of "
        "them is refused or stamped CONTAMINATED. "
        + ("The split is not recorded." if record.split is None else "The digest identifies the split."),
        Folded("Training data:", _listed(facts)),
    ]
    recipe = training.get("recipe")
    if isinstance(recipe, Mapping):
        parts.append(Folded("Recipe:", _listed({key: recipe[key] for key in _SETTINGS if key in recipe})))
    if isinstance(training.get("plan"), Mapping):
        counts = {key: value for key, value in training["plan"].items() if type(value) in (int, float)}
        parts.append(Folded("Examples and tokens:", _listed(counts)))
    if isinstance(training.get("versions"), Mapping):
        parts.append(Folded("Versions:", _listed(training["versions"])))
    return parts


def _listed(facts: Mapping[str, Any]) -> str:
    """One name and value per line as ASCII JSON, so that no value can break the line or imitate other text."""
    return "\n".join(f"{json.dumps(_short(str(key)))}: {json.dumps(value)[:4000]}" for key, value in facts.items())


def _licence(content: CardContent) -> str:
    if content.licence is None:
        return "No licence is stated, and it is unknown which ones the base model would allow."
    if content.inherited:
        return f"{content.licence}, the licence of the base model; the adapter states none of its own."
    return f"{content.licence}, as stated by its author. The licence of the base model applies in addition."
