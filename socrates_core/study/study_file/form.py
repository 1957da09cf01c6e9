"""The schema of a study file, and one-line messages about errors in one."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from socrates_core.errors import SourceError

MOST_CONDITIONS: Final = 32
MOST_OUTCOMES: Final = 32
MOST_OPTIONS: Final = 1001
"""Most options of a scale; a wider one is an amount: `scale: open`."""


def _not_yet(what: str) -> BeforeValidator:
    """Refuses a key that is not supported yet; a value that turns it off is allowed."""

    def refuse(value: Any) -> Any:
        if value in (None, False, {}, []):
            return None
        raise PydanticCustomError("not_yet", "{what}; leave the key out", {"what": what})

    return BeforeValidator(refuse)


def _line(value: Any) -> Any:
    if isinstance(value, str):
        value = " ".join(value.split())
        if not value:
            raise PydanticCustomError("blank", "is empty, expected a text")
    return value


Line = Annotated[str, BeforeValidator(_line)]
"""A text on one line, not empty."""


def _text(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("blank", "is empty, expected a text")
    return value


Text = Annotated[str, BeforeValidator(_text)]
"""A text that may have several lines, not empty."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ConditionForm(_Strict):
    """One condition (arm)."""

    label: Line
    text: str = ""
    """The text that people read before the question; may be empty."""
    control: bool = False
    fields: dict[str, str | int] = {}
    """Name → the value that replaces {name} in the texts."""


class ScaleForm(_Strict):
    """Whole numbers from one end to the other, with labels on some of them; or labelled options without an order."""

    low: int = Field(alias="from", ge=-1_000_000, le=1_000_000)
    high: int = Field(alias="to", ge=-1_000_000, le=1_000_000)
    labels: dict[int, Line] = {}
    off_axis: dict[int, Line] = {}
    """Options that have no place among the others, such as `8: Don't know`."""
    nominal: bool = False
    """Whether the options, those of `labels`, have no order."""

    @model_validator(mode="before")
    @classmethod
    def _nominal_first(cls, raw: Any) -> Any:
        # a nominal scale has no ends: its options are those with a label
        labels = raw.get("labels") if isinstance(raw, dict) and raw.get("nominal") is True else None
        options = [option for option in labels if isinstance(option, int)] if isinstance(labels, dict) else []
        return {"from": min(options), "to": max(options), **raw} if len(options) > 1 else raw

    @model_validator(mode="after")
    def _consistent(self) -> "ScaleForm":
        if not 1 <= self.high - self.low < MOST_OPTIONS:
            raise PydanticCustomError(
                "ends",
                "from {low} to {high} is not a scale: expected from below to, at most {most} options; an amount is "
                "`scale: open`",
                {"low": self.low, "high": self.high, "most": MOST_OPTIONS},
            )
        strangers = [value for value in self.labels if not self.low <= value <= self.high]
        if strangers:
            raise PydanticCustomError(
                "label",
                "labels: {value} is not an option from {low} to {high}",
                {"value": strangers[0], "low": self.low, "high": self.high},
            )
        inside = [value for value in self.off_axis if value in self.values]
        if inside:
            raise PydanticCustomError(
                "off_axis", "off_axis: {value} is an option of the scale too", {"value": inside[0]}
            )
        return self

    @property
    def values(self) -> tuple[int, ...]:
        """The options on the axis; of a scale without an order, those with a label."""
        return tuple(sorted(self.labels)) if self.nominal else tuple(range(self.low, self.high + 1))


def _open(raw: Any) -> Any:
    if isinstance(raw, str):
        if raw != "open":
            raise PydanticCustomError("scale", "expected `open`, or from and to, got {got}", {"got": repr(raw)})
        return None
    if not isinstance(raw, dict):
        raise PydanticCustomError("scale", "expected `open`, or from and to, got {got}", {"got": repr(raw)})
    return raw


class OutcomeForm(_Strict):
    """One question with its answer scale."""

    name: Line
    question: Text
    scale: Annotated[ScaleForm | None, BeforeValidator(_open)]
    """The scale; None if it is open."""


def _people(raw: Any) -> Any:
    if isinstance(raw, dict):
        raise PydanticCustomError("margins", "margins cannot be read yet; expected {allowed}", {"allowed": POPULATIONS})
    if not isinstance(raw, str | list):
        raise PydanticCustomError(
            "population", "expected {allowed}, got {got}", {"allowed": POPULATIONS, "got": repr(raw)}
        )
    return raw


