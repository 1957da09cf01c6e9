"""Answer scales that studies ask again and again, by name: `scale: agreement-7`."""

from typing import Any, Final

_AGREEMENT_5: Final = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
_AGREEMENT_7: Final = (
    "Strongly disagree",
    "Disagree",
    "Somewhat disagree",
    "Neither agree nor disagree",
    "Somewhat agree",
    "Agree",
    "Strongly agree",
)
_LIKELIHOOD_5: Final = ("Very unlikely", "Unlikely", "Neither likely nor unlikely", "Likely", "Very likely")
_LIKELIHOOD_7: Final = (
    "Extremely unlikely",
    "Unlikely",
    "Somewhat unlikely",
    "Neither likely nor unlikely",
    "Somewhat likely",
    "Likely",
    "Extremely likely",
)
_FREQUENCY_5: Final = ("Never", "Rarely", "Sometimes", "Often", "Always")
_FREQUENCY_7: Final = ("Never", "Very rarely", "Rarely", "Sometimes", "Often", "Very often", "Always")
_SATISFACTION_5: Final = (
    "Very dissatisfied",
    "Dissatisfied",
    "Neither satisfied nor dissatisfied",
    "Satisfied",
    "Very satisfied",
)
_SATISFACTION_7: Final = (
    "Very dissatisfied",
    "Dissatisfied",
    "Somewhat dissatisfied",
    "Neither satisfied nor dissatisfied",
    "Somewhat satisfied",
    "Satisfied",
    "Very satisfied",
)


def _points(labels: tuple[str, ...]) -> dict[str, Any]:
    return {"from": 1, "to": len(labels), "labels": dict(enumerate(labels, start=1))}


PRESETS: Final[dict[str, dict[str, Any]]] = {
    "agreement-5": _points(_AGREEMENT_5),
    "agreement-7": _points(_AGREEMENT_7),
    "likelihood-5": _points(_LIKELIHOOD_5),
    "likelihood-7": _points(_LIKELIHOOD_7),
    "frequency-5": _points(_FREQUENCY_5),
    "frequency-7": _points(_FREQUENCY_7),
    "satisfaction-5": _points(_SATISFACTION_5),
    "satisfaction-7": _points(_SATISFACTION_7),
    "yes-no": {"from": 0, "to": 1, "labels": {0: "No", 1: "Yes"}},
    "0-10": {"from": 0, "to": 10},
    "slider": {"from": 0, "to": 100},
}
"""Name → what it stands for, as the keys of a scale in a study file."""

TITLES: Final[dict[str, str]] = {
    "agreement-5": "Agreement, 5 points",
    "agreement-7": "Agreement, 7 points",
    "likelihood-5": "Likelihood, 5 points",
    "likelihood-7": "Likelihood, 7 points",
    "frequency-5": "Frequency, 5 points",
    "frequency-7": "Frequency, 7 points",
    "satisfaction-5": "Satisfaction, 5 points",
    "satisfaction-7": "Satisfaction, 7 points",
    "yes-no": "Yes or no",
    "0-10": "0 to 10",
    "slider": "Slider, 0 to 100",
}
"""Name → how a menu calls it."""


def preset_of(scale: dict[str, Any]) -> str | None:
    """The name of the preset that a scale without options off the axis is equal to; None if it is none of them."""
    if set(scale) - {"from", "to", "labels"}:
        return None
    return next((name for name, known in PRESETS.items() if known == scale), None)
