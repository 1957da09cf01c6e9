"""The figures on a model card: W, always with noise floor, interval and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from socrates_core.errors import HubError, PredictionError
from socrates_core.evaluation.results.distances import CONVENTIONS, Convention, StudyKind
from socrates_core.evaluation.results.kinds import KindDistances
from socrates_core.evaluation.results.metrics import load_metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.hub.inspection import WEIGHTS, AdapterConfig
from socrates_core.metrics.proper.scores import ProperScores
from socrates_core.model.folder import DEMO
from socrates_core.model.record import ModelRecord
from socrates_core.study.files import file_sha256
from socrates_core.study.incoming.numbers import number_in, whole_in

MAX_METRICS: Final = 512 * 1024**2
"""Bytes of a metrics.json; that of all cells of SocSci210 takes a tenth of this."""


@dataclass(frozen=True)
class Figure:
    """A Wasserstein distance (W) with the figures needed to interpret it."""

    measured: Literal["validation", "evaluation"]
    """`validation`: on the studies used to select the weights, so the figure is optimistic."""
    convention: Convention
    value: float
    """In [0, 1]: mean over the cells of a study, then over studies; 0 is a perfect match."""
    low: float | None
    """Lower end of the 95 % interval over resampled studies; None for fewer than two studies."""
    high: float | None
    floor: float
    """Noise floor: W of a perfect prediction with as many people."""
    uniform: float
    """W of the uniform baseline on the same cells."""
    cells: int
    studies: int
    mass: float | None
    """Share of the probability mass on the scale; None if not known."""
    kind: StudyKind | None = None
    """The kind of studies, which never share a figure; None for the validation, whose studies' kinds are not kept."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation run of an adapter."""

    figures: tuple[Figure, ...]
    contaminated: bool
    """Whether the evaluation includes studies that the adapter was trained on."""
    source: str
    """Source of the studies, from their manifest."""
    part: str
    """Part of the split, usually test."""
    split: str | None
    """Digest of that split."""
    per_cell: int | None
    """Largest number of people per cell; None for all."""
    proper: Mapping[StudyKind, ProperScores]
    """Proper scores, of real and of synthetic studies separately; empty if there are none."""
    checked: bool
    """Whether the evaluated weights were available and are identical to these."""


def validation_figures(record: ModelRecord) -> tuple[Figure, ...]:
    """The validation figures in the record; empty if there are none."""
    found = record.training.get("validation") if isinstance(record.training, Mapping) else None
    if not isinstance(found, Mapping):
        return ()
    numbers = [number_in(found.get(name), 0, 1) for name in ("wasserstein", "low", "high", "noise_floor", "uniform")]
    counts = [whole_in(found.get(name), 0, 10**9) for name in ("cells", "studies")]
    value, low, high, floor, uniform = numbers
    cells, studies = counts
    if value is None or floor is None or uniform is None or cells is None or studies is None:
        return ()
    mass = number_in(found.get("on_scale_mass"), 0, 1)
    return (Figure("validation", "scale", value, low, high, floor, uniform, cells, studies, mass),)


def read_run(run: Path, folder: Path, config: AdapterConfig, record: ModelRecord) -> Evaluated:
    """Read the figures of a finished run after checking that it belongs to this adapter.

    Args:
        run: The run's folder, or its metrics.json.
        folder: The folder of the adapter.
        config: Its config.
        record: Its record.

    Raises:
        HubError: If there are no figures, or they belong to another model or adapter.
    """
    path = run / "metrics.json" if run.is_dir() else run
    try:
        if path.stat().st_size > MAX_METRICS:
            raise HubError(f"{path} has {path.stat().st_size:,} bytes; expected the metrics.json of a run")
        metrics = load_metrics(path)
    except OSError as error:
        raise HubError(f"no figures can be read from {path} ({error}); give the folder of a finished run") from error
    except PredictionError as error:
        raise HubError(str(error)) from error
    provenance = metrics.provenance
    figures = tuple(
        figure
        for kind, found in sorted(metrics.by_kind.items())
        for name in CONVENTIONS
        if (figure := _evaluated(kind, found, name)) is not None
    )
    checked = _belongs(path, provenance, folder, config, record)
    if not figures:
        raise HubError(f"{path} has no W for any cell; evaluate on studies with bounded scales")
    return Evaluated(
        figures=figures,
        contaminated=metrics.contaminated,
        source=str(provenance.source),
        part=str(provenance.part),
        split=provenance.split_digest or None,
        per_cell=provenance.per_cell,
        proper={kind: one.proper for kind, one in metrics.probabilities.items() if one.proper is not None},
        checked=checked,
    )


def _evaluated(kind: StudyKind, of_kind: KindDistances, convention: Convention) -> Figure | None:
    found = of_kind.scale if convention == "scale" else of_kind.observed
    value = number_in(found.mean, 0, 1)
    floor = number_in(of_kind.noise_floor.by(convention).mean, 0, 1)
    uniform = number_in(of_kind.uniform.by(convention).mean, 0, 1)
    if value is None or floor is None or uniform is None:
        return None
    low, high = (
        (None, None) if found.ci95 is None else (number_in(found.ci95.low, 0, 1), number_in(found.ci95.high, 0, 1))
    )
    mass = number_in(of_kind.on_scale_mass.mean, 0, 1)
    return Figure("evaluation", convention, value, low, high, floor, uniform, found.cells, found.studies, mass, kind)


def _belongs(path: Path, provenance: Provenance, folder: Path, config: AdapterConfig, record: ModelRecord) -> bool:
    """Reject a run of another model or adapter; return whether the weights themselves could be compared."""
    adapter, model = provenance.adapter, str(provenance.model)
    clash = f"{path} does not belong to the adapter in {folder}"
    if adapter is None:
        raise HubError(f"{clash}: it evaluates {model} without an adapter; evaluate with --adapter {folder}")
    if provenance.template != record.template:
        raise HubError(f"{clash}: its template is {provenance.template}, the adapter's {record.template}")
    # the path of a folder does not identify its base model
    if (model == DEMO or not Path(model).is_dir()) and model.partition("@")[0] != config.base:
        raise HubError(f"{clash}: its base is {model}, that of the adapter is {config.base}")
    weights = Path(adapter) / WEIGHTS
    if not weights.is_file():
        return False
    if file_sha256(weights) != file_sha256(folder / WEIGHTS):
        raise HubError(f"{clash}: the weights in {adapter}, which it evaluated, are different; evaluate this adapter")
    return True
