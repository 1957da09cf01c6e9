"""The schema of a map, which says what the columns of a table are, and one-line messages about errors in one.

    participant: ResponseId                # a column, here and below
    condition: {column: arm, labels: {a: Plain menu, b: Climate label}, texts: {b: "You read a menu …"}}
    weight: wt
    attributes: {age: {}, q7: {name: gender, labels: {1: Male, 2: Female}}}
    missing: [-99]                         # in every column; an outcome or attribute may have its own
    leave_out: [email, comments]
    outcomes:                              # of a table with a row a person: column → outcome
      q1_1: {name: trust, question: "How much do you trust it?", scale: {from: 1, to: 5}, missing: [9]}

Of files that say themselves what their columns mean (SPSS, Stata, Qualtrics), `question`, `scale` and `labels` may be
left out.

A table with a row an answer has no `outcomes`; it may say `columns: {response: Antwort}`, which questions are one
outcome, `outcome: {parade: [its questions]}` or the column that tells, and a `scale` for all of its answers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from socrates_core.errors import SourceError
from socrates_core.study.files import read_bytes
from socrates_core.study.incoming.problems import first_problem
from socrates_core.study.sources.table.columns import KNOWN, nearest
from socrates_core.study.study_file.yaml_text import read_yaml

MOST_OPTIONS: Final = 1001


def _line(value: Any) -> Any:
    if isinstance(value, str):
        value = " ".join(value.split())
        if not value:
            raise PydanticCustomError("blank", "is empty, expected a text")
    return value


def _key(value: Any) -> Any:
    """A value in a table, as text: 1 and "1" are the same there."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Line = Annotated[str, BeforeValidator(_line)]
Key = Annotated[str, BeforeValidator(_key)]
Number = int | float


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ConditionMap(_Strict):
    """The column of the arms."""

    column: Line
    labels: dict[Key, Line] = {}
    """Value in the table → the arm's label."""
    texts: dict[Key, str] = {}
    """Value in the table → what people in that arm read before the questions."""
    control: Key | None = None
    """The value of the arm that others are compared with; None to decide by its name, else the first in the table."""
    personal: bool = False
    """Whether values without labels are kept though they may tell who somebody is, such as e-mail addresses."""


class AttributeMap(_Strict):
    """A demographic attribute; the key is its column."""

    name: Line | None = None
    """What it is called; its column's name where it is None."""
    labels: dict[Key, Line] = {}
    """Value in the table → its text; other values stay."""
    personal: bool = False
    """Whether it is kept though it may tell who somebody is, such as a name, an address or what people typed."""
    missing: Annotated[tuple[Key, ...], BeforeValidator(lambda raw: _tuple(raw))] = ()
    """Codes for "not known" in this column, beside those of the whole table."""


class ScaleMap(_Strict):
    """The scale of an outcome. Without `from` and `to`, that of the text."""

    low: Number | None = Field(default=None, alias="from")
    high: Number | None = Field(default=None, alias="to")
    step: Number | None = None
    """The difference between two options; 1 where it is None."""
    labels: dict[Number, Line] = {}
    off_axis: Annotated[dict[int, str] | None, BeforeValidator(lambda raw: _off(raw))] = None
    """Options such as “don't know”, which have no place among the others, with their texts or as a list; all of them.
    None to decide by their texts, {} for none."""
    nominal: bool = False
    """The options, those of `labels` where there are some, have no order."""
    round: Literal["nearest"] | None = None
    """Answers between two options become the nearest one; the even one where both are as near."""
    bins: Annotated[tuple[Number, ...] | None, BeforeValidator(lambda raw: _tuple(raw))] = None
    """Edges of B bins, ascending: an answer becomes the number of its bin, from 1 to B. A bin holds its lower edge, the
    last one both."""

    @model_validator(mode="after")
    def _consistent(self) -> "ScaleMap":
        if (self.low is None) != (self.high is None):
            raise PydanticCustomError("ends", "expected both `from` and `to`, or neither")
        if self.low is not None and self.high is not None:
            count = (self.high - self.low) / (self.step or 1)
            if not 1 <= count < MOST_OPTIONS or abs(count - round(count)) > 1e-9:
                raise PydanticCustomError(
                    "ends",
                    "{low} to {high} by {step} is not a scale: expected from below to, and 2 to {most} options",
                    {"low": self.low, "high": self.high, "step": self.step or 1, "most": MOST_OPTIONS},
                )
        if self.step is not None and self.step <= 0:
            raise PydanticCustomError("step", "step: expected a number above 0, got {got}", {"got": self.step})
        if self.low is None and self.labels and not self.nominal:
            raise PydanticCustomError("ends", "`labels` need `from` and `to`")
        if self.nominal and len(self.labels) == 1:
            raise PydanticCustomError("labels", "labels: expected two or more options")
        if self.bins is not None and (
            len(self.bins) < 3 or any(a >= b for a, b in zip(self.bins, self.bins[1:], strict=False))
        ):
            raise PydanticCustomError("bins", "bins: expected three or more edges, ascending")
        if self.bins is not None and (self.low is not None or self.step or self.round):
            raise PydanticCustomError("bins", "`bins` make a scale of their own; leave from, to, step and round out")
        return self


def _off(raw: Any) -> Any:
    return dict.fromkeys(raw, "") if isinstance(raw, list) else raw


def _scale(raw: Any) -> Any:
    if raw != "open" and not isinstance(raw, dict):
        raise PydanticCustomError("scale", "expected `open`, or from and to, got {got}", {"got": repr(raw)[:60]})
    return raw


Scale = Annotated[ScaleMap | Literal["open"], BeforeValidator(_scale)]


