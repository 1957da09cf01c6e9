"""The provenance of predictions, and what their model may have seen in training."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from socrates_core import __version__
from socrates_core.errors import PredictionError, listed
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.rows import Excluded
from socrates_core.model.folder import shown_name
from socrates_core.study.incoming.problems import first_problem

PACKAGES: Final = ("numpy", "scipy", "polars", "torch", "transformers", "peft")
"""Packages whose versions can affect the numbers."""


@dataclass(frozen=True)
class NearDuplicate:
    """An evaluated stimulus that shares much of its wording with a training stimulus."""

    training_study: str
    """Id of the training study."""
    study: str
    """Id of the evaluated study."""
    cell: int
    """Id of the evaluated cell."""
    similarity: float
    """Jaccard similarity of their sets of five consecutive words, in (0, 1]."""


@dataclass(frozen=True)
class UnreadableAnswers:
    """Lines of a file that have no human answer, study or condition that can be read."""

    rows: int
    """How many."""
    examples: tuple[str, ...]
    """The first ones."""


@dataclass(frozen=True)
class RepeatedPeople:
    """People who stand in a cell with several lines."""

    people: int
    """How many, once for each cell."""
    examples: tuple[str, ...]
    """The first ones, with their cell and number of lines."""


@dataclass(frozen=True)
class GivenAnswers:
    """The human answers of the evaluated studies, before anything is predicted."""

    given: int
    """All of them."""
    in_cells_left_out: int
    """Those in cells that are not predicted, such as open-ended outcomes."""
    not_drawn: int
    """Those of people who were not drawn, where a cell has more than `per_cell`."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The provenance of predictions. Fields are what is read from the record; None, or empty, if it lacks them."""

    model: str | None = None
    """The model as requested; None for predictions of a file that names none."""
    adapter: str | None = None
    """The adapter as requested; None for a model without one."""
    template: str | None = None
    """The template of the prompt."""
    demo: bool = False
    """Whether the model is the demo model."""
    source: str | None = None
    """Where the studies come from, as stated in their manifest."""
    part: str | None = None
    """The part of the split."""
    split_digest: str | None = None
    """Hash of the split; None without one."""
    per_cell: int | None = None
    """At most this many people per cell; None for all."""
    answers: GivenAnswers | None = None
    """None in records of version 0.1, and of predictions made elsewhere."""
    base_note: str | None = None
    """Set if the base may not be the one that the adapter was trained on."""
    template_note: str | None = None
    """For a base without a record: the mass on the scale that it has under each template."""
    contaminated: tuple[str, ...] = ()
    """Evaluated studies that the model was trained on."""
    trained_on: int | None = None
    """Number of studies that the model was trained on; None if the record does not state it."""
    stimuli_compared: bool = False
    """Whether all training stimuli were available to search for near-duplicates."""
    studies_compared: int | None = None
    """Training studies whose stimuli were available; None in records of version 0.1."""
    near_duplicates: tuple[NearDuplicate, ...] = ()
    """Most similar first; empty too if no training stimulus was available."""
    losses: tuple[str, ...] = ()
    """Outcomes of which many answers could not be read, and which were prepared with --allow-loss."""
    left_out: tuple[Excluded, ...] = ()
    """Cells that were not predicted; an evaluation lists them under `excluded`."""
    file: str | None = None
    """Name of the file that the predictions were read from, if it is not of a run."""
    assumed: tuple[str, ...] = ()
    """What such a file does not say and was taken for granted."""
    unreadable_answers: UnreadableAnswers | None = None
    """None where it is no such file."""
    repeated_people: RepeatedPeople | None = None
    """None likewise."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """The whole record as in the file: revisions, versions, seeds, hashes and other notes of a run."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Provenance":
        """Read a record.

        Raises:
            ValueError: If a field that is read has the wrong type: pydantic's ValidationError.
        """
        plain = as_json(said)
        return replace(_adapter().validate_json(json.dumps(plain), strict=True), said=plain)

    @property
    def warnings(self) -> list[str]:
        """What a reader of any figure has to know first, a sentence each; the terminal and every report have them."""
        said = []
        if self.contaminated:
            some = listed(self.contaminated, 10)
            said.append(
                f"CONTAMINATED: the model was trained on {len(self.contaminated)} of these studies ({some}). This is "
                "not a test."
            )
        if self.losses:
            said.append(lost_sentence(self.losses))
        if self.base_note:
            said.append(f"Not surely the adapter's base: {self.base_note}.")
        return said

    def title(self, otherwise: str) -> str:
        """The model's name with its adapter; for predictions made elsewhere, the file's name, else `otherwise`."""
        if self.model is None:
            return self.file or otherwise
        return f"{shown_name(self.model)} + {shown_name(self.adapter)}" if self.adapter else shown_name(self.model)

    def to_json(self) -> dict[str, Any]:
        """The record as in the file."""
        return dict(self.said)


def lost_sentence(losses: Sequence[str]) -> str:
    """That answers of these outcomes were lost, which `--allow-loss` allowed."""
    return f"ANSWERS LOST: {listed(losses, 3, '; ')}. The figures are about the rest, which may be biased."


@cache
def _adapter() -> TypeAdapter[Provenance]:
    return TypeAdapter(Provenance)


def read_provenance(said: Mapping[str, Any]) -> Provenance:
    """Read the provenance of predictions.

    Raises:
        PredictionError: If a field that is read has the wrong type.
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
