"""Prediction on a Ray cluster: actors load the model, batches of cells are their tasks, results return when done.

The driver writes the unit files, so the workers need no shared disk for results, only the studies and the model at the
same paths as on the driver. When a node is lost, its unfinished batches go to the remaining actors.
"""

import os
import socket
from collections.abc import Generator, Sequence
from typing import Any, Final, cast

from socrates_core.errors import RunError, SocratesError
from socrates_core.evaluation.data import evaluation_data
from socrates_core.evaluation.prediction import predict
from socrates_core.evaluation.spec import EvaluationSpec, open_studies
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.baselines import MarginalModel
from socrates_core.model.loading import load_model
from socrates_core.model.precision import Precision
from socrates_core.runs.units import Result
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.study.study_set import Cell

AHEAD: Final = 2
"""Batches queued per actor, so that it never waits for the driver."""


class Predictor:
    """An actor: one copy of the model, with the studies, in a process of the cluster."""

    def __init__(self, raw_spec: dict[str, Any]) -> None:
        """Open the studies and load the model.

        Args:
            raw_spec: The specification, as from `EvaluationSpec.to_json`.
        """
        self._spec = EvaluationSpec.from_json(raw_spec)
        studies, split = open_studies(self._spec.studies)
        self._data = evaluation_data(studies, split, self._spec.part, self._spec.only)
        self._cells = {cell.cell_id: cell for cell in self._data.cells}
        training = self._data.training
        self._marginal = MarginalModel(training) if training is not None else None
        spec = self._spec
        model = load_model(
            spec.model,
            spec.adapter,
            template=spec.template,
            training=training,
            other_base=spec.other_base,
            precision=cast("Precision", spec.precision),
        )
        self._model = in_both_orders(model) if spec.both_orders else model

    def description(self) -> ModelDescription:
        """The model's description."""
        return self._model.description

    def predict(self, cell_ids: Sequence[int]) -> Result:
        """The predictions of one batch of cells, or the error it ended in."""
        try:
            return predict(self._model, self._data, [self._cells[i] for i in cell_ids], self._spec, self._marginal)
        except (SocratesError, RuntimeError, MemoryError) as error:
            return RuntimeError(str(error))  # the original may hold objects that cannot be pickled


class RayEngine:
    """A connection to a cluster, with one actor per GPU, or one per node if it has no GPUs."""

    def __init__(self, spec: EvaluationSpec) -> None:
        """Prepare; the connection is made when the engine is entered.

        Args:
            spec: The run's specification.

        Raises:
            RunError: If Ray is not installed.
        """
        try:
            import ray
            import ray.exceptions
        except ImportError as error:
            raise RunError("--engine ray needs Ray: pip install ray==2.60.0, or leave --engine out") from error
        self._ray: Any = ray
        self._spec = spec
        self._actors: list[Any] = []

    answers_before = 0
    rests_on = ""
    asked = ""
    """As of a `LocalEngine`; the actors keep no file of answers, since they may not see the run's folder."""

    def __enter__(self) -> "RayEngine":
        """Connect to the cluster at RAY_ADDRESS, or start one on this machine, and create the actors.

        Raises:
            RunError: If the cluster cannot be reached.
        """
        known = os.environ.get("RAY_ADDRESS")
        if known:
            _check_reachable(known)
        try:
            self._ray.init(address=known, log_to_driver=False, include_dashboard=None if known else False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RunError(f"the Ray cluster cannot be reached ({error}); start one with ray start --head") from error
        gpus = int(self._ray.cluster_resources().get("GPU", 0))
        nodes = sum(bool(node["Alive"]) for node in self._ray.nodes())
        kind = self._ray.remote(Predictor).options(
            num_gpus=1 if gpus else 0,
            num_cpus=1,
            scheduling_strategy="SPREAD",
        )
        self._actors = [kind.remote(self._spec.to_json()) for _ in range(max(1, gpus or nodes))]
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect from the cluster; the actors end."""
        self._actors = []
        self._ray.shutdown()

    @property
    def description(self) -> ModelDescription:
        """The model's description, from the first actor.

        Raises:
            SocratesError: If it cannot be loaded, or the actors' devices led to different precisions.
        """
        try:
            all_of_them: list[ModelDescription] = self._ray.get([actor.description.remote() for actor in self._actors])
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            raise RunError(f"the model cannot be loaded on the cluster: {cause or error}") from error
        precisions = sorted({one.precision for one in all_of_them})
        if len(precisions) > 1:
            raise RunError(
                f"the machines of the cluster would predict in different precisions ({', '.join(precisions)}); choose "
                "one with --precision"
            )
        return all_of_them[0]

    def results(self, groups: Sequence[Sequence[Cell]]) -> Generator[tuple[int, Result], None, None]:
        """(index, result) of each batch, in order of completion.

        Raises:
            RunError: If no actor is left.
        """
        waiting = list(range(len(groups)))[::-1]
        at_work: dict[Any, tuple[int, Any]] = {}
        alive = list(self._actors)

        def hand_out(actor: Any) -> None:
            if waiting and actor in alive:
                place = waiting.pop()
                at_work[actor.predict.remote([cell.cell_id for cell in groups[place]])] = (place, actor)

        for actor in alive * AHEAD:
            hand_out(actor)
        while at_work:
            (done, *_), _ = self._ray.wait(list(at_work), num_returns=1)
            place, actor = at_work.pop(done)
            try:
                found: Result = self._ray.get(done)
            except self._ray.exceptions.RayError as error:
                waiting.append(place)
                if actor in alive:
                    alive.remove(actor)
                if not alive:
                    reason = str(error).splitlines()[0]
                    raise RunError(
                        f"the Ray cluster lost all its workers ({reason}); re-run the command to resume"
                    ) from error
                for other in alive:  # it may have been idle
                    hand_out(other)
                continue
            yield place, found
            hand_out(actor)


def _check_reachable(address: str) -> None:
    """Raise a RunError unless a server listens there; Ray itself would keep trying for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return  # a name like `auto`, which Ray resolves
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise RunError(
            f"the Ray cluster at {address} (RAY_ADDRESS) cannot be reached ({error}); start it with ray start --head"
        ) from error
