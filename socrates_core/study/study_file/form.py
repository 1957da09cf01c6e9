"""The schema of a study file, strict: whatever is unknown, missing or of another type is a finding with its place."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from socrates_core.study.incoming.problems import Place, message_of, nearest, place_of, problems_of
from socrates_core.study.study_file.finding import Finding
from socrates_core.study.study_file.presets import PRESETS

MOST_CONDITIONS: Final = 32
MOST_OUTCOMES: Final = 32
MOST_OPTIONS: Final = 1001
"""Most options of a scale; a wider one is an amount: `scale: open`."""
FARTHEST: Final = 1_000_000
"""Largest option, with either sign."""


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
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class ConditionForm(_Strict):
    """One condition (arm)."""

    label: Line
    text: str = ""
    """The text that people read before the question; may be empty."""
    control: bool = False
    fields: dict[str, str | int] = {}
    """Name → the value that replaces {name} in the texts."""


class ScaleForm(_Strict):
    """Whole numbers from one end to the other with labels on some; or options without an order, all with labels."""

    low: int | None = Field(None, alias="from", ge=-FARTHEST, le=FARTHEST)
    high: int | None = Field(None, alias="to", ge=-FARTHEST, le=FARTHEST)
    labels: dict[int, Line] = {}
    off_axis: dict[int, Line] = {}
    """Options without a place among the others ("don't know"): number → text."""
    nominal: bool = False
    """Whether the options have no order; then they are those that have labels."""

    @property
    def values(self) -> tuple[int, ...]:
        """(K,) the options on the axis, ascending."""
        if self.low is None or self.high is None:
            return tuple(sorted(self.labels))
        return tuple(range(self.low, self.high + 1))

    @model_validator(mode="after")
    def _consistent(self) -> "ScaleForm":
        (_check_list if self.nominal else _check_ends)(self)
        inside = [value for value in self.off_axis if value in self.values]
        if inside:
            raise PydanticCustomError(
                "off_axis",
                "off_axis: {value} is on the axis already; give {label} another number",
                {"value": inside[0], "label": repr(self.off_axis[inside[0]])},
            )
        options = sorted({*self.values, *self.off_axis})
        if abs(options[0]) > FARTHEST or abs(options[-1]) > FARTHEST:
            raise PydanticCustomError("far", "an option lies beyond {most}", {"most": f"{FARTHEST:,}"})
        return self


def _check_ends(scale: ScaleForm) -> None:
    for name, end in (("from", scale.low), ("to", scale.high)):
        if end is None:
            raise PydanticCustomError("end", "{name} is missing", {"name": name})
    assert scale.low is not None
    assert scale.high is not None
    if not 1 <= scale.high - scale.low < MOST_OPTIONS:
        raise PydanticCustomError(
            "ends",
            "from {low} to {high} is not a scale: expected from below to, at most {most} options; an amount is "
            "`scale: open`",
            {"low": scale.low, "high": scale.high, "most": MOST_OPTIONS},
        )
    strangers = [value for value in scale.labels if not scale.low <= value <= scale.high]
    if strangers:
        raise PydanticCustomError(
            "label",
            "labels: {value} is not an option from {low} to {high}",
            {"value": strangers[0], "low": scale.low, "high": scale.high},
        )


def _check_list(scale: ScaleForm) -> None:
    if scale.low is not None or scale.high is not None:
        raise PydanticCustomError(
            "nominal", "options without an order have no ends; leave out from and to, and give every option a label"
        )
    if len(scale.labels) < 2:
        raise PydanticCustomError(
            "nominal", "expected two or more labels, such as `labels: {example}`", {"example": "{1: Pasta, 2: Steak}"}
        )


def _named_scale(raw: Any) -> Any:
    """A name as what it stands for: None for `open`, keys and values for a preset."""
    if isinstance(raw, str):
        if raw == "open":
            return None
        if raw in PRESETS:
            return PRESETS[raw]
    if not isinstance(raw, dict):
        hint = nearest(raw, ("open", *PRESETS)) if isinstance(raw, str) else ""
        raise PydanticCustomError(
            "scale",
            "expected `open`, from and to, or one of {presets}; got {got}{hint}",
            {"got": repr(raw), "hint": hint, "presets": ", ".join(PRESETS)},
        )
    return raw


class OutcomeForm(_Strict):
    """One question with its answer scale."""

    name: Line
    question: Text
    scale: Annotated[ScaleForm | None, BeforeValidator(_named_scale)]
    """The scale; None if it is open."""


class MarginsForm(_Strict):
    """People weighted so that their attributes have these shares."""

    of: str = "gss-answers"
    """The people who are weighted: as a population that is a text."""
    margins: dict[str, Any] = Field(min_length=1)
    """Attribute → value → share; a joint table `gender × age_group` → value → value → share; or the name of a table
    with a column an attribute and one `share`. Shares add up to 1, or to 100 as percentages; see `margin_of`."""


POPULATIONS: Final = (
    "`gss-answers` (the people of the bundled General Social Survey), `observed:STUDY` (the people of one bundled "
    "study) or `observed:STUDY@FOLDER` (of a prepared one), a table of personas (a .csv, .tsv or .parquet file), a "
    "list of personas such as `- {age: 30, gender: Female}`, or `{of: gss-answers, margins: {gender: {Female: 0.5, "
    "Male: 0.5}}}`"
)


def _people(raw: Any) -> Any:
    if raw is not None and not isinstance(raw, str | list | dict):
        raise PydanticCustomError(
            "population", "expected {allowed}; got {got}", {"allowed": POPULATIONS, "got": repr(raw)}
        )
    return [_weighed(one) for one in raw] if isinstance(raw, list) else raw


def _weighed(persona: Any) -> Any:
    """A persona whose weight, the only number that may have a fraction, is a text like every value of a table.

    So is `personal`, which is true or false.
    """
    if not isinstance(persona, dict):
        return persona
    weight, personal = persona.get("weight"), persona.get("personal")
    told = {"weight": repr(weight)} if isinstance(weight, float) else {}
    return {**persona, **told, **({"personal": str(personal).lower()} if isinstance(personal, bool) else {})}


PopulationForm = str | list[dict[str, str | int | None]] | MarginsForm | None
"""Who takes part; None if nothing is known about the people. `weight` of a persona is how much it counts."""


def _tuple(raw: Any) -> Any:
    return tuple(raw) if isinstance(raw, list) else raw


class ResponsesForm(_Strict):
    """Human answers."""

    file: Line
    """A table with a row a person; relative to the study file, as the map."""
    map: Line
    """Says which column is what; see `study.sources.table.map.form`."""


class StudyForm(_Strict):
    """A study file."""

    socrates_study: Literal[1] = 1
    title: Line
    conditions: Annotated[tuple[ConditionForm, ...], BeforeValidator(_tuple)] = Field(
        min_length=1, max_length=MOST_CONDITIONS
    )
    outcomes: Annotated[tuple[OutcomeForm, ...], BeforeValidator(_tuple)] = Field(
        min_length=1, max_length=MOST_OUTCOMES
    )
    population: Annotated[PopulationForm, BeforeValidator(_people)] = None
    design: Literal["between", "within"] = "between"
    responses: ResponsesForm | None = None
    """The answers of people; they are the population then."""

    @model_validator(mode="after")
    def _one_population(self) -> "StudyForm":
        if self.responses is not None and self.population is not None:
            raise PydanticCustomError(
                "population", "`responses` brings its own people: leave `population` out, or `responses`"
            )
        return self


_FORMS: Final[dict[str, type[BaseModel]]] = {
    "conditions": ConditionForm,
    "outcomes": OutcomeForm,
    "scale": ScaleForm,
    "population": MarginsForm,
    "responses": ResponsesForm,
}
"""Key → its value."""


def form_findings(form: type[BaseModel], raw: Any, at: Place = ()) -> list[Finding]:
    """What keeps a value from being of a form, unknown keys first, because one usually misspells a missing one.

    Args:
        form: `StudyForm` or a part of it.
        raw: From `read_yaml`, or a draft.
        at: The place of the value.
    """
    try:
        form.model_validate(raw)
    except ValidationError as error:
        # items that cannot be read are no lack of items
        found = [one for one in problems_of(error) if not (one["type"] == "too_short" and one["input"])]
    else:
        return []
    # a list is no text, and its people are no margins: of the forms of a population, only the nearest is named
    people = [one for one in found if one["loc"][:1] == ("population",)]
    if people:
        given = raw["population"]
        branch = "str" if isinstance(given, str) else "list[" if isinstance(given, list) else "MarginsForm"
        near = [one for one in people if len(one["loc"]) > 1 and str(one["loc"][1]).startswith(branch)] or people[:1]
        deepest = max(len(one["loc"]) for one in near)
        near = [one for one in near if one["type"] == "extra_forbidden"] or [
            one for one in near if len(one["loc"]) == deepest
        ][:1]
        found = [one for one in found if one not in people] + near
        found.sort(key=lambda one: one["type"] != "extra_forbidden")
    return [Finding((*at, *place_of(one)), message_of(one, form, _FORMS)) for one in found]
