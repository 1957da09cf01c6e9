"""The scale of each question of a table, and the text that states it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import polars as pl

from socrates_core.errors import ScaleError, SourceError, listed
from socrates_core.scale.answer_scale import AnswerScale, answer_instruction
from socrates_core.scale.instruction import instruction_start, parse_scale
from socrates_core.scale.loss import MOST_LOST
from socrates_core.scale.off_axis import codes_for_no_answer, with_codes, with_off_axis, within_ends
from socrates_core.study.question import ending
from socrates_core.study.sources.rows import integers
from socrates_core.study.sources.table.described import OutcomeFinder
from socrates_core.study.sources.table.map.rule import RULE, AnswerRule
from socrates_core.study.study_file.stimulus import OPEN_INSTRUCTION
from socrates_core.study.study_set import CELLS_SCHEMA

MOST_OPTIONS: Final = 1001
"""The maximum number of options of a scale given by its two ends; wider outcomes are amounts."""

_SHOWN: Final = ("study_id", "stimulus", "question", "scale_min", "scale_max", RULE)


@dataclass
class Scales:
    """The scales of a table's stimuli, each read once."""

    rules: Mapping[str, AnswerRule] = field(default_factory=dict)
    """Key → what a map says about answers."""
    stated: dict[str, AnswerScale] = field(default_factory=dict)
    """Stimulus as shown → its scale, where something else than the stimulus states it."""
    in_units: set[str] = field(default_factory=set)
    """Stimuli whose answers count units already."""
    rules_of: dict[str, AnswerRule] = field(default_factory=dict)
    """Stimulus as shown → what a map says about its answers."""
    noted: Mapping[str, AnswerScale] = field(default_factory=dict)
    """Key of a rule → the scale of the file's value labels, for questions that state none."""
    problem: str | None = None
    """Why the first scale that cannot be read cannot be read."""
    ends: dict[str, Mapping[int, str]] = field(default_factory=dict)
    """Stimulus whose scale cannot be read → the two options that it names, which may be the ends of its scale."""
    said: dict[str, None] = field(default_factory=dict)
    """A sentence on each text that states another scale than its ends do, in order."""
    _read: dict[str, AnswerScale | None] = field(default_factory=dict)

    def of(self, stimulus: str) -> AnswerScale | None:
        """The scale of a stimulus; None if it cannot be read."""
        if stimulus in self.stated:
            return self.stated[stimulus]
        if stimulus not in self._read:
            try:
                self._read[stimulus] = parse_scale(stimulus)
            except ScaleError as error:
                self._read[stimulus] = None
                self.problem = self.problem or str(error)
                if error.ends is not None:
                    self.ends[stimulus] = error.ends
        return self._read[stimulus]

    def converting(self) -> list[str]:
        """The stimuli whose whole numbers become other numbers."""
        scaled = [text for text, scale in self.stated.items() if scale.unit != 1 and text not in self.in_units]
        return list(dict.fromkeys([*scaled, *(text for text, rule in self.rules_of.items() if rule.converts)]))


def with_scale_ends(rows: pl.DataFrame, finder: OutcomeFinder, where: str, before: int) -> pl.DataFrame:
    """The rows with scale_min and scale_max as Int64: the table's, else the codebook's, else null.

    Args:
        rows: With `study_id`, `stimulus` and `question`.
        finder: Of the codebook's outcomes.
        where: The table, in messages.
        before: The rows of the file that were read earlier; messages count from its first.

    Raises:
        SourceError: If an end is not an integer, or two are not those of a scale.
    """
    for name in ("scale_min", "scale_max"):
        given = rows[name] if name in rows.columns else pl.Series(name, [None] * len(rows), pl.Int64)
        ends = integers(given)
        present = given.is_not_null() & (given.cast(pl.String).str.strip_chars() != "")
        wrong = (present & ends.is_null()).arg_true()
        if len(wrong):
            row = rows.row(wrong[0], named=True)
            raise SourceError(
                f"{where}, row {before + wrong[0] + 1} (study {row['study_id']}): {name} is {row[name]!r}, expected an "
                "integer; leave both ends empty if the outcome has no bounds"
            )
        rows = rows.with_columns(ends.alias(name))
    rows = _with_described_ends(rows, finder)
    low, high = pl.col("scale_min"), pl.col("scale_max")
    broken = (low.is_null() != high.is_null()) | (low >= high).fill_null(False)
    wide = ((high.cast(pl.Float64) - low) >= MOST_OPTIONS).fill_null(False)  # floats do not overflow
    for row in rows.filter(broken | wide).head(1).iter_rows(named=True):
        raise SourceError(
            f"{where}, study {row['study_id']}: a scale from {row['scale_min']} to {row['scale_max']} is invalid; "
            f"expected two ends, ascending, with at most {MOST_OPTIONS} options; leave both empty if the outcome has "
            "no bounds"
        )
    return rows


