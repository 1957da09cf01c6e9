"""Writes a map, so that reading it gives the same map again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from socrates_core.study.files import write_files
from socrates_core.study.sources.table.map.form import TableMap
from socrates_core.study.sources.table.map.recognition import Proposal
from socrates_core.study.study_file.writing import raw_text


def raw_of(form: TableMap) -> dict[str, Any]:
    """The contents of a map's file, without keys that say nothing."""
    raw = form.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True)
    # an empty `off_axis` says that there is none, and is no default
    return {key: _plain(value) for key, value in raw.items()}


def map_text(form: TableMap, remarks: Mapping[str, str] | None = None) -> str:
    """The map as YAML; `map_of(read_yaml(…))` gives the map back.

    Args:
        form: The map.
        remarks: Column → what to say about it, in comments above the map.
    """
    lines = [f"# {_line(column)}: {_line(remark)}\n" for column, remark in (remarks or {}).items()]
    return "".join(lines) + raw_text(raw_of(form))


def proposal_text(proposal: Proposal) -> str:
    """A proposed map as YAML, with the reason for each column, and what to check, in comments above it."""
    remarks = {
        guess.name: f"{guess.role}, {guess.reason}." + "".join(f" PLEASE CHECK: {one}" for one in guess.checks)
        for guess in proposal.guesses
    }
    return map_text(proposal.form, remarks)


def write_map(text: str, path: Path) -> None:
    """Write the text of a map; what stood there before is replaced once the new one is complete.

    Raises:
        OSError: If it cannot be written.
    """
    write_files(path.parent, {path.name: text})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _line(text: str) -> str:
    """A text that stays within one comment."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
