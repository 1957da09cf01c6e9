"""The scale of each question of a table, and the text that states it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from socrates_core.errors import ScaleError, SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.rows import integers
from socrates_core.study.sources.table.columns import SCALE_LISTS
from socrates_core.study.sources.table.described import OutcomeFinder
from socrates_core.study.sources.table.rule import RULE, AnswerRule

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
    rules_of: dict[str, AnswerRule] = field(default_factory=dict)
    """Stimulus as shown → what a map says about its answers."""
    problem: str | None = None
    """Why the first scale that cannot be read cannot be read."""
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
        return self._read[stimulus]

    def converting(self) -> list[str]:
        """The stimuli whose whole numbers become other numbers."""
        scaled = [text for text, scale in self.stated.items() if scale.unit != 1]
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
    listed = _listed_scales(rows)
    shown: list[str | None] = []
    for row in distinct.iter_rows(named=True):
        stimulus, question = row["stimulus"] or "", row["question"] or ""
        text = "\n\n".join(part for part in (stimulus, "" if question in stimulus else question) if part)
        rule = scales.rules.get(row[RULE]) if row[RULE] is not None else None
        if text and rule is not None and rule.scale is not None:
            text, scale = with_instruction(text, rule.scale)
            scales.stated[text] = scale
        elif text and row["scale_min"] is not None:
            values = tuple(range(row["scale_min"], row["scale_max"] + 1))
            labels = finder.use(row["study_id"], question or stimulus, values)
            text, scale = with_instruction(text, AnswerScale(values, labels))
            scales.stated[text] = scale
        elif row["stimulus"] in listed:
            scales.stated[text] = listed[row["stimulus"]]
        elif text:
            text = _with_described_labels(text, row["study_id"], question or stimulus, finder, scales)
        if rule is not None:
            scales.rules_of[text] = rule
        shown.append(text or None)
    distinct = distinct.with_columns(pl.Series("_shown", shown, pl.String))
    joined = rows.join(distinct, on=_SHOWN, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(stimulus=pl.col("_shown")).drop("_shown", "scale_min", "scale_max", RULE)


def instruction(scale: AnswerScale) -> str:
    """The answer instruction for a scale of consecutive integers.

    `Only return an integer from 1 to 3, where 1 means "Too much", 2 means "About right" and 3 means "Too little".`
    """
    if scale.values is None:
        raise ValueError("an open-ended outcome has no ends to name")
    form = f"Only return an integer from {scale.values[0]} to {scale.values[-1]}"
    quoted = [f'{value} means "{text.replace(chr(34), chr(39))}"' for value, text in sorted(scale.labels.items())]
    if not quoted:
        return f"{form}, nothing else."
    listed = f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
    return f"{form}, where {listed}."


def with_instruction(text: str, scale: AnswerScale) -> tuple[str, AnswerScale]:
    """The text, ending in an instruction for the scale, and the scale; a text that states it already is unchanged."""
    try:
        found = parse_scale(text)
    except ScaleError:
        found = None
    if found is not None and found.values == scale.values and (not scale.labels or found == scale):
        return text, found
    return f"{text}\n\n{instruction(scale)}", scale


def _with_described_labels(text: str, study_id: str, question: str, finder: OutcomeFinder, scales: Scales) -> str:
    """The text with the codebook's labels, where it states its options and not what they are called."""
    found = scales.of(text)
    if found is None or found.values is None:
        return text
    labels = finder.use(study_id, question, found.values)
    if not labels or found.labels:
        return text
    text, scale = with_instruction(text, AnswerScale(found.values, labels))
    scales.stated[text] = scale
    return text


def _listed_scales(rows: pl.DataFrame) -> Mapping[str, AnswerScale]:
    """Stimulus → the scale of its columns scale_values and scale_labels, where the table has these as lists.

    Raises:
        SourceError: If a stimulus has two scales, or a list is no scale.
    """
    if not isinstance(rows.schema.get("scale_values"), pl.List):
        return {}
    labelled = isinstance(rows.schema.get("scale_labels"), pl.List)
    labels = pl.col("scale_labels") if labelled else pl.lit(None, pl.List(pl.String)).alias("scale_labels")
    scales: dict[str, AnswerScale] = {}
    distinct = (
        rows.select("stimulus", "scale_values", labels)
        .with_columns(_text=pl.struct(SCALE_LISTS).struct.json_encode())
        .unique(["stimulus", "_text"], keep="first", maintain_order=True)
    )
    for stimulus, numbers, texts, _ in distinct.iter_rows():
        try:
            scale = AnswerScale.from_columns(numbers, texts)
        except (ValueError, TypeError) as error:
            raise SourceError(f"the scale {numbers!r:.60} of the stimulus {stimulus!r:.60} is none: {error}") from error
        if scales.setdefault(stimulus, scale) != scale:
            raise SourceError(f"the stimulus {stimulus!r:.60} has two scales in scale_values and scale_labels")
    return scales
