"""Compatibility of model, adapter, tokenizer and template. A mismatch is refused, and the error names both sides."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.adapters import CONFIG
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import RELEASED
from socrates_core.model.folder import COMMIT, DEMO, HUB_ID, Origin
from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.prompt import TEMPLATES
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.files import read_json
from socrates_core.study.study_set import Cell, Persona

BaseMatch = Literal["same", "twin", "unknown", "another"]
"""How the model relates to the one that an adapter names: the same by its Hub id or folder; by its name, a quantised or
mirrored copy; not known, because one of them is named by a folder; or another model."""

TYPICAL_CELLS: Final = (
    Cell(
        1,
        "typical prompts",
        1,
        1,
        "A town plans to close its centre to cars on Sundays. How much do you support or oppose this plan, from 1 "
        "(strongly oppose) to 7 (strongly support)? Only return an integer from 1 to 7.",
        AnswerScale(tuple(range(1, 8)), {1: "strongly oppose", 7: "strongly support"}),
    ),
    Cell(
        2,
        "typical prompts",
        1,
        2,
        "Would you recommend your present doctor to a friend? 1 = yes, 2 = no. Only return 1 or 2.",
        AnswerScale((1, 2), {1: "yes", 2: "no"}),
    ),
)
TYPICAL_PERSON: Final[Persona] = {"age": 34, "gender": "Female", "education": "Bachelor's degree"}
"""What a base without a record is tried on: with three templates about 700 tokens."""

_QUANTISED: Final = re.compile(
    r"[-_.](?:unsloth|bnb|[48]bit|int[48]|nf4|fp8|fp4|awq|gptq|hqq|aqlm|exl2|gguf|dynamic|quantized|w[48]a(?:8|16))\b"
)


def fitting_template(name: str, adapter: str | None, requested: str | None, record: ModelRecord | None) -> str:
    """The template that the weights were trained on; for weights without a record, the requested one.

    Args:
        name: The model's name.
        adapter: The adapter's name, if any.
        requested: The requested template, if any.
        record: The adapter's record if there is an adapter, otherwise the model's.

    Raises:
        ModelError: If the requested template differs from the recorded one, or none is requested for an adapter
            without a record.
    """
    known = record.template if record else "socrates" if name.startswith(RELEASED) and not adapter else None
    if known:
        if requested and requested != known:
            raise ModelError(
                f"{adapter or name} was trained on the template {known}, not {requested}; leave --template out"
            )
        return known
    if requested is None and adapter is not None:
        raise ModelError(f"the adapter {adapter} does not record its training template; name it with --template")
    return requested or "shared"


def mass_by_template(view: Callable[[str], AnswerModel]) -> dict[str, float]:
    """Mean share of the probability that a model puts on the answer scale in typical prompts, for each template.

    Args:
        view: The model under a template.
    """
    found = {}
    for template in TEMPLATES:
        model = view(template)
        masses = [model.answer_distributions(cell, [TYPICAL_PERSON]).on_scale_mass for cell in TYPICAL_CELLS]
        found[template] = float(np.concatenate(masses).mean())
    return found


def template_note(masses: Mapping[str, float], used: str) -> str:
    """What is to be said of the template of a base without a record: which one it answers best under.

    Args:
        masses: From `mass_by_template`.
        used: The template in use, which is never changed by itself.
    """
    best = max(masses, key=lambda name: (masses[name], name == used))
    shares = ", ".join(f"{name} {share:.0%}" for name, share in masses.items())
    advice = f"{used} has the most" if best == used else f"--template {best} has the most, {used} is in use"
    return f"share of the probability on the scale in typical prompts: {shares}; {advice}"


def check_tokenizer(name: str, adapter: str | None, record: ModelRecord | None, tokenizer: Any) -> None:
    """Raise a ModelError if the weights were trained with a different tokenizer."""
    if record and record.tokenizer != tokenizer_hash(tokenizer):
        raise ModelError(
            f"{adapter or name} was trained with a different tokenizer from the one that {name} has now; "
            "load the revision of the base model that it was trained on"
        )


def check_base(
    name: str,
    origin: Origin,
    adapter: str,
    record: ModelRecord | None,
    digest: Callable[[], str | None] = lambda: None,
) -> None:
    """Raise a ModelError unless the model is the one that the adapter was trained on, as far as both are recorded.

    An adapter that records neither its base's name nor its weights is left to `unrecorded_base`.

    Args:
        name: The model's name.
        origin: The origin of the weights in the model's folder.
        adapter: The adapter's name.
        record: The adapter's record.
        digest: `weights_digest` of the model's folder; called only for an adapter that records that of its base.
    """
    if record is None:
        return
    actual = digest() if record.base_weights else None
    if actual is not None and actual == record.base_weights:
        return  # the same weights, whatever their name
    if actual is not None:
        raise ModelError(
            f"the adapter {adapter} was trained on {record.base or 'a folder'} and does not fit the model {name}, "
            "whose weights are others; load the base that it was trained on"
        )
    if record.base is None:
        return
    wanted = record.base_revision if record.base_revision and COMMIT.fullmatch(record.base_revision) else None
    clash = f"the adapter {adapter} was trained on {record.base} and does not fit the model {name}"
    if origin.hub_id is None:
        if wanted and wanted == origin.revision:
            return  # a commit identifies one model
        raise ModelError(
            f"{clash}: nothing in its folder identifies the model. Load {record.base} by its Hub id, or download it "
            f"with `hf download {record.base}{f' --revision {wanted}' if wanted else ''} --local-dir FOLDER`, which "
            "records the commit"
        )
    if origin.hub_id != record.base:
        actual = "" if origin.hub_id == name.partition("@")[0] else f", which contains {origin.hub_id}"
        raise ModelError(f"{clash}{actual}")
    if wanted and origin.revision and wanted != origin.revision:
        raise ModelError(
            f"the adapter {adapter} was trained on {record.base} at revision {wanted}, but the model {name} is at "
            f"{origin.revision}; load --model {record.base}@{wanted}"
        )


def unrecorded_base(
    name: str, folder: Path, origin: Origin, adapter: str, adapter_folder: Path, other_base: bool = False
) -> str:
    """Compare the model with the one that an adapter's PEFT configuration names, where no record of ours decides.

    Args:
        name: The model's name.
        folder: Its folder.
        origin: The origin of the weights in it.
        adapter: The adapter's name.
        adapter_folder: Its folder.
        other_base: Load it onto another model all the same.

    Returns:
        What a reader of the results has to know; empty if the model is the one that the adapter names.

    Raises:
        ModelError: If it names another model and `other_base` is false.
    """
    named, revision = _named_base(adapter_folder)
    match = base_match(named, revision, folder, origin)
    if match == "same":
        return ""
    if match == "twin":
        return f"the adapter names {named}, taken by its name for a copy of {origin.hub_id}"
    if match == "unknown":
        return (
            f"the adapter was trained on {named or 'a model that it does not name'}; whether that is {name} is unknown"
        )
    at = f" at {revision}" if named == origin.hub_id else ""
    if not other_base:
        raise ModelError(
            f"the adapter {adapter} was trained on {named}{at} and does not fit the model {name}; load that model, or "
            "insist on this one with --other-base (other_base=True in Python)"
        )
    return f"the adapter was trained on {named}{at}, another model than {name}"


def base_match(named: str | None, revision: str | None, folder: Path, origin: Origin) -> BaseMatch:
    """How a model relates to the one that an adapter names.

    Args:
        named: A Hub id or a folder, as PEFT writes it.
        revision: The commit of a Hub id, if any.
        folder: The model's folder.
        origin: The origin of the weights in it.
    """
    if not named:
        return "unknown"
    if Path(named).is_dir() and Path(named).samefile(folder):
        return "same"
    if named == origin.hub_id:
        commits = [one for one in (revision, origin.revision) if one and COMMIT.fullmatch(one)]
        return "another" if len(set(commits)) == 2 else "same"
    if origin.hub_id is None or (named != DEMO and not HUB_ID.fullmatch(named)):
        return "unknown"
    return "twin" if _plain_name(named) == _plain_name(origin.hub_id) else "another"


def _plain_name(hub_id: str) -> str:
    """`unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit` → `llama-3.1-8b-instruct`: without owner and quantisation."""
    name = hub_id.rpartition("/")[2].casefold().removeprefix("meta-")
    return _QUANTISED.sub("", name)


def _named_base(folder: Path) -> tuple[str | None, str | None]:
    """The base and its revision in an adapter's PEFT configuration; what cannot be read is reported on loading."""
    try:
        raw = read_json(folder / CONFIG)
    except (OSError, ValueError):
        return None, None
    if not isinstance(raw, dict):
        return None, None
    named, revision = raw.get("base_model_name_or_path"), raw.get("revision")
    return named if isinstance(named, str) else None, revision if isinstance(revision, str) else None
