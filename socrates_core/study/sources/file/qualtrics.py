"""Survey files of Qualtrics (.qsf): what the columns of its export are, and what its codes mean.

The export names columns by question tags; with "choice text" it holds the texts of choices, with "numeric values" their
codes. Both become codes here, so that an answer is the same number either way.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from socrates_core.errors import SourceError
from socrates_core.study.files import read_json
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.file.qualtrics_arms import arm_texts
from socrates_core.study.sources.file.qualtrics_several import SELECTED, MultiSelect, multi_select, several_columns

SUFFIX: Final = ".qsf"
EXPORTS: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Endings of the export beside a survey file, in the order in which they are looked for."""

_NO_ANSWERS: Final = ("DB", "Timing", "Captcha", "Meta")
"""Kinds of questions that nobody answers: texts, clocks, checks."""
_MOST_BYTES: Final = 64 * 1024**2
_LISTED: Final = 8

Question = Mapping[str, Any]


@dataclass(frozen=True)
class Survey:
    """A survey file."""

    notes: Mapping[str, ColumnNotes]
    """Column of the export → what is known of it."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column → text of a choice, as `plain_choice` spells it → its code; none for a text that several choices have."""
    multi: tuple[MultiSelect, ...] = ()
    """Its multi-select questions."""
    said: tuple[str, ...] = ()
    """What the file holds and nothing reads, a sentence each."""


def survey_beside(file: Path) -> Path | None:
    """The survey file that belongs to an export: of the same name beside it; None if there is none."""
    name = file.name
    for suffix in EXPORTS:
        if name.lower().endswith(suffix):
            survey = file.with_name(name[: -len(suffix)] + SUFFIX)
            return survey if survey.is_file() else None
    return None


def export_beside(survey: Path) -> Path:
    """The export that belongs to a survey file.

    Raises:
        SourceError: If there is none beside it.
    """
    for suffix in EXPORTS:
        file = survey.with_name(survey.name[: -len(SUFFIX)] + suffix)
        if file.is_file():
            return file
    raise SourceError(
        f"{survey} is a survey, without answers; put its export beside it as {survey.stem}.csv (in Qualtrics: Data & "
        "Analysis, Export, CSV)"
    )


def read_survey(path: Path) -> Survey:
    """What a survey file says of the columns of its export.

    Questions of kinds that are not supported are named, the others are read.

    Raises:
        SourceError: If it cannot be read.
    """
    elements = _elements(path)
    questions = _questions(elements)
    notes: dict[str, ColumnNotes] = {}
    texts: dict[str, Mapping[str, str]] = {}
    twice: dict[str, None] = {}
    unread, piped = [], []
    for question in questions:
        tag = _tag(question)
        kind = f"{question.get('QuestionType')} {question.get('Selector', '')}".strip()
        if question.get("QuestionType") in _NO_ANSWERS:
            continue
        columns = dict(_columns(question, tag))
        if not columns:
            unread.append(f"{tag} ({kind})")
        if "${" in str(question.get("QuestionText")):
            piped.append(tag)
        for column, (note, codes) in columns.items():
            if column in notes:
                twice.setdefault(column)
            notes[column], texts[column] = note, codes
    for column in twice:  # which of two questions the export means is not known
        del notes[column], texts[column]
    shown = [(_clean(str(one.get("QuestionText", ""))), one.get("DisplayLogic")) for one in questions if _is_text(one)]
    flow = next((one.get("Payload") for one in elements if one.get("Element") == "FL"), None)
    arms, doubts = arm_texts(flow, shown)
    notes |= {field: ColumnNotes(reads=read) for field, read in arms.items() if field not in notes}
    said = [
        *(f"{path.name}: {doubt}" for doubt in doubts),
        *_sentence(path, "nothing reads questions of these kinds", unread),
        *_sentence(path, "two questions have one tag, so neither is taken from it", list(twice)),
        *_sentence(path, "the text of these questions has a place that is filled in for each person (${…})", piped),
    ]
    multi = (_multi(question) for question in questions)
    there = tuple(one for one in multi if one is not None and notes.keys() >= one.choices.keys())
    return Survey(notes, texts, there, tuple(said))


