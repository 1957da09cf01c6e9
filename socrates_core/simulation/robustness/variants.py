"""One outcome simulated as it is asked and in other ways, with the same people and the same seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.prompt import TEMPLATES
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.robustness.asking import RewordedModel, Templated
from socrates_core.simulation.robustness.rewording import REWORDINGS, CannotRewordError, Rewording
from socrates_core.simulation.simulate import arms_of, simulate
from socrates_core.study.study_set import Cell, StudySet

AS_ASKED: Final = "as asked"
NO_EFFECT: Final = 0.5
"""Points: a predicted effect below this counts as having no sign."""


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

    def same_sign(self) -> tuple[int, ...]:
        """(E,) in how many of the V ways an effect has the sign that it has as asked; effects near 0 have none."""
        effects = self.effects()
        signs = np.where(np.abs(effects) < NO_EFFECT, 0, np.sign(effects))
        return tuple(int(one) for one in (signs == signs[:1]).sum(axis=0))


def robustness(
    studies: StudySet,
    model: AnswerModel,
    request: SimulationRequest,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Simulate an outcome as it is asked and in every other way that its scale and model allow.

    Args:
        studies: The studies that hold the cell.
        model: The model that predicts; of an endpoint, the template is its server's own.
        request: The outcome and how to simulate it.
        progress: Called with (ways simulated so far, ways in all).

    Raises:
        SocratesError: As `simulate` does, for the question as asked.
    """
    chosen = studies.cell(request.cell_id)
    if chosen.scale.values is None:
        raise ModelError("the outcome is open-ended: there are no options to put otherwise")
    cells, _ = arms_of(studies.cells_of(chosen.study_id), chosen, request.max_arms, request.control)
    ways = _ways(model)
    done: list[Variant] = []
    for place, (name, changed, asked) in enumerate(ways):
        if progress is not None:
            progress(place, len(ways))
        refused = None if name not in REWORDINGS else _refusal(Rewording(name), cells)
        if isinstance(asked, str):
            done.append(Variant(name, changed, None, asked))
        elif refused is not None:
            done.append(Variant(name, changed, None, refused))
        else:
            try:
                done.append(Variant(name, changed, simulate(studies, asked, request), None))
            except SocratesError as error:
                if name == AS_ASKED:
                    raise
                done.append(Variant(name, changed, None, f"{error}."))
    if progress is not None:
        progress(len(ways), len(ways))
    return Robustness(tuple(done))


def _ways(model: AnswerModel) -> list[tuple[str, str, AnswerModel | str]]:
    """Name, what is changed, and the model to ask, or why it cannot be asked."""
    found: list[tuple[str, str, AnswerModel | str]] = [(AS_ASKED, "nothing", model)]
    found += [(name, words, RewordedModel(model, Rewording(name))) for name, (words, _) in REWORDINGS.items()]
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


def _refusal(rewording: Rewording, cells: Sequence[Cell]) -> str | None:
    """Why one of the arms cannot be asked so."""
    try:
        for cell in cells:
            rewording.of(cell)
    except CannotRewordError as error:
        return str(error)
    return None
