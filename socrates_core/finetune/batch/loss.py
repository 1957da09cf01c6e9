"""The loss of a pack: cross-entropy of the answers, and the distribution term.

Cross-entropy: Σ over the answer's tokens and the end of the turn of −log p(token | all before it), in nats, summed over
the people of the pack. The other tokens of a prompt do not enter the loss.

The distribution term compares, for the n people of a group, the mean of their predicted CDFs with their answers. With
d_i(k) = 1[y_i ≤ k] − G_i(k), where y_i is the answer and G_i the predicted CDF of person i, and w_k the gap between
options k and k + 1 as a share of the scale's width, it is

    n · Σ_k w_k · ((Σ_i d_i(k))² − Σ_i d_i(k)²) / (n (n − 1))

that is, n times the unbiased estimate (a U-statistic over pairs of people) of Σ_k w_k (E d(k))², the squared CDF
difference between all people's mean prediction and their answers. The plain square (Σ d_i / n)² would be too large by
the variance of single answers. The estimate can be negative; the factor n gives every person equal weight whatever the
size of the group.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn.attention.flex_attention import BlockMask, create_block_mask

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch import blocks
from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.packs import GroupOptions, OptionScale, Pack
from socrates_core.model.prefix_tree import attention

FLEX_ATTENTION: Final = "flex_attention"
"""transformers' name for the attention that takes a block mask."""


@dataclass(frozen=True, eq=False)
class PackLoss:
    """Sums over the B examples of a pack."""

    cross_entropy: torch.Tensor
    """(), in nats."""
    distribution: torch.Tensor
    """(), n · the squared CDF difference, summed over its groups; 0 if there are none."""
    correct: int
    """Examples in which every token of the answer was the most likely one."""


def computes_in_bf16(device: torch.device, precision: str) -> bool:
    """Whether a training computes in bf16 although its adapter is float32: on a GPU, unless the base is float32 too."""
    return device.type == "cuda" and precision != "float32"


