"""The page about the real run, as Markdown, from its file of figures."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from eval.plan.costs import DESIGNS, Cost, Lengths
from eval.plan.samplings import RECIPE, Compared, wins

ORIGINAL_HOURS: Final = (2, 3)
"""What the original run took for its 91 steps on one A100 of 40 GB, by its own account."""


def page_of(figures: Mapping[str, Any]) -> str:
    """All sections.

    Args:
        figures: As `eval.plan` writes them: `date`, `tokenizer`, `assumed`, `sample`, `costs`, and `samplings` or null.
    """
    assumed = figures["assumed"]
    costs = [Cost(**one) for one in figures["costs"]]
    head = f"""Written by `python -m eval.plan` on {figures["date"]}; `real_run.json` has all figures. **No GPU has run
        this.** Tokens are counted by the code that trains. Hours and dollars follow from assumptions, which are options
        of the command:"""
    ranges = f"""A range is over the assumed share of the rate ({assumed["low_mfu"]:g} to {assumed["high_mfu"]:g}) and
        over profiles with the sample's seven attributes or with all sixteen, rounded to two digits. *Saved* is the
        tokens of full rows ÷ those computed on one GPU; in brackets the most that sharing could save in these steps.
        Validation, loading and saving are left out."""
    parts = [
        "# The plan of the real run",
        _line(head),
        _assumptions(assumed),
        _sample(figures["sample"], figures["tokenizer"], costs),
        "## What it costs",
        _line(ranges),
        *(_costs(fraction, costs, assumed) for fraction in sorted({one.fraction for one in costs})),
        _saved(costs),
        _check(costs, assumed),
    ]
    if figures["samplings"]:
        parts += _samplings([Compared(**one) for one in figures["samplings"]], costs)
    return "\n\n".join(part for part in parts if part) + "\n"


def _assumptions(assumed: Mapping[str, float]) -> str:
    reached = """the range of `train.qlora --dry-run`; one H200 reached 0.48 of its measured and 0.37 of its data
        sheet's rate, with random weights of this shape ([figures](README.md#on-a-gpu))"""
    operations = "forward, input gradients, forward again, two each; attention, adapter and unpacking are left out"
    return _table(
        ("assumed", "value", "from"),
        (
            "`--low-mfu`, `--high-mfu`: share of a GPU's rate that training reaches",
            f"{assumed['low_mfu']:g} to {assumed['high_mfu']:g}",
            reached,
        ),
        ("`--peak`: TFLOP/s of one GPU in bf16", f"{assumed['peak']:g}", "NVIDIA's data sheet of the A100, dense"),
        (
            "`--price`: dollars for an hour of one GPU",
            f"{assumed['price']:.2f}",
            "`a100-large` of Hugging Face Spaces, November 2026",
        ),
        ("operations a token", "6 × weights of the base's matrices", operations),
        (
            "eight GPUs",
            "each step lasts as long as the GPU with the most tokens",
            "how `train.qlora` shares out packs; sending gradients is left out",
        ),
    )


def _sample(sample: Mapping[str, Any], tokenizer: str, costs: Sequence[Cost]) -> str:
    lengths = "; ".join(
        f"`{one.template}` {one.mean:.0f} (95 % interval over studies {one.low:.0f} to {one.high:.0f}), at most "
        f"{one.longest:,}"
        for one in (Lengths(**length) for length in sample["lengths"])
    )
    sizes = sorted(sample["sizes"].values())
    alone = sum(size == 1 for size in sizes)
    anew = costs[0].people_a_cell  # of single answers, at the smallest share
    text = f"""Texts and lengths are those of {sample["rows"]:,} real rows of {len(sizes)} studies, a hundredth of these
        studies' responses: the validation part of the original run. They stand for the {sample["responses"]:,}
        responses of its 170 training studies, which is the largest uncertainty in the tokens. Tokens of a row, answer
        included: {lengths}; tokenizer: {tokenizer}. How many people answer one cell is estimated from pairs of sampled
        rows: median of the studies {statistics.median(sizes):,.0f}, largest {sizes[-1]:,.0f}; in {alone} of the
        studies, with {_percent(sample["alone"])} of the rows, no two people of the sample read the same text.
        A hundredth of what is estimated, drawn anew, has {anew:.2f} people a cell; the real rows have
        {sample["people_a_cell"]:.2f}."""
    return _line(text)


