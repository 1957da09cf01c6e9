"""What a typed decision should say: the next-token probabilities of the letters that the options are shown under."""

from typing import Any

import numpy as np
import torch

from socrates_core.model.endpoint.prompt import QUESTION
from socrates_core.prompt import messages
from socrates_core.study.study_set import Cell, Persona

LETTERS = "ABCDEFG"


def letter_probabilities(network: Any, words: Any, cell: Cell, persona: Persona, backwards: bool = False) -> np.ndarray:
    """(7,) probabilities of a seven-point scale's options, by a plain forward pass of the network."""
    labels = cell.scale.labels
    shown = [f"{value}: {labels[value]}" if value in labels else str(value) for value in cell.scale.values or ()]
    shown = shown[::-1] if backwards else shown
    options = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, shown, strict=True))
    state = messages("shared", cell, persona)[-1]["content"]
    asked = f"{state}\n\n{QUESTION}\n{options}\nAnswer with the letter of the option that fits best (A to G) only."
    frame = [{"role": "user", "content": asked}]
    ids = words.apply_chat_template(frame, add_generation_prompt=True, return_dict=False)
    with torch.inference_mode():
        logits = network(input_ids=torch.tensor([ids])).logits[0, -1, words.convert_tokens_to_ids(list(LETTERS))]
    probs = np.asarray(torch.softmax(logits.double(), dim=-1).numpy())
    return probs[::-1] if backwards else probs