class PackReader:
    """Computes the losses of packs with one network, whose attention implementation it sets."""

    def __init__(self, network: Any, digits: torch.Tensor, dense: bool, autocast: bool) -> None:
        """Wrap a network with an adapter.

        Args:
            network: A transformers causal language model.
            digits: (V,) bool, the tokens that begin with a digit.
            dense: Mask with a matrix of all pairs of tokens, not blocks (FlexAttention on a GPU, chunks on a CPU).
            autocast: Compute in bfloat16 although weights are float32, on a GPU.
        """
        self._network = network
        self._device = network.get_input_embeddings().weight.device
        self._digits = digits.to(self._device)
        self._dense = dense
        self._autocast = autocast

    def loss(self, pack: Pack) -> PackLoss:
        """The losses of a pack, with gradient."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            hidden = self._hidden(pack)
            places, place_of = torch.unique(self._tensor(pack.rows), return_inverse=True)
            logs = torch.log_softmax(self._logits(hidden[places]), dim=-1)
            targets = self._tensor(pack.targets)
            entropy = -logs[place_of, targets].sum()
            hits = logs.detach().argmax(dim=-1)[place_of] == targets
            missed = torch.unique(self._tensor(pack.owner)[~hits])
            terms = [self._distribution(hidden, group) for group in pack.groups]
        distribution = torch.stack(terms).sum() if terms else torch.zeros((), device=self._device)
        return PackLoss(entropy, distribution, len(pack.examples) - len(missed))

    @torch.no_grad()
    def check(self, pack: Pack) -> None:
        """Self-check: compare the loss of a pack with that of the same people in separate rows, without dropout.

        Raises:
            TrainingError: If they differ by more than rounding.
        """
        was_training = self._network.training
        self._network.eval()
        packed = self.loss(pack).cross_entropy.item()
        self._network.set_attn_implementation(attention.NAME)
        plain = sum(self._plain(one) for one in pack.examples)
        self._network.train(was_training)
        rounding = 1e-3 if self._network.get_input_embeddings().weight.dtype == torch.float32 else 5e-2
        if not abs(packed - plain) <= rounding * abs(plain) + rounding:
            raise TrainingError(
                f"self-check failed: the loss of {len(pack.examples)} people is {packed:.4f} in one pack and "
                f"{plain:.4f} in separate rows; nothing trained here can be trusted. Try attention: dense"
            )

    def _plain(self, one: Example) -> float:
        row = torch.tensor([[*one.prompt.tolist(), *one.answer]], device=self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            hidden = self._network.base_model(input_ids=row, use_cache=False)[0][0, len(one.prompt) - 1 : -1]
            logs = torch.log_softmax(self._logits(hidden), dim=-1)
        return float(-logs[torch.arange(len(one.answer)), row[0, len(one.prompt) :]].sum())

    def _hidden(self, pack: Pack) -> torch.Tensor:
        """(L, width) hidden states after the last layer."""
        dtype = torch.bfloat16 if self._autocast else self._network.get_input_embeddings().weight.dtype
        more: dict[str, Any] = {}
        if self._dense:
            name, more["attention_mask"] = attention.NAME, dense_mask(pack, dtype, self._device)
        elif self._device.type == "cuda":
            name, more["attention_mask"] = FLEX_ATTENTION, block_mask(pack, self._device)
        else:
            name, more["chunks"] = blocks.NAME, blocks.chunks_of(pack, dtype, self._device)
            more["attention_mask"] = more["chunks"][0].mask  # four-dimensional, so that transformers builds none
        self._network.set_attn_implementation(name)
        return self._network.base_model(
            input_ids=self._tensor(pack.tokens)[None],
            position_ids=self._tensor(pack.positions)[None],
            use_cache=False,
            **more,
        )[0][0]

    def _distribution(self, hidden: torch.Tensor, group: GroupOptions) -> torch.Tensor:
        places = self._tensor(group.places)  # (n, R)
        logs = torch.log_softmax(self._logits(hidden[places]), dim=-1)  # (n, R, V)
        cdf = option_log_probs(group.options, logs, self._digits).softmax(dim=-1).cumsum(dim=-1)[:, :-1]  # (n, K-1)
        answered = self._tensor(group.answer)[:, None] <= torch.arange(cdf.shape[1], device=self._device)
        return group_difference(answered.float() - cdf, torch.from_numpy(group.options.gaps).to(cdf))

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._network.get_output_embeddings()(hidden).float()

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.from_numpy(values).to(self._device)


def group_difference(d: torch.Tensor, gaps: torch.Tensor) -> torch.Tensor:
    """The term n · Σ_k w_k ((Σ_i d_i(k))² − Σ_i d_i(k)²) / (n (n − 1)), see the module docstring.

    Args:
        d: (n, K-1) 1[y ≤ k] − G(k), n ≥ 2.
        gaps: (K-1,) shares of the scale's width.
    """
    pairs = d.sum(dim=0) ** 2 - (d**2).sum(dim=0)
    return (gaps * pairs).sum() / (len(d) - 1)


def option_log_probs(options: OptionScale, logs: torch.Tensor, digits: torch.Tensor) -> torch.Tensor:
    """(n, K) log-probability that the first number is each option, as in `OptionTree.log_probs`, with gradient.

    Args:
        options: A scale of K options.
        logs: (n, R, V) log-probabilities of the next token at each row of the option tree.
        digits: (V,) the tokens that begin with a digit.
    """
    tree = options.tree
    steps = logs[:, torch.from_numpy(tree.source_row), torch.from_numpy(tree.tokens)]  # (n, E)
    totals: list[torch.Tensor] = []
    for node, above in enumerate(tree.parent.tolist()):
        totals.append(steps[:, node] + totals[above] if above >= 0 else steps[:, node])
    out = torch.stack([totals[end] for end in tree.ends.tolist()], dim=1)
    if tree.stops:
        after = logs[:, torch.from_numpy(tree.end_row)]  # (n, K, V)
        goes_on = digits.index_fill(0, torch.from_numpy(tree.points).to(digits.device), value=True)
        out = out + after.masked_fill(goes_on, -torch.inf).logsumexp(dim=-1)
    return out


def dense_mask(pack: Pack, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """(1, 1, L, L) zero where a token attends to another, −∞ elsewhere."""
    at = torch.arange(len(pack.tokens), device=device)
    sees = (at[None, :] <= at[:, None]) & (at[:, None] < torch.from_numpy(pack.last).to(device)[None, :])
    return torch.zeros(sees.shape, dtype=dtype, device=device).masked_fill_(~sees, -torch.inf)[None, None]


def block_mask(pack: Pack, device: torch.device) -> BlockMask:
    """FlexAttention's mask of a pack: fully masked blocks are never computed."""
    last = torch.from_numpy(pack.last).to(device)

    def sees(_batch: torch.Tensor, _head: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        return (key <= query) & (query < last[key])

    length = len(pack.tokens)
    return create_block_mask(sees, B=None, H=None, Q_LEN=length, KV_LEN=length, device=device)
