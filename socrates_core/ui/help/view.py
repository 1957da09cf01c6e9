"""The tab Help as HTML: method, limits, words, how to cite, what is stored, version, licence, and where to report."""

import os
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from socrates_core import __version__
from socrates_core.report.markup import markup
from socrates_core.ui.access.uploads import UNCLAIMED
from socrates_core.ui.access.visitors import Policy
from socrates_core.ui.answer_memory import MAX_NUMBERS
from socrates_core.ui.listeners import KEPT_SECONDS

METHOD: Final = (
    "A language model reads what people would read: the instruction, the text of a condition, the question with its "
    "scale, and the demographics of one person. From it we take the probability of every answer option, exactly and "
    "without sampling. The average over many people is the predicted answer distribution of a condition. Where that "
    "cannot be had (a number without a stated scale, some servers), answers are drawn with a seed, and the result says "
    "so.",
    "An adapter is what the model has learnt from past experiments. It is measured on studies that it has never seen, "
    "against the answers that people gave there. Beside every distance stand what a perfect prediction would score "
    "(noise floor) and what guessing evenly would score (uniform baseline): between the two lies what a prediction is "
    "worth.",
)

LIMITS: Final = (
    "It predicts groups, not individuals. What a single person would answer it does not know, and nothing here may be "
    "used to judge, select or address one.",
    "Almost all it was trained and tried on are studies in English with people in the United States. Elsewhere, and in "
    "other languages, it is untested.",
    "Simulated people are no respondents. Report predictions as predictions, with the model's name and version, and "
    "never beside human answers without saying which is which.",
    "Subgroups, and differences between arms, can be much further off than the shares of everybody together. "
    "An interval is shown only where it was tried on other studies; where there is none, nothing is claimed.",
    "Published studies may have been part of the pretraining of a base model. No check can exclude that.",
    "The demo model is a toy for trying out the software. It knows an invented society, and nothing of the world.",
)

GLOSSARY: Final = {
    "study": "An experiment or survey: its conditions, outcomes, and the people who answered.",
    "condition (arm)": "One version of what people read. The control is the one that others are compared with.",
    "outcome": "A question with its answer scale.",
    "cell": "One condition, one outcome and one text of a study. Distances are computed for each cell.",
    "participant, response": "A human who took part, and one answer of theirs.",
    "persona": "The demographics of one person as they are put to the model.",
    "simulated people, profiles": "The personas that the model answers for.",
    "prompt": "Everything that the model reads before it answers for one person.",
    "answer distribution": "The share, or the probability, of each option.",
    "Wasserstein distance (W)": (
        "How far predicted answers would have to be moved to become the actual ones, from 0 (the same) to 1 (all at "
        "opposite ends of the scale)."
    ),
    "noise floor": "The W that even a perfect prediction would score, because only so many people were asked.",
    "uniform baseline": "Guessing evenly: every option has the same share.",
    "interval": "Where the true figure plausibly lies, at 95 % unless another share is stated.",
    "split": "Which studies a model may learn from, and which are kept for testing it.",
    "seen, CONTAMINATED": "The model was trained on the study, so that a close match would prove nothing.",
    "adapter": "A small file of weights trained on past experiments, put onto a base model.",
    "run": "One evaluation, and the folder that holds it.",
    "report": "What a run found, as a page.",
}
"""Words of the page → what they mean here."""

AUTHORS: Final = "Socrates contributors"
PAPER: Final = {
    "authors": "Akaash Kolluri, Shengguang Wu, Joon Sung Park and Michael S. Bernstein",
    "title": "Finetuning LLMs for Human Behavior Prediction in Social Science Experiments",
    "venue": "EMNLP 2025",
    "url": "https://arxiv.org/abs/2509.05830",
}
"""As in CITATION.cff."""


