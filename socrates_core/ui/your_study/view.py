"""The prediction of one outcome as HTML. Whatever nobody has answered is said, never left empty."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.markup import markup
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
from socrates_core.ui.html import table_html

WAITING: Final = markup(
    "<section class='verdict waiting'><h2>The prediction</h2><p class='quiet'>Press <b>Run</b> to see what people "
    "would answer: predicted shares and means in every condition, effects against the control, and subgroups.</p>"
    "</section>"
)
STALE: Final = markup(
    "<p class='stale' role='status'>The study has changed. Press <b>Run</b> to update the prediction.</p>"
)


def verdict_html(form: StudyForm, one: OutcomeResult) -> Markup:
    """The prediction in sentences, and what it rests on."""
    found = one.simulation
    if found is None:
        return _verdict(form, one, "Not predicted", str(one.refused))
    request = found.request
    decoding = f"temperature {request.temperature:g}" + (f", top-p {request.top_p:g}" if request.top_p < 1 else "")
    details = [
        f"{request.n:,} simulated people in each condition", decoding, f"seed {request.seed}",
        f"model {model_words(found.model)}",
    ]  # fmt: skip
    told = [NOT_ANSWERED, *([NOT_SCIENCE] if found.model.demo else []), *warnings(found)]
    return _verdict(form, one, "Prediction only", summary(found), " · ".join(details), told)


def _verdict(
    form: StudyForm, one: OutcomeResult, mark: str, sentence: str, request: str = "", warned: Sequence[str] = ()
) -> Markup:
    return markup(
        "<section id='study-verdict' class='verdict tone-open' aria-live='polite'><h2>{{ form.title }}</h2>"
        "<p class='arm'>{{ one.name }}</p><p class='sentence'><span class='mark'>{{ mark }}</span>{{ sentence }}</p>"
        "{% if request %}<p class='request'>{{ request }}</p>{% endif %}"
        "{% for words in warned %}<p class=warning>{{ words }}</p>{% endfor %}</section>",
        form=form, one=one, mark=mark, sentence=sentence, request=request, warned=warned,
    )  # fmt: skip


def ranking_html(found: Simulation | None) -> Markup:
    """The conditions by predicted mean with their effects; empty for options without an order."""
    if found is None or found.arms[0].cell.scale.nominal:
        return Markup()
    return markup(
        "<h3>{% if many %}Conditions, ranked{% else %}The condition{% endif %}</h3>{{ ranked }}"
        "{% if not many %}<p class='quiet'>There is one condition, so there is no effect to show.</p>{% endif %}",
        many=len(found.arms) > 1, ranked=table_html(arms_table(found), "Conditions with means and effects", 2),
    )  # fmt: skip


def tables_html(found: Simulation | None) -> Markup:
    """Shares, subgroups and notes."""
    if found is None:
        return Markup()
    title = f"Differences from {found.control.condition_label}, in points"
    differences = share_effects_table(found)
    groups, told = subgroups_table(found)
    what = "medians" if found.arms[0].open_ended else "means"
    return markup(
        "{% if differences %}<h3>{{ title }}</h3>{{ differences }}{% endif %}<h3>Predicted shares</h3>{{ shares }}"
        "{% if groups or told %}<h3>By subgroup</h3>{{ groups }}<p class='quiet'>{{ told }}</p>{% endif %}"
        "<div class='notes'><h3>How to read this</h3>"
        "<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul></div>",
        title=title, differences=differences and table_html(differences, title),
        shares=table_html(shares_table(found), "Predicted shares of every answer"),
        groups=table_html(groups, f"Predicted {what} by subgroup", 1) if groups else "", told=told, notes=notes(found),
    )  # fmt: skip


def keep_html(form: StudyForm, found: Sequence[OutcomeResult]) -> Markup:
    """Downloads and a link. They are made in the visitor's page; the server keeps nothing."""
    first = next((one.simulation for one in found if one.simulation is not None), None)
    if first is None:
        return Markup()
    return markup(
        "<div class='keep'><h3>Save this prediction</h3><p class='files'>"
        "<button type='button' data-file='csv'>CSV of the shares</button>"
        "<button type='button' data-file='claims'>CSV of how far off</button>"
        "<button type='button' data-file='html'>HTML report</button>"
        "<button type='button' data-file='json'>JSON, everything</button>"
        "<button type='button' data-file='zip'>Record for preregistration</button>"
        "<button type='button' data-study='{{ study }}'>Copy link to this study</button></p><p class='quiet'>The link "
        "holds the study itself, behind a # that browsers send to no server. The saved study file gives the same "
        "prediction on the command line:</p><pre>{{ command }}</pre>"
        "<p class='quiet'>The record is a zip with the study, the prediction and what is said of it, to be registered "
        "before people answer.</p></div>",
        study=study_text(form), command=command_words(form, first),
    )  # fmt: skip


def digest_html(digest: str) -> Markup:
    """What is quoted of a record that was saved, and how it is scored later."""
    return markup(
        "<div class='keep' role='status'><p>The record is saved. Quote its SHA-256 in the preregistration, which shows "
        "later that nothing of it was changed:</p><pre>{{ digest }}</pre><p>When people have answered, score it "
        "below, under “Score a record with people's answers”, or by:</p><pre>socrates record RECORD.zip "
        "--sha256 {{ digest }} --data answers.csv --map map.yaml --out scored</pre></div>",
        digest=digest,
    )
