"""Design advice and pilots as HTML."""

from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.design.tables import (
    effects_table,
    notes,
    pilot_sentences,
    pilot_table,
    plan_words,
    sentences,
)
from socrates_core.trust.design.advice import Advice
from socrates_core.trust.design.learnt import Learnt
from socrates_core.ui.html import table_html, text


def advice_html(advice: Advice, place: int) -> str:
    """What is advised for one effect; how many people first."""
    of = advice.effects[place]
    first, *rest = sentences(of, advice)
    warned = f"<p class='warning'>{text(NOT_SCIENCE)}</p>" if advice.study.demo else ""
    return (
        f"<section class='verdict tone-open' aria-live='polite'><h2>{text(of.contrast.arm)} against "
        f"{text(of.contrast.control)}</h2><p class='arm'>{text(of.contrast.outcome)}; "
        f"{text(plan_words(advice.plan))}</p>"
        f"<p class='sentence'><span class='mark'>How many people</span>{text(first)}</p>{warned}</section>"
        f"<div class='notes'><ul>{''.join(f'<li>{text(one)}</li>' for one in rest)}</ul></div>"
    )


def all_html(advice: Advice) -> str:
    """All effects, and how to read them."""
    items = "".join(f"<li>{text(note)}</li>" for note in notes(advice))
    table = table_html(effects_table(advice), "All effects of the study") if advice.effects else ""
    return f"{table}<details class='notes'><summary>How to read this</summary><ul>{items}</ul></details>"


def pilot_html(learnt: Learnt) -> str:
    """What a few people's answers teach."""
    said = "".join(f"<li>{text(one)}</li>" for one in pilot_sentences(learnt))
    told = "".join(f"<li>{text(note)}</li>" for note in learnt.notes)
    return (
        f"<h3>What {learnt.answers.people:,} people already say</h3><div class='notes'><ul>{said}</ul></div>"
        f"{table_html(pilot_table(learnt), 'Intervals before and after the answers')}"
        f"<div class='notes'><ul>{told}</ul></div>"
    )


def files_html() -> str:
    """Downloads of the advice as it stands."""
    files = "".join(
        f"<button type='button' data-file='{kind}'>{name}</button>"
        for kind, name in (("csv", "CSV of all effects"), ("html", "HTML report"), ("json", "JSON with curves"))
    )
    return f"<div class='keep'><h3>Save this advice</h3><p class='files'>{files}</p></div>"
