"""What a prediction is compared with at one click: the base of its model, and the uniform baseline."""

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.baselines import UniformModel
from socrates_core.ui.models import Adaptable
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import model_name


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


def comparable_baselines(results: Results, name: str, open_ended: bool) -> dict[str, AnswerModel | None]:
    """Those that can predict: the uniform baseline cannot, if every outcome is open-ended.

    Raises:
        SocratesError: If nothing is left to compare with.
    """
    models = baseline_models(results, name)
    if open_ended:
        models.pop("uniform", None)
    if len(models) < 2:
        raise SocratesError(
            "There is no baseline to compare with: the prediction is the uniform baseline's own, or all outcomes are "
            "open-ended. Choose another model, or give an outcome a scale"
        )
    return models
