"""The contenders of the inference suite: ways to get answers out of one network, the same weights for all."""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, Qwen2Config, Qwen2ForCausalLM

from eval.bench.contenders.decision import Decisions
from socrates_core.model.prefix_tree import attention
from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.model.prefix_tree.scoring import TreeScorer

SUFFIX: Final = 60
"""Tokens of a persona, ± 5."""
BATCH: Final = 32
"""Rows of a batch for the contenders that take batches."""
ALONE: Final = 8
"""People on whom one-at-a-time contenders are timed."""
PAGE: Final = 64
"""Tokens per page of continuous batching's cache."""
PAGED_TOKENS: Final = 2048
"""Most tokens of one of its passes."""
FIRST_DIGIT: Final = 48
"""Token of the digit 0; the digits follow each other."""

OURS: Final = "prefix tree"
FULL_ROWS: Final = "full rows"
DECISION: Final = "decision pipeline"


@dataclass(frozen=True)
class Contender:
    """One way to get answers."""

    name: str
    run: Callable[[list[Tokens]], Any]
    people: int | None = None
    """Number of people that it is timed on; None for all."""


def contenders_of(network: Any, options: OptionTree) -> list[Contender]:
    """All ways to answer, around one network of random weights whose attention is `attention.NAME`."""
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)  # warns that its cache fits one workload
    scorer, decisions = scorer_of(network), Decisions(stock_of(network))
    stock, paged = stock_of(network), stock_of(network)

    def tree(prompts: list[Tokens]) -> np.ndarray[Any, Any]:
        logs = np.stack(scorer.log_probs(prompts, [options] * len(prompts)))
        return np.exp(logs)

    def generate(prompts: list[Tokens], batch: int) -> np.ndarray[Any, Any]:
        out = []
        for start in range(0, len(prompts), batch):
            ids, mask = _padded(prompts[start : start + batch], network.device, left=True)
            made = stock.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=2, min_new_tokens=2, do_sample=False, pad_token_id=0
            )
            out.append(made[:, -2].cpu().numpy())
        return np.concatenate(out)

    def continuous(prompts: list[Tokens]) -> np.ndarray[Any, Any]:
        settings = GenerationConfig(max_new_tokens=2, do_sample=False, eos_token_id=-1, pad_token_id=0)
        # by default it would take most of the memory for its cache
        pages = len(prompts) * (-(-(max(len(prompt) for prompt in prompts) + 2) // PAGE) + 1)
        sizes = ContinuousBatchingConfig(page_size=PAGE, num_blocks=pages, max_batch_tokens=PAGED_TOKENS)
        made = paged.generate_batch(
            inputs=[prompt.tolist() for prompt in prompts],
            generation_config=settings,
            continuous_batching_config=sizes,
            persistent_manager=True,
            progress_bar=False,
        )
        return np.array(
            [made[key].generated_tokens[0] for key in sorted(made, key=lambda key: int(key.split("_")[-1]))]
        )

    return [
        Contender(OURS, tree),
        Contender(FULL_ROWS, lambda prompts: full_rows(stock, prompts, options)),
        Contender("batched generate", lambda prompts: generate(prompts, BATCH)),
        Contender("continuous batching", continuous),
        Contender("generate", lambda prompts: generate(prompts, 1), people=ALONE),
        Contender(DECISION, decisions, people=ALONE),
    ]


@torch.inference_mode()
def full_rows(network: Any, prompts: list[Tokens], options: OptionTree) -> np.ndarray[Any, Any]:
    """(N, K) probabilities of options of one token, by forward passes over batches of whole prompts."""
    values, out = torch.from_numpy(options.tokens).to(network.device), []
    for start in range(0, len(prompts), BATCH):
        ids, mask = _padded(prompts[start : start + BATCH], network.device, left=False)
        hidden = network.get_decoder()(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(ids)), mask.sum(dim=1) - 1]
        out.append(network.lm_head(last).float().softmax(dim=-1)[:, values].cpu().numpy())
    return np.concatenate(out)


def check_contenders(network: Any, contenders: Sequence[Contender], prompts: list[Tokens]) -> None:
    """All contenders must agree before any is timed.

    Raises:
        AssertionError: If they do not.
    """
    run = {contender.name: contender.run for contender in contenders}
    exact, tolerance = run[FULL_ROWS](prompts), tolerance_of(network)
    assert np.abs(run[OURS](prompts) - exact).max() < tolerance
    some = prompts[:ALONE]
    greedy = run["generate"](some)
    for name in ("batched generate", "continuous batching"):
        assert (run[name](prompts)[:ALONE] == greedy).mean() > 0.8, name
    # the decision pipeline writes its own prompts: the prefix tree is checked on those
    theirs = run[DECISION](some)
    read, letters = run[DECISION].prompts(some)  # type: ignore[attr-defined]
    assert abs(len(read[0]) - len(some[0])) <= 1
    ours = np.exp(np.stack(scorer_of(network).log_probs(read, [letters] * len(read))))
    assert np.abs(theirs - ours / ours.sum(axis=1, keepdims=True)).max() < tolerance


def tolerance_of(network: Any) -> float:
    """Largest difference of probabilities that rounding explains."""
    return 1e-4 if network.dtype == torch.float32 else 3e-2


def scorer_of(network: Any) -> TreeScorer:
    """Our engine."""
    digits = np.zeros(network.config.vocab_size, dtype=bool)
    digits[FIRST_DIGIT : FIRST_DIGIT + 10] = True
    return TreeScorer(network, digits)


def random_network(config: Qwen2Config, device: str) -> Any:
    """A network of random weights: bf16 on a GPU, float32 with answers that differ on a CPU."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    torch.set_default_dtype(dtype)
    with torch.device(device):
        network = Qwen2ForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3 if parameter.ndim > 1 and device == "cpu" else 1)
    network.set_attn_implementation(attention.NAME)
    return network


def stock_of(network: Any) -> Any:
    """The same weights under transformers' own attention."""
    with torch.device("meta"):
        twin = Qwen2ForCausalLM._from_config(copy.deepcopy(network.config), attn_implementation="sdpa")
    twin.load_state_dict(network.state_dict(), assign=True)
    twin.tie_weights()
    twin.model.rotary_emb = network.model.rotary_emb
    return twin.eval()


def random_prompts(prefix: int, people: int, vocabulary: int, rng: np.random.Generator) -> list[Tokens]:
    """Random tokens without digits: one shared prefix, and a persona of about `SUFFIX` tokens for each person."""
    shared = rng.integers(100, vocabulary, prefix)
    lengths = rng.integers(SUFFIX - 5, SUFFIX + 6, people)
    return [np.concatenate([shared, rng.integers(100, vocabulary, length)]) for length in lengths]


def digit_options(values: range) -> OptionTree:
    """Numbers as options, digit by digit."""
    return option_tree([(str(v), tuple(FIRST_DIGIT + int(digit) for digit in str(v))) for v in values])


def _padded(prompts: list[Tokens], device: torch.device, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(prompt) for prompt in prompts)
    ids = np.zeros((len(prompts), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        part = slice(length - len(prompt), length) if left else slice(0, len(prompt))
        ids[row, part], mask[row, part] = prompt, 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
