"""Whether a model, an adapter, a tokenizer and a template belong together. What does not is refused, and both named."""

from typing import Any

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.endpoint_model import RELEASED
from socrates_core.model.folder import COMMIT, Origin
from socrates_core.model.record import ModelRecord, tokenizer_hash


def fitting_template(name: str, adapter: str | None, asked: str | None, record: ModelRecord | None) -> str:
    """The template that the weights were trained on; for weights without a record the asked one.

    Args:
        name: Of the model.
        adapter: Of the adapter, if any.
        asked: The template that was asked for, if any.
        record: The adapter's where there is an adapter, the model's where not.

    Raises:
        ModelError: If the asked one is not the recorded one, or an adapter without a record comes without any.
    """
    known = record.template if record else "socrates" if name.startswith(RELEASED) and not adapter else None
    if known:
        if asked and asked != known:
            raise ModelError(
                f"{adapter or name} was trained on the template {known}, not {asked}; leave --template out"
            )
        return known
    if asked is None and adapter is not None:
        raise ModelError(
            f"the adapter {adapter} does not say which template it was trained on; name it with --template"
        )
    return asked or "shared"


def check_tokenizer(name: str, adapter: str | None, record: ModelRecord | None, tokenizer: Any) -> None:
    """Raise a ModelError if the weights were trained with another tokenizer than this one."""
    if record and record.tokenizer != tokenizer_hash(tokenizer):
        raise ModelError(
            f"{adapter or name} was trained with another tokenizer than the one that {name} has now; "
            "load the base model's revision that it was trained on"
        )


def check_base(name: str, origin: Origin, adapter: str, record: ModelRecord | None) -> None:
    """Raise a ModelError unless the model is the one that the adapter was trained on, as far as both say.

    An adapter that names no base (its base was a folder) is held to the tokenizer and the shapes alone.

    Args:
        name: Of the model.
        origin: What the model's folder holds.
        adapter: Its name.
        record: The adapter's.
    """
    if record is None or record.base is None:
        return
    wanted = record.base_revision if record.base_revision and COMMIT.fullmatch(record.base_revision) else None
    clash = f"the adapter {adapter} was trained on {record.base} and does not fit the model {name}"
    if origin.hub_id is None:
        if wanted and wanted == origin.revision:
            return  # a commit names one model alone
        raise ModelError(
            f"{clash}: nothing in its folder says which model it holds. Load {record.base} by its Hub id, or copy that "
            f"with `hf download {record.base}{f' --revision {wanted}' if wanted else ''} --local-dir FOLDER`, which "
            "notes the commit"
        )
    if origin.hub_id != record.base:
        held = "" if origin.hub_id == name.partition("@")[0] else f", which holds {origin.hub_id}"
        raise ModelError(f"{clash}{held}")
    if wanted and origin.revision and wanted != origin.revision:
        raise ModelError(
            f"the adapter {adapter} was trained on {record.base} at revision {wanted}, and the model {name} is at "
            f"{origin.revision}; load --model {record.base}@{wanted}"
        )
