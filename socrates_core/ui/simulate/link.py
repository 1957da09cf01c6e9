"""Links to results: a complete request in a query string, validated when it is read.

A result is a pure function of studies, model and request, so the link carries the request itself and nothing is
stored. It also carries a checksum of the question with its answers, and the name of the model: on different data the
link is refused, with a different model the page warns.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.people.population import edits_to_json
from socrates_core.simulation.request import SimulationRequest
from socrates_core.ui.catalogue import Catalogue, cell_mark

LONGEST: Final = 8000
"""Characters of a parameter; longer values are rejected."""

BESIDE: Final = "beside"
"""The parameter with the query string of the setting that is compared with, as A."""

MAX_TEMPERATURE: Final = 2.0
"""Upper end of the slider."""


@dataclass(frozen=True)
class Link:
    """A request with its source and model."""

    source: str
    """Name of a source in the catalogue."""
    request: SimulationRequest
    model: str = ""
    """As `model_name` gives it; empty where the link does not name a model."""


def model_name(description: ModelDescription) -> str:
    """Name, adapter and template, separated by spaces."""
    return " ".join(filter(None, (description.name, description.adapter, description.template)))


def to_query(link: Link, catalogue: Catalogue) -> str:
    """The link as `key=value&…`, without the question mark; default values are omitted.

    Raises:
        SocratesError: If the source or the cell is not in the catalogue.
    """
    request, default = link.request, SimulationRequest(link.request.cell_id)
    studies = catalogue.source(link.source).studies
    pairs: dict[str, Any] = {
        "source": link.source,
        "cell": f"{request.cell_id}.{cell_mark(studies, studies.cell(request.cell_id))}",
    }
    for key in ("n", "temperature", "top_p", "seed", "control"):
        if getattr(request, key) != getattr(default, key):
            pairs[key] = getattr(request, key)
    if request.edits:
        pairs["edits"] = json.dumps(edits_to_json(request.edits), ensure_ascii=False, separators=(",", ":"))
    if link.model:
        pairs["model"] = link.model
    return urlencode(pairs)


def from_query(query: Mapping[str, str], catalogue: Catalogue) -> Link | None:
    """Read the parameters of a query string; None where they do not name a cell.

    Raises:
        SocratesError: If a parameter is invalid or names something that does not exist here; the message names it.
            Edits are parsed but not yet checked against the participants.
    """
    if "cell" not in query:
        return None
    for key in ("source", "cell", "n", "temperature", "top_p", "seed", "control", "edits", "model"):
        if len(query.get(key, "")) > LONGEST:
            raise SocratesError(f"this link cannot be read: {key} is longer than {LONGEST:,} characters")
    source = catalogue.source(query.get("source", catalogue.sources[-1].name))
    identity, _, mark = query["cell"].partition(".")
    cell = source.studies.cell(_whole("cell", identity))
    if mark != cell_mark(source.studies, cell):
        raise SocratesError(
            "this link was made with different data: the wording or the answers of its question have changed. Choose "
            "the study from the list"
        )
    raw: dict[str, Any] = {"cell_id": cell.cell_id}
    raw |= {key: _whole(key, query[key]) for key in ("n", "seed", "control") if key in query}
    raw |= {key: _number(key, query[key]) for key in ("temperature", "top_p") if key in query}
    if not raw.get("temperature", 1.0) <= MAX_TEMPERATURE:
        raise SocratesError(f"this link cannot be read: temperature should be between 0 and {MAX_TEMPERATURE:g}")
    conditions = {other.condition_num for other in source.studies.cells_of(cell.study_id)}
    if raw.get("control") not in {None, *conditions}:
        raise SocratesError(f"this link cannot be read: its study has no condition {raw['control']} to compare with")
    if "edits" in query:
        raw["edits"] = _edits(query["edits"])
    return Link(source.name, SimulationRequest.from_json(raw), query.get("model", ""))


def link_of(query: str, catalogue: Catalogue) -> Link | None:
    """The link that a query string is, without the question mark; None where it does not name a cell.

    Raises:
        SocratesError: As for `from_query`.
    """
    return from_query(dict(parse_qsl(query, keep_blank_values=True)), catalogue)


def beside_of(query: Mapping[str, str], catalogue: Catalogue) -> Link | None:
    """The setting that a link compares with; None where it compares nothing.

    Raises:
        SocratesError: As for `from_query`.
    """
    text = query.get(BESIDE, "")
    if len(text) > LONGEST:
        raise SocratesError(f"this link cannot be read: {BESIDE} is longer than {LONGEST:,} characters")
    return link_of(text, catalogue)


def _whole(key: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise SocratesError(f"this link cannot be read: {key} should be a whole number, not {text[:40]!r}")
    return int(text)


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SocratesError(f"this link cannot be read: {key} should be a number, not {text[:40]!r}") from None


def _edits(text: str) -> object:
    try:
        raw = json.loads(text)
        json.dumps(raw, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be encoded
    except (ValueError, RecursionError):
        raise SocratesError(f"this link cannot be read: its edits are not valid: {text[:40]!r}") from None
    return raw
