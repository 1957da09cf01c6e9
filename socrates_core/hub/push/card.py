"""The card of an adapter: what it is for, what it was trained on, how good it is, and what it must not be used for.

Everything in it comes from the adapter's record and from a run's figures; what is not known is left out or said to be
unknown. Texts from outside stand escaped, or in code blocks, so that none of them is taken for markup.
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
from socrates_core.model.folder import DEMO
from socrates_core.model.record import ModelRecord

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
"""Of the recipe, those that a reader asks for; none of them can name a place on a machine."""


@dataclass(frozen=True)
class CardContent:
    """All that a card tells."""

    repo_id: str
    config: AdapterConfig
    record: ModelRecord
    evaluated: Evaluated | None
    licence: str | None
    """The Hub's name of it; None where nobody named one."""
    inherited: bool = False
    """Whether the licence is the base model's, for want of one of its own."""

    @property
    def demo(self) -> bool:
        """Made to show the software at work."""
        return self.record.demo or self.config.base == DEMO

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Of the run, then of the validation."""
        return (*(self.evaluated.figures if self.evaluated else ()), *validation_figures(self.record))


def check_licence(licence: str) -> str:
    """A licence as the Hub writes it.

    Raises:
        HubError: If it cannot be one.
    """
    if not _LICENCE.fullmatch(licence):
        raise HubError(f"{licence[:80]!r} is no licence of the Hub; expected a short name such as apache-2.0 or other")
    return licence


def make_card(content: CardContent) -> str:
    """The text of README.md: front matter, then Markdown."""
    # plotly comes with it and takes a second: only who makes a card pays
    from socrates_core.report.document import to_markdown

    data = front_matter(content)
    front = yaml.safe_dump(data, sort_keys=False, allow_unicode=False, width=10_000)
    return f"---\n{front}---\n\n{to_markdown(content.repo_id.partition('/')[2], _sections(content))}"


# -- front matter ------------------------------------------------------------------------------------------------


def front_matter(content: CardContent) -> dict[str, Any]:
    """What the Hub reads (https://github.com/huggingface/hub-docs/blob/main/modelcard.md)."""
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
    return EvalResult(
        task_type="text-generation",
        task_name="Predicting answers in social-science experiments",
        dataset_type=DATASET if source == "SocSci210" else "socrates-studies",
        dataset_name=_short(source or "studies of their own"),
        dataset_split=_short(evaluated.part) if evaluated else "validation",
        metric_type="wasserstein",
        metric_name=f"Wasserstein distance, convention {figure.convention}",
        metric_value=round(figure.value, 5),
        metric_args={
            "convention": figure.convention,
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
    """Where the training studies came from, as their manifest says; of a path the last part alone."""
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
        "Predicts how people answer in a social-science experiment: for every simulated participant it gives a "
        "distribution over the options of a question. It is a LoRA adapter, made with Socrates.",
        f"Base model: {base}{at if config.base != DEMO else ''}. Rank {config.rank}, alpha {config.alpha:g}, on "
        f"{config.changes}. Prompt template: {record.template}.",
    ]
    if content.demo:
        parts.append(Warned("A demo: it shows how the software works and knows nothing of the world. Not for science."))
    return parts


def _quality(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded, Table, Warned

    evaluated = content.evaluated
    if not content.figures:
        return ["Not measured: neither its record nor a run that came with it has figures."]
    parts: list[Part] = [
        "W is the Wasserstein distance between predicted and actual answers: 0 is a perfect match, 1 is everybody on "
        "opposite ends. The noise floor is what a perfect prediction would score with as many people; a W near it "
        "cannot be told from perfect, and one near that of guessing evenly is worth nothing.",
        Table(
            ("Measured on", "Convention", "W", "95 % interval", "Noise floor", "Guessing evenly", "Cells", "Studies"),
            tuple(_row(figure, content) for figure in content.figures),
        ),
        "Convention scale: by the scale that the question states. Convention observed: by the range of the human "
        "answers, which is that of the Socrates paper (arXiv 2509.05830); there a cell also joins the texts of a task. "
        "Figures are means over the cells of a study, then over studies; intervals resample studies. A small W says "
        "little about treatment effects.",
    ]
    if any(figure.measured == "validation" for figure in content.figures):
        parts.append("The weights were chosen on the validation studies, so their figure flatters the adapter.")
    if evaluated is not None and evaluated.contaminated:
        parts.append(Warned("CONTAMINATED: the evaluation holds studies that the adapter has learned from."))
    if evaluated is not None and not evaluated.checked:
        parts.append("The evaluated weights were not at hand when this card was made, so nobody compared them.")
    if evaluated is not None:
        people = "all" if evaluated.per_cell is None else f"up to {evaluated.per_cell}"
        told = {"source": evaluated.source, "part": evaluated.part, "split_digest": evaluated.split}
        parts.append(Folded("Evaluated on:", _listed({**told, "people_in_a_cell": people})))
    return parts


def _row(figure: Figure, content: CardContent) -> tuple[str, ...]:
    contaminated = figure.measured == "evaluation" and content.evaluated and content.evaluated.contaminated
    interval = "none" if figure.low is None or figure.high is None else f"{figure.low:.4f} to {figure.high:.4f}"
    return (
        f"{figure.measured}{', CONTAMINATED' if contaminated else ''}",
        figure.convention,
        f"{figure.value:.4f}",
        interval,
        f"{figure.floor:.4f}",
        f"{figure.uniform:.4f}",
        f"{figure.cells:,}",
        f"{figure.studies:,}",
    )


def _limits(content: CardContent) -> list["Part"]:
    return [
        "It predicts groups, not individuals: a simulated participant is no person, and one's answers mean nothing.",
        "It is not for decisions about a person, such as hiring, credit, insurance, policing or medical care, and "
        "no replacement for asking people: it pre-tests designs.",
        "Groups that its training studies ask seldom are predicted worse; look at the figures by group of an "
        "evaluation before you compare groups. What the base model has read of published studies is not known.",
    ]


def _loading(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded

    config, name = content.config, content.repo_id
    at = f"@{config.base_revision}" if config.base_revision else ""
    model = "demo" if config.base == DEMO else f"{config.base}{at}"
    commands = f"python -m socrates_core.hub pull {name} --out adapter\npython app.py --model {model} --adapter adapter"
    parts: list[Part] = [Folded("With Socrates, which checks that base, template and tokenizer fit:", commands)]
    if config.base != DEMO:
        revision = f', revision="{config.base_revision}"' if config.base_revision else ""
        code = (
            "from peft import PeftModel\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            f'base = AutoModelForCausalLM.from_pretrained("{config.base}"{revision}, dtype="auto")\n'
            f'tokenizer = AutoTokenizer.from_pretrained("{config.base}"{revision})\n'
            f'model = PeftModel.from_pretrained(base, "{name}")'
        )
        words = f"With PEFT alone (the prompt must have the words of the template {content.record.template}):"
        parts.append(Folded(words, code))
    return parts


def _training(content: CardContent) -> list["Part"]:
    from socrates_core.report.document import Folded

    record, training = content.record, content.record.training or {}
    shown = list(record.trained_on[:SHOWN_STUDIES])
    more = len(record.trained_on) - len(shown)
    told: dict[str, Any] = {"source": _source(record), "split_digest": record.split, "tokenizer": record.tokenizer}
    told |= {"studies": len(record.trained_on), "study_ids": [*shown, *([f"and {more} more"] if more else [])]}
    parts: list[Part] = [
        f"{len(record.trained_on):,} studies or parts of studies, named in socrates.json; an evaluation on any of them "
        "is refused or stamped. "
        + ("The split it was trained on is not recorded." if record.split is None else "The digest names the split."),
        Folded("Training data:", _listed(told)),
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


def _listed(told: Mapping[str, Any]) -> str:
    """One line a name, in ASCII JSON: nothing in a value can break the line or be seen as something else."""
    return "\n".join(f"{json.dumps(_short(str(key)))}: {json.dumps(value)[:4000]}" for key, value in told.items())


def _licence(content: CardContent) -> str:
    if content.licence is None:
        return "None is stated: its maker named none, and it is not known which one the base model would allow."
    if content.inherited:
        return f"{content.licence}, as the base model's card says; its maker named none of its own."
    return f"{content.licence}, as its maker says. The licence of the base model applies beside it."
