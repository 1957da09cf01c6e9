"""Several views of one network asked the same, such as a base and its adapter, in passes that they share.

What is the same for all of them (the prompts, the tree, how it is cut) is worked out once, and their rows stand in the
same passes, each with keys and values of its own.
"""

from collections.abc import Sequence

from socrates_core.model.answer_model import AnswerDistributions, check_request
from socrates_core.model.scoring import Progress
from socrates_core.model.transformer import Request, TransformerModel


def answers_of_each(
    models: Sequence[TransformerModel], requests: Sequence[Request], progress: Progress | None = None
) -> list[list[AnswerDistributions]]:
    """Model by model, what `answers_of` gives for some requests.

    Models whose templates differ see different prompts and have little to share; they are asked one after the other, as
    are adapters that change more than matrices (DoRA, whole layers, the output matrix).

    Args:
        models: Views of one network.
        requests: Cells with personas.
        progress: Called with the prompts done and the prompts in all; a prompt counts once for every model.

    Raises:
        ValueError: If there is no model, or they are views of different networks.
        ModelError: As `TransformerModel.answer_distributions`.
    """
    if not models or any(model.shared is not models[0].shared for model in models):
        raise ValueError("expected one model or more, all views of one network")
    shared = models[0].shared
    keys = [model.adapter_key for model in models]
    different = list(dict.fromkeys(keys))
    alike = len({model.template for model in models}) == 1
    with shared.lock:
        for model in models:
            model.activate()  # which also raises where one was released
        if not requests or not alike or len(different) == 1 or not shared.adapters.can_mix(different):
            return [model.answers_of(requests, progress) for model in models]
        for cell, personas in requests:
            check_request(cell, personas)
        asked = models[0].encoded(requests)
        found = shared.scorer.log_probs_by_adapter(
            asked.prompts, asked.trees, different, shared.adapters.mixed, progress
        )
        for model, key in zip(models, keys, strict=True):
            model.check_once(requests[0][0], asked.prompts[0], found[different.index(key)][0])
    return [asked.answers(found[different.index(key)]) for key in keys]
