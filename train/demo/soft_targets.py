"""Training on a known answer distribution: one cell's prompts in a row that contains their common prefix once.

If the truth is known, as in a synthetic society, the target of a token is its true probability instead of one sampled
answer, which removes most of the noise from the gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from socrates_core.model.prefix_tree.encoding import PromptEncoder, Tokens
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona


@dataclass(frozen=True, eq=False)
class Pack:
    """One cell's prompts and answers in a row of T tokens, with their common prefix only once."""

    tokens: Tokens
    """(T,)"""
    positions: Tokens
    """(T,) index of each token in its own prompt."""
    segment: Tokens
    """(T,) 0 for the common prefix, else the number of the person, from 1."""
    rows: Tokens
    """(R,) indices into T whose next token is part of an answer, one entry per possible token."""
    targets: Tokens
    """(R,) the possible token."""
    weights: Floats
    """(R,) its true probability there."""
    starts: Tokens
    """(P,) where each person's own part begins."""

    @property
    def people(self) -> int:
        """P."""
        return len(self.starts)

    def place(self, person: int, position: int) -> int:
        """The index in the row of a token of a person's prompt.

        Args:
            person: The person, from 0.
            position: The token's index in the prompt.
        """
        common = int(self.starts[0])
        return position if position < common else int(self.starts[person]) + position - common


@dataclass(frozen=True, eq=False)
class PackLoss:
    """The loss of a network on some packs."""

    loss: torch.Tensor
    """Mean cross-entropy with the truth, in nats per person: the sum over the tokens of an answer and its end."""
    entropy: float
    """Entropy of the truth there, the loss of a perfect network."""


@cache
def next_tokens(options: tuple[tuple[int, ...], ...], end: int) -> dict[tuple[int, ...], list[tuple[int, list[int]]]]:
    """Prefix of an answer → each possible next token, and the options that it leads to."""
    out: dict[tuple[int, ...], dict[int, list[int]]] = {}
    for index, option in enumerate(options):
        full = (*option, end)
        for length in range(len(full)):
            out.setdefault(full[:length], {}).setdefault(full[length], []).append(index)
    return {written: list(following.items()) for written, following in out.items()}


def pack(
    encoder: PromptEncoder,
    cell: Cell,
    personas: Sequence[Persona],
    probs: Floats,
    end: int,
    rng: np.random.Generator,
) -> Pack:
    """One cell as seen by some people, whose true distributions are `probs` (people, K).

    Each person's row continues with an answer drawn from the truth; at each of its tokens the target is the true
    distribution of the next token given the prefix. In expectation this is the cross-entropy with the whole
    distribution, with less noise than the drawn answer alone.
    """
    prompts = [encoder.encode(cell, persona) for persona in personas]
    options = tuple(encoder.encode_option(value) for value in cell.scale.values or ())
    shortest = min(len(prompt) for prompt in prompts)
    stacked = np.stack([prompt[:shortest] for prompt in prompts])
    differs = (stacked != stacked[0]).any(axis=0)
    common = min(int(differs.argmax()) if differs.any() else shortest, shortest - 1)
    tokens, segment, positions = [prompts[0][:common]], [np.zeros(common, int)], [np.arange(common)]
    rows, targets, weights, starts = [], [], [], []
    start, after = common, next_tokens(options, end)
    for number, (prompt, truth) in enumerate(zip(prompts, probs, strict=True), 1):
        answer = options[rng.choice(len(options), p=truth / truth.sum())]
        own = np.concatenate([prompt[common:], answer])
        tokens.append(own)
        segment.append(np.full(len(own), number))
        positions.append(np.arange(common, common + len(own)))
        ask = start + len(own) - len(answer) - 1
        for written in range(len(answer) + 1):
            following = [(token, truth[leads].sum()) for token, leads in after[answer[:written]]]
            total = sum(mass for _, mass in following)
            rows += [ask + written] * len(following)
            targets += [token for token, _ in following]
            weights += [mass / total for _, mass in following]
        starts.append(start)
        start += len(own)
    return Pack(
        tokens=np.concatenate(tokens),
        positions=np.concatenate(positions),
        segment=np.concatenate(segment),
        rows=np.array(rows),
        targets=np.array(targets),
        weights=np.array(weights),
        starts=np.array(starts),
    )


def hidden_states(network: Any, packs: Sequence[Pack]) -> tuple[torch.Tensor, ...]:
    """One forward pass over packs padded to T tokens; each person attends to the common prefix and their own tokens.

    Returns:
        Per layer (packs, T, width): from the embeddings to the input of the output matrix.
    """
    length = max(len(item.tokens) for item in packs)
    tokens, positions = (torch.zeros(len(packs), length, dtype=torch.long) for _ in range(2))
    segment = torch.full((len(packs), length), -1)
    for row, item in enumerate(packs):
        size = len(item.tokens)
        tokens[row, :size], positions[row, :size] = torch.from_numpy(item.tokens), torch.from_numpy(item.positions)
        segment[row, :size] = torch.from_numpy(item.segment)
    seen = ((segment[:, :, None] == segment[:, None]) | (segment[:, None] == 0)).tril()
    mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[:, None]
    output = network.model(
        input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False, output_hidden_states=True
    )
    return tuple(output.hidden_states)


def answer_loss(network: Any, hidden: torch.Tensor, packs: Sequence[Pack]) -> PackLoss:
    """The loss at the answers' tokens, from the last hidden states (packs, T, width)."""
    pack_of = torch.cat([torch.full((len(item.rows),), row) for row, item in enumerate(packs)])
    row_of = torch.from_numpy(np.concatenate([item.rows for item in packs]))
    targets = torch.from_numpy(np.concatenate([item.targets for item in packs]))
    weights = torch.from_numpy(np.concatenate([item.weights for item in packs])).float()
    places, place_of = torch.unique(torch.stack([pack_of, row_of], dim=1), dim=0, return_inverse=True)
    logs = torch.log_softmax(network.lm_head(hidden[places[:, 0], places[:, 1]]).float(), dim=-1)
    people = sum(item.people for item in packs)
    return PackLoss(
        loss=-(weights * logs[place_of, targets]).sum() / people,
        entropy=-(weights * weights.clamp_min(1e-12).log()).sum().item() / people,
    )
