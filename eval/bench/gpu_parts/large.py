"""Training and answers at Qwen2.5-14B's shape, random weights: time, memory, share of what the device can do."""

from collections import Counter
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from eval.bench.contenders.answers import digit_options, full_rows, random_prompts, scorer_of
from eval.bench.contenders.trainers import Setting, packs, padded_loop, random_examples
from eval.bench.gpu_parts.device import free_memory, peak_gb, seconds_of, wait
from eval.bench.gpu_parts.setting import Figures, Sizes
from eval.bench.training import matrix_weights, random_network, unpack_layers
from socrates_core.model.prefix_tree import attention
from socrates_core.model.prefix_tree.tree import PromptTree

PASSES: Final = 3
"""Multiply-adds per weight and token of a training step with recomputed activations: forward, forward again, and the
gradient of its inputs; the frozen weights have none."""

KINDS: Final = {
    "matrix products": ("gemm", "cutlass", "nvjet", "xmma", "ampere_", "sm90_", "cublas"),
    "attention": ("flex", "flash", "fmha", "attention", "sdpa", "tem_fused_0"),
    "unpacking NF4": ("dequantize", "quantize"),
    "elementwise and the rest": ("",),
}
"""Kind of kernel → parts of its name, the first that occurs decides."""


def measure_training(figures: Figures, sizes: Sizes, device: torch.device, rate: float, seed: int) -> Any:
    """Steps of QLoRA on packs, of several people a cell and sizes of pack; then a padded loop.

    Returns:
        The network, frozen and in NF4, for the answers.
    """
    rng = np.random.default_rng(seed)
    free_memory()
    network = random_network(sizes.config, True, device)
    wait()
    free_memory()
    weights = matrix_weights(sizes.config)
    figures.add(
        "weights", {"gb": peak_gb(), "in_layers": weights}, f"training: NF4, weights of {weights / 1e9:.2f} billion"
    )

    def one(people: int, pack_tokens: int, warm_up: bool) -> None:
        make = partial(random_examples, sizes.step_examples, people, sizes.shared, sizes.own, sizes.config.vocab_size)
        setting = Setting(network, True, sizes.row_batch, pack_tokens)
        if warm_up:  # compiles attention, for a first and for any other length of a pack
            free_memory()
            first = packs(setting, [make(rng)]).seconds[0]
            figures.add("warm_up_s", first, f"training: the first step took {first:.1f} s, compiling included")
        free_memory()
        timed = packs(setting, [make(rng) for _ in range(sizes.repeats)])
        seconds = float(np.median(timed.seconds))
        share = timed.tokens * weights * PASSES / seconds / rate
        peak = peak_gb()
        name = f"{people} people a cell, packs of {pack_tokens}"
        figures.add(
            name,
            {
                "people": people,
                "pack_tokens": pack_tokens,
                "step_examples": sizes.step_examples,
                "tokens_per_step": timed.tokens,
                "step_seconds": seconds,
                "all_seconds": timed.seconds,
                "share_of_matrix_rate": share,
                "peak_gb": peak,
            },
            f"training: {name}: {seconds:.2f} s a step of {sizes.step_examples} examples ({timed.tokens:,.0f} tokens), "
            f"{share:.0%} of the matrix rate, peak {_gb(peak)}",
        )

    def rows() -> None:
        people, examples = sizes.people[0], sizes.row_examples
        setting = Setting(network, True, sizes.row_batch, sizes.pack_tokens[0])
        steps = [
            random_examples(examples, people, sizes.shared, sizes.own, sizes.config.vocab_size, rng) for _ in range(2)
        ]
        timed = padded_loop(setting, steps)
        each = timed.seconds[1] / examples
        ours = figures.values.get(f"{people} people a cell, packs of {sizes.pack_tokens[0]}", {}).get("step_seconds")
        ratio = each * sizes.step_examples / ours if ours else None
        share = timed.tokens * weights * PASSES / timed.seconds[1] / rate
        words = f"{ratio:.1f} times as long as packs" if ratio else "packs were not measured"
        figures.add(
            "padded loop",
            {
                "examples": examples,
                "seconds_per_example": each,
                "times_slower": ratio,
                "share_of_matrix_rate": share,
                "peak_gb": peak_gb(),
            },
            f"training: padded loop: {each:.3f} s an example, {words}; {share:.0%} of the matrix rate",
        )

    def profile() -> None:
        setting = Setting(network, True, sizes.row_batch, sizes.pack_tokens[0])
        step = random_examples(
            sizes.step_examples, sizes.people[0], sizes.shared, sizes.own, sizes.config.vocab_size, rng
        )
        _profile(figures, "training", partial(packs, setting, [step]))

    for at, people in enumerate(sizes.people):
        figures.attempt(
            f"{people} people a cell", 30 if at == 0 else 15, partial(one, people, sizes.pack_tokens[0], at == 0)
        )
    figures.attempt("padded loop", 14, rows)
    if device.type == "cuda":
        figures.attempt("training kernels", 10, profile)
    for more in sizes.pack_tokens[1:]:
        figures.attempt(f"packs of {more}", 13, partial(one, sizes.people[0], more, False))
    return network.eval()


