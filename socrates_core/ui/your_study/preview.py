"""Beside the editor: what people would read, what the model reads, what the checks found."""

import json
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from markupsafe import Markup

from socrates_core.errors import ModelError, ScaleError, SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.report.markup import joined, markup
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.finding import Finding
from socrates_core.study.study_file.form import ConditionForm, OutcomeForm, StudyForm, form_findings
from socrates_core.study.study_file.population.margins import TIMES
from socrates_core.study.study_file.population.people import NOTHING, Loaded
from socrates_core.study.study_file.population.weighting import UNEQUAL
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_file.stimulus import scale_of, stimulus_of
from socrates_core.study.study_set import Cell, Persona, persona_rows
from socrates_core.ui.html import notice_html
from socrates_core.ui.simulate.study_view import open_ended_note, prompt_card, stimulus_card
from socrates_core.ui.your_study.draft import Draft, Written, written
from socrates_core.ui.your_study.population import MARGINS, PERSONAS

HERE: Final = "your study"
"""What messages call the study in the editor."""

FIRST: Final = markup(
    "<div class='empty'><p><b>Write a study, see what people would answer.</b></p>"
    "<ol><li>Give it a title, and a name and a text to each condition.</li><li>Ask a question and choose how people "
    "answer.</li><li>Press <b>Run</b>.</li></ol><p>Or press <b>Load the example</b> and change it. The study stays in "
    "this tab of your browser, also when the page is reloaded: save it as a file to keep it.</p></div>"
)

_ANY: Final = AnswerScale((0, 1))
"""In place of an open-ended outcome's scale, to measure how long its prompt is."""

_TO_DO: Final = {
    "title": "Give the study a title.",
    "label": "Give this condition a name.",
    "name": "Give this outcome a name.",
    "question": "Write the question.",
    "scale": "Choose how people answer.",
}
"""Last key of a place → what is to be done where nothing stands there yet."""


@runtime_checkable
class Encoding(Protocol):
    """A model that can say whether a prompt fits its context."""

    def encoded(self, requests: list[tuple[Cell, list[Persona]]]) -> object:
        """Encode the prompts.

        Raises:
            ModelError: If one is longer than the context.
        """
        ...


def findings_json(findings: tuple[Finding, ...]) -> str:
    """The findings as the editor takes them: place, kind (`open`: not written yet, `bad`, `doubt`, `note`) and text."""
    rows = []
    for one in findings:
        missing = one.message in ("is missing", "is empty, expected a text")
        message = _TO_DO.get(str(one.place[-1]) if one.place else "", one.message) if missing else one.message
        kind = "open" if missing else "bad" if one.blocks else "note" if _is_note(one) else "doubt"
        rows.append({"place": ".".join(map(str, one.place)), "kind": kind, "text": _sentence(message)})
    return json.dumps(rows, ensure_ascii=False)


def checked(draft: Draft, model: AnswerModel, loaded: Loaded = NOTHING) -> tuple[Written, Studies | None]:
    """The draft as a study file with all findings, those of people and context included; and the study, if it is one.

    Args:
        draft: From the editor.
        model: Says whether the texts fit its context.
        loaded: Studies that are at hand, whose people may take part.
    """
    found = written(draft)
    if not found.ready:
        return found, None
    try:
        studies = study_of(form_of(found.raw, HERE), None, HERE, loaded)
    except SocratesError as error:
        return Written(found.raw, (_placed(str(error), draft.people.kind), *found.findings)), None
    too_long = _too_long(studies, found.raw, model)
    at = ("population", draft.people.kind) if draft.people.kind in (MARGINS, PERSONAS) else ("population",)
    weighted = tuple(Finding(at, note, blocks=False) for note in studies.manifest.notes)
    return Written(found.raw, (*too_long, *found.findings, *weighted)), None if too_long else studies


def summary_html(draft: Draft, found: Written) -> Markup:
    """Whether the study can be run, in a line."""
    if draft.untouched:
        return Markup()
    blocking = sum(finding.blocks for finding in found.findings)
    doubts = sum(not finding.blocks and not _is_note(finding) for finding in found.findings)
    if blocking:
        things = "1 thing is" if blocking == 1 else f"{blocking} things are"
        return markup(
            "<p class='quiet' role='status'>{{ things }} still to be done; each is named beside its field.</p>",
            things=things,
        )
    arms, asked = len(draft.conditions), len(draft.outcomes)
    size = f"{arms} condition{'s' * (arms > 1)} × {asked} outcome{'s' * (asked > 1)}"
    look = f" {doubts} remark{'s' * (doubts > 1)} beside the fields." if doubts else ""
    return markup("<p class='quiet ready' role='status'>Ready to run: {{ size }}.{{ look }}</p>", size=size, look=look)


