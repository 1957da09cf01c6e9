"""What an error model was fitted on: another model, adapter, template or setting has errors of its own."""

import math
from dataclasses import dataclass, fields

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.results.provenance import Provenance


@dataclass(frozen=True)
class Fingerprint:
    """The settings on which predictions, and so their errors, depend."""

    model: str
    """The model as requested."""
    model_revision: str | None
    """Its commit, where one was requested."""
    adapter: str | None
    """The adapter as requested; None for a model without one."""
    adapter_revision: str | None
    """Its commit, where one was requested."""
    template: str | None
    """The template of the prompt; None for a baseline."""
    precision: str
    """Precision of the weights that was used."""
    temperature: float
    """1 for the probabilities as the model gives them."""
    top_p: float
    """1 for all options."""

    def __post_init__(self) -> None:
        """Refuse a temperature or top-p that no prediction can have."""
        if not (math.isfinite(self.temperature) and self.temperature > 0 and 0 < self.top_p <= 1):
            raise ValueError("a temperature is above 0, and top-p above 0 and at most 1")

    @classmethod
    def of(cls, provenance: Provenance) -> "Fingerprint":
        """The settings of a run, whose probabilities are those of temperature 1 and top-p 1.

        Raises:
            PredictionError: If the predictions name no model: those of a file made elsewhere.
        """
        if provenance.model is None:
            raise PredictionError(
                f"{shown(provenance.title('these predictions'))} names no model, so nothing could be said of its other "
                "predictions; calibrate a run of python -m eval.run"
            )
        revisions = provenance.said.get("revisions") or {}
        return cls(
            model=provenance.model,
            model_revision=revisions.get("model"),
            adapter=provenance.adapter,
            adapter_revision=revisions.get("adapter"),
            template=provenance.template,
            precision=str(provenance.said.get("precision", "exact")),
            temperature=1.0,
            top_p=1.0,
        )

    def refuse_other(self, asked: "Fingerprint") -> None:
        """Check that predictions are made as those that the error model was fitted on.

        Raises:
            PredictionError: If they differ; names every difference.
        """
        differing = [
            f"{one.name.replace('_', ' ')} {getattr(self, one.name)!r} there, {getattr(asked, one.name)!r} here"
            for one in fields(self)
            if getattr(self, one.name) != getattr(asked, one.name)
        ]
        if differing:
            raise PredictionError(
                f"this calibration was fitted on other predictions ({shown('; '.join(differing))}); evaluate this "
                "model with python -m eval.run and calibrate it with python -m eval.calibrate"
            )
