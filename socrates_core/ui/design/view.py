"""Design advice and pilots as HTML."""

from markupsafe import Markup

from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.design.tables import (
    effects_table,
    notes,
    pilot_sentences,
    pilot_table,
    plan_words,
    sentences,
)
from socrates_core.report.markup import markup
from socrates_core.trust.design.advice import Advice
from socrates_core.trust.design.learnt import Learnt
from socrates_core.ui.html import table_html


def advice_html(advice: Advice, place: int) -> Markup:
    """What is advised for one effect; how many people first."""
    of = advice.effects[place]
    first, *rest = sentences(of, advice)
    return markup(
        "<section class='verdict tone-open' aria-live='polite'><h2>{{ of.contrast.arm }} against "
        "{{ of.contrast.control }}</h2><p class='arm'>{{ of.contrast.outcome }}; {{ plan }}</p>"
        "<p class='sentence'><span class='mark'>How many people</span>{{ first }}</p>"
        "{% if demo %}<p class='warning'>{{ not_science }}</p>{% endif %}</section>"
        "<div class='notes'><ul>{% for one in rest %}<li>{{ one }}</li>{% endfor %}</ul></div>",
        of=of, plan=plan_words(advice.plan), first=first, demo=advice.study.demo, not_science=NOT_SCIENCE, rest=rest,
    )  # fmt: skip


def all_html(advice: Advice) -> Markup:
    """All effects, and how to read them."""
    return markup(
        "{{ effects }}<details class='notes'><summary>How to read this</summary>"
        "<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul></details>",
        effects=table_html(effects_table(advice), "All effects of the study") if advice.effects else "",
        notes=notes(advice),
    )  # fmt: skip


def pilot_html(learnt: Learnt) -> Markup:
    """What a few people's answers teach."""
    return markup(
        "<h3>What {{ people }} people already say</h3>"
        "<div class='notes'><ul>{% for one in said %}<li>{{ one }}</li>{% endfor %}</ul></div>{{ intervals }}"
        "<div class='notes'><ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul></div>",
        people=f"{learnt.answers.people:,}", said=pilot_sentences(learnt), notes=learnt.notes,
        intervals=table_html(pilot_table(learnt), "Intervals before and after the answers"),
    )  # fmt: skip


def files_html() -> Markup:
    """Downloads of the advice as it stands."""
    return markup(
        "<div class='keep'><h3>Save this advice</h3><p class='files'>"
        "<button type='button' data-file='csv'>CSV of all effects</button>"
        "<button type='button' data-file='html'>HTML report</button>"
        "<button type='button' data-file='json'>JSON with curves</button></p></div>"
    )
