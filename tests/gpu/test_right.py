"""What a device computes, against plain forward passes: a GPU if there is one, else the CPU in a tiny shape."""

import pytest
import torch

from eval.bench.gpu_parts import right
from eval.bench.gpu_parts.setting import ON_A_CPU, ON_A_GPU

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
CONFIG = (ON_A_GPU if ON_GPU else ON_A_CPU).checked

needs_gpu = pytest.mark.skipif(not ON_GPU, reason="there is no GPU")


@pytest.mark.parametrize("precision", right.PRECISIONS)
def test_the_scorer_is_as_exact_as_plain_rows(precision: str) -> None:
    found = right.scorer_differences(CONFIG, DEVICE, precision)
    if precision == "float32":
        assert found["from_plain"] < 1e-3
    else:  # rounding: no further from float32 than plain rows are, give or take their own size
        assert found["from_float32"] < 2 * found["plain_from_float32"] + 1e-3
        assert found["from_plain"] < 0.25


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("precision", "dense"), [("float32", False), ("float32", True), ("nf4", False)])
def test_a_pack_has_the_gradient_of_separate_rows(precision: str, dense: bool) -> None:
    found = right.gradient_differences(CONFIG, DEVICE, precision, dense)
    if precision == "float32":
        assert found["from_rows"] < 1e-4
    else:
        assert found["from_float32"] < 2 * found["rows_from_float32"] + 1e-4


@needs_gpu
def test_every_kernel_that_runs_agrees_with_the_formula() -> None:
    kernels = right.kernel_differences(DEVICE)
    ran = {name: found for name, found in kernels.items() if "ms" in found}
    assert {name.split(" ", 1)[1] for name in ran} == {"along a path", "within blocks"}
    assert any(name.startswith(("flash", "efficient", "cudnn")) for name in ran)
    for name, found in ran.items():
        assert float(found["output"]) < 3e-2, name
        assert float(found["log-sum-exp"]) < 3e-2, name


@needs_gpu
def test_nf4_has_the_same_numbers_on_the_gpu_as_on_the_cpu() -> None:
    found = right.nf4_differences(DEVICE)
    assert found["unpacking"] < 1e-5
    # they round the blocks' own scales, which are packed too, in different directions
    assert found["error"] == pytest.approx(found["cpu_error"], rel=0.02)
