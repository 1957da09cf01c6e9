"""What is to be said of how a server's answers were obtained."""

from collections.abc import Collection, Sequence
from typing import Final

from socrates_core.model.answer_model import Method

TYPED: Final = (
    "The server gives a probability for each option itself (a typed decision): it puts question and options to its "
    "model in words of its own, around the text of the prompt."
)
BINNED: Final = (
    "It takes fewer options than the scale has: it was asked about bins of neighbouring options, and each bin's "
    "probability is spread evenly within it, so no more can be read from the prediction than the shares of bins."
)
MIXED: Final = "The server did not answer in the same way about all people; the method is recorded as mixed."


def method_notes(methods: Collection[Method], sampled: Sequence[int]) -> tuple[str, ...]:
    """Notes on a prediction; none where all probabilities are the model's own for the prompt as it stands.

    Args:
        methods: How the answers were obtained.
        sampled: Of each sampled distribution, the answers that it rests on.
    """
    notes = [TYPED] if "typed" in methods or "binned" in methods else []
    if "binned" in methods:
        notes.append(BINNED)
    if "mixed" in methods:
        notes.append(MIXED)
    if sampled:
        each = f"{min(sampled)}" if min(sampled) == max(sampled) else f"{min(sampled)} to {max(sampled)}"
        notes.append(
            f"The server gives no probabilities for this scale: {len(sampled):,} people's distributions rest on {each} "
            "sampled answers each, and are that uncertain."
        )
    return tuple(notes)
