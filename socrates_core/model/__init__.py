"""Models that predict answers: the protocol, baselines, and local transformers."""

from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.model.loading import load_model

__all__ = ["AnswerDistributions", "AnswerModel", "ModelDescription", "load_model"]
