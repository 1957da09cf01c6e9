"""Where predictions come from, and what their model may have known."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from socrates_core import __version__
from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.json_file import as_json, first_problem
from socrates_core.evaluation.results.rows import Excluded
from socrates_core.model.folder import shown_name

PACKAGES: Final = ("numpy", "scipy", "polars", "torch", "transformers", "peft")
"""Packages whose versions can affect the numbers."""


@dataclass(frozen=True)
class NearDuplicate:
    """An evaluated stimulus that shares much of its wording with one that the model was trained on."""

    training_study: str
    """Id of the study that it was trained on."""
    study: str
    """Id of the evaluated study."""
    cell: int
    """Id of the evaluated cell."""
    similarity: float
    """Jaccard similarity of their sets of five consecutive words, in (0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where predictions come from. Fields are what is read of it; None, or empty, where the record lacks them."""

    model: str | None = None
    """As it was asked for; None for predictions of a file that names none."""
    adapter: str | None = None
    """As it was asked for; None for a model on its own."""
    template: str | None = None
    """Of the prompt."""
    demo: bool = False
    """Whether it is the demo model."""
    source: str | None = None
    """Where the studies come from, as their manifest says."""
    part: str | None = None
    """Of the split."""
    split_digest: str | None = None
    """Hash of the split; None without one."""
    per_cell: int | None = None
    """People asked in a cell, at most; None for all."""
    base_note: str | None = None
    """What is to be said of a base that may not be the one the adapter was trained on."""
    contaminated: tuple[str, ...] = ()
    """Evaluated studies that the model has learned from."""
    trained_on: int | None = None
    """Studies that the model has learned from; None where the record does not say."""
    stimuli_compared: bool = False
    """Whether all training stimuli were at hand, to look for near-duplicates of them."""
    studies_compared: int | None = None
    """Training studies whose stimuli were at hand; None in records of version 0.1."""
    near_duplicates: tuple[NearDuplicate, ...] = ()
    """Closest first; empty too where no training stimulus was at hand."""
    left_out: tuple[Excluded, ...] = ()
    """Cells that were not predicted; of predictions alone, an evaluation has them under `excluded`."""
    file: str | None = None
    """Name of the file that predictions were read from, where it is no run's."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """The whole record, as the file has it: revisions, versions, seeds, hashes and what else a run notes."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Provenance":
        """Read a record.

        Raises:
            ValueError: If a field that is read is of another type, pydantic's ValidationError.
        """
        plain = as_json(said)
        return replace(_adapter().validate_json(json.dumps(plain), strict=True), said=plain)

    def title(self, otherwise: str) -> str:
        """The model's name with its adapter; of predictions made elsewhere, their file's, or another one."""
        if self.model is None:
            return self.file or otherwise
        return f"{shown_name(self.model)} + {shown_name(self.adapter)}" if self.adapter else shown_name(self.model)

    def to_json(self) -> dict[str, Any]:
        """As the file has it."""
        return dict(self.said)


@cache
def _adapter() -> TypeAdapter[Provenance]:
    return TypeAdapter(Provenance)


def read_provenance(said: Mapping[str, Any]) -> Provenance:
    """Where predictions come from.

    Raises:
        PredictionError: If what is read of it is of another type.
    """
    try:
        return Provenance.of(said)
    except ValidationError as error:
        raise PredictionError(f"the provenance of these predictions cannot be read: {first_problem(error)}") from error


def versions() -> dict[str, str]:
    """Of this software, Python and the installed packages that the numbers depend on."""
    found = {"socrates": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
