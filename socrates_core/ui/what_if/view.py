"""A comparison of settings as HTML."""

from markupsafe import Markup

from socrates_core.model.answer_model import NOT_SCIENCE, ModelDescription
from socrates_core.report.markup import markup
from socrates_core.report.prediction.files import model_words
from socrates_core.report.trust.tables import TITLE
from socrates_core.report.what_if.change import change_sentences, change_table, changes
from socrates_core.report.what_if.files import SIMULATED, outcome_warnings
from socrates_core.report.what_if.tables import differences_table, notes, sentence, shares_table
from socrates_core.report.what_if.words import same_words, settings_table
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.what_if.comparison import OutcomeComparison, WhatIf
from socrates_core.ui.html import table, table_html


def kept_html(title: str, request: SimulationRequest, model: ModelDescription) -> Markup:
    """What is kept as A, and what to do next."""
    told = f"{title}, {request.n:,} people, {model_words(model)}, temperature {request.temperature:g}"
    return markup(
        "<p class='stale' role='status'><b>Kept as A:</b> {{ told }}. Now change anything: a text, the people, the "
        "model, the temperature. Then press <b>Run</b>, and B stands beside A.</p>",
        told=told,
    )


def verdict_html(found: WhatIf, outcome: OutcomeComparison | None, name: str) -> Markup:
    """The comparison in sentences, and in what the settings differ."""
    *others, last = [one.name for one in found.settings]
    said = "This outcome is in one of the settings alone." if outcome is None else sentence(outcome)
    told = [SIMULATED, *([NOT_SCIENCE] if any(one.first.model.demo for one in found.settings) else [])]
    told += [] if outcome is None else outcome_warnings(found, outcome)
    made = settings_table(found.settings)
    head = markup("{% for name in header %}<th scope='col'>{{ name }}</th>{% endfor %}", header=made.header)
    rows = [
        markup(
            "<tr><th scope='row'>{{ row[0] }}</th>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>",
            row=row,
        )
        for row in made.rows
    ]
    return markup(
        "<section class='verdict tone-open' aria-live='polite'><h2>{{ names }}</h2><p class='arm'>{{ name }}</p>"
        "<p class='sentence'><span class='mark'>What if</span>{{ said }}</p>"
        "{% for one in told %}<p class=warning>{{ one }}</p>{% endfor %}</section>"
        "<div class='differing'>{{ differing }}<p class='quiet'>{{ same }}</p></div>",
        names=f"{', '.join(others)} and {last}", name=name, said=said, told=told,
        differing=table("In what the settings differ", head, rows), same=same_words(found.settings),
    )  # fmt: skip


def comparison_html(found: WhatIf, outcome: OutcomeComparison) -> Markup:
    """Means and differences, a row for each condition, and how far off the differences may be."""
    told = changes(found, outcome)
    made = change_table(told)
    return markup(
        "<h3>Setting by setting</h3>{{ differences }}<section class='trust'><h3>{{ title }}</h3>"
        "{% for one in said %}<p>{{ one }}</p>{% endfor %}{{ drawn }}</section>",
        differences=table_html(differences_table(outcome), "Conditions in every setting"), title=TITLE,
        said=change_sentences(told),
        drawn="" if made is None else table_html(made, "Where true means and differences may lie"),
    )  # fmt: skip


def shares_html(found: WhatIf, outcome: OutcomeComparison) -> Markup:
    """The shares of every condition, folded, and how to read all of it."""
    arms = [
        (one.label, table_html(shares_table(outcome, one), f"Predicted shares in {one.label}")) for one in outcome.arms
    ]
    return markup(
        "{% for label, shares in arms %}<details><summary>Shares in {{ label }}</summary>{{ shares }}</details>"
        "{% endfor %}<div class='notes'><h3>How to read this</h3>"
        "<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul></div>",
        arms=arms, notes=notes(found, outcome),
    )  # fmt: skip


def files_html(query: str = "") -> Markup:
    """Downloads, which hold all settings, and a button that copies the link with this query string, if there is one."""
    return markup(
        "<div class='keep'><h3>Save this comparison</h3><p class='files'>"
        "<button type='button' data-file='csv'>CSV of all settings</button>"
        "<button type='button' data-file='html'>HTML report</button>"
        "<button type='button' data-file='json'>JSON, everything</button>{% if query %}"
        "<button type='button' data-query='{{ query }}'>Copy link to A and B</button>{% endif %}</p></div>",
        query=query,
    )
