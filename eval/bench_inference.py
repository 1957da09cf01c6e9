"""The inference suite: exact answer distributions on a prefix tree, against the usual ways to get an answer.

One network with random weights (a small Qwen2 on a CPU, the 14B shape on a GPU) answers a seven-point scale for people
who share a prefix. Every repeat runs all contenders, one after the other, so that a busy moment hits all; the figures
are medians. A contender that takes one person at a time is timed on a few people and reported per answer.
"""

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM, logging

from socrates_core.model import attention
from socrates_core.model.encoding import Tokens
from socrates_core.model.options import OptionTree, option_tree
from socrates_core.model.prefix_tree import PromptTree
from socrates_core.model.scoring import TreeScorer

CONFIGURATIONS: Final = ((256, 32), (256, 128), (512, 32), (512, 128), (1024, 32), (1024, 64), (1024, 128))
"""Tokens of the shared prefix, people."""
SUFFIX: Final = 60
"""Tokens of a persona, give or take five."""
REPEATS: Final = 5
BATCH: Final = 32
"""Rows of a batch for the contenders that take batches."""
ALONE: Final = 8
"""People on whom one-at-a-time contenders are timed."""
FIRST_DIGIT: Final = 48
"""Token of the digit 0; the digits follow each other."""

SMALL: Final = Qwen2Config(
    vocab_size=4096,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=2,
    max_position_embeddings=4096,
    tie_word_embeddings=True,
)
FOURTEEN_B: Final = Qwen2Config(
    vocab_size=152064,
    hidden_size=5120,
    intermediate_size=13824,
    num_hidden_layers=48,
    num_attention_heads=40,
    num_key_value_heads=8,
    max_position_embeddings=32768,
    rope_theta=1_000_000.0,
)
"""The shape of Qwen2.5-14B."""


@dataclass(frozen=True)
class Contender:
    """One way to get answers."""

    name: str
    run: Callable[[list[Tokens]], Any]
    people: int | None = None
    """On how many people it is timed; None for all."""


