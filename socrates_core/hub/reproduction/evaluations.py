"""The stages that evaluate: the 40 unseen studies, and those set aside, on which the error model is fitted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from socrates_core.errors import PredictionError, RunError, SocratesError
from socrates_core.evaluation.data import EvaluationData, evaluation_data
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.hub.reproduction.estimate import of_evaluation
from socrates_core.hub.reproduction.marker import Made, Setting, Stage
from socrates_core.hub.reproduction.predictor import Predictor
from socrates_core.hub.reproduction.request import Request
from socrates_core.hub.reproduction.studies import Prepared
from socrates_core.model.loading import has_weights
from socrates_core.model.precision import Precision
from socrates_core.model.record import CALIBRATION as CALIBRATION_FILE
from socrates_core.model.size import give_back_memory
from socrates_core.runs.evaluate import run
from socrates_core.runs.state import state
from socrates_core.study.files import read_json
from socrates_core.study.split import CALIBRATION
from socrates_core.trust.command import calibrate
from socrates_core.trust.error_model.hierarchy import LEAST_GROUPS

RUNS: Final = "runs"
TEST: Final = "test"
RESULTS: Final = ("metrics.json", "predictions.parquet")


@dataclass(frozen=True)
class Evaluating:
    """One model on the studies of a reproduction."""

    request: Request
    studies: Prepared
    predictor: Predictor

    @property
    def runs(self) -> Path:
        """The folder of the runs."""
        return self.request.out / RUNS

    @property
    def made_from(self) -> dict[str, Setting]:
        """What determines the predictions."""
        return {
            **self.studies.digests,
            "model": self.predictor.model,
            "adapter": self.predictor.digest,
            "template": self.predictor.template,
            "per_cell": self.request.per_cell,
            "seed": self.request.seed,
            "precision": self.request.precision,
        }

    def specified(self, part: str, only: tuple[str, ...] = ()) -> tuple[EvaluationData, EvaluationSpec]:
        """What is evaluated of a part, and the specification of its run."""
        whole, split = open_studies(str(self.studies.folder))
        adapter = None if self.predictor.adapter is None else str(self.predictor.adapter)
        spec = specify(
            whole,
            split,
            str(self.studies.folder),
            part,
            self.predictor.model,
            adapter,
            self.predictor.template,
            self.request.per_cell,
            self.request.seed,
            only=only,
            precision=self.request.precision,
        )
        return evaluation_data(whole, split, part, spec.only), spec

    def evaluate(self, part: str, only: tuple[str, ...] = ()) -> Path:
        """Bring the run of a part to its end, from wherever it stands.

        Raises:
            RunError: If it was cancelled.
        """
        out = self.runs / part
        adapter = None if self.predictor.adapter is None else str(self.predictor.adapter)
        run(
            out=out,
            studies=str(self.studies.folder),
            split=part,  # type: ignore[arg-type]
            model=self.predictor.model,
            adapter=adapter,
            template=self.predictor.template,
            per_cell=self.request.per_cell,
            study=list(only),
            seed=self.request.seed,
            precision=self._precision(part),
            convention="observed",
        )
        give_back_memory()
        if state(out).code != "finished":
            raise RunError(f"the evaluation in {out} was stopped; the same command resumes it")
        return out

    def _precision(self, part: str) -> str:
        """As asked for; after the 40 unseen studies that of these, as `auto` may choose another in the next process."""
        provenance = self.runs / TEST / "provenance.json"
        if part == TEST or not has_weights(self.predictor.model) or not provenance.is_file():
            return self.request.precision
        found = read_json(provenance).get("precision")
        return str(found) if found in get_args(Precision) else self.request.precision


def test_stage(found: Evaluating) -> Stage:
    """The stage `evaluation`: the 40 unseen studies."""

    def work(_: Mapping[str, str | None]) -> Made:
        out = found.evaluate(TEST)
        return Made(tuple(out / name for name in RESULTS))

    return Stage("evaluation", found.made_from, _estimate(found, TEST), work, found.runs / TEST)


def calibration_stage(found: Evaluating) -> Stage:
    """The stage `calibration`: an evaluation of the studies that were set aside, and the error model fitted on it."""
    reason = cannot_calibrate(found.request, found.predictor.no_calibration)

    def work(_: Mapping[str, str | None]) -> Made:
        if reason is not None:
            return Made((), f"not calibrated: {reason}")
        fresh = new_to_the_model(found)
        if len(fresh) < LEAST_GROUPS:
            return Made((), f"not calibrated: {_too_few(len(fresh))}")
        out = found.evaluate(CALIBRATION, fresh)
        file = found.request.out / CALIBRATION_FILE
        try:
            calibrate([out], file, seed=found.request.seed, adapter=_beside(found))
        except PredictionError as error:
            return Made(tuple(out / name for name in RESULTS), f"not calibrated: {error}")
        return Made((*(out / name for name in RESULTS), file))

    def estimate() -> str:
        return f"nothing to predict: {reason}" if reason else _estimate(found, CALIBRATION)()

    return Stage("calibration", found.made_from, estimate, work, found.runs / CALIBRATION)


def cannot_calibrate(request: Request, no_calibration: str | None) -> str | None:
    """Why there is nothing to calibrate on; None if there may be.

    Args:
        request: Says how many studies are set aside.
        no_calibration: Why this model cannot be calibrated on any, as `Predictor` has it.
    """
    if request.calibration == 0:
        return "no studies were set aside (--calibration 0)"
    if request.calibration < LEAST_GROUPS:
        return _too_few(request.calibration)
    return no_calibration


def _too_few(count: int) -> str:
    return f"{count} studies that are new to the model are too few; an error model needs {LEAST_GROUPS}"


def new_to_the_model(found: Evaluating) -> tuple[str, ...]:
    """The studies set aside that neither trained the model nor chose its weights, by its record."""
    from socrates_core.runs.plan import seen_studies

    data, spec = found.specified(CALIBRATION)
    seen = set(seen_studies(data, spec)) | _chosen_on(found)
    return tuple(study for study in data.studies.study_ids if study not in seen)


def _chosen_on(found: Evaluating) -> set[str]:
    """The studies on which the weights of an adapter were selected, by its record."""
    from socrates_core.model.record import ModelRecord

    record = None if found.predictor.adapter is None else ModelRecord.load(found.predictor.adapter)
    training = record.training if record is not None and isinstance(record.training, Mapping) else {}
    named = training.get("validation_studies", ())
    return {str(one) for one in named} if isinstance(named, list | tuple) else set()


def _beside(found: Evaluating) -> str | None:
    """The adapter whose weights get the calibration too: one that is in OUT, and brought none of its own."""
    adapter = found.predictor.adapter
    if adapter is None or not adapter.resolve().is_relative_to(found.request.out.resolve()):
        return None
    return None if (adapter / CALIBRATION_FILE).exists() and found.request.recipe is None else str(adapter)


def _estimate(found: Evaluating, part: str) -> Callable[[], str]:
    def words() -> str:
        try:
            return of_evaluation(found.predictor.model, *found.specified(part), found.runs)
        except SocratesError as error:
            return f"how long is not known: {error}"

    return words
