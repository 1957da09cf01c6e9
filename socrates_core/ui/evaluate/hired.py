"""The command that runs the evaluation of the form on hired hardware, shown to be copied and never run here."""

from collections.abc import Mapping

from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.hub.hired import hired_command
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.folder import DEMO
from socrates_core.report.markup import markup
from socrates_core.runs.plan import BASELINES
from socrates_core.study.sources.bundled import BUNDLED


def hired_html(spec: EvaluationSpec, owner: bool, environ: Mapping[str, str]) -> Markup:
    """The command and what to know of it; empty where this machine or an endpoint does the work as well.

    Args:
        spec: The evaluation.
        owner: Whether the reader may see the names of this machine's folders.
        environ: Environment variables, which tell whether this is a Space.
    """
    if spec.model in (DEMO, *BASELINES) or spec.model.startswith(ENDPOINT):
        return Markup()
    if not owner and (spec.studies != BUNDLED or "/" in (spec.model[:1], (spec.adapter or "")[:1])):
        return Markup()
    try:
        hired = hired_command(run_words(spec), environ=environ)
    except SocratesError as error:
        return markup("<p class='quiet'>On hired hardware: {{ error }}</p>", error=error)
    return markup(
        "<details class='prompt'><summary>Run this on hired hardware instead</summary>"
        "<pre tabindex='0' aria-label='Command for hired hardware'>{{ hired.text }}</pre>"
        "<ul class='quiet'>{% for note in hired.notes %}<li>{{ note }}</li>{% endfor %}</ul></details>",
        hired=hired,
    )


def run_words(spec: EvaluationSpec) -> list[str]:
    """`socrates run` with the options that make this specification; a value that begins with a dash stays a value."""
    options = {
        "--studies": spec.studies,
        "--split": spec.part,
        "--model": spec.model,
        "--adapter": spec.adapter,
        "--template": spec.template,
        "--precision": None if spec.precision == "auto" else spec.precision,
        "--per-cell": spec.per_cell,
        "--seed": spec.seed,
        "--out": f"runs/{spec.run_id}",
    }
    words = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    words += [part for study in spec.only for part in ("--study", study)]
    flags = {
        "--allow-seen": spec.allow_seen, "--other-base": spec.other_base, "--both-orders": spec.both_orders,
    }  # fmt: skip
    return ["run", *words, *(name for name, given in flags.items() if given)]