def _costs(fraction: float, costs: Sequence[Cost], assumed: Mapping[str, float]) -> str:
    here = [one for one in costs if one.fraction == fraction]
    rows = []
    for name in dict.fromkeys(one.design for one in here):
        one, eight = ([c for c in here if (c.design, c.gpus) == (name, gpus)] for gpus in (1, 8))
        rows.append(
            (
                name,
                f"{one[0].people_a_cell:.1f}",
                span([c.full_tokens / 1e6 for c in one]),
                span([c.tokens / 1e6 for c in one]),
                f"{span([c.full_tokens / c.tokens for c in one])} ({span([c.bound for c in one])})",
                *_hours_and_dollars(one, 1, assumed),
                *_hours_and_dollars(eight, 8, assumed),
            )
        )
    columns = ("which responses, in which order", "people a cell", "million tokens of full rows", "computed", "saved")
    title = f"**{_percent(fraction)}: {here[0].examples:,} responses in {here[0].steps:,} steps**"
    return f"{title}\n\n{_table((*columns, 'hours, one A100', 'dollars', 'hours, eight', 'dollars'), *rows)}"


def _hours_and_dollars(costs: Sequence[Cost], gpus: int, assumed: Mapping[str, float]) -> tuple[str, str]:
    hours = [c.hours(assumed[mfu], assumed["peak"]) for c in costs for mfu in ("low_mfu", "high_mfu")]
    return span(hours), span([gpus * assumed["price"] * value for value in hours])


def _saved(costs: Sequence[Cost]) -> str:
    """How many of the recipe's tokens are left with groups."""
    by = {(c.fraction, c.design, c.all_attributes): c.tokens for c in costs if c.gpus == 1}
    parts = []
    for design in DESIGNS[2:]:
        shares: dict[float, list[float]] = {}
        for (fraction, name, every), tokens in by.items():
            if name == design.name:
                shares.setdefault(fraction, []).append(tokens / by[fraction, DESIGNS[1].name, every])
        if shares:
            found = ", ".join(f"{span(values)} at {_percent(fraction)}" for fraction, values in shares.items())
            parts.append(f"*{design.name}* {found}")
    if not parts:
        return ""
    single = DESIGNS[1].name
    text = f"""*What groups save.* As a share of the tokens of *{single}*: {"; ".join(parts)}. In a thin sample hardly
        anybody shares a text with anybody else; in a thick one groups are full anyway."""
    return _line(text)


def _check(costs: Sequence[Cost], assumed: Mapping[str, float]) -> str:
    """The share of the rate that the original run must have reached, if it took the hours that it reports."""
    first = [c for c in costs if c.fraction == 0.01 and not c.all_attributes]  # the run had the sample's attributes
    original = [c for c in first if (c.design, c.gpus) == (DESIGNS[0].name, 1)]
    recipe = [c for c in first if (c.design, c.gpus) == (DESIGNS[1].name, 8)]
    if not original or not recipe:
        return ""
    # in rows of their own, since a plain loop shares nothing; its padding is not counted
    at_peak = [c.hours(1, assumed["peak"]) * c.full_tokens / c.tokens for c in original]
    shares = span([hours / taken for hours in at_peak for taken in ORIGINAL_HOURS])
    text = f"""*A check.* The original run reports {ORIGINAL_HOURS[0]} to {ORIGINAL_HOURS[1]} hours for its 1 %, in rows
        of their own, four at a time: {shares} of the rate by these tokens, padding not counted. So where passes are
        small, hours beyond the upper ends are to be expected. With eight GPUs a pass of the 1 % run has about
        {_rounded(recipe[0].pack_tokens)} tokens, where one GPU takes up to 16,384 at a time, and every pass unpacks the
        four-bit weights once."""
    return _line(text)