class OutcomeMap(_Strict):
    """One outcome of a table with a row a person; the key is its column."""

    name: Line | None = None
    """Outcomes of one name are one outcome: the columns of its arms."""
    question: Annotated[str, Field(min_length=1)] | None = None
    """None for the label that the file has for the column."""
    scale: Scale | None = None
    """None if the question states it."""
    text: str = ""
    """What everybody reads before the question, after the condition's text."""
    missing: Annotated[tuple[Key, ...], BeforeValidator(lambda raw: _tuple(raw))] = ()
    """Codes for "no answer" in this column, beside those of the whole table."""


def _tuple(raw: Any) -> Any:
    return tuple(raw) if isinstance(raw, list) else raw


def _attributes(raw: Any) -> Any:
    if isinstance(raw, list):
        return {name: {} for name in raw}
    return {key: value or {} for key, value in raw.items()} if isinstance(raw, dict) else raw


def _condition(raw: Any) -> Any:
    return {"column": raw} if isinstance(raw, str) else raw


class TableMap(_Strict):
    """A map."""

    study: Line | None = None
    """The id of the only study, for a table that names none."""
    participant: Line | None = None
    condition: Annotated[ConditionMap | None, BeforeValidator(_condition)] = None
    weight: Line | None = None
    group: Line | None = None
    attributes: Annotated[dict[str, AttributeMap], BeforeValidator(_attributes)] = {}
    outcomes: dict[str, OutcomeMap] = {}
    outcome: str | dict[Line, list[str]] | None = None
    """The column that names the outcome of each answer; or the outcomes, each with its questions."""
    columns: dict[str, Line] = {}
    """Our name of a column → the table's."""
    scale: Scale | None = None
    """Of every answer in a table with a row an answer."""
    missing: Annotated[tuple[Key, ...], BeforeValidator(lambda raw: _tuple(raw))] = ()
    """Codes for "no answer"."""
    leave_out: Annotated[tuple[Line, ...], BeforeValidator(lambda raw: _tuple(raw))] = ()
    """Columns that nothing reads, whatever they are called."""
    design: Literal["between", "within"] | None = None
    decimal: Literal[",", "."] | None = None
    encoding: str | None = None
    separator: Literal[",", ";", "\t", "|"] | None = None
    sheet: Line | None = None
    """Of a workbook; the first one where it is None."""
    qsf: Line | None = None
    """The survey file of Qualtrics, beside the map or with its path; the one of the table's name where it is None."""
    answers: Literal["codes", "texts"] | None = None
    """Whether an export of Qualtrics holds the codes of choices or their texts; found where it is None."""

    @model_validator(mode="after")
    def _consistent(self) -> "TableMap":
        unknown = [name for name in self.columns if name not in KNOWN]
        if unknown:
            raise PydanticCustomError(
                "columns",
                "columns: {name} is no column of ours{near}",
                {"name": repr(unknown[0]), "near": nearest(unknown[0], KNOWN)},
            )
        columns = [*self.stated_columns.values(), *self.attributes, *self.outcomes, *self.leave_out]
        twice = [name for name in columns if columns.count(name) > 1 and name != self.group]
        if twice:
            raise PydanticCustomError("twice", "it says twice what the column {name} is", {"name": repr(twice[0])})
        if self.outcomes and (self.outcome or self.scale or "response" in self.columns):
            raise PydanticCustomError(
                "outcomes", "`outcomes` is for a row a person; leave `outcome`, `scale` and `columns: response` out"
            )
        return self

    @property
    def stated_columns(self) -> Mapping[str, str]:
        """Our name of a column → the table's, of all that are named."""
        named = {
            "participant_id": self.participant,
            "condition": self.condition.column if self.condition else None,
            "weight": self.weight,
            "group": self.group,
            "outcome": self.outcome if isinstance(self.outcome, str) else None,
        }
        return {**self.columns, **{ours: theirs for ours, theirs in named.items() if theirs is not None}}


_FORMS: Final[Mapping[str, type[BaseModel]]] = {
    "condition": ConditionMap,
    "attributes": AttributeMap,
    "outcomes": OutcomeMap,
    "scale": ScaleMap,
}
"""Key → the form of its value, or of the values in it."""


def read_map(path: Path) -> TableMap:
    """Read a map from a YAML or JSON file.

    Raises:
        SourceError: If it cannot be read, or a key is missing, unknown or wrong; names the key and what is allowed.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SourceError(f"the map {path} cannot be read ({error.strerror})") from error
    columns = map_of(read_yaml(text, str(path)), str(path))  # JSON is YAML
    if columns.qsf is None:
        return columns
    survey = path.parent / columns.qsf
    if not survey.is_file():
        raise SourceError(f"{path}: there is no survey file {survey}, which it names as qsf")
    return columns.model_copy(update={"qsf": str(survey)})


def map_of(raw: Any, where: str) -> TableMap:
    """A map from the contents of its file.

    Args:
        raw: From `read_yaml`, or made by a program.
        where: The file's name in messages.

    Raises:
        SourceError: If a key is missing, unknown or wrong; names the key and what is allowed.
    """
    if not isinstance(raw, dict):
        raise SourceError(f"{where} is not a map: expected keys such as `participant:`, `condition:` and `outcomes:`")
    try:
        return TableMap.model_validate(raw)
    except ValidationError as error:
        raise SourceError(f"{where}, {first_problem(error, TableMap, _FORMS, _unknown_key)}") from error


def _unknown_key(key: str, allowed: Sequence[str]) -> str:
    return f"there is no such key{nearest(key, allowed)}"
