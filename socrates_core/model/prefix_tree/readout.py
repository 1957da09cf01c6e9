"""From the network's last hidden states to the probabilities of options: only the required rows are multiplied with the
output matrix, in batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from socrates_core.model.prefix_tree.memory import LOGIT_CELLS
from socrates_core.model.prefix_tree.options import OptionTree
from socrates_core.scale.distribution import Floats


@dataclass(frozen=True, eq=False)
class End:
    """The position of a prompt's end in a pass."""

    block: int
    """The row of the pass."""
    prompt: int
    """The caller's index of the prompt."""
    places: npt.NDArray[np.int64]
    """(R,) indices in the block whose outputs predict the options, in the order of `OptionTree`'s rows."""


def option_log_probs(
    hidden: torch.Tensor, ends: Sequence[End], options: OptionTree, head: Any, digits: torch.Tensor
) -> Floats:
    """(n, K) log-probabilities of the options after n prompts of one scale.

    With s the log-sum-exp over all tokens that do not begin with a digit and d that over those that do, a token's
    log-probability is its logit − log(eˢ + eᵈ), and that of the number's end is s − log(eˢ + eᵈ). So one pass over the
    vocabulary suffices, and there is no cancellation.

    Args:
        hidden: (S, L, width) states after the last layer.
        ends: Ends of the n prompts.
        options: The K options of their scale.
        head: The output matrix: states (r, width) ↦ logits (r, V).
        digits: (D,) the tokens that begin with a digit.
    """
    count, per_prompt = len(ends), len(options.fed) + 1
    blocks = torch.from_numpy(np.repeat([end.block for end in ends], per_prompt)).to(hidden.device)
    places = torch.from_numpy(np.concatenate([end.places for end in ends])).to(hidden.device)
    order = np.argsort(options.source_row, kind="stable")  # nodes by the row that predicts them
    sources = (np.arange(count)[:, None] * per_prompt + options.source_row[order]).ravel()  # (n · E,) ascending
    tokens = np.tile(options.tokens[order], count)
    goes_on = torch.cat([digits, torch.from_numpy(options.points).to(digits)]) if len(options.points) else digits
    token_logs, ended = np.empty(len(tokens)), np.empty(len(places))
    step = max(1, LOGIT_CELLS[hidden.device.type] // head.weight.shape[0])
    for start in range(0, len(places), step):
        rows = slice(start, min(start + step, len(places)))
        logits = head(hidden[blocks[rows], places[rows]]).float()  # (r, V)
        part = slice(*np.searchsorted(sources, [rows.start, rows.stop]))
        chosen = logits[
            torch.from_numpy(sources[part] - start).to(hidden.device), torch.from_numpy(tokens[part]).to(hidden.device)
        ]
        if options.stops:
            on = logits[:, goes_on].logsumexp(dim=-1)
            off = _log_sum_exp(logits.index_fill_(1, goes_on, -torch.inf))
            total = torch.logaddexp(on, off)
            ended[rows] = (off - total).cpu().numpy()
        else:
            total = _log_sum_exp(logits)
        token_logs[part] = chosen.cpu().numpy() - total.cpu().numpy()[sources[part] - start]
    by_node = np.empty((count, len(order)))
    by_node[:, order] = token_logs.reshape(count, -1)
    stop_logs = ended.reshape(count, per_prompt)[:, options.end_row] if options.stops else None
    return options.log_probs(by_node, stop_logs)


def _log_sum_exp(logits: torch.Tensor) -> torch.Tensor:
    """(r,) of (r, V), which may be overwritten."""
    top = logits.amax(dim=-1)
    return logits.sub_(top[:, None]).exp_().sum(dim=-1).log_() + top
