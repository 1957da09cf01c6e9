"""What is compared on the page: a prediction with an earlier one, or with those of its base and of guessing evenly."""

from collections.abc import Callable
from dataclasses import replace

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.baselines import UniformModel
from socrates_core.report.what_if.files import what_if_csv, what_if_html, what_if_json
from socrates_core.simulation.what_if.comparison import WhatIf, compare_settings
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.study_file.reading import study_of
from socrates_core.ui.access.limits import DOWNLOAD_COST
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.models import Adaptable
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import model_name
from socrates_core.ui.your_study.preview import HERE
from socrates_core.ui.your_study.work import Prediction, admitted, file_json


def beside(first: Prediction, made: Prediction) -> WhatIf:
    """A prediction that is kept, and one after a change.

    Raises:
        SocratesError: If one of them is too large to be compared on the page.
    """
    return compare_settings([whole(first).setting, whole(made).setting])


def against_baselines(
    results: Results, visitor: Visitor, made: Prediction, progress: Callable[[int, int], None] | None = None
) -> WhatIf:
    """A prediction beside those of its base and of the uniform baseline, for the same people.

    Raises:
        SocratesError: If it is the uniform baseline's own, is too large, or as for `admitted` and `predict_setting`.
    """
    own, models = whole(made).setting, baseline_models(results, made.model)
    request = own.first.request
    assert request.n is not None
    sampling = Sampling(request.n, request.temperature, request.top_p, request.seed)
    studies = study_of(made.form, None, HERE)
    if all(cell.scale.values is None for cell in studies.cells_of(studies.study_ids[0])):
        models.pop("uniform", None)
    if len(models) < 2:
        raise SocratesError(
            "There is no baseline to compare with: the prediction is the uniform baseline's own, or all outcomes are "
            "open-ended. Choose another model, or give an outcome a scale"
        )
    settings: list[PredictedSetting] = []
    asked = sum(model is not None for model in models.values())
    with admitted(results, visitor, asked * sampling.people * len(studies.cells)):
        for name, model in models.items():
            made_now = own if model is None else predict_setting(Setting(studies, model, sampling), progress)
            settings.append(replace(made_now, name=name))
    return compare_settings(settings)


def baseline_models(results: Results, name: str) -> dict[str, AnswerModel | None]:
    """Name in the comparison → model; None for the one that has predicted already.

    Base, adapter and uniform where the model has an adapter, or is the base of the default model's; else the model and
    uniform.
    """
    model, default = results.models.get(name), results.models.default
    if isinstance(model, UniformModel):
        return {"uniform": None}
    uniform = UniformModel()
    if isinstance(model, Adaptable) and model.description.adapter:
        return {"base": model.base_model(), "adapter": None, "uniform": uniform}
    default_base = default.base_model() if isinstance(default, Adaptable) and default.description.adapter else None
    if default_base is not None and model_name(default_base.description) == model_name(model.description):
        return {"base": None, "adapter": default, "uniform": uniform}
    return {"model": None, "uniform": uniform}


def whole(made: Prediction) -> Prediction:
    """The prediction, if it holds what every person answers.

    Raises:
        SocratesError: If it is too large to be compared on the page.
    """
    if any(not simulation.answers for simulation in made.setting.predicted):
        raise SocratesError(
            "This prediction has too many people and options to be compared on the page. Simulate fewer people, or use "
            "the command socrates what-if"
        )
    return made


def download(results: Results, visitor: Visitor, found: WhatIf, title: str, kind: str) -> str:
    """A file of a comparison, as the page saves it.

    Raises:
        SocratesError: If there is no such file, or the visitor has exceeded the rate limit.
    """
    writers: dict[str, Callable[[], str]] = {
        "csv": lambda: what_if_csv(found),
        "html": lambda: what_if_html(title, found),
        "json": lambda: what_if_json(found),
    }
    if kind not in writers:
        raise SocratesError(f"There is no download {kind!r}")
    results.limits.take(visitor, DOWNLOAD_COST)
    return file_json(f"{title} what if", kind, writers[kind]())