def plain_choice(text: str) -> str:
    """A text of a choice without what its spellings differ in."""
    return _clean(text).casefold()


# -- the file --------------------------------------------------------------------------------------------------


def _elements(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{path} is larger than a survey file is")
        elements = read_json(path)["SurveyElements"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path} is not a survey file of Qualtrics ({type(error).__name__}); export it again"
        ) from error
    if not isinstance(elements, list):
        raise SourceError(f"{path} is not a survey file of Qualtrics; export it again")
    return [one for one in elements if isinstance(one, dict)]


def _questions(elements: Sequence[Mapping[str, Any]]) -> list[Question]:
    """The questions that are asked, in the order of the file; those in the trash are not."""
    trash: set[str] = set()
    for one in elements:
        if one.get("Element") == "BL":
            payload = one.get("Payload") or {}
            blocks = payload.values() if isinstance(payload, dict) else payload
            for block in blocks:
                if isinstance(block, dict) and block.get("Type") == "Trash":
                    trash |= {str(inner.get("QuestionID")) for inner in block.get("BlockElements") or []}
    found = [one["Payload"] for one in elements if one.get("Element") == "SQ" and isinstance(one.get("Payload"), dict)]
    return [question for question in found if str(question.get("QuestionID")) not in trash]


def _tag(question: Question) -> str:
    return str(question.get("DataExportTag") or question.get("QuestionID"))


def _multi(question: Question) -> MultiSelect | None:
    choices = _ordered(question.get("Choices"), question.get("ChoiceOrder"))
    return multi_select(question, _tag(question), {key: _display(choice) for key, choice in choices.items()})


def _is_text(question: Question) -> bool:
    return question.get("QuestionType") == "DB" and question.get("Selector") == "TB"


