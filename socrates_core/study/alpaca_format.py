"""The prompt format of the original run's files, also used by the template `alpaca`."""

from collections.abc import Mapping
from typing import Final

INSTRUCTION: Final = (
    "You are a behavioral prediction model. Given demographic information about a participant and an experimental "
    "scenario, predict how they would respond."
)


DEMOGRAPHICS: Final = "Demographics:"


SCENARIO: Final = "\n\nScenario: "


ANSWER_PREFIX: Final = "Response: "


ATTRIBUTE_NAMES: Final = {
    "age": "Age",
    "gender": "Gender",
    "education": "Education",
    "income": "Income",
    "employment": "Employment",
    "party_id": "Political affiliation",
    "ideology": "Ideology",
}
"""Attribute → its name in these files, in their order."""


def demographics_line(known: Mapping[str, str]) -> str:
    """`Demographics: Age: 74; Income: 40-49K`; attributes beyond the files' seven follow in title case."""
    first = [key for key in ATTRIBUTE_NAMES if key in known]
    rest = [key for key in known if key not in ATTRIBUTE_NAMES]
    return f"{DEMOGRAPHICS} {'; '.join(f'{attribute_name(key)}: {known[key]}' for key in [*first, *rest])}"


def attribute_name(attribute: str) -> str:
    """An attribute's name in these files."""
    return ATTRIBUTE_NAMES.get(attribute) or attribute.replace("_", " ").title()
