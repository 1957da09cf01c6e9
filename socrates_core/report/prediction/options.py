"""What the commands that predict a study file have in common: the options of the model and of the people drawn."""

from pathlib import Path
from typing import Annotated, cast

import typer

from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.folder import chosen_adapter
from socrates_core.model.loading import load_model
from socrates_core.model.precision import Precision
from socrates_core.simulation.request import MAX_PEOPLE

Model = Annotated[str, typer.Option(help="uniform, demo, a folder, a Hub id, or endpoint:NAME@URL.")]
Adapter = Annotated[
    str | None, typer.Option(help="A LoRA adapter: a folder, a Hub id, or none; the demo model brings its own.")
]
Template = Annotated[str | None, typer.Option(help="Prompt template, for a model without a record.")]
Weights = Annotated[str, typer.Option(help="auto, nf4, nf4-dequantised, bf16 or float32.")]
People = Annotated[int, typer.Option(help="Simulated people in each condition.", min=1, max=MAX_PEOPLE)]
Temperature = Annotated[float, typer.Option(help="Of each person's answers; 1 leaves them as they are.")]
TopP = Annotated[float, typer.Option(help="Share of each person's likeliest answers that is kept.")]
Seed = Annotated[int, typer.Option(help="Seed of the people drawn.")]
BothOrders = Annotated[
    bool, typer.Option("--both-orders", help="Average over the options in both orders: twice the work.")
]
Calibration = Annotated[
    Path | None, typer.Option(help="calibration.json of this model's runs; default: the one that came with the model.")
]


def asked_model(
    model: str, adapter: str | None, template: str | None, precision: str, calibration: Path | None = None
) -> AnswerModel:
    """The model that the options name; `check_calibration` says whether the calibration is one of its predictions.

    Raises:
        ModelError: As for `load_model`.
    """
    chosen = chosen_adapter(model, adapter)
    return load_model(model, chosen, template=template, precision=cast("Precision", precision), calibration=calibration)
