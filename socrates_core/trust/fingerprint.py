"""What an error model was fitted on: another model, adapter, template or setting has errors of its own."""

import math
from dataclasses import dataclass, fields

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.folder import requested_revision, shown_name
from socrates_core.simulation.robustness.asking import BOTH_ORDERS


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
    adapter_digest: str | None
    """Of its settings and weights: the same adapter under another name is the same, and one that was trained again in
    the same folder is another. None in runs of older versions, which did not state it."""
    template: str | None
    """The template of the prompt; None for a baseline."""
    precision: str
    """Precision of the weights that was used."""
    temperature: float
    """1 for the probabilities as the model gives them."""
    top_p: float
    """1 for all options."""
    model_digest: str | None = None
    """Of the model's weights, as `adapter_digest`; None in older runs, for a baseline and for an endpoint."""

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
        digest, adapter = provenance.said.get("adapter_digest"), provenance.adapter
        model_digest = provenance.said.get("model_digest")
        return cls(
            model=provenance.model if model_digest is None else shown_name(provenance.model),
            model_revision=revisions.get("model"),
            # a path of this machine tells others nothing
            adapter=adapter if adapter is None or digest is None else shown_name(adapter),
            adapter_revision=revisions.get("adapter"),
            adapter_digest=digest,
            template=provenance.template,
            precision=str(provenance.said.get("precision", "exact")),
            temperature=1.0,
            top_p=1.0,
            model_digest=model_digest,
        )

    @classmethod
    def of_model(cls, model: ModelDescription, temperature: float = 1.0, top_p: float = 1.0) -> "Fingerprint":
        """The settings of a loaded model whose probabilities are changed by temperature and top-p."""
        return cls(
            model=model.name,
            model_revision=requested_revision(model.name),
            adapter=model.adapter,
            adapter_revision=requested_revision(model.adapter),
            adapter_digest=model.adapter_digest,
            template=model.template,
            precision=model.precision,
            temperature=temperature,
            top_p=top_p,
            model_digest=model.model_digest,
        )

    @property
    def evaluated_by(self) -> str:
        """The command that evaluates a model as it is asked here."""
        return "python -m eval.run" + " --both-orders" * (self.template or "").endswith(BOTH_ORDERS)

    def differences(self, asked: "Fingerprint") -> tuple[str, ...]:
        """What is not the same, in words; weights of the same content are the same under any name."""
        skipped: set[str] = set()
        for whose in ("model", "adapter"):
            ours, theirs = (getattr(one, f"{whose}_digest") for one in (self, asked))
            if ours is not None and ours == theirs:
                skipped |= {whose, f"{whose}_revision"}
            if getattr(self, whose) is None or None in (ours, theirs):
                skipped.add(f"{whose}_digest")
        return tuple(
            f"{one.name.replace('_', ' ')} {getattr(self, one.name)!r} there, {getattr(asked, one.name)!r} here"
            for one in fields(self)
            if one.name not in skipped and getattr(self, one.name) != getattr(asked, one.name)
        )

    def refuse_other(self, asked: "Fingerprint") -> None:
        """Check that predictions are made as those that the error model was fitted on.

        Raises:
            PredictionError: If they differ; names every difference.
        """
        differing = self.differences(asked)
        if differing:
            raise PredictionError(
                f"this calibration was fitted on other predictions ({shown('; '.join(differing))}); evaluate this "
                f"model with {asked.evaluated_by} and calibrate it with python -m eval.calibrate"
            )
