"""The GPU suite on a CPU, in its tiny shape: the same code, whose figures say only that it runs."""

import json
import time
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch

from eval.bench.gpu_parts.large import measure_answers
from eval.bench.gpu_parts.setting import ON_A_CPU, Figures
from eval.bench.training import pack_layers, random_network
from tests.eval.test_bench import bench


def test_every_part_runs_and_is_written(tmp_path: Path) -> None:
    result = bench("--suite", "gpu", "--out", tmp_path / "gpu.json")
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "gpu.json").read_text("utf-8"))["suites"]["gpu"]
    assert list(figures) == ["device", "matrix", "right", "training", "answers", "demo"]
    assert figures["right"]["scorer, float32"]["from_plain"] < 1e-4
    assert figures["right"]["gradient, nf4, block"]["from_rows"] < 1e-4
    assert figures["training"]["4 people a cell, packs of 256"]["step_seconds"] > 0
    assert figures["training"]["padded loop"]["times_slower"] > 0
    assert {name.split(",")[0] for name in figures["answers"]} == {"nf4", "bf16"}
    assert figures["demo"]["evaluation"]["largest_difference_of_W"] == 0
    assert figures["demo"]["recipe"]["steps"] >= 0


def figures_of(seconds: float) -> tuple[dict[str, Any], list[dict[str, Any]], Figures]:
    values: dict[str, Any] = {}
    kept: list[dict[str, Any]] = []
    return values, kept, Figures(values, lambda: kept.append(dict(values)), time.monotonic() + seconds)


def test_each_figure_is_kept_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    _, kept, figures = figures_of(60)
    figures.add("one", 1, "the first is 1")
    figures.add("two", 2, "the second is 2")
    assert kept == [{"one": 1}, {"one": 1, "two": 2}]
    assert "gpu: the first is 1 [60 s left]" in capsys.readouterr().out


def test_what_no_longer_fits_the_time_says_so() -> None:
    values, kept, figures = figures_of(5)
    assert not figures.attempt("long", 10, lambda: pytest.fail("it was started"))
    assert values == kept[-1] == {"long": {"skipped": "no time left"}}


def test_what_does_not_fit_the_memory_says_so_and_the_rest_goes_on() -> None:
    def too_large() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 90 GiB.\nmore")

    values, _, figures = figures_of(5)
    assert not figures.attempt("large", 1, too_large)
    assert figures.attempt("small", 1, lambda: figures.add("small", 1, "small"))
    assert values == {"large": {"out_of_memory": "CUDA out of memory. Tried to allocate 90 GiB."}, "small": 1}


def test_weights_that_do_not_fit_unpacked_give_no_figures_in_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    network = random_network(ON_A_CPU.config, False, cpu).eval()
    unused = network.unused = torch.nn.Sequential(torch.nn.Linear(64, 64))  # by no answer; it is unpacked last
    pack_layers(network)
    unpacked = bitsandbytes.functional.dequantize_4bit

    def full(packed: torch.Tensor, state: Any, *more: Any, **named: Any) -> torch.Tensor:
        if state is unused[0].weight.quant_state:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return unpacked(packed, state, *more, **named)

    monkeypatch.setattr(bitsandbytes.functional, "dequantize_4bit", full)
    values, _, figures = figures_of(300)
    measure_answers(figures, network, ON_A_CPU, cpu, 1e9, 1)
    assert values["unpack"] == {"out_of_memory": "CUDA out of memory."}
    assert "nf4, (32, 4), 1 to 7" in values
    assert not [name for name in values if name.startswith("bf16")]
