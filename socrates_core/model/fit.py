"""Compatibility of model, adapter, tokenizer and template. A mismatch is refused, and the error names both sides."""

from typing import Any

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.endpoint_model import RELEASED
from socrates_core.model.folder import COMMIT, Origin
from socrates_core.model.record import ModelRecord, tokenizer_hash


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


def check_tokenizer(name: str, adapter: str | None, record: ModelRecord | None, tokenizer: Any) -> None:
    """Raise a ModelError if the weights were trained with a different tokenizer."""
    if record and record.tokenizer != tokenizer_hash(tokenizer):
        raise ModelError(
            f"{adapter or name} was trained with a different tokenizer from the one that {name} has now; "
            "load the revision of the base model that it was trained on"
        )


def check_base(name: str, origin: Origin, adapter: str, record: ModelRecord | None) -> None:
    """Raise a ModelError unless the model is the one that the adapter was trained on, as far as both are recorded.

    An adapter that names no base (its base was a folder) is checked by tokenizer and shapes alone.

    Args:
        name: The model's name.
        origin: The origin of the weights in the model's folder.
        adapter: The adapter's name.
        record: The adapter's record.
    """
    if record is None or record.base is None:
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
