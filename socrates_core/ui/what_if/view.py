"""A comparison of settings as HTML."""

from socrates_core.model.answer_model import NOT_SCIENCE, ModelDescription
from socrates_core.report.prediction.files import model_words
from socrates_core.report.trust.tables import TITLE
from socrates_core.report.what_if.change import change_sentences, change_table, changes
from socrates_core.report.what_if.files import SIMULATED, outcome_warnings
from socrates_core.report.what_if.tables import differences_table, notes, sentence, shares_table
from socrates_core.report.what_if.words import same_words, settings_table
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.what_if.comparison import OutcomeComparison, WhatIf
from socrates_core.ui.html import table, table_html, text


def kept_html(title: str, request: SimulationRequest, model: ModelDescription) -> str:
    """What is kept as A, and what to do next."""
    told = f"{title}, {request.n:,} people, {model_words(model)}, temperature {request.temperature:g}"
    return (
        f"<p class='stale' role='status'><b>Kept as A:</b> {text(told)}. Now change anything: a text, the people, the "
        "model, the temperature. Then press <b>Run</b>, and B stands beside A.</p>"
    )


def verdict_html(found: WhatIf, outcome: OutcomeComparison | None, name: str) -> str:
    """The comparison in sentences, and in what the settings differ."""
    *others, last = [text(one.name) for one in found.settings]
    names = f"{', '.join(others)} and {last}"
    said = "This outcome is in one of the settings alone." if outcome is None else sentence(outcome)
    told = [SIMULATED, *([NOT_SCIENCE] if any(one.first.model.demo for one in found.settings) else [])]
    told += [] if outcome is None else outcome_warnings(found, outcome)
    made = settings_table(found.settings)
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in made.header)
    rows = [
        f"<tr><th scope='row'>{text(row[0])}</th>{''.join(f'<td>{text(cell)}</td>' for cell in row[1:])}</tr>"
        for row in made.rows
    ]
    differing = table("In what the settings differ", head, rows)
    return (
        f"<section class='verdict tone-open' aria-live='polite'><h2>{names}</h2><p class='arm'>{text(name)}</p>"
        f"<p class='sentence'><span class='mark'>What if</span>{text(said)}</p>"
        f"{''.join(f'<p class=warning>{text(one)}</p>' for one in told)}</section>"
        f"<div class='differing'>{differing}<p class='quiet'>{text(same_words(found.settings))}</p></div>"
    )


def comparison_html(found: WhatIf, outcome: OutcomeComparison) -> str:
    """Means and differences, a row for each condition, and how far off the differences may be."""
    told = changes(found, outcome)
    said = "".join(f"<p>{text(one)}</p>" for one in change_sentences(told))
    table = change_table(told)
    drawn = "" if table is None else table_html(table, "Where true means and differences may lie")
    return (
        f"<h3>Setting by setting</h3>{table_html(differences_table(outcome), 'Conditions in every setting')}"
        f"<section class='trust'><h3>{TITLE}</h3>{said}{drawn}</section>"
    )


def shares_html(found: WhatIf, outcome: OutcomeComparison) -> str:
    """The shares of every condition, folded, and how to read all of it."""
    folded = "".join(
        f"<details><summary>Shares in {text(one.label)}</summary>"
        f"{table_html(shares_table(outcome, one), f'Predicted shares in {one.label}')}</details>"
        for one in outcome.arms
    )
    items = "".join(f"<li>{text(note)}</li>" for note in notes(found, outcome))
    return f"{folded}<div class='notes'><h3>How to read this</h3><ul>{items}</ul></div>"


def files_html(query: str = "") -> str:
    """Downloads, which hold all settings, and a button that copies the link with this query string, if there is one."""
    files = "".join(
        f"<button type='button' data-file='{kind}'>{name}</button>"
        for kind, name in (("csv", "CSV of all settings"), ("html", "HTML report"), ("json", "JSON, everything"))
    )
    if query:
        files += f"<button type='button' data-query='{text(query)}'>Copy link to A and B</button>"
    return f"<div class='keep'><h3>Save this comparison</h3><p class='files'>{files}</p></div>"
