"""The prediction of one outcome as HTML. Whatever nobody has answered is said, never left empty."""

from collections.abc import Sequence

from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.prediction.files import NOT_ANSWERED, command_words, model_words
from socrates_core.report.prediction.tables import (
    arms_table,
    notes,
    share_effects_table,
    shares_table,
    subgroups_table,
    summary,
    warnings,
)
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.writing import study_text
from socrates_core.ui.html import table_html, text

WAITING = (
    "<section class='verdict waiting'><h2>The prediction</h2><p class='quiet'>Press <b>Run</b> to see what people "
    "would answer: predicted shares and means in every condition, effects against the control, and subgroups.</p>"
    "</section>"
)
STALE = "<p class='stale' role='status'>The study has changed. Press <b>Run</b> to update the prediction.</p>"


def verdict_html(form: StudyForm, one: OutcomeResult) -> str:
    """The prediction in sentences, and what it rests on."""
    found = one.simulation
    head = f"<h2>{text(form.title)}</h2><p class='arm'>{text(one.name)}</p>"
    if found is None:
        sentence = f"<p class='sentence'><span class='mark'>Not predicted</span>{text(one.refused)}</p>"
        return f"<section id='study-verdict' class='verdict tone-open' aria-live='polite'>{head}{sentence}</section>"
    request = found.request
    decoding = f"temperature {request.temperature:g}" + (f", top-p {request.top_p:g}" if request.top_p < 1 else "")
    details = [
        f"{request.n:,} simulated people in each condition", decoding, f"seed {request.seed}",
        f"model {model_words(found.model)}",
    ]  # fmt: skip
    told = [NOT_ANSWERED, *([NOT_SCIENCE] if found.model.demo else []), *warnings(found)]
    return (
        f"<section id='study-verdict' class='verdict tone-open' aria-live='polite'>{head}"
        f"<p class='sentence'><span class='mark'>Prediction only</span>{text(summary(found))}</p>"
        f"<p class='request'>{text(' · '.join(details))}</p>"
        f"{''.join(f'<p class=warning>{text(one)}</p>' for one in told)}</section>"
    )


def ranking_html(found: Simulation | None) -> str:
    """The conditions by predicted mean with their effects; empty for options without an order."""
    if found is None or found.arms[0].cell.scale.nominal:
        return ""
    title = "Conditions, ranked" if len(found.arms) > 1 else "The condition"
    alone = "<p class='quiet'>There is one condition, so there is no effect to show.</p>" * (len(found.arms) == 1)
    return f"<h3>{title}</h3>{table_html(arms_table(found), 'Conditions with means and effects', 2)}{alone}"


def tables_html(found: Simulation | None) -> str:
    """Shares, subgroups and notes."""
    if found is None:
        return ""
    parts = []
    differences = share_effects_table(found)
    if differences is not None:
        title = f"Differences from {found.control.condition_label}, in points"
        parts.append(f"<h3>{text(title)}</h3>{table_html(differences, title)}")
    shares = table_html(shares_table(found), "Predicted shares of every answer")
    parts.append(f"<h3>Predicted shares</h3>{shares}")
    groups, told = subgroups_table(found)
    what = "medians" if found.arms[0].open_ended else "means"
    drawn = table_html(groups, f"Predicted {what} by subgroup", 1) if groups else ""
    parts.append(f"<h3>By subgroup</h3>{drawn}<p class='quiet'>{text(told)}</p>" if drawn or told else "")
    items = "".join(f"<li>{text(note)}</li>" for note in notes(found))
    return f"{''.join(parts)}<div class='notes'><h3>How to read this</h3><ul>{items}</ul></div>"


def keep_html(form: StudyForm, found: Sequence[OutcomeResult]) -> str:
    """Downloads and a link. They are made in the visitor's page; the server keeps nothing."""
    first = next((one.simulation for one in found if one.simulation is not None), None)
    if first is None:
        return ""
    files = "".join(
        f"<button type='button' data-file='{kind}'>{name}</button>"
        for kind, name in (
            ("csv", "CSV of the shares"),
            ("claims", "CSV of how far off"),
            ("html", "HTML report"),
            ("json", "JSON, everything"),
            ("zip", "Record for preregistration"),
        )
    )
    link = f"<button type='button' data-study='{text(study_text(form))}'>Copy link to this study</button>"
    return (
        f"<div class='keep'><h3>Save this prediction</h3><p class='files'>{files}{link}</p><p class='quiet'>The link "
        "holds the study itself, behind a # that browsers send to no server. The saved study file gives the same "
        f"prediction on the command line:</p><pre>{text(command_words(form, first))}</pre>"
        "<p class='quiet'>The record is a zip with the study, the prediction and what is said of it, to be registered "
        "before people answer.</p></div>"
    )


def digest_html(digest: str) -> str:
    """What is quoted of a record that was saved, and how it is scored later."""
    command = f"socrates record RECORD.zip --sha256 {digest} --data answers.csv --map map.yaml --out scored"
    return (
        "<div class='keep' role='status'><p>The record is saved. Quote its SHA-256 in the preregistration, which shows "
        f"later that nothing of it was changed:</p><pre>{text(digest)}</pre><p>When people have answered, score it "
        f"below, under “Score a record with people's answers”, or by:</p><pre>{text(command)}</pre></div>"
    )
