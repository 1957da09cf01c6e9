"""Answers as people's files hold them: a number, the text of an option, or both in one."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.sources.rows import integers
from socrates_core.study.sources.table.map.rule import AS_IT_IS, AnswerRule
from socrates_core.study.sources.table.scales import Scales

_NUMBER: Final = r"[+-]?\d{1,15}(?:\.\d+)?"
_NUMBER_THEN_TEXT: Final = re.compile(
    rf"[(\[]?(?P<number>{_NUMBER})[)\]]?(?:\s*(?:[-\u2010-\u2015=:.)]|->)\s*|\s+[(\[]|\s+)(?P<text>\S.*)", re.DOTALL
)
"""`1 - not at all`, `1: not at all`, `1 = not at all`, `(1) not at all`, `1 (not at all)`, `1 not at all`."""
_TEXT_THEN_NUMBER: Final = re.compile(
    rf"(?P<text>.*\S)(?:\s*[(\[]\s*(?P<bracket>{_NUMBER})\s*[)\]]|\s*[-\u2010-\u2015=:]\s*(?P<number>{_NUMBER}))",
    re.DOTALL,
)
"""`very (7)`, `very - 7`, `very = 7`."""
_LINKED: Final = re.compile(rf"[(\[]?{_NUMBER}[)\]]?\s*(?:[-\u2010-\u2015=:.)]|->|[(\[])")
"""A number that something sets apart from its text; `3 days` has nothing of the kind."""
_SEVERAL: Final = re.compile(r"[\[({]?\s*(?P<parts>[^,;|/&+]+(?:\s*(?:[,;|/&+]|\band\b)\s*[^,;|/&+]+)+)\s*[\])}]?")
_BETWEEN_PARTS: Final = re.compile(r"\s*(?:[,;|/&+]|\band\b)\s*")
NO_VALUE: Final = frozenset({"", ".", "-", "na", "n/a", "nan", "null", "none"})
"""How files write that there is no value, in small letters: of an answer, or of who gave it."""
_NOTHING: Final = NO_VALUE | {"#n/a", "missing", "<na>", "#null!"}
"""Texts of programs for "no answer", unless an option is called so. In predictions made elsewhere, whose options are
often not known by name, those of NO_VALUE alone are none, and the others are answers that are lost."""

_NO_DIGITS: Final = ("<super>", "<sub>", "<fraction>")
"""Kinds of letters that a normal form turns into digits: 10² would be 102."""

BETWEEN: Final = "the answer lies between the options"
SEVERAL: Final = "several options in one answer"
CONTRADICTION: Final = "number and text of the answer are different options"
NO_SCALE: Final = "the scale of the question cannot be read"
NO_PLACE: Final = {
    name: f"the answer has no {name}" for name in ("study_id", "condition_num", "participant", "stimulus")
}
UNREADABLE: Final = "the answer is neither a number nor the text of an option"

PROBLEM: Final = "_problem"
"""Column of the reason why an answer cannot be taken."""

WAYS_OUT: Final[Mapping[str, str]] = {
    BETWEEN: "state the step in a map (--map), as in `scale: {from: 1, to: 5, step: 0.5}`; or round to the nearest "
    "option, `scale: {round: nearest}`; or make bins, `scale: {bins: [0, 20, 40, 60, 80, 100]}`",
    SEVERAL: "make an item of each option: a row (in a wide table a column) for each person and option, answered 1 if "
    "it was chosen and 0 if not, with a question of its own such as “Do you own a hammer?”; or, where the comma is a "
    'decimal mark, say `decimal: ","` in a map (--map)',
    CONTRADICTION: "correct the answers or the labels of the scale",
    NO_SCALE: "give its ends in the columns scale_min and scale_max, in studies.json (outcome: min and max), or in a "
    "map (--map: `scale: {from: 0, to: 10}`)",
    **dict.fromkeys(NO_PLACE.values(), "fill the column in, or take the rows out"),
    UNREADABLE: "write the option's number, or its text as the scale names it (labels in the stimulus, in studies.json "
    "or in a map); declare codes for no answer as `missing: [-99]` in a map (--map)",
}
"""Why an answer cannot be taken → what to do."""


@dataclass(frozen=True)
class Reading:
    """One answer."""

    value: int | None = None
    """In units of the scale; None if it cannot be taken, or is none."""
    problem: str | None = None
    """Why it cannot be taken: a key of WAYS_OUT."""
    label: str | None = None
    """The text beside its number, where it has both."""


def read_answer(text: str, scale: AnswerScale | None, rule: AnswerRule = AS_IT_IS) -> Reading:
    """The option that a text names.

    Args:
        text: As in the file, with a decimal point.
        scale: Its scale; None if it is unknown.
        rule: Whether it is rounded, or becomes the number of a bin.
    """
    named = scale is not None and text.strip() in scale.labels.values()
    if not named and any(unicodedata.decomposition(letter).startswith(_NO_DIGITS) for letter in text):
        return Reading(problem=UNREADABLE)
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if _is_number(text):
        value = rule.bin_of(float(text)) if rule.edges else _units(text, scale, rule.to_nearest)
        return Reading(value) if value is not None else Reading(problem=BETWEEN)
    texts = _options(scale)
    if plain_text(text) in texts:
        return Reading(texts[plain_text(text)])
    if text.casefold() in _NOTHING:
        return Reading()
    labelled = _labelled(text, scale, texts)
    if labelled is not None:
        return labelled
    return Reading(problem=SEVERAL if _is_several(text, scale, texts) else UNREADABLE)


@dataclass(frozen=True)
class Texts:
    """Answers of a slice that were no numbers."""

    read: int = 0
    """Those that name an option, by its text or by number and text."""
    example: str = ""
    """One of them."""
    option: int = 0
    """What it was read as."""
    none: int = 0
    """Those that are texts of programs for "no answer"."""


def with_answers(rows: pl.DataFrame, scales: Scales) -> tuple[pl.DataFrame, Texts]:
    """The rows with their answers as whole numbers, in units of their scale.

    Args:
        rows: With `stimulus` and `response`.
        scales: Of the stimuli.

    Returns:
        The rows, with `PROBLEM`, why an answer cannot be taken, which then stays as it is; and how many answers were
        texts.
    """
    given = rows.select("stimulus", pl.col("response").cast(pl.String).str.strip_chars().alias("_answer"))
    whole = integers(rows["response"])
    asked = given["_answer"].is_not_null() & (given["_answer"] != "") & given["stimulus"].is_not_null()
    special = asked & (whole.is_null() | given["stimulus"].is_in(scales.converting()).fill_null(False))
    if not special.any():
        return rows, Texts()
    distinct = given.filter(special).unique(maintain_order=True)
    readings = _agreeing(
        [
            (stimulus, read_answer(answer, scales.of(stimulus), scales.rules_of.get(stimulus, AS_IT_IS)))
            for stimulus, answer in distinct.iter_rows()
        ]
    )
    distinct = distinct.with_columns(
        pl.Series("_value", [one.value for one in readings], pl.Int64),
        pl.Series(PROBLEM, [one.problem for one in readings], pl.String),
    )
    joined = given.with_columns(_special=special, _whole=whole).join(
        distinct, on=["stimulus", "_answer"], how="left", maintain_order="left"
    )
    taken = pl.when("_special").then("_value").otherwise("_whole").cast(pl.String)
    answer = pl.when(pl.col(PROBLEM).is_not_null()).then("_answer").otherwise(taken).alias("response")
    texts = joined.filter("_special", pl.col(PROBLEM).is_null(), ~pl.col("_answer").str.contains(r"^[+-]?[\d.]+$"))
    none = texts["_value"].null_count()
    read = texts.filter(pl.col("_value").is_not_null())
    example, option = read.select("_answer", "_value").row(0) if len(read) else ("", 0)
    return rows.with_columns(joined.select(answer, PROBLEM)), Texts(len(read), example, option, none)


def lost_answers(rows: pl.DataFrame, scales: Scales) -> pl.DataFrame:
    """The answers that cannot be taken, as `StudySetBuilder.lose` needs them, each with its `row`.

    Args:
        rows: As `with_answers` gives them.
        scales: Of the stimuli.
    """
    stimuli = rows["stimulus"].drop_nulls().unique(maintain_order=True).to_list()
    unread = [stimulus for stimulus in stimuli if scales.of(stimulus) is None]
    answer = pl.col("response").cast(pl.String).str.strip_chars()
    reason = pl.coalesce(
        *(
            pl.when(pl.col(name).cast(pl.String).fill_null("").str.strip_chars() == "").then(pl.lit(why))
            for name, why in NO_PLACE.items()
        ),
        pl.when(integers(rows["condition_num"]).is_null()).then(pl.lit(NO_PLACE["condition_num"])),
        pl.when(pl.col("stimulus").is_in(unread)).then(pl.lit(NO_SCALE)),
        pl.col(PROBLEM) if PROBLEM in rows.columns else pl.lit(None, pl.String),
    )
    return (
        rows.with_row_index("row")
        .with_columns(answer=answer, reason=reason, stimulus=pl.col("stimulus").fill_null(""))
        .with_columns(integers(rows["condition_num"]), integers(rows["task_num"]))
        .filter(pl.col("reason").is_not_null(), pl.col("answer") != "")
        .select("row", "study_id", "condition_num", "task_num", "stimulus", "participant", "answer", "reason")
    )


def _agreeing(readings: Sequence[tuple[str, Reading]]) -> list[Reading]:
    """The readings; where a question's answers give one number two texts, or one text two numbers, none is taken."""
    texts: dict[tuple[str, int], set[str]] = {}
    numbers: dict[tuple[str, str], set[int]] = {}
    for stimulus, one in readings:
        if one.label is not None and one.value is not None:
            texts.setdefault((stimulus, one.value), set()).add(one.label)
            numbers.setdefault((stimulus, one.label), set()).add(one.value)
    return [
        Reading(problem=CONTRADICTION)
        if one.label is not None
        and one.value is not None
        and (len(texts[stimulus, one.value]) > 1 or len(numbers[stimulus, one.label]) > 1)
        else one
        for stimulus, one in readings
    ]


