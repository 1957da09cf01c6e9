"""Whether a model fits, before its weights are fetched."""

from pathlib import Path

import psutil
import pytest
import torch
from transformers import Qwen2Config

from socrates_core.errors import ModelError
from socrates_core.model.size import check_size
from tests.model.tiny import tokenizer

GB = 10**9


@pytest.mark.skipif(torch.cuda.is_available(), reason="there, the GPU's memory counts")
@pytest.mark.skipif(psutil.virtual_memory().available < 7 * GB, reason="the limit set here would not be the lowest")
def test_a_model_is_as_large_as_the_precision_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 38 · (4 · 2048² + 3 · 2048 · 5461) weights and the vocabulary's are 1.9e9: 3.8 GB in bf16, 7.7 GB in float32
    wide = {"hidden_size": 2048, "intermediate_size": 5461, "num_attention_heads": 16, "num_key_value_heads": 16}
    Qwen2Config(vocab_size=600, num_hidden_layers=38, **wide).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    taken = psutil.Process().memory_info().rss / 2**30  # by the tests before this one
    monkeypatch.setenv("MEMORY", f"{6 + taken:.2f}Gi")
    check_size(str(tmp_path), "bf16")
    check_size(str(tmp_path), "nf4")
    for precision in ("float32", "auto"):  # without a stored type in its configuration it counts as float32
        with pytest.raises(
            ModelError, match=r"1\.9 billion parameters and needs about 7\.7 GB of memory without a GPU in float32"
        ):
            check_size(str(tmp_path), precision)  # type: ignore[arg-type]
