"""One outcome simulated as it is asked and in other ways, with the same people and the same seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.errors import ModelError, SocratesError, StoppedError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.prompt import TEMPLATES
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.robustness.asking import ORDERS, RewordedModel, Templated, in_both_orders
from socrates_core.simulation.robustness.rewording import REWORDINGS, CannotRewordError, Rewording
from socrates_core.simulation.simulate import arms_of, simulate
from socrates_core.study.study_set import Cell, StudySet

AS_ASKED: Final = "as asked"
BOTH: Final = "both orders"
NO_EFFECT: Final = 0.5
"""Points: a predicted effect below this, up or down, counts as no effect, which has no sign."""
STOPPED: Final = "Stopped before it was asked so."


@dataclass(frozen=True, eq=False)
class Variant:
    """One way to ask."""

    name: str
    changed: str
    """What is put otherwise, in words."""
    simulation: Simulation | None
    """None if the question cannot be asked so."""
    refused: str | None
    """Why not, as a sentence."""


@dataclass(frozen=True)
class SignAgreement:
    """In which ways an effect has the sign that it has as asked."""

    label: str
    """The arm's condition."""
    predicted: float
    """The effect as asked, in points."""
    sign: int
    """−1 or 1; 0 for no effect."""
    same: int
    """Ways with this sign, as asked among them; where `sign` is 0, those that show no effect."""
    opposite: tuple[str, ...]
    """What is changed in the ways with the opposite sign; where `sign` is 0, in those that show an effect."""
    no_effect: tuple[str, ...]
    """What is changed in the ways that show no effect though as asked there is one."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """What a prediction owes to how the question is put."""

    variants: tuple[Variant, ...]
    """As asked first."""

    @property
    def asked(self) -> tuple[Simulation, ...]:
        """V simulations, as asked first."""
        return tuple(one.simulation for one in self.variants if one.simulation is not None)

    def means(self) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        """(V, A) predicted means, in the scale's own numbers."""
        return np.array([[arm.predicted_mean for arm in one.arms] for one in self.asked], dtype=np.float64)

    def distances(self) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        """(V, A) W by the stated scale; NaN where nobody answered."""
        return np.array(
            [[np.nan if arm.w is None else arm.w for arm in one.arms] for one in self.asked], dtype=np.float64
        )

    def effects(self) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        """(V, E) predicted effects in points; E is 0 without a second arm or an order of the options."""
        return np.array([[row.predicted for row in one.effects] for one in self.asked], dtype=np.float64)

    def signs(self) -> tuple[SignAgreement, ...]:
        """(E,) in which of the V ways each effect keeps its sign; one below `NO_EFFECT` has none and agrees with none
        that has one.
        """
        effects = self.effects()
        signs = np.where(np.abs(effects) < NO_EFFECT, 0, np.sign(effects)).astype(int)
        ways = [one.changed for one in self.variants if one.simulation is not None]
        found = []
        for place, row in enumerate(self.asked[0].effects):
            first, column = int(signs[0, place]), signs[:, place].tolist()
            pairs = [(way, sign) for way, sign in zip(ways, column, strict=True) if sign != first]
            found.append(
                SignAgreement(
                    label=row.label,
                    predicted=row.predicted,
                    sign=first,
                    same=column.count(first),
                    opposite=tuple(way for way, sign in pairs if sign != 0),
                    no_effect=tuple(way for way, sign in pairs if sign == 0),
                )
            )
        return tuple(found)


def robustness(
    studies: StudySet,
    model: AnswerModel,
    request: SimulationRequest,
    progress: Callable[[int, int], None] | None = None,
    both_orders: bool = False,
) -> Robustness:
    """Simulate an outcome as it is asked and in every other way that its scale and model allow.

    Args:
        studies: The studies that hold the cell.
        model: The model that predicts; of an endpoint, the template is its server's own.
        request: The outcome and how to simulate it.
        progress: Called with (done so far, in all), in parts of the work; it may raise a StoppedError, after which the
            ways that were asked are kept.
        both_orders: Whether to average over both orders of the options, too: twice the work of one way.

    Raises:
        SocratesError: As `simulate` does, for the question as asked.
        StoppedError: If it is stopped before the question as asked is predicted.
    """
    chosen = studies.cell(request.cell_id)
    check_choices(chosen)
    cells, _ = arms_of(studies.cells_of(chosen.study_id), chosen, request.max_arms, request.control)
    ways = [(name, changed, _refusal(name, cells) or asked) for name, changed, asked in _ways(model, both_orders)]
    parts = _Parts(progress, [0 if isinstance(asked, str) else 1 + (name == BOTH) for name, _, asked in ways])
    done: list[Variant] = []
    stopped = False
    for place, (name, changed, asked) in enumerate(ways):
        if stopped or isinstance(asked, str):
            done.append(Variant(name, changed, None, asked if isinstance(asked, str) else STOPPED))
            continue
        try:
            done.append(Variant(name, changed, simulate(studies, asked, request, parts.of(place)), None))
        except SocratesError as error:
            if name == AS_ASKED:
                raise
            stopped = isinstance(error, StoppedError)
            done.append(Variant(name, changed, None, STOPPED if stopped else f"{error}."))
    return Robustness(tuple(done))


def check_choices(cell: Cell) -> None:
    """Raise a ModelError for an open-ended outcome: it has no options that could be put otherwise."""
    if cell.scale.values is None:
        raise ModelError("the outcome is open-ended: there are no options to put otherwise")


@dataclass(frozen=True, eq=False)
class _Parts:
    """The progress of single ways as that of all."""

    report: Callable[[int, int], None] | None
    sizes: list[int]
    """Work of every way, in that of the question as asked; 0 for one that is not asked."""

    def of(self, place: int) -> Callable[[int, int], None] | None:
        """The progress of one way."""
        report = self.report
        if report is None:
            return None
        before, size, every = sum(self.sizes[:place]), self.sizes[place], sum(self.sizes)
        return lambda done, total: report(before * total + size * done, every * total)


def _ways(model: AnswerModel, both_orders: bool) -> list[tuple[str, str, AnswerModel | str]]:
    """Name, what is changed, and the model to ask, or why it cannot be asked."""
    found: list[tuple[str, str, AnswerModel | str]] = [(AS_ASKED, "nothing", model)]
    for name, (words, _) in REWORDINGS.items():
        found.append((name, words, RewordedModel(model, Rewording(name))))
        if both_orders and name == ORDERS[-1]:
            found.append((BOTH, "averaged over both orders of the options", in_both_orders(model)))
    template = model.description.template
    for other in TEMPLATES:
        if template is None or other == template:
            continue
        words = f"the template {other}"
        if isinstance(model, EndpointModel) or not isinstance(model, Templated):
            found.append((other, words, "The template is chosen where the model is loaded."))
        else:
            found.append((other, words, model.with_template(other)))
    return found


def _refusal(name: str, cells: Sequence[Cell]) -> str | None:
    """Why one of the arms cannot be asked so."""
    try:
        for wording in ORDERS if name == BOTH else (name,) if name in REWORDINGS else ():
            for cell in cells:
                Rewording(wording).of(cell)
    except CannotRewordError as error:
        return str(error)
    return None
