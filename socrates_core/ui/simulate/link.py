"""Links to results: a whole request in a query string, read back with suspicion.

A result is a pure function of studies, model and request, so the link holds the request itself and nothing is stored.
It also holds a mark of the question with its answers and the name of the model: with other data the link is refused,
with another model the page says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.people.population import edits_to_json
from socrates_core.simulation.request import SimulationRequest
from socrates_core.ui.catalogue import Catalogue, cell_mark

LONGEST: Final = 8000
"""Characters of a parameter; longer ones are no link of ours."""

MAX_TEMPERATURE: Final = 2.0
"""Of the page's slider."""


@dataclass(frozen=True)
class Link:
    """What a link asks for."""

    source: str
    """Name of a source in the catalogue."""
    request: SimulationRequest
    model: str = ""
    """Of the result that was linked, as `model_name` gives it; empty where the link does not say."""


def model_name(description: ModelDescription) -> str:
    """Model, adapter and template in one word each."""
    return " ".join(filter(None, (description.name, description.adapter, description.template)))


def to_query(link: Link, catalogue: Catalogue) -> str:
    """The link as `key=value&…`, without question mark; values that are the defaults are left out.

    Raises:
        SocratesError: If the source or the cell is not in the catalogue.
    """
    request, default = link.request, SimulationRequest(link.request.cell_id)
    studies = catalogue.source(link.source).studies
    pairs: dict[str, Any] = {
        "source": link.source,
        "cell": f"{request.cell_id}.{cell_mark(studies, studies.cell(request.cell_id))}",
    }
    for key in ("n", "temperature", "top_p", "seed"):
        if getattr(request, key) != getattr(default, key):
            pairs[key] = getattr(request, key)
    if request.edits:
        pairs["edits"] = json.dumps(edits_to_json(request.edits), ensure_ascii=False, separators=(",", ":"))
    if link.model:
        pairs["model"] = link.model
    return urlencode(pairs)


def from_query(query: Mapping[str, str], catalogue: Catalogue) -> Link | None:
    """Read a query string's parameters; None where they ask for no result.

    Raises:
        SocratesError: If they ask for something that is not here or makes no sense; names the parameter. The edits
            are read but not yet checked against the participants.
    """
    if "cell" not in query:
        return None
    for key in ("source", "cell", "n", "temperature", "top_p", "seed", "edits", "model"):
        if len(query.get(key, "")) > LONGEST:
            raise SocratesError(f"this link cannot be read: {key} is longer than {LONGEST:,} characters")
    source = catalogue.source(query.get("source", catalogue.sources[-1].name))
    identity, _, mark = query["cell"].partition(".")
    cell = source.studies.cell(_whole("cell", identity))
    if mark != cell_mark(source.studies, cell):
        raise SocratesError(
            "this link was made with other data: the question it names reads differently here, or has other answers. "
            "Choose the study from the list"
        )
    raw: dict[str, Any] = {"cell_id": cell.cell_id}
    raw |= {key: _whole(key, query[key]) for key in ("n", "seed") if key in query}
    raw |= {key: _number(key, query[key]) for key in ("temperature", "top_p") if key in query}
    if not raw.get("temperature", 1.0) <= MAX_TEMPERATURE:
        raise SocratesError(f"this link cannot be read: temperature should be between 0 and {MAX_TEMPERATURE:g}")
    if "edits" in query:
        raw["edits"] = _edits(query["edits"])
    return Link(source.name, SimulationRequest.from_json(raw), query.get("model", ""))


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
        json.dumps(raw, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise SocratesError(f"this link cannot be read: its edits are not what a link holds: {text[:40]!r}") from None
    return raw
