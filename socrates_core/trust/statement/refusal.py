"""Why a calibration does not speak of a simulated outcome, as a sentence with what to do."""

from typing import Final

from socrates_core.simulation.result import Simulation
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.fingerprint import Fingerprint

EDITED: Final = (
    "Can't say how far off this is: people were edited or weighted by hand, and calibrations were tried on people as "
    "they are. Simulate everybody to see how far off that prediction may be."
)

LEAST_SIMULATED: Final = 10
"""People in a condition, by rule of thumb: who happens to be among them moves the mean too, and the calibration was
fitted on predictions for everybody who answered."""


def refusal_of(simulation: Simulation, calibration: Calibration) -> str | None:
    """The first reason for which nothing can be said; None if something can."""
    return (
        _other_kind(simulation, calibration)
        or _known_answers(simulation, calibration)
        or _otherwise(simulation, calibration.fingerprint)
        or _no_scale(simulation)
        or _too_few(simulation)
    )


def _known_answers(simulation: Simulation, calibration: Calibration) -> str | None:
    """Why nothing is said of a study whose answers the model or its calibration has learned from."""
    study = simulation.study.study_id
    if study in simulation.model.trained_on:
        return "Can't say how far off this is: the model was trained on this study, so its errors here are others."
    if any(study == fitted for fitted, _ in calibration.support.sketches):
        return (
            "Can't say how far off this is: this study's own answers are among those that the calibration was fitted "
            "on. Choose one of the test part, or write your own."
        )
    return None


def _other_kind(simulation: Simulation, calibration: Calibration) -> str | None:
    """Why a calibration on real studies does not speak of one of the synthetic society, nor the other way round.

    A study that somebody wrote and nobody has answered is none of that society: it asks about real people.
    """
    if (simulation.study.kind == "synthetic") is (calibration.kind == "synthetic"):
        return None
    kinds = ("an invented", "real") if calibration.kind == "real" else ("a real", "invented")
    return f"Can't say how far off this is: it is {kinds[0]} study, and the calibration was fitted on {kinds[1]} ones."


def _otherwise(simulation: Simulation, fitted: Fingerprint) -> str | None:
    """Why the calibration does not speak of these predictions."""
    request = simulation.request
    if request.temperature == 0:  # no probabilities: everybody gives the likeliest answer
        tested = f"{fitted.temperature:g} was tested; set it to that"
        return f"Can't say how far off this is: the temperature is 0, and {tested}."
    asked = Fingerprint.of_model(simulation.model, request.temperature, request.top_p)
    differing = fitted.differences(asked)
    if not differing:
        return None
    changed = (request.temperature, request.top_p) != (fitted.temperature, fitted.top_p)
    if changed:
        advice = "set temperature and top-p to 1"
    else:
        advice = (
            f"evaluate this model ({asked.evaluated_by}), calibrate that run (python -m eval.calibrate RUN) and name "
            "it with --calibration RUN/calibration.json"
        )
    return f"Can't say how far off this is: the calibration was fitted on {'; '.join(differing)}. To see it, {advice}."


def _no_scale(simulation: Simulation) -> str | None:
    """Why nothing can be said of these answers whatever the model."""
    if simulation.arms[0].open_ended:
        return "Can't say how far off this is: answers are any number, and only scales with options were tested."
    if simulation.arms[0].cell.scale.nominal:
        return "Can't say how far off this is: the options have no order, and only ordered ones were tested."
    if len({arm.cell.scale.values for arm in simulation.arms}) > 1:
        return "Can't say how far off this is: the conditions have different scales."
    return None


def _too_few(simulation: Simulation) -> str | None:
    """Why a prediction for so few people says nothing of everybody: who they happen to be adds an error of its own."""
    fewest = min(arm.n_predicted for arm in simulation.arms)
    if fewest >= LEAST_SIMULATED:
        return None
    people = "one person was" if fewest == 1 else f"{fewest} people were"
    return f"Can't say how far off this is: only {people} simulated; simulate {LEAST_SIMULATED} or more."