def help_html(policy: Policy, environ: Mapping[str, str] = os.environ) -> Markup:
    """The whole tab.

    Args:
        policy: Who may do what; on a Space the owner's answers about data differ from those on one's own machine.
        environ: Names the Space, if any.
    """
    parts = {
        "Method": _paragraphs(METHOD),
        "Limits": _list(LIMITS),
        "Words": _glossary(),
        "How to cite": _citation(),
        "What is stored, where, and how long": _list(privacy(policy)),
        "Version, licence, problems": _about(environ.get("SPACE_ID") if policy.space else None),
    }
    return markup(
        "<div class='help'>{% for title, body in parts.items() %}<section><h2>{{ title }}</h2>{{ body }}</section>"
        "{% endfor %}</div>",
        parts=parts,
    )  # fmt: skip


def privacy(policy: Policy) -> tuple[str, ...]:
    """What happens to what a visitor enters, one sentence each."""
    where = "the server of this Space" if policy.space else "the machine that this app runs on"
    hours, minutes = KEPT_SECONDS // 3600, round(UNCLAIMED / 60)
    return (
        f"Studies, edits and settings are sent to {where} and kept in its memory with your page, at most {hours} hours "
        "after its last use. An own study, and edits that were not run, stay in your browser until its tab is closed.",
        f"A file that you send lies in a temporary folder of {where}. It is deleted with your page, when another one "
        f"replaces it, after {minutes} minutes if no page takes it, and when the app starts again.",
        f"Results and the latest answers of the model (at most {MAX_NUMBERS:,} numbers) stay in memory until newer "
        "ones replace them or the app stops. The link of a result holds its settings: who has it can compute it again.",
        "An evaluation is a folder on disk (with a copy, if the owner set a mirror) that stays until somebody deletes "
        "it: its settings, predictions with the "
        "attributes of its people, its report, and who started it (the account that signed in, or a role; never a "
        "network address). Individual answers can be downloaded by the owner alone.",
        "To limit the load, network addresses or account names are held in memory while the app runs. Only if "
        "somebody opens the owner's address or signs in, a cookie keeps that. The choice to simulate at once is kept "
        "in the browser.",
        "With a model on a server elsewhere (an endpoint), what the model reads goes there: the texts and the "
        "attributes of people. Everything else stays here, and the app sends no statistics of use to anybody. The "
        "Hugging Face Hub is contacted to fetch or push what somebody asks for.",
    )


def _citation() -> Markup:
    return markup(
        "<p>{{ authors }}. <cite>Socrates</cite>, version {{ version }}. Software.</p>"
        "<p>{{ paper.authors }} (2025). <cite>{{ paper.title }}</cite>. {{ paper.venue }}. "
        "<a href='{{ paper.url }}' target='_blank' rel='noopener noreferrer'>{{ arxiv }}</a></p>"
        "<p>The paper is about the method; this software is not by its authors. Name the model, the adapter and "
        "the seed too: every saved result states them.</p>",
        authors=AUTHORS, version=__version__, paper=PAPER, arxiv=f"arXiv:{PAPER['url'].rpartition('/')[2]}",
    )  # fmt: skip


def _about(space: str | None) -> Markup:
    return markup(
        "<p>Socrates {{ version }}, under the Apache License 2.0. Models, adapters and data have licences of their own."
        "</p><p>Report a problem to {% if space %}<a href='https://huggingface.co/spaces/{{ space }}/discussions' "
        "target='_blank' rel='noopener noreferrer'>the discussions of this Space</a>{% else %}those from whom you have "
        "this software, or who run this app{% endif %}. Say what you did, what you saw and what you expected, the "
        "version, the model, and the link of the result. Leave out answers and attributes of real people.</p>",
        version=__version__, space=space,
    )  # fmt: skip


def _glossary() -> Markup:
    return markup(
        "<dl>{% for word, said in words.items() %}<dt>{{ word }}</dt><dd>{{ said }}</dd>{% endfor %}</dl>",
        words=GLOSSARY,
    )


def _paragraphs(sentences: tuple[str, ...]) -> Markup:
    return markup("{% for one in sentences %}<p>{{ one }}</p>{% endfor %}", sentences=sentences)


def _list(sentences: tuple[str, ...]) -> Markup:
    return markup("<ul>{% for one in sentences %}<li>{{ one }}</li>{% endfor %}</ul>", sentences=sentences)