def _with_described_ends(rows: pl.DataFrame, finder: OutcomeFinder) -> pl.DataFrame:
    """The rows with the codebook's ends where the table has neither."""
    asked = ["study_id", "stimulus", "question"]
    distinct = rows.select(asked).unique(maintain_order=True)
    ends: list[tuple[int | None, int | None]] = []
    for study_id, stimulus, question in distinct.iter_rows():
        found = finder.find(study_id, question or stimulus or "")
        ends.append(found[1].ends or (None, None) if found else (None, None))
    described = distinct.with_columns(
        pl.Series("_min", [low for low, _ in ends], pl.Int64), pl.Series("_max", [high for _, high in ends], pl.Int64)
    )
    neither = pl.col("scale_min").is_null() & pl.col("scale_max").is_null()
    return (
        rows.join(described, on=asked, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.when(neither).then("_min").otherwise("scale_min").alias("scale_min"),
            pl.when(neither).then("_max").otherwise("scale_max").alias("scale_max"),
        )
        .drop("_min", "_max")
    )


def with_shown_text(rows: pl.DataFrame, finder: OutcomeFinder, scales: Scales) -> pl.DataFrame:
    """The rows with the stimulus as shown, answer instruction included; stated scales go to `scales`.

    Args:
        rows: With `question`, `scale_min`, `scale_max` and `RULE`.
        finder: Of the codebook's outcomes.
        scales: Gains the scales that are stated by something else than the stimulus.
    """
    distinct = rows.select(_SHOWN).unique(maintain_order=True)
    columns = _listed_scales(rows)
    shown: list[str | None] = []
    for row in distinct.iter_rows(named=True):
        stimulus, question = row["stimulus"] or "", row["question"] or ""
        text = "\n\n".join(part for part in (stimulus, "" if question in stimulus else question) if part)
        rule = scales.rules.get(row[RULE]) if row[RULE] is not None else None
        noted = scales.noted.get(row[RULE]) if row[RULE] is not None else None
        if text and rule is not None and rule.scale is not None:
            stated = rule.scale if rule.names_off_axis else _without_codes(rule.scale, text)
            stated = _with_labels_of(stated, _scale_in(text))
            text, scale = _with_other_scale(text, stated)
            scales.stated[text] = scale
            finder.give_way(row["study_id"], question or stimulus)
        elif text and rule is not None and scales.of(text) is not None:
            text = _with_refined_scale(text, rule, scales)
        elif text and row["scale_min"] is not None:
            values = tuple(range(row["scale_min"], row["scale_max"] + 1))
            labels = finder.use(row["study_id"], question or stimulus, values) or _fitting(noted, values)
            ends, found = with_off_axis(AnswerScale(values, labels)), _scale_in(text)
            known = within_ends(ends, text, found)
            if found is not None and found.options != known.options:
                scales.said[_other_ends(text, found, values)] = None
            text, scale = with_instruction(text, known)
            scales.stated[text] = scale
        elif row["stimulus"] in columns:
            scales.stated[text] = columns[row["stimulus"]]
            scales.in_units.add(text)
        elif text and noted is not None and scales.of(text) is None:
            text, scale = _with_noted_scale(text, noted, rule)
            scales.stated[text] = scale
        elif text:
            text = _with_described_labels(text, row["study_id"], question or stimulus, finder, scales)
        if rule is not None:
            scales.rules_of[text] = rule
        shown.append(text or None)
    distinct = distinct.with_columns(pl.Series("_shown", shown, pl.String))
    joined = rows.join(distinct, on=_SHOWN, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(stimulus=pl.col("_shown")).drop("_shown", "scale_min", "scale_max", RULE)


def with_observed_ends(rows: pl.DataFrame, scales: Scales) -> tuple[pl.DataFrame, list[str]]:
    """The rows, where named options are points of a longer scale since people answered between them.

    "0 = not at all, 10 = extremely" may name two options or the ends of eleven, and "0 = cold, 50 = neither, 100 =
    warm" three options or points of a thermometer. Answers between them, and none beyond, show which: of three or more,
    more such answers than there may be mistakes.

    Args:
        rows: As `with_shown_text` gives them, with their `response`.
        scales: Of the stimuli.

    Returns:
        The rows, with an answer instruction where the scale is known now, and a sentence on each of these.
    """
    said = []
    for text in rows["stimulus"].drop_nulls().unique(maintain_order=True):
        named = scales.ends.get(text) if scales.of(text) is None else _spaced_points(scales, text)
        if named is None:
            continue
        options = with_off_axis(AnswerScale(tuple(sorted(named)), named))
        named = {value: named[value] for value in options.values or ()}
        answers = integers(rows.filter(pl.col("stimulus") == text)["response"]).drop_nulls()
        answers = answers.filter(~answers.is_in(list(options.off_axis)))
        low, high = min(named), max(named)
        between = (answers.is_between(low, high) & ~answers.is_in(list(named))).sum()
        few = between <= (0 if len(named) == 2 else MOST_LOST * len(answers))
        if few or high - low >= MOST_OPTIONS or not answers.is_between(low, high).all():
            continue
        labels = {value: label for value, label in named.items() if label}
        shown, scale = with_instruction(text, AnswerScale(tuple(range(low, high + 1)), labels, options.off_axis))
        scales.stated[shown] = scale
        rows = rows.with_columns(
            pl.when(pl.col("stimulus") == text).then(pl.lit(shown)).otherwise(pl.col("stimulus")).alias("stimulus")
        )
        points = "these two" if len(named) == 2 else listed([str(value) for value in named], most=11)
        said.append(
            f"“{ending(text)}” is answered from {low} to {high}: it names {points}, and people answered between"
        )
    return rows, said


def _spaced_points(scales: Scales, text: str) -> Mapping[int, str] | None:
    """The options that a text alone states, where they are three or more with the same gap between them."""
    found = scales.of(text)
    if text in scales.stated or found is None or found.values is None or found.off_axis or len(found.values) < 3:
        return None
    steps = {high - low for low, high in pairwise(found.values)}
    spaced = len(steps) == 1 and steps != {1} and found.unit == 1 and set(found.labels) == set(found.values)
    return found.labels if spaced else None


def with_instruction(text: str, scale: AnswerScale) -> tuple[str, AnswerScale]:
    """The text, ending in an instruction for the scale, and the scale; a text that states it already is unchanged."""
    found = _scale_in(text)
    if found is not None and found.values is not None and found.options == scale.options and scale.unit == 1:
        if not scale.texts and not scale.off_axis:
            return text, replace(found, nominal=scale.nominal)
        if found.texts == {**found.texts, **scale.texts}:
            return text, replace(
                scale, labels={value: found.texts[value] for value in scale.values or () if value in found.texts}
            )
    if scale.values is None:
        return text if found is not None and found.values is None else f"{text}\n\n{OPEN_INSTRUCTION}", scale
    return f"{text}\n\n{answer_instruction(scale)}", scale


def _scale_in(text: str) -> AnswerScale | None:
    """The scale that a text states; None if it states none that can be read."""
    try:
        return parse_scale(text)
    except ScaleError:
        return None


def _other_ends(text: str, found: AnswerScale, stated: tuple[int, ...]) -> str:
    """What is said of a text that states another scale than the ends in the table or the codebook."""
    if found.options is None:
        own = "any number"
    elif found.options[-1] - found.options[0] >= len(found.options):
        own = listed(found.written_options, most=11)
    else:
        own = f"{found.written_options[0]} to {found.written_options[-1]}"
    return (
        f"“{ending(text)}” states {own}, and scale_min and scale_max {stated[0]} to {stated[-1]}: these count, and an "
        "instruction that says so stands below the text; correct whichever people did not read"
    )


def _with_labels_of(scale: AnswerScale, found: AnswerScale | None) -> AnswerScale:
    """A map's scale with the labels of the text's, where it names none and goes from the same end to the same end."""
    if scale.values is None or scale.labels or found is None or found.values is None:
        return scale
    options = {scale.written(value): value for value in scale.values}
    low, high = found.written(found.values[0]), found.written(found.values[-1])
    if (options.get(low), options.get(high)) != (scale.values[0], scale.values[-1]):
        return scale
    texts = {found.written(value): label for value, label in found.labels.items()}
    return replace(scale, labels={options[number]: label for number, label in texts.items() if number in options})


def _without_codes(scale: AnswerScale, text: str) -> AnswerScale:
    """The scale without the codes that a text assigns to those who give no answer."""
    return with_codes(scale, codes_for_no_answer(text)[0])


def _with_refined_scale(text: str, rule: AnswerRule, scales: Scales) -> str:
    """The text, with the scale that it states as far as a map does not say otherwise.

    Raises:
        SourceError: If what the map says does not fit that scale.
    """
    found = scales.of(text)
    assert found is not None
    try:
        text, scale = _with_other_scale(text, rule.refined(found))
    except ValueError as error:
        raise SourceError(f"the scale in the map does not fit “{text[-100:]}”: {error}") from error
    scales.stated[text] = scale
    return text


def _with_other_scale(text: str, scale: AnswerScale) -> tuple[str, AnswerScale]:
    """The text with the instruction for a scale in place of its own, unless that states it already; and the scale."""
    shown, scale = with_instruction(text, scale)
    question = text[: instruction_start(text)].strip()
    return (shown, scale) if shown == text or not question else with_instruction(question, scale)


def _with_noted_scale(text: str, noted: AnswerScale, rule: AnswerRule | None) -> tuple[str, AnswerScale]:
    """The text with the scale of the file's value labels, as far as a map does not say otherwise; and the scale.

    Raises:
        SourceError: If what the map says does not fit that scale.
    """
    try:
        return with_instruction(text, _without_codes(noted, text) if rule is None else rule.refined(noted))
    except ValueError as error:
        raise SourceError(f"the scale in the map does not fit “{text[-100:]}”: {error}") from error


def _fitting(noted: AnswerScale | None, values: tuple[int, ...]) -> dict[int, str]:
    """The file's value labels for a scale whose ends a table states; none if one lies beyond it."""
    texts = noted.texts if noted is not None else {}
    return dict(texts) if set(texts) <= set(values) else {}


def _with_described_labels(text: str, study_id: str, question: str, finder: OutcomeFinder, scales: Scales) -> str:
    """The text with the codebook's labels, where it states its options and not what they are called."""
    found = scales.of(text)
    if found is None or found.values is None:
        return text
    labels = finder.use(study_id, question, found.values)
    if not labels or found.labels:
        return text
    text, scale = with_instruction(text, with_off_axis(AnswerScale(found.values, labels, found.off_axis)))
    scales.stated[text] = scale
    return text


def _listed_scales(rows: pl.DataFrame) -> Mapping[str, AnswerScale]:
    """Stimulus → the scale of its columns scale_values and scale_labels, where the table has these as lists.

    Raises:
        SourceError: If a stimulus has two scales, or a list is no scale.
    """
    if not isinstance(rows.schema.get("scale_values"), pl.List):
        return {}
    columns = ("scale_values", "scale_labels", "off_axis", "off_axis_labels", "unit", "measurement")
    kinds = {name: CELLS_SCHEMA[name] for name in columns}
    there = [
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in kinds.items()
    ]
    scales: dict[str, AnswerScale] = {}
    distinct = (
        rows.select("stimulus", *there)
        .with_columns(_text=pl.struct(columns).struct.json_encode())
        .unique(["stimulus", "_text"], keep="first", maintain_order=True)
        .drop("_text")
    )
    for stimulus, *stated in distinct.iter_rows():
        try:
            scale = AnswerScale.from_columns(*stated)
        except (ValueError, TypeError) as error:
            raise SourceError(
                f"the scale {stated[0]!r:.60} of the stimulus {stimulus!r:.60} is none: {error}"
            ) from error
        if scales.setdefault(stimulus, scale) != scale:
            raise SourceError(f"the stimulus {stimulus!r:.60} has two scales in scale_values and scale_labels")
    return scales
