"""The specification of an evaluation run: the values that determine its predictions, and its id."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from socrates_core.command import check_seed
from socrates_core.errors import RunError, StudyFolderError
from socrates_core.model.folder import BUNDLED_MODELS
from socrates_core.model.precision import check_precision
from socrates_core.study.incoming.fields import read_as
from socrates_core.study.sources.bundled import BUNDLED, BUNDLED_STUDIES, load_bundled
from socrates_core.study.sources.hub_address import hub_name
from socrates_core.study.split import Split
from socrates_core.study.study_set import StudySet

LATER_OPTIONS: Final[Mapping[str, Any]] = {"other_base": False, "precision": "auto", "both_orders": False}
"""Options that older versions lack, with their defaults."""


@dataclass(frozen=True)
class EvaluationSpec:
    """Everything that determines the predictions of a run. The same specification is the same run."""

    studies: str
    """`bundled`, or the folder that `train.prepare` wrote."""
    data: str
    """Digest of the studies' contents."""
    part: str
    """The part of the split: train, val, calibration or test."""
    split: str
    """Digest of the split."""
    model: str
    adapter: str | None = None
    template: str | None = None
    """As requested; None for the model's own."""
    per_cell: int | None = None
    """At most this many people per cell, drawn at random; all when None."""
    seed: int = 42
    allow_seen: bool = False
    only: tuple[str, ...] = ()
    """The study ids to evaluate; all studies of the part when empty."""
    other_base: bool = False
    """Load an adapter onto another base than the one that it names, too."""
    precision: str = "auto"
    """Precision of the weights, as requested."""
    both_orders: bool = False
    """Average over the options in both orders."""

    @property
    def run_id(self) -> str:
        """Twelve hexadecimal digits that name this specification."""
        content = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """As dictionaries, lists, strings and numbers."""
        written = {**asdict(self), "only": list(self.only)}
        for option, default in LATER_OPTIONS.items():
            if written[option] == default:
                del written[option]  # so that runs from before the option existed keep their names
        return written

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "EvaluationSpec":
        """Read the output of `to_json`.

        Raises:
            RunError: If a field is missing, unknown, or of the wrong type.
        """
        absent = [one.name for one in fields(cls) if one.name not in {**LATER_OPTIONS, **raw}]
        try:
            if absent:
                raise ValueError(f"{absent[0]} is missing")  # noqa: TRY301
            return read_as(cls, raw)
        except ValueError as error:
            raise RunError(f"the specification cannot be read ({error}); start the run again") from error


def specify(
    studies: StudySet,
    split: Split,
    where: str,
    part: str,
    model: str,
    adapter: str | None = None,
    template: str | None = None,
    per_cell: int | None = None,
    seed: int = 42,
    allow_seen: bool = False,
    only: Sequence[str] = (),
    other_base: bool = False,
    precision: str = "auto",
    both_orders: bool = False,
) -> EvaluationSpec:
    """The specification of a run; folders are absolute paths, so that it can be resumed from any directory.

    Args:
        studies: The studies to evaluate on.
        split: Their split.
        where: `bundled`, or the folder that they come from.
        part: train, val, test, or calibration where the split has one.
        model: As `load_model` takes it.
        adapter: As `load_model` takes it.
        template: As `load_model` takes it.
        per_cell: 2 or more people; all when None.
        seed: 0 to 2⁵³.
        allow_seen: Whether studies that the model was trained on are evaluated, which marks the report.
        only: Study ids; all studies of the part when empty.
        other_base: As `load_model` takes it.
        precision: As `load_model` takes it.
        both_orders: Whether each question is asked with its options in both orders.

    Raises:
        SocratesError: If an argument is not valid.
    """
    if part not in split.parts:
        raise RunError(f"there is no part {part!r} of this split; choose {', '.join(split.names)}")
    if per_cell is not None and per_cell < 2:
        raise RunError(f"--per-cell {per_cell} leaves too few people to compare; choose 2 or more")
    check_seed(seed)
    check_precision(precision)
    return EvaluationSpec(
        studies=where if where == BUNDLED else in_full(where),
        data=data_digest(studies),
        part=part,
        split=split.digest,
        model=in_full(model),
        adapter=None if adapter is None else in_full(adapter),
        template=template,
        per_cell=per_cell,
        seed=seed,
        allow_seen=allow_seen,
        only=tuple(sorted(set(only))),
        other_base=other_base,
        precision=precision,
        both_orders=both_orders,
    )


def open_studies(name: str) -> tuple[StudySet, Split]:
    """The studies to evaluate on and their split.

    Args:
        name: `bundled`, or a folder that `train.prepare` wrote.

    Raises:
        StudyFolderError: If there is no such folder.
        SplitError: If it has no split.
    """
    if name == BUNDLED:
        return load_bundled(), Split.load(BUNDLED_STUDIES / "split.json")
    folder = Path(name)
    if not folder.is_dir():
        raise StudyFolderError(
            f"there is no folder {name}; choose bundled, or make one with python -m train.prepare --out {name}"
        )
    return StudySet.load(folder), Split.load(folder / "split.json")


def data_digest(studies: StudySet) -> str:
    """Digest of a study set's contents: changes when it is prepared from other data."""
    manifest = studies.manifest
    content = [manifest.source, manifest.revision, dict(manifest.hashes), dict(manifest.counts)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def in_full(name: str) -> str:
    """The absolute path of a folder on this machine, the name of a pasted address; any other name unchanged."""
    if name in BUNDLED_MODELS:
        return name
    try:
        return str(Path(name).resolve()) if Path(name).is_dir() else hub_name(name)
    except (OSError, ValueError):  # too long for a path, or with a zero byte in it
        return name
