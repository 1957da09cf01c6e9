import os
from typing import Final

import pytest
from hypothesis import settings

LONG: Final = (
    "browser/test_evaluate.py",
    "train/test_qlora.py",
    "real/",
    "browser/test_simulate.py",
    "ui/test_waiting.py",
    "browser/test_your_study.py",
    "eval/test_bench_gpu.py",
    "browser/test_adapters.py",
    "study/sources/test_hub_dataset.py",
    "browser/test_live.py",
    "eval/",
    "browser/",
    "train/",
    "test_",
)
"""Files that take minutes come first, since one that is begun last is waited for alone; those that need a browser stand
between others, since three browsers at a time are slow."""

# A slow example on a busy machine is no defect; where a failure must be repeatable, the examples are always the same.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    file = item.nodeid.removeprefix("tests/")
    return next((place for place, start in enumerate(LONG) if file.startswith(start)), len(LONG))