def _sentence(path: Path, what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        yield f"{path.name}: {what}: {', '.join(names[:_LISTED])}{more}"


# -- columns ---------------------------------------------------------------------------------------------------


def _columns(question: Question, tag: str) -> Iterator[tuple[str, tuple[ColumnNotes, Mapping[str, str]]]]:
    """Column → what is known of it, and the codes of its texts; nothing for kinds that are not supported."""
    kind, selector = question.get("QuestionType"), str(question.get("Selector", ""))
    text = _clean(str(question.get("QuestionText", "")))
    choices = _ordered(question.get("Choices"), question.get("ChoiceOrder"))
    if kind == "MC" and (selector.startswith(("SA", "DL", "SB")) or selector == "NPS"):
        values, codes = _codes(choices, question.get("RecodeValues"), question.get("VariableNaming"))
        yield tag, (ColumnNotes(text, values), codes)
        for key, choice in choices.items():
            if choice.get("TextEntry"):
                yield f"{tag}_{key}_TEXT", (ColumnNotes(f"{text} {_display(choice)}", asks_text=True), {})
    elif (multi := _multi(question)) is not None:
        for (named, shown), one in zip(multi.choices.items(), choices.values(), strict=True):
            yield named, (ColumnNotes(f"{text} {shown}".strip(), SELECTED), {})
            if one.get("TextEntry"):
                yield f"{named}_TEXT", (ColumnNotes(f"{text} {shown}", asks_text=True), {})
    elif kind in ("RO", "CS"):
        items = {key: _display(choice) for key, choice in choices.items()}
        for named, note in several_columns(question, tag, text, items).items():
            yield named, (note, {})
    elif kind == "Matrix" and selector in ("Likert", "Bipolar") and question.get("SubSelector") != "MultipleAnswer":
        answers = _ordered(question.get("Answers"), question.get("AnswerOrder"))
        values, codes = _codes(answers, question.get("RecodeValues"), question.get("VariableNaming"))
        tags = question.get("ChoiceDataExportTags") or {}
        for key, choice in choices.items():
            column = tags.get(key) if isinstance(tags, dict) and tags.get(key) else f"{tag}_{key}"
            row = _display(choice)
            ends = _bipolar(row, values) if selector == "Bipolar" else values
            label = text if selector == "Bipolar" else f"{text} {row}".strip()
            yield str(column), (ColumnNotes(label, ends), codes)
    elif kind == "Slider":
        for key, choice in choices.items():
            yield f"{tag}_{key}", (ColumnNotes(f"{text} {_display(choice)}".strip()), {})
    elif kind == "TE" and selector in ("SL", "ML", "ESTB", "PW"):
        settings = (question.get("Validation") or {}).get("Settings") or {}
        yield tag, (ColumnNotes(text, asks_text=settings.get("ContentType") != "ValidNumber"), {})


def _ordered(choices: Any, order: Any) -> dict[str, Mapping[str, Any]]:
    """Id → choice, in the order in which people see them."""
    if isinstance(choices, list):  # as Qualtrics writes ids 1, 2, 3
        choices = {str(number): one for number, one in enumerate(choices, start=1)}
    if not isinstance(choices, dict):
        return {}
    known = {str(key): one for key, one in choices.items() if isinstance(one, dict)}
    listed = [str(key) for key in order if str(key) in known] if isinstance(order, list) else []
    return {key: known[key] for key in dict.fromkeys([*listed, *known])}


def _codes(
    choices: Mapping[str, Mapping[str, Any]], recodes: Any, naming: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """Code → text, and text → code; a text that begins with its own code loses it."""
    recodes = recodes if isinstance(recodes, dict) else {}
    naming = naming if isinstance(naming, dict) else {}
    values: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for key, choice in choices.items():
        code, text = str(recodes.get(key, key)), _display(choice)
        for spelling in (text, str(naming.get(key) or "")):
            if spelling:
                found.setdefault(plain_choice(spelling), set()).add(code)
        label = re.sub(rf"^{re.escape(code)}\s*[:.)=–-]?\s+", "", text) or code  # an option without a text is one too
        values[code] = f"{values[code]} / {label}" if code in values else label
    return values, {text: next(iter(codes)) for text, codes in found.items() if len(codes) == 1}


def _bipolar(row: str, values: Mapping[str, str]) -> dict[str, str]:
    """The two ends of a row such as "Very conservative:Very liberal"."""
    left, _, right = row.partition(":")
    codes = list(values)
    ends = {codes[0]: left.strip(), codes[-1]: right.strip()} if len(codes) > 1 else {}
    return {code: ends.get(code) or code for code in codes}


def _display(choice: Mapping[str, Any]) -> str:
    return _clean(str(choice.get("Display", "")))


def _clean(text: str) -> str:
    """A text as people see it: without tags, on one line."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", text)
    text = re.sub(r"(?i)</?(?:b|i|u|em|strong|span|font|a|sup|sub|small|big)\b[^>]*>", "", text)  # within a word
    text = re.sub(r"(?s)<!--.*?-->|<[^>]+>", " ", text)
    return " ".join(html.unescape(text).split())


Answers = Literal["codes", "texts"]


def answers_kind(columns: Mapping[str, Sequence[str]], survey: Survey, where: str, stated: Answers | None) -> Answers:
    """Whether the answers of an export are codes or texts of choices.

    Args:
        columns: Column → the distinct values in it, of those that the survey file knows choices of.
        survey: The survey file.
        where: The export, in messages.
        stated: From a map.

    Raises:
        SourceError: If they may be either, and it matters: the texts are numbers, and other ones than the codes.
    """
    if stated is not None:
        return stated
    unclear: list[str] = []
    kinds: dict[Answers, str] = {}
    for name, values in columns.items():
        codes, texts = set(survey.notes[name].values), survey.texts[name]
        are_codes = all(value in codes for value in values)
        are_texts = all(plain_choice(value) in texts for value in values)
        if are_codes and are_texts:
            if any(texts[plain_choice(value)] != value for value in values):
                unclear.append(name)
        elif are_codes or are_texts:
            kinds.setdefault("codes" if are_codes else "texts", name)
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds or unclear:
        named = f"{kinds['codes']} holds codes and {kinds['texts']} texts" if kinds else f"{unclear[0]} may be either"
        raise SourceError(
            f"{where}: are its answers the codes of the survey file or the texts of its choices? {named}; say which in "
            "a map: `answers: codes` or `answers: texts`"
        )
    return "codes"
