"""What a table's own file says of its columns, where a map does not say otherwise: wording, labels, scales.

Files of SPSS and Stata and the survey files of Qualtrics keep the text of a question and what its codes mean. A map
wins over them. Codes that such a file declares to be no answer are none of the scale.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from socrates_core.errors import SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.off_axis import with_off_axis
from socrates_core.study.question import ending
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.table.columns import DEMOGRAPHIC, recognised
from socrates_core.study.sources.table.map.form import AttributeMap, ConditionMap, OutcomeMap, ScaleMap, TableMap
from socrates_core.study.sources.table.map.rule import EVERY

MOST_OPTIONS: Final = 1001
_NAMED: Final = 6

Values = Callable[[Sequence[str]], Mapping[str, Collection[str]]]
"""Columns → the distinct values in each, as texts, of 1.0 as 1."""


@dataclass(frozen=True)
class Noted:
    """A map with what the file says of the columns."""

    columns: TableMap
    scales: Mapping[str, AnswerScale] = field(default_factory=dict)
    """Key of a rule → the scale of value labels, for outcomes whose text states none."""
    said: tuple[str, ...] = ()
    """What was taken from the file, a sentence each."""


def kept_codes(columns: TableMap) -> dict[str, tuple[str, ...]]:
    """Column → the codes that a map counts among the options, though the file may declare them to be no answer."""
    found = {}
    for name, outcome in columns.outcomes.items():
        form = outcome.scale
        if isinstance(form, ScaleMap):
            found[name] = tuple(f"{code:g}" for code in (*form.labels, *(form.off_axis or {})))
    return {name: codes for name, codes in found.items() if codes}


def with_notes(
    columns: TableMap, names: Sequence[str], notes: Mapping[str, ColumnNotes], values: Values, where: str
) -> Noted:
    """The map of a table, completed by what its file says.

    Args:
        columns: The map; an empty one for a table without.
        names: The table's columns.
        notes: What the file says of them.
        values: Gives the values of columns; called once at most.
        where: The table, in messages.

    Raises:
        SourceError: If an outcome has no question in the map and no label in the file.
    """
    said: list[str] = []
    columns = _with_questions(columns, notes, where, said)
    if not notes:
        return Noted(columns, said=tuple(said))
    renames = recognised([one for one in names if one not in columns.outcomes], where, columns.stated_columns).renames
    ours = {renames.get(name, name): name for name in names}
    arms = columns.condition.column if columns.condition else ours.get("condition") or ours.get("condition_num")
    response = [ours["response"]] if "response" in ours and not columns.outcomes else []
    asked = [*([arms] if arms else []), *columns.outcomes, *response]
    labelled = [name for name in asked if name in notes and (notes[name].values or notes[name].reads)]
    observed = values(labelled) if labelled else {}
    condition = _condition(columns.condition, arms, notes, observed)
    attributes = _attributes(columns, names, notes)
    texts = [name for name, form in attributes.items() if form != columns.attributes.get(name)]
    if condition is not None and condition.labels != (columns.condition.labels if columns.condition else {}):
        texts.append(condition.column)
    if texts:
        said.append(f"{where}: the file says what the values of {_listed(texts)} mean")
    condition = _with_reads(condition, notes, observed, where, said) if columns.outcomes else condition
    scales = dict(_scales(columns, response, notes, observed, where, said))
    return Noted(columns.model_copy(update={"condition": condition, "attributes": attributes}), scales, tuple(said))


# -- wording and labels ----------------------------------------------------------------------------------------


def _with_questions(columns: TableMap, notes: Mapping[str, ColumnNotes], where: str, said: list[str]) -> TableMap:
    """The map with the labels of the columns as the questions that it does not state."""
    outcomes: dict[str, OutcomeMap] = {}
    for name, outcome in columns.outcomes.items():
        outcomes[name] = outcome
        if outcome.question is not None:
            continue
        label = notes[name].label.strip() if name in notes else ""
        if not label:
            raise SourceError(
                f"outcomes.{name}.question is missing in the map, and {where} has no label for this column; write what "
                "people were asked"
            )
        outcomes[name] = outcome.model_copy(update={"question": label})
        said.append(f"{where}: the question of {name} is its label, “{ending(label)}”")
    return columns.model_copy(update={"outcomes": outcomes})


def _condition(
    form: ConditionMap | None,
    name: str | None,
    notes: Mapping[str, ColumnNotes],
    observed: Mapping[str, Collection[str]],
) -> ConditionMap | None:
    """The column of the arms with the labels of its values, of those that occur."""
    if name is None or (form is not None and form.labels) or name not in observed:
        return form
    texts = notes[name].values
    labels = {value: texts.get(value) or value for value in sorted(observed[name], key=_order)}
    if not set(labels) & set(texts):
        return form
    # two arms of one label would be pooled
    twice = [text for text in labels.values() if list(labels.values()).count(text) > 1]
    labels = {value: f"{text} ({value})" if text in twice else text for value, text in labels.items()}
    if form is None:
        return ConditionMap(column=name, labels=labels)
    return form.model_copy(update={"labels": labels})


def _with_reads(
    form: ConditionMap | None,
    notes: Mapping[str, ColumnNotes],
    observed: Mapping[str, Collection[str]],
    where: str,
    said: list[str],
) -> ConditionMap | None:
    """The column of the arms with what people in each of them read, if the file says so of all that occur."""
    if form is None or form.texts or form.column not in observed or not notes[form.column].reads:
        return form
    reads = notes[form.column].reads
    if not set(observed[form.column]) <= set(reads):
        return form
    texts = {value: reads[value] for value in sorted(observed[form.column], key=_order)}
    listed = "; ".join(f"{value}: “…{text[-60:]}”" for value, text in texts.items())
    said.append(
        f"{where}: what people in each condition read is taken from the survey file ({listed}); check that it "
        "comes before the questions"
    )
    return form.model_copy(update={"texts": texts})


def _attributes(columns: TableMap, names: Sequence[str], notes: Mapping[str, ColumnNotes]) -> dict[str, AttributeMap]:
    """The attributes with the labels of their values; those that are called so, where the map lists none."""
    found = dict(columns.attributes)
    if not columns.outcomes:
        stated = {*found, *columns.stated_columns.values(), *columns.leave_out}
        called = [name for name in names if name.startswith(DEMOGRAPHIC) and name not in stated]
        found |= {name: AttributeMap() for name in called if name in notes and notes[name].values}
    for name, form in found.items():
        if not form.labels and name in notes:
            labels = {value: text for value, text in notes[name].values.items() if value not in notes[name].missing}
            found[name] = form.model_copy(update={"labels": labels})
    return found


# -- scales ----------------------------------------------------------------------------------------------------


def _scales(
    columns: TableMap,
    response: Sequence[str],
    notes: Mapping[str, ColumnNotes],
    observed: Mapping[str, Collection[str]],
    where: str,
    said: list[str],
) -> Iterator[tuple[str, AnswerScale]]:
    """Key of a rule → the scale of its value labels."""
    wanted = {name: name for name, one in columns.outcomes.items() if _is_open_to_labels(one.scale)}
    if response and _is_open_to_labels(columns.scale):
        wanted = {EVERY: response[0]}
    taken = []
    for key, name in wanted.items():
        note = notes.get(name)
        if note is None or not note.values:
            continue
        own = columns.outcomes[key].missing if key else ()
        codes = {*note.missing, *columns.missing, *own} - set(kept_codes(columns).get(name, ()))
        texts = {value: text for value, text in note.values.items() if value not in codes}
        answers = {value for value in observed[name] if value not in codes}
        scale = scale_of_labels(texts, answers)
        if scale is not None:
            taken.append(name)
            yield key, scale
        elif key:
            said.append(
                f"{where}: the value labels of {name} are no scale of their own "
                f"({_listed([f'{value} {text!r}' for value, text in texts.items()])}; people answered "
                f"{_listed(sorted(answers, key=_order))}); if the question states none, the map must: "
                f"`scale: {{from: …, to: …}}`"
            )
    if taken:
        said.append(
            f"{where}: the scale of {_listed(taken)} is that of the file's value labels, where neither the question "
            "nor the map states one"
        )


def _is_open_to_labels(form: ScaleMap | str | None) -> bool:
    return form is None or (isinstance(form, ScaleMap) and form.low is None and form.bins is None and not form.labels)


def scale_of_labels(texts: Mapping[str, str], observed: Collection[str]) -> AnswerScale | None:
    """The scale of value labels; None where they may be something else than the options of one.

    All whole numbers with a label are options, "don't know" and the like off the axis as always. If people answered
    between them, these are labels of some points of a scale that has all whole numbers. If there are no three labels
    in a row and people answered beyond them, they may be the first points of an amount.

    Args:
        texts: Value → its label, without codes for no answer.
        observed: The values in the data, without codes for no answer.

    >>> scale_of_labels({"1": "Never", "5": "Always"}, {"1", "2", "5"}).values
    (1, 2, 3, 4, 5)
    >>> scale_of_labels({"1": "Yes", "5": "No", "8": "Don't know"}, {"1", "5", "8"}).values
    (1, 5)
    """
    if len(texts) < 2 or not all(_is_whole(value) for value in texts):
        return None
    labels = {int(value): text for value, text in sorted(texts.items(), key=lambda one: int(one[0]))}
    if max(map(abs, labels)) > 10**9:
        return None
    # an option that is called by its number has no label
    scale = with_off_axis(AnswerScale(tuple(labels), {v: t for v, t in labels.items() if t != str(v)}))
    assert scale.values is not None
    low, high = scale.values[0], scale.values[-1]
    answers = {int(value) for value in observed if _is_whole(value)} - set(scale.off_axis)
    run = sum(b - a == 1 for a, b in pairwise(scale.values)) + 1
    gaps = run < len(scale.values)
    if any(not low <= answer <= high for answer in answers) and (run < 3 or gaps):
        return None
    if not any(low < answer < high and answer not in labels for answer in answers):
        return scale
    if high - low >= MOST_OPTIONS:
        return None
    whole = {v: t for v, t in scale.labels.items() if v not in scale.off_axis}
    options = tuple(value for value in range(low, high + 1) if value not in scale.off_axis)
    return AnswerScale(options, whole, scale.off_axis)


def _is_whole(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isdecimal() and len(digits) <= 15


def _order(value: str) -> tuple[bool, float, str]:
    return (False, float(value), "") if _is_whole(value) else (True, 0.0, value)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
