"""The plain way to score options: one full row of tokens per option, with nothing shared.

Slow and obviously correct: the reference for the prefix tree, in the tests and in the self-check of every model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.scale.distribution import Floats


def plain_log_probs(
    network: Any, prompt: Tokens, options: Sequence[tuple[int, ...]], stops: bool, digits: torch.Tensor
) -> Floats:
    """(K,) log-probabilities of the options after one prompt, by a forward pass per option.

    Args:
        network: A causal language model; gives logits (1, T, V), or those of the last tokens alone.
        prompt: (T,) token ids.
        options: The token ids of each option.
        stops: Whether the next token must not begin with a digit.
        digits: (V,) bool, the tokens that begin with a digit.
    """
    logs = []
    with torch.inference_mode():
        for option in options:
            row = torch.tensor([[*prompt.tolist(), *option]], device=digits.device)
            # a whole row's logits would take gigabytes where vocabulary and prompt are large
            logits = network(input_ids=row, use_cache=False, logits_to_keep=len(option) + 1).logits[0]
            scores = torch.log_softmax(logits.float(), dim=-1)  # (len(option) + 1, V)
            total = scores[torch.arange(len(option)), torch.tensor(option)].sum()
            if stops:
                total = total + torch.logsumexp(scores[-1].masked_fill(digits, -torch.inf), dim=-1)
            logs.append(total.item())
    return np.asarray(logs, dtype=np.float64)