def run_inference_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time all contenders at all sizes, and slider scales against seven points."""
    logging.set_verbosity_error()
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = FOURTEEN_B if device == "cuda" else SMALL
    network = _network(config, device)
    parameters = sum(p.numel() for p in network.get_decoder().parameters())
    rate = _matrix_rate(config, device)
    print(f"inference: {parameters / 1e6:.1f} M parameters on {device}, {rate / 1e12:.3f} T multiply-adds a second")
    rows = [_configuration(network, prefix, people, rng, parameters, rate) for prefix, people in CONFIGURATIONS]
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "parameters": parameters,
        "multiply_adds_per_second": rate,
        "suffix_tokens": SUFFIX,
        "configurations": rows,
        "scales": _scales(network, rng),
        "peak_gpu_gb": torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None,
    }


def _configuration(
    network: Any, prefix: int, people: int, rng: np.random.Generator, parameters: int, rate: float
) -> dict[str, Any]:
    prompts = _prompts(prefix, people, network.config.vocab_size, rng)
    options = _digits(range(1, 8))
    tree = PromptTree(prompts, [options] * people)
    contenders = _contenders(network, options)
    _check(contenders, prompts)
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(REPEATS):
        for contender in contenders:
            chosen = prompts[: contender.people]
            seconds[contender.name].append(_timed(partial(contender.run, chosen)) / len(chosen))
    per_answer = {name: statistics.median(times) for name, times in seconds.items()}
    ours = per_answer["prefix tree"]
    bound = tree.tokens_unshared / tree.tokens
    full = per_answer["full rows"]
    row = {
        "prefix": prefix,
        "people": people,
        "milliseconds_per_answer": {name: 1000 * value for name, value in per_answer.items()},
        "times_slower": {name: value / ours for name, value in per_answer.items()},
        "sharing_bound": bound,
        "share_of_bound": full / ours / bound,
        "share_of_matrix_rate": tree.tokens * parameters / (ours * people) / rate,
    }
    told = ", ".join(f"{name} {value:.1f}x" for name, value in row["times_slower"].items())  # type: ignore[attr-defined]
    print(f"inference: prefix {prefix}, {people} people: {told}; bound {bound:.1f}, {row['share_of_bound']:.0%} of it")
    return row


def _contenders(network: Any, options: OptionTree) -> list[Contender]:
    digits = np.zeros(network.config.vocab_size, dtype=bool)
    digits[FIRST_DIGIT : FIRST_DIGIT + 10] = True
    scorer = TreeScorer(network, digits)
    values = torch.from_numpy(options.tokens).to(network.device)
    stock, paged = _stock(network), _stock(network)

    def tree(prompts: list[Tokens]) -> np.ndarray[Any, Any]:
        logs = np.stack(scorer.log_probs(prompts, [options] * len(prompts)))
        return np.exp(logs)

    @torch.inference_mode()
    def full_rows(prompts: list[Tokens]) -> np.ndarray[Any, Any]:
        out = []
        for start in range(0, len(prompts), BATCH):
            ids, mask = _padded(prompts[start : start + BATCH], network.device, left=False)
            hidden = stock.get_decoder()(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
            last = hidden[torch.arange(len(ids)), mask.sum(dim=1) - 1]
            out.append(stock.lm_head(last).float().softmax(dim=-1)[:, values].cpu().numpy())
        return np.concatenate(out)

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
        made = paged.generate_batch(
            inputs=[prompt.tolist() for prompt in prompts], generation_config=settings, progress_bar=False
        )
        return np.array(
            [made[key].generated_tokens[0] for key in sorted(made, key=lambda key: int(key.split("_")[-1]))]
        )

    @torch.inference_mode()
    def one_forward(prompts: list[Tokens]) -> np.ndarray[Any, Any]:
        # what transformers' decision pipeline does for each prompt: one unbatched forward, logits at one place
        out = []
        for prompt in prompts:
            ids = torch.from_numpy(prompt[None]).to(network.device)
            logits = stock(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, 0]
            out.append(logits.float().softmax(dim=-1)[values].cpu().numpy())
        return np.stack(out)

    return [
        Contender("prefix tree", tree),
        Contender("full rows", full_rows),
        Contender("batched generate", lambda prompts: generate(prompts, BATCH)),
        Contender("continuous batching", continuous),
        Contender("generate", lambda prompts: generate(prompts, 1), people=ALONE),
        Contender("one forward a person", one_forward, people=ALONE),
    ]


def _check(contenders: list[Contender], prompts: list[Tokens]) -> None:
    """All contenders must agree before any is timed.

    Raises:
        AssertionError: If they do not.
    """
    by_name = {contender.name: contender for contender in contenders}
    exact = by_name["full rows"].run(prompts)
    tolerance = 1e-4 if torch.get_default_device().type == "cpu" and not torch.cuda.is_available() else 3e-2
    assert np.abs(by_name["prefix tree"].run(prompts) - exact).max() < tolerance
    some = prompts[:ALONE]
    assert np.abs(by_name["one forward a person"].run(some) - exact[:ALONE]).max() < tolerance
    greedy = by_name["generate"].run(some)
    for name in ("batched generate", "continuous batching"):
        assert (by_name[name].run(prompts)[:ALONE] == greedy).mean() > 0.8, name


def _scales(network: Any, rng: np.random.Generator) -> dict[str, Any]:
    """How much longer a 0-100 scale takes than a seven-point one, at a prefix of 512 tokens and 128 people."""
    prompts = _prompts(512, 128, network.config.vocab_size, rng)
    digits = np.zeros(network.config.vocab_size, dtype=bool)
    digits[FIRST_DIGIT : FIRST_DIGIT + 10] = True
    scorer = TreeScorer(network, digits)
    trees = {"1 to 7": _digits(range(1, 8)), "0 to 100": _digits(range(101))}
    seconds: dict[str, list[float]] = {name: [] for name in trees}
    for _ in range(REPEATS + 1):
        for name, options in trees.items():
            seconds[name].append(_timed(partial(scorer.log_probs, prompts, [options] * len(prompts))))
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    ratio = medians["0 to 100"] / medians["1 to 7"]
    print(f"inference: a 0-100 scale takes {ratio:.2f} times as long as a seven-point one")
    return {"seconds": medians, "ratio": ratio}


def _network(config: Qwen2Config, device: str) -> Any:
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


def _stock(network: Any) -> Any:
    """The same weights under transformers' own attention."""
    with torch.device("meta"):
        twin = Qwen2ForCausalLM._from_config(copy.deepcopy(network.config), attn_implementation="sdpa")
    twin.load_state_dict(network.state_dict(), assign=True)
    twin.tie_weights()
    twin.model.rotary_emb = network.model.rotary_emb
    return twin.eval()


def _prompts(prefix: int, people: int, vocabulary: int, rng: np.random.Generator) -> list[Tokens]:
    """Random tokens that stay clear of the digits: one prefix, and a persona of about `SUFFIX` tokens for everybody."""
    shared = rng.integers(100, vocabulary, prefix)
    lengths = rng.integers(SUFFIX - 5, SUFFIX + 6, people)
    return [np.concatenate([shared, rng.integers(100, vocabulary, length)]) for length in lengths]


def _digits(values: range) -> OptionTree:
    return option_tree([(str(v), tuple(FIRST_DIGIT + int(digit) for digit in str(v))) for v in values])


def _padded(prompts: list[Tokens], device: torch.device, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(prompt) for prompt in prompts)
    ids = np.zeros((len(prompts), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        part = slice(length - len(prompt), length) if left else slice(0, len(prompt))
        ids[row, part], mask[row, part] = prompt, 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def _matrix_rate(config: Qwen2Config, device: str) -> float:
    """Multiply-adds a second of the largest matrix product of this network, median of repeats."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    rows = 4096
    a = torch.randn(rows, config.hidden_size, device=device, dtype=dtype)
    b = torch.randn(config.hidden_size, config.intermediate_size, device=device, dtype=dtype)
    times = [_timed(lambda: a @ b) for _ in range(15)]
    return rows * config.hidden_size * config.intermediate_size / statistics.median(times)


def _timed(run: Callable[[], Any]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
