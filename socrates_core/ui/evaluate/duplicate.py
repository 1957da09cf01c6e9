"""The settings of a run, put back into the form for another one."""

from dataclasses import dataclass
from typing import Final

from socrates_core.errors import RunError
from socrates_core.evaluation.spec import EvaluationSpec, in_full
from socrates_core.model.folder import shown_name
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import Source
from socrates_core.ui.evaluate.form import Filled, RunForm

NOT_IN_THE_FORM: Final = {
    "data": "its studies have been prepared again since",
    "split": "its studies have been split anew since",
    "only": "it was about chosen studies of the part, and the form takes all of them",
    "template": "its prompt template is not that of the form",
    "precision": "its precision is not that of the form",
    "other_base": "its adapter was put onto another base model",
    "both_orders": "it asked with the options in both orders",
    "adapter": "its adapter is another one now",
    "model": "its model is another one now",
}
"""What the form cannot say, or says otherwise by now."""


@dataclass(frozen=True)
class Duplicate:
    """The form filled as for an earlier run."""

    filled: Filled
    message: str
    """What to do with it, and in what the run will differ."""


def duplicate(form: RunForm, spec: EvaluationSpec, visitor: Visitor) -> Duplicate:
    """Fill the form with the settings of a run.

    Raises:
        SocratesError: If its studies are not open here, or the visitor may not use its model or adapter.
    """
    source = _source(form, spec)
    titles = {form.located(title): title for _, title in form.adapters(spec.model) if title}
    adapter = "" if spec.adapter is None else titles.get(spec.adapter, spec.adapter)
    filled = Filled(spec.model, adapter, source.name, spec.part, spec.per_cell, spec.seed, spec.allow_seen)
    again, before = form.spec(filled, visitor).to_json(), spec.to_json()
    keys = dict.fromkeys([*before, *again])
    differing = [NOT_IN_THE_FORM.get(key, key) for key in keys if before.get(key) != again.get(key)]
    if not differing:
        return Duplicate(filled, "These are the settings of that run. As they are, they are the same run: change one.")
    return Duplicate(filled, f"These are the settings of that run, except that {'; and '.join(differing)}.")


def _source(form: RunForm, spec: EvaluationSpec) -> Source:
    """The studies of a run among those that are open here.

    Raises:
        RunError: If they are not.
    """
    for source in form.results.catalogue.sources:
        where = BUNDLED if source.folder is None else in_full(str(source.folder))
        if where == spec.studies and source.split is not None and source.split.parts.get(spec.part):
            return source
    raise RunError(
        f"the studies of this run ({shown_name(spec.studies)}, part {spec.part}) are not open here; start the app with "
        "--studies and their folder"
    )