def plain_text(text: str) -> str:
    """A text without what spellings of one option differ in: case, quotation marks, blanks, the final full stop."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[\u2018\u2019\u201b\u02bc`´]", "'", text)
    text = re.sub(r"[\u2010-\u2015]", "-", text)
    return " ".join(text.split()).strip(" .\"“”'")


def _units(text: str, scale: AnswerScale | None, to_nearest: bool = False) -> int | None:
    """The number that a text is, in units of the scale; None if it is none, or lies between two units.

    Args:
        text: A number.
        scale: Its scale.
        to_nearest: Take the nearest option between two; the even one where both are as near.
    """
    if not _is_number(text):
        return None
    units = Decimal(text) / Decimal(str(scale.unit if scale is not None else 1))
    if to_nearest and scale is not None and scale.values is not None and scale.values[0] <= units <= scale.values[-1]:
        return min(scale.values, key=lambda option: (abs(option - units), option % 2))
    return int(units) if units == int(units) and abs(units) < 2**63 else None


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def _options(scale: AnswerScale | None) -> dict[str, int]:
    """Plain text → option, for texts that only one option has."""
    found: dict[str, int | None] = {}
    for value, label in (scale.texts if scale is not None else {}).items():
        text = plain_text(label)
        found[text] = None if text in found else value
    return {text: value for text, value in found.items() if text and value is not None}


def _labelled(text: str, scale: AnswerScale | None, texts: Mapping[str, int]) -> Reading | None:
    """The option of a number with a text; None if the text holds no such pair."""
    for form in (_NUMBER_THEN_TEXT, _TEXT_THEN_NUMBER):
        match = form.fullmatch(text)
        if match is None:
            continue
        groups = match.groupdict()
        value = _units(groups["number"] or groups["bracket"], scale)
        label = plain_text(match["text"].rstrip(")]") if "(" not in match["text"] else match["text"])
        if value is None or not re.match(r"[^\W\d]", label):
            continue
        named = texts.get(label)
        if named is not None and named != value:
            return Reading(problem=CONTRADICTION)
        if named == value or form is _TEXT_THEN_NUMBER or _LINKED.match(text):
            return Reading(value, label=label)
    return None


def _is_several(text: str, scale: AnswerScale | None, texts: Mapping[str, int]) -> bool:
    match = _SEVERAL.fullmatch(text)
    parts = _BETWEEN_PARTS.split(match["parts"]) if match else text.split()
    parts = [part.strip(" \"'[](){}") for part in parts]

    def is_option(part: str) -> bool:
        value = _units(part, scale)
        return plain_text(part) in texts or (value is not None and (scale is None or scale.contains(value)))

    return len(parts) > 1 and all(map(is_option, parts))