def preview_html(
    draft: Draft, found: Written, studies: Studies | None, model: AnswerModel, condition: int, outcome: int
) -> Markup:
    """Exactly what people would read in one condition with one outcome, and what the model reads.

    Args:
        draft: From the editor.
        found: The draft as a study file.
        studies: The study if it can be simulated, for the first person of its population.
        model: Reads the prompt.
        condition: Its place in the editor.
        outcome: Its place in the editor.
    """
    if draft.untouched:
        return FIRST
    cell = preview_cell(found, condition, outcome)
    if cell is None:
        return markup(
            "<div class='empty'><p>What people would read stands here as soon as the condition has a name and the "
            "outcome a question and answers.</p></div>"
        )
    if isinstance(cell, str):
        return notice_html(cell, problem=False)
    cards = [stimulus_card(cell).replace("What participants read", "What people would read", 1)]
    if cell.scale.values is None:
        cards.append(open_ended_note(model))
    if studies is not None:
        cards.append(prompt_card(studies, _same(studies, cell), (), model.description))
    return joined(cards)


def preview_cell(found: Written, condition: int, outcome: int) -> Cell | str | None:
    """One condition with one outcome, where both are written, or why their text cannot be made."""
    forms = []
    for form, key, place in ((ConditionForm, "conditions", condition), (OutcomeForm, "outcomes", outcome)):
        listed = found.raw[key]
        if not 0 <= place < len(listed) or form_findings(form, listed[place]):
            return None
        forms.append(form.model_validate(listed[place]))
    arm, asked = forms
    assert isinstance(arm, ConditionForm)
    assert isinstance(asked, OutcomeForm)
    try:
        return Cell(0, "own", 1, outcome + 1, stimulus_of(arm, asked), scale_of(asked), condition=arm.label)
    except ScaleError as error:
        return str(error)


def form_in(found: Written) -> StudyForm:
    """The study file of a draft that is ready."""
    return form_of(found.raw, HERE)


def _same(studies: Studies, cell: Cell) -> Cell:
    """The study's own cell with this text."""
    mine = (one for one in studies.cells_of(studies.study_ids[0]) if one.stimulus == cell.stimulus)
    return next(mine, studies.cells_of(studies.study_ids[0])[0])


def _too_long(studies: Studies, raw: dict[str, object], model: AnswerModel) -> tuple[Finding, ...]:
    """Conditions whose text with the longest question is longer than the model's context."""
    if not isinstance(model, Encoding):
        return ()
    people = studies.participants_of(studies.study_ids[0]).head(1)
    persona = {key: value for key, value in persona_rows(people)[0].items() if value is not None} if len(people) else {}
    labels = [" ".join(str(one["label"]).split()) for one in raw["conditions"]]  # type: ignore[attr-defined]
    found = []
    for place, label in enumerate(labels):
        cells = [cell for cell in studies.cells_of(studies.study_ids[0]) if cell.condition == label]
        longest = max(cells, key=lambda cell: len(cell.stimulus))
        if longest.scale.values is None:
            longest = replace(longest, scale=_ANY)
        try:
            model.encoded([(longest, [persona])])
        except ModelError as error:
            message = str(error).partition("its prompt has ")[2]
            if message:
                found.append(Finding(("conditions", place, "text"), f"what the model reads has {message}"))
    return tuple(found)


def _placed(message: str, kind: str) -> Finding:
    """What is wrong with the people, beside the field of them: `your study, population.margins.gender: …`."""
    where, colon, words = message.removeprefix(f"{HERE}, ").partition(": ")
    keys = tuple(where.split("."))
    if not colon or keys[0] != "population":
        return Finding(("population", PERSONAS) if kind == PERSONAS else ("population",), message)
    if kind == PERSONAS:
        return Finding(("population", PERSONAS), words)
    if keys[1:2] == ("margins",) and len(keys) > 2 and TIMES in keys[2]:
        return Finding(("population", "tables"), f"{'.'.join(keys[2:])}: {words}")
    return Finding(keys, words)


def _is_note(finding: Finding) -> bool:
    """Whether a remark is nothing to look at: what weights do to the number of people, as long as it is little."""
    return finding.place[:1] == ("population",) and not finding.blocks and UNEQUAL not in finding.message


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]