def measure_answers(figures: Figures, network: Any, sizes: Sizes, device: torch.device, rate: float, seed: int) -> None:
    """Exact answer distributions of many people, in NF4 and unpacked to bf16, against batched full rows.

    Args:
        figures: Filled.
        network: In NF4, as `measure_training` returns it; unpacked in place.
        sizes: What is measured.
        device: The network's device.
        rate: Multiply-adds per second that the device is capable of.
        seed: Of the prompts.
    """
    network.set_attn_implementation(attention.NAME)
    for precision in ("nf4", "bf16"):
        if precision == "bf16" and not figures.attempt("unpack", 10, partial(unpack_layers, network, network.dtype)):
            return  # the weights are still in NF4, all or some
        for prefix, people in sizes.asked:
            rng = np.random.default_rng(seed)
            prompts = random_prompts(prefix, people, sizes.config.vocab_size, rng)
            figures.attempt(
                f"{precision}, ({prefix}, {people})",
                14,
                partial(_one_size, figures, network, precision, prompts, prefix, sizes, rate),
            )


def _one_size(
    figures: Figures, network: Any, precision: str, prompts: list[Any], prefix: int, sizes: Sizes, rate: float
) -> None:
    people = len(prompts)
    scorer, weights = scorer_of(network), matrix_weights(sizes.config)
    name, speeds = f"{precision}, ({prefix}, {people})", {}
    for scale, values in {"1 to 7": range(1, 8), "0 to 100": range(101)}.items():
        options = digit_options(values)
        tree = PromptTree(prompts, [options] * people)
        ask = partial(scorer.log_probs, prompts, [options] * people)
        free_memory()
        ask()  # warms up
        seconds = seconds_of(ask, sizes.repeats)
        share = tree.tokens * weights / seconds / rate
        peak = peak_gb()
        speeds[scale] = seconds / people
        figures.add(
            f"{name}, {scale}",
            {
                "seconds": seconds,
                "answers_per_second": people / seconds,
                "tokens": tree.tokens,
                "share_of_matrix_rate": share,
                "peak_gb": peak,
                "attention": scorer.kernels.names,
            },
            f"answers: {name}, {scale}: {people / seconds:.0f} answers a second, {share:.0%} of the matrix rate, "
            f"peak {_gb(peak)}",
        )
    options = digit_options(range(1, 8))
    some = prompts[: sizes.full_rows]
    full_rows(network, some[:8], options)
    seconds = seconds_of(partial(full_rows, network, some, options), 1) / len(some)
    tokens = sum(len(prompt) for prompt in some) / len(some)
    bound = people * tokens / PromptTree(prompts, [options] * people).tokens
    figures.add(
        f"{name}, full rows",
        {
            "seconds_per_answer": seconds,
            "times_slower": seconds / speeds["1 to 7"],
            "sharing_bound": bound,
            "share_of_matrix_rate": tokens * weights / seconds / rate,
        },
        f"answers: {name}: full rows take {seconds / speeds['1 to 7']:.1f} times as long for a seven-point scale "
        f"(tokens alone: {bound:.1f}), at {tokens * weights / seconds / rate:.0%} of the matrix rate",
    )
    if torch.cuda.is_available() and prefix == sizes.asked[-1][0]:
        _profile(figures, f"answers in {precision}", partial(scorer.log_probs, prompts, [options] * people))


def _profile(figures: Figures, what: str, run: Any) -> None:
    """Where a run's time on the GPU goes, by kind of kernel, and how long the GPU waits for work."""
    from torch.profiler import ProfilerActivity, profile

    wait()
    with profile(activities=[ProfilerActivity.CUDA]) as told:
        seconds = seconds_of(run, 1)
    times: Counter[str] = Counter()
    kernels: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for event in told.events():
        if str(event.device_type).endswith("CUDA"):
            took = event.time_range.elapsed_us() / 1e6
            kind = next(kind for kind, parts in KINDS.items() if any(part in event.name.lower() for part in parts))
            times[kind] += took
            kernels[event.name[:110]] += took
            calls[event.name[:110]] += 1
    total = sum(times.values())
    figures.add(
        f"{what}, kernels",
        {
            "seconds": seconds,
            "on_the_gpu": total,
            "kinds": dict(times),
            "longest": [[name, round(took, 4), calls[name]] for name, took in kernels.most_common(30)],
        },
        f"{what}: of {seconds:.2f} s with the profiler, the GPU works {total:.2f} s: "
        + ", ".join(f"{kind} {took / total:.0%}" for kind, took in times.most_common()),
    )


def _gb(peak: float | None) -> str:
    return f"{peak:.1f} GB" if peak is not None else "not measured without a GPU"