def _samplings(done: Sequence[Compared], costs: Sequence[Cost]) -> list[str]:
    seeds = sorted({one.seed for one in done})
    by = {(one.sampling, one.seed): one for one in done}
    recipe = [by[RECIPE, seed] for seed in seeds]
    base = (
        _spread([one.base_loss for one in recipe], ".3f"),
        _spread([one.base_wasserstein for one in recipe], ".4f"),
        _spread([one.base_wasserstein - one.wasserstein for one in recipe], "+.4f"),
    )
    rows = [("the base, untrained", "", "", "", *base)]
    for name in dict.fromkeys(one.sampling for one in done):
        own = [by[name, seed] for seed in seeds]
        gaps = [one.wasserstein - other.wasserstein for one, other in zip(own, recipe, strict=True)]
        rows.append(
            (
                name,
                f"{_mean([one.examples for one in own]):,.0f}",
                f"{_mean([one.tokens for one in own]):,.0f}",
                f"{_mean([one.steps for one in own]):.0f}",
                _spread([one.loss for one in own], ".3f"),
                _spread([one.wasserstein for one in own], ".4f"),
                "" if name == RECIPE else _spread(gaps, "+.4f"),
            )
        )
    told = f"""The demo recipe on the synthetic society: 170 studies to learn from, W on 20 unseen ones (convention
        `scale`). Every training computes the same number of tokens, so a sampling that shares more sees more answers.
        Figures after the last step, without a choice among checkpoints, on the same people for one seed: means of
        {len(seeds)} seeds (lowest to highest). The noise floor is {_mean([one.noise_floor for one in recipe]):.4f},
        the uniform baseline {_mean([one.uniform for one in recipe]):.4f}."""
    columns = (
        "which answers, in which order",
        "answers",
        "tokens computed",
        "steps",
        "loss",
        "W",
        "W minus that of row two",
    )
    return [
        "## Which people to learn from",
        _line(told),
        _table(columns, *rows),
        f"{_verdict(done)} {_scarcer(done, costs)}",
    ]


def _scarcer(done: Sequence[Compared], costs: Sequence[Cost]) -> str:
    """How many more answers groups see for the same tokens, here and in the real run."""
    examples = {name: _mean([one.examples for one in done if one.sampling == name]) for name in [RECIPE, *wins(done)]}
    real = {(c.design, c.all_attributes): c.examples / c.tokens for c in costs if (c.fraction, c.gpus) == (0.01, 1)}
    parts = []
    for name in wins(done):
        there = [real[name, every] / real[RECIPE, every] for design, every in real if design == name]
        of_real = f", {span(there)} times in 1 % of SocSci210" if there else ""
        parts.append(f"*{name}* sees {_rounded(examples[name] / examples[RECIPE])} times the answers here{of_real}")
    return _line(f"For the same tokens {'; '.join(parts)}.")


def _verdict(done: Sequence[Compared]) -> str:
    seeds, lower = len({one.seed for one in done}), wins(done)
    counts = "; ".join(f"*{name}* with {count} of {seeds}" for name, count in lower.items())
    better = [f"*{name}*" for name, count in lower.items() if count == seeds]
    end = f"So {' and '.join(better)} gives more for the same tokens."
    if not better:
        found = "The seeds disagree, so nothing is resolved" if any(lower.values()) else "So groups give no more"
        end = f"{found}, and the recipe keeps drawing single answers."
    untried = [f"*{design.name}*" for design in DESIGNS[2:] if design.name not in lower]
    text = f"""The rule, set before the trainings: groups win if their W is lower than that of *{RECIPE}* with every
        seed. It is lower for {counts}. **{end}** {f"Not tried: {', '.join(untried)}." if untried else ""}"""
    return _line(text)


def span(values: Sequence[float]) -> str:
    """The lowest and the highest, rounded to two digits; one number if these are the same."""
    low, high = (_rounded(value) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _rounded(value: float) -> str:
    exact = float(f"{value:.2g}")
    return f"{exact:,.{max(0, 1 - math.floor(math.log10(exact)))}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(values: Sequence[float], form: str) -> str:
    return f"{_mean(values):{form}} ({min(values):{form}} to {max(values):{form}})".replace("-", "−")


def _line(paragraph: str) -> str:
    return " ".join(paragraph.split())


def _table(*rows: Sequence[str]) -> str:
    head, *body = (f"| {' | '.join(_line(cell) for cell in row)} |" for row in rows)
    return "\n".join([head, "| --- " * len(rows[0]) + "|", *body])
