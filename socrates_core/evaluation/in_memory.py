"""An evaluation and a comparison in memory, without a run folder."""

from collections import Counter
from collections.abc import Callable, Sequence

from socrates_core.errors import PredictionError
from socrates_core.evaluation.comparison import Evaluation
from socrates_core.evaluation.comparison import compare as compare_evaluations
from socrates_core.evaluation.data import batches, evaluation_data
from socrates_core.evaluation.prediction import describe, predict
from socrates_core.evaluation.prediction_table import cells_of, unit_table
from socrates_core.evaluation.results.comparison import Comparison, Kind
from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.scores import ScoredCells
from socrates_core.evaluation.scores import evaluate as score
from socrates_core.evaluation.spec import specify
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.baselines import MarginalModel
from socrates_core.study.studies import Studies, need_split


def evaluate(
    studies: Studies,
    model: AnswerModel,
    part: str = "test",
    *,
    only: Sequence[str] = (),
    per_cell: int | None = None,
    seed: int = 42,
    allow_seen: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ScoredCells:
    """Evaluate a model on studies that it was not trained on, with the figures of a run of `eval.run`.

    >>> from socrates_core import evaluate, load_model, load_studies
    >>> studies = load_studies("bundled")
    >>> found = evaluate(studies, load_model("uniform"), only=["gss-welfare", "classic-side-effect"], per_cell=50)
    >>> print(found)
    uniform: 4 cells of 2 real studies, W by the stated scale
      W                 0.2325
      noise floor       0.0459
      uniform baseline  0.2325
      marginal baseline 0.2325
    >>> round(found.w, 4), found.interval is None  # two studies are too few for an interval
    (0.2325, True)

    Args:
        studies: From `load_studies`. Keep their train part: the marginal baseline is learned from it, and
            near-duplicates are searched in it.
        model: From `load_model`.
        part: The part of the split: `train`, `val`, `test`, or `calibration` where there is one.
        only: Ids of the studies of that part to evaluate; all of them when empty.
        per_cell: At most this many people per cell, drawn at random, 2 or more; all when None.
        seed: Seed of the people drawn and of all resamples, 0 to 2⁵³.
        allow_seen: Evaluate studies that the model was trained on; marks the evaluation `contaminated`.
        progress: Called with (cells predicted so far, cells in all).

    Returns:
        W with its interval, floor and baselines; `metrics` has every figure, as in metrics.json of a run. Printing the
        result gives a summary.

    Raises:
        LeakError: If the model was trained on evaluated studies, and that is not allowed.
        SplitError: If there is no split or no such part, or it holds nothing to predict.
        StudyFolderError: If one of the ids in `only` is not in the part.
        RunError: If a number is out of range.
        ModelError: If the model cannot predict.
        PredictionError: If no cell can be scored.
    """
    split, about = need_split(studies), model.description
    spec = specify(
        studies,
        split,
        studies.manifest.source,
        part,
        about.name,
        about.adapter,
        about.template,
        per_cell,
        seed,
        allow_seen,
        [only] if isinstance(only, str) else only,
        precision=about.requested_precision,
    )
    data = evaluation_data(studies, split, spec.part, spec.only)
    provenance = describe(spec, data, about)
    marginal = MarginalModel(data.training) if data.training is not None else None
    cells = []
    for group in batches(data, per_cell):
        cells += predict(model, data, group, spec, marginal)
        if progress is not None:
            progress(len(cells), len(data.cells))
    # a run scores stored predictions, in single precision; without that rounding, figures differ in the 9th digit
    cells = cells_of(unit_table(cells))
    return score(cells, provenance, seed)


def compare(
    *evaluations: ScoredCells, convention: Convention = "scale", seed: int = 42, kind: Kind = "all"
) -> Comparison:
    """Compare evaluations on the cells that all of them scored: which is closer, and whether that is resolved.

    >>> from socrates_core import compare, evaluate, load_model, load_studies
    >>> studies = load_studies("bundled")
    >>> real = [one for one in studies.part("test").study_ids if not one.startswith("society")]
    >>> found = [evaluate(studies, load_model(name), only=real, per_cell=50) for name in ("uniform", "marginal")]
    >>> for line in compare(*found).differences:
    ...     print(line.sentence)
    uniform is 0.0076 further off than marginal, interval -0.0099 to 0.0214: not resolved.

    Args:
        evaluations: Two or more, of the same studies with the same `per_cell` and `seed`.
        convention: `scale` (the stated scale) or `observed` (the range of the human answers).
        seed: Seed of the resamples of studies; the same for all, so that differences are paired.
        kind: The studies that count: `all`, `real` ones or `synthetic` ones. Of all, the real ones and the synthetic
            ones are compared separately.

    Raises:
        PredictionError: If there are fewer than two, or they have no cell in common.
    """
    if convention not in ("scale", "observed"):
        raise PredictionError(f"there is no convention {convention!r}; choose scale or observed")
    names = [one.name for one in evaluations]
    counted = Counter(names)
    numbered = [f"{name} #{place}" if counted[name] > 1 else name for place, name in enumerate(names, start=1)]
    compared = [Evaluation(name, one.metrics) for name, one in zip(numbered, evaluations, strict=True)]
    return compare_evaluations(compared, convention, seed, kind)
