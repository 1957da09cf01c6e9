"""The calibration that came with a model, or was named for it, and what it says of a simulation."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from socrates_core.errors import PredictionError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.simulation.result import Simulation
from socrates_core.trust.calibration import Calibration, load_calibration
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.statement.making import not_applied, statement_of
from socrates_core.trust.statement.record import Statement


def calibration_of(model: ModelDescription) -> Calibration | None:
    """The calibration named for a model or beside its weights, read once; None if there is none.

    Raises:
        PredictionError: If it cannot be read.
    """
    if model.calibration is None:
        return None
    try:
        about = model.calibration.stat()
    except OSError as error:
        raise PredictionError(f"{model.calibration} is gone; load the model again") from error
    return _read(model.calibration, about.st_mtime_ns, about.st_size)


def check_calibration(model: ModelDescription) -> None:
    """Check before anything is predicted that the calibration speaks of what this model predicts.

    Raises:
        PredictionError: If it cannot be read, or was fitted on another model, adapter, template or precision.
    """
    found = calibration_of(model)
    if found is not None:
        found.for_predictions(Fingerprint.of_model(model))


def trust(simulation: Simulation, *, sharpened: bool = True) -> Statement:
    """What can be said of how far off a simulated outcome is, by the calibration of its model.

    Args:
        simulation: From `simulate`; all its arms.
        sharpened: Whether to speak of sharpened predictions where the calibration found that they are closer.
    """
    with _LOCK:
        stated = _STATED.get(simulation)
    if stated is not None:
        return stated
    try:
        calibration = calibration_of(simulation.model)
    except PredictionError as error:
        return not_applied(f"Can't say how far off this is: {error}.")
    with _LOCK:
        made = _MADE.setdefault(simulation, {})
    by, found = made.get(sharpened, (None, None))
    if found is None or by is not calibration:
        found = statement_of(simulation, calibration, sharpened)
        made[sharpened] = calibration, found
    return found


def state(simulation: Simulation, said: Statement) -> None:
    """Say this of a simulation whenever it is asked, whatever its model's calibration: it was said before."""
    with _LOCK:
        _STATED[simulation] = said


_STATED: Final[WeakKeyDictionary[Simulation, Statement]] = WeakKeyDictionary()
_MADE: Final[WeakKeyDictionary[Simulation, dict[bool, tuple[Calibration | None, Statement]]]] = WeakKeyDictionary()
"""What was said of simulations that are in memory: a page asks several times for one drawing."""
_LOCK: Final = threading.Lock()


@lru_cache(maxsize=16)
def _read(path: Path, changed: int, size: int) -> Calibration:
    """`changed` and `size` tell a file that was replaced."""
    return load_calibration(path)