POPULATIONS: Final = (
    "`observed:STUDY` (the people of a bundled study), a table of personas (a .csv, .tsv or .parquet file), or a list "
    "of personas such as `- {age: 30, gender: Female}`"
)


class StudyForm(_Strict):
    """A study file."""

    socrates_study: Literal[1]
    title: Line
    conditions: Annotated[tuple[ConditionForm, ...], BeforeValidator(lambda raw: _tuple(raw))] = Field(
        min_length=1, max_length=MOST_CONDITIONS
    )
    outcomes: Annotated[tuple[OutcomeForm, ...], BeforeValidator(lambda raw: _tuple(raw))] = Field(
        min_length=1, max_length=MOST_OUTCOMES
    )
    population: Annotated[str | list[dict[str, str | int | None]] | None, BeforeValidator(_people)] = None
    """None if nothing is known about the people."""
    design: Literal["between", "within"] = "between"
    responses: Annotated[None, _not_yet("human answers cannot be read from a study file yet")] = None

    @model_validator(mode="after")
    def _consistent(self) -> "StudyForm":
        controls = sum(one.control for one in self.conditions)
        if controls > 1 or (controls == 0 and len(self.conditions) > 1):
            raise PydanticCustomError(
                "control",
                "conditions: {count} of them have `control: true`, expected exactly one, which the others are compared "
                "with",
                {"count": controls},
            )
        for key, names in (
            ("conditions: the label", [one.label for one in self.conditions]),
            ("outcomes: the name", [one.name for one in self.outcomes]),
        ):
            folded = [name.casefold() for name in names]
            twice = [name for name in names if folded.count(name.casefold()) > 1]
            if twice:
                raise PydanticCustomError("twice", "{key} {name} occurs twice", {"key": key, "name": repr(twice[0])})
        return self


def _tuple(raw: Any) -> Any:
    return tuple(raw) if isinstance(raw, list) else raw


_FORMS: Final[dict[str, type[BaseModel]]] = {"conditions": ConditionForm, "outcomes": OutcomeForm, "scale": ScaleForm}
"""Key → its value."""

_WORDS: Final = {
    "missing": "is missing",
    "string_type": "expected a text, got {input}; put it in quotes",
    "int_type": "expected a whole number, got {input}",
    "bool_type": "expected true or false, got {input}",
    "dict_type": "expected keys with values, got {input}",
    "model_type": "expected keys with values, got {input}",
    "tuple_type": "expected a list, got {input}",
    "list_type": "expected a list, got {input}",
    "too_short": "expected one or more",
    "too_long": "expected at most {max_length}, got {actual_length}",
    "literal_error": "expected {expected}, got {input}",
    "greater_than_equal": "expected {ge} or more, got {input}",
    "less_than_equal": "expected {le} or less, got {input}",
}
"""Kind of problem → its message."""


def read_form(raw: Any, where: str) -> StudyForm:
    """Validate the contents of a study file.

    Args:
        raw: The output of `read_yaml`.
        where: The file's name in messages.

    Raises:
        SourceError: If a key is missing, unknown or of the wrong type; names the first one and what is allowed.
    """
    if not isinstance(raw, dict) or "socrates_study" not in raw:
        raise SourceError(f"{where} is not a study file: expected keys, the first of them `socrates_study: 1`")
    try:
        return StudyForm.model_validate(raw)
    except ValidationError as error:
        found = error.errors()
        # an unknown key is usually a misspelling of a missing one
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        if first["loc"][:1] == ("population",):  # a list is no text either, but what is wrong stands within it
            first = max(found, key=lambda one: len(one["loc"]) if one["loc"][:1] == ("population",) else 0)
        raise SourceError(f"{where}, {_problem(first)}") from error


def _problem(error: ErrorDetails) -> str:
    place = [part for part in error["loc"] if part not in _BRANCHES]
    key = ""
    for part in place:
        key += f"[{part}]" if isinstance(part, int) and not key.endswith("labels") else f".{part}" if key else str(part)
    if error["type"] == "extra_forbidden":
        form = next((_FORMS[part] for part in reversed(place[:-1]) if part in _FORMS), StudyForm)
        allowed = ", ".join(one.alias or name for name, one in form.model_fields.items())
        return f"{key}: there is no such key; allowed are {allowed}"
    words = _WORDS.get(error["type"])
    shown = repr(error["input"])
    said = words.format(**{**error.get("ctx", {}), "input": shown[:60]}) if words else error["msg"]
    return f"{key}: {said}" if key else said


_BRANCHES: Final = {"str", "int", "list[dict[str,nullable[union[str,int]]]]", "[key]"}
"""What pydantic adds to the place of a value that may have several types."""
