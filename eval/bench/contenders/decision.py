"""transformers' own `pipeline("decision")` as a contender: option probabilities from one forward pass a prompt.

It writes its own prompts (a state, a question, lettered options, in the tokenizer's chat template) and takes no token
ids, so it is run on its own prompts, with as many tokens as those of the others.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoTokenizer, pipeline

from socrates_core.model.folder import DEMO_BASE
from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.scale.distribution import Floats

LEVELS: Final = tuple(f"level {number}" for number in range(1, 8))
QUESTION: Final = {"type": "score", "instructions": "How would this person answer?", "criteria": list(LEVELS)}


class Decisions:
    """Queries a network for its decision on a seven-point question about a text of each prompt's length."""

    def __init__(self, network: Any) -> None:
        """Set up the pipeline around a causal language model; the demo model's tokenizer reads for it."""
        tokenizer = AutoTokenizer.from_pretrained(DEMO_BASE)
        names = [name[1:] for name in tokenizer.get_vocab() if name.startswith("Ġ") and name[1:].isalpha()]
        self._words = sorted(name for name in names if name.isascii() and len(_ids(tokenizer, f" {name}")) == 1)
        self._pipe = pipeline("decision", model=network, tokenizer=tokenizer, device=network.device)
        self._frame = len(self._tokens(self._request("")))

    def __call__(self, prompts: Sequence[Tokens]) -> Floats:
        """(n, 7) probabilities of the levels."""
        answers = [self._pipe(self._request(self._text(prompt)))["answer"] for prompt in prompts]
        return np.array([list(answer["probabilities"].values()) for answer in answers])

    def prompts(self, prompts: Sequence[Tokens]) -> tuple[list[Tokens], OptionTree]:
        """The token ids that it reads in place of the prompts, and the letters that it compares after them."""
        letters = self._pipe.label_token_ids(tuple("ABCDEFG"))
        tree = option_tree([(letter, (token,)) for letter, token in zip("ABCDEFG", letters, strict=True)])
        return [self._tokens(self._request(self._text(prompt))) for prompt in prompts], tree

    def _text(self, prompt: Tokens) -> str:
        """A text of as many words as the prompt needs for its length; prompts that share tokens share words."""
        chosen: npt.NDArray[np.int64] = prompt[: max(1, len(prompt) - self._frame)] % len(self._words)
        return "".join(f" {self._words[index]}" for index in chosen)

    def _request(self, text: str) -> dict[str, Any]:
        return {"state": text, "questions": {"answer": QUESTION}}

    def _tokens(self, request: dict[str, Any]) -> Tokens:
        inputs, _ = self._pipe.preprocess(request)["prompts"][0]
        marks: torch.Tensor = inputs["marks"]
        return np.asarray(inputs["input_ids"][0, : int(marks[0])].tolist(), dtype=np.int64)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False).input_ids)
