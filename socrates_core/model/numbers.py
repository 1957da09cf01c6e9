"""Open-ended outcomes: numbers sampled digit by digit, because there are no options to assign probabilities to.

The model is constrained to digits and the end of its turn, so it cannot write a unit, a comma, a minus sign or a
sentence. The probability of anything else is reported as lost mass. A number that does not end within the allowed
digits is invalid: it is counted, and never truncated to a number that looks like an answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import MAX_DIGITS, SampledNumbers
from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.options import OptionTree
from socrates_core.model.prefix_tree.scoring import TreeScorer
from socrates_core.scale.distribution import Floats, sample, with_temperature


class NumberSampler:
    """Samples numbers after prompts, one token at a time for all prompts, on one prefix tree."""

    def __init__(self, scorer: TreeScorer, tokenizer: Any) -> None:
        """Find the tokens that consist only of digits, and those that end an answer.

        Raises:
            ModelError: If the tokenizer lacks either kind.
        """
        # byte-level vocabularies store an ASCII digit as itself, and a leading blank as another character
        names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        digits = [index for index, name in enumerate(names) if name and name.isascii() and name.isdigit()]
        ends = turn_ends(tokenizer)
        if not digits or not ends:
            raise ModelError(
                "this tokenizer has no tokens that consist only of digits, or none that ends an answer, so open-ended "
                "outcomes cannot be answered; choose another model"
            )
        self._scorer = scorer
        self._digits = [names[index] for index in digits]
        tokens = np.array([*digits, *ends])
        # each allowed token is an option of one token; no stop factor, since the end of the number is such an option
        self._tree = OptionTree(
            tokens=tokens,
            parent=np.full(len(tokens), -1),
            depth=np.ones(len(tokens), dtype=np.int64),
            ends=np.arange(len(tokens)),
            stops=False,
        )

    def sample(
        self,
        prompts: Sequence[Tokens],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> SampledNumbers:
        """One number for each prompt; equal prompts draw different numbers.

        Args:
            prompts: (N,) token ids up to where the answer starts.
            rng: Draws the tokens.
            temperature: Sampling temperature of each token.
            top_p: Nucleus sampling threshold of each token.
            progress: Called with the number of prompts answered, and the total.
        """
        written = [""] * len(prompts)
        rows = [tuple(prompt.tolist()) for prompt in prompts]
        ended = np.zeros(len(prompts), dtype=bool)
        mass = np.ones(len(prompts))
        for step in range(MAX_DIGITS + 1):
            going = [index for index in np.flatnonzero(~ended) if len(written[index]) <= MAX_DIGITS]
            if not going:
                break
            probs, kept = self._next([rows[index] for index in going], may_end=step > 0)
            mass[going] *= kept
            drawn = sample(with_temperature(probs, temperature, top_p), np.arange(probs.shape[1]), rng)
            for index, choice in zip(going, drawn, strict=True):
                if choice >= len(self._digits):
                    ended[index] = True
                else:
                    written[index] += self._digits[choice]
                    rows[index] = (*rows[index], int(self._tree.tokens[choice]))
            if progress:
                progress(len(prompts) - len(going) + int(ended[going].sum()), len(prompts))
        valid = ended & np.array([len(text) <= MAX_DIGITS for text in written])
        values = [int(text) if good else -1 for text, good in zip(written, valid, strict=True)]
        return SampledNumbers(np.array(values, dtype=np.int64), valid, mass)

    def _next(self, rows: list[tuple[int, ...]], may_end: bool) -> tuple[Floats, Floats]:
        """(n, K) probabilities of the allowed tokens after each row, and (n,) their total mass."""
        distinct = list(dict.fromkeys(rows))
        scored = self._scorer.log_probs([np.array(row) for row in distinct], [self._tree] * len(distinct))
        place = {row: number for number, row in enumerate(distinct)}
        logs = np.stack([scored[place[row]] for row in rows])
        if not may_end:
            logs[:, len(self._digits) :] = -np.inf  # an answer has at least one digit
        top = logs.max(axis=1, keepdims=True)  # digits can be so improbable that their sum underflows
        weights = np.exp(logs - top)
        total = weights.sum(axis=1, keepdims=True)
        return weights / total, np.minimum(np.exp(top + np.log(total))[:, 0], 1.0)


def turn_ends(tokenizer: Any) -> list[int]:
    """The tokens that end an answer: what the chat template puts after an assistant's message, and end of text."""
    answer = "ThisIsTheAnswer"
    turns = [{"role": "user", "content": "ThisIsTheUserText"}, {"role": "assistant", "content": answer}]
    behind = tokenizer.apply_chat_template(turns, tokenize=False).partition(answer)[2]
    first = tokenizer(behind, add_special_tokens=False).input_ids[:1]
    found = [*first, *([] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id])]
    return list(dict.fromkeys(found))
