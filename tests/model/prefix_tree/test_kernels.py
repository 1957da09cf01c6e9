"""Attention with log-sum-exps: the formula, and the choice among ways to compute it."""

import pytest
import torch

from socrates_core.model.prefix_tree import kernels
from socrates_core.model.prefix_tree.kernels import ON_CUDA, aligned, cpu_flash, fastest, formula, kernels_for

CPU = torch.device("cpu")


def example(masked: bool) -> kernels.Example:
    return (
        kernels.own_example(CPU, torch.float32, 2, 16) if masked else kernels.path_example(CPU, torch.float32, 4, 2, 16)
    )


def test_two_queries_by_hand() -> None:
    # scores of query 1 against keys 1 and 3: 1 and 3, so shares 1 / (1 + e²) and its rest, log-sum-exp 3 + log(1 + e⁻²)
    query, key = torch.tensor([[[[1.0], [2.0]]]]), torch.tensor([[[[1.0], [3.0]]]])
    value, mask = torch.tensor([[[[0.0], [1.0]]]]), torch.tensor([[[[0.0, 0.0], [0.0, -torch.inf]]]])
    out, log = formula(query, key, value, mask, 1.0)
    assert out[0, 0, :, 0].tolist() == pytest.approx([0.880797, 0.0])
    assert log[0, 0].tolist() == pytest.approx([3.126928, 2.0])  # the second sees key 1 alone: 2 · 1


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cells", [1, 1000, 40_000, 1 << 26])
def test_the_formula_in_stretches_equals_scaled_dot_product_attention(
    masked: bool, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "SCORE_CELLS", max(cells, 200 if not masked else 20_000))
    query, key, value, mask, scale = example(masked)
    query = query[:, :, :200]
    whole = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    scores = query @ key.transpose(-1, -2) * scale + (0 if mask is None else mask)
    out, log = formula(query, key, value, mask, scale)
    assert torch.allclose(out, whole, atol=1e-5)
    assert torch.allclose(log, scores.logsumexp(dim=-1), atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_the_cpus_kernel_agrees_with_the_formula(masked: bool) -> None:
    for one, other in zip(cpu_flash(*example(masked)), formula(*example(masked)), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def refuses(*_given: object) -> tuple[torch.Tensor, torch.Tensor]:
    raise RuntimeError("no kernel for this device")


def wrong_by_a_mask(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, _mask: object, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    return cpu_flash(query, key, value, None, scale)


def wrong_log(*given: object) -> tuple[torch.Tensor, torch.Tensor]:
    out, log = cpu_flash(*given)  # type: ignore[arg-type]
    return out, log / 0.6931


def broken(*given: object) -> tuple[torch.Tensor, torch.Tensor]:
    out, log = cpu_flash(*given)  # type: ignore[arg-type]
    return out * torch.nan, log


def padded_log(*given: object) -> tuple[torch.Tensor, torch.Tensor]:
    out, log = cpu_flash(*given)  # type: ignore[arg-type]
    return out, torch.nn.functional.pad(log, (0, 5))


@pytest.mark.parametrize("kernel", [refuses, wrong_by_a_mask, wrong_log, broken, padded_log])
def test_a_kernel_that_does_not_run_or_disagrees_is_never_chosen(kernel: kernels.Kernel) -> None:
    assert fastest({"odd": kernel, "formula": formula}, lambda: example(True)) == "formula"


def test_of_kernels_that_agree_the_faster_is_chosen_and_the_first_when_they_are_alike() -> None:
    # one query at a time is far slower than all at once
    def slow(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        for _ in range(20):
            found = formula(query, key, value, mask, scale)
        return found

    assert fastest({"slow": slow, "flash": cpu_flash, "formula": slow}, lambda: example(True)) == "flash"


def test_a_cpu_has_its_kernel_and_those_of_a_gpu_are_left_out_there() -> None:
    found = kernels_for(CPU, torch.float32, 4, 2, 16)
    assert (found.path, found.own, found.names) == (cpu_flash, cpu_flash, "flash")
    assert fastest(ON_CUDA, lambda: example(True)) == "formula"


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (16, 16), (5, 515)])
def test_a_mask_is_aligned_without_changing_what_it_hides(rows: int, columns: int) -> None:
    mask = torch.randn(2, 1, rows, columns)
    made = aligned(mask)
    assert torch.equal(made, mask)
    assert made.stride(-1) == 1
    assert all(stride % 16 == 0 for stride in made.stride()[:-1])
    assert aligned(made) is made
