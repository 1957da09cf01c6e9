"""A small network with random weights that writes one digit and ends its turn, and `transformers serve` with it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import torch
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

from tests.model.tiny import tokenizer

DIGITS = tuple("1234567")
"""What it writes nearly always; which one depends on the prompt."""


def answering_network() -> Qwen2ForCausalLM:
    """Answers with one of `DIGITS`, then ends the turn.

    Channel 0 of the residual stream is 1 everywhere and channel 1 is 1 where a digit stands; no layer writes to
    either. So the output matrix can favour digits (channel 0) until one is written (channel 1), while the other
    channels, which depend on all that was read, decide which digit.
    """
    words = tokenizer()
    torch.manual_seed(3)
    config = Qwen2Config(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        eos_token_id=words.eos_token_id,
    )
    made = Qwen2ForCausalLM(config).eval()
    digits = words.convert_tokens_to_ids(list("0123456789"))
    favoured = words.convert_tokens_to_ids(list(DIGITS))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(15 if parameter.ndim > 1 else 1)
        embedding, output = made.model.embed_tokens.weight, made.lm_head.weight
        embedding[:, 0], embedding[:, 1] = 1.0, 0.0
        embedding[digits, 1] = 1.0
        for layer in made.model.layers:
            for matrix in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
                matrix[:2] = 0.0
                matrix[2:] *= 0.5
        output[:, 0], output[:, 1] = -60.0, 0.0
        embedding[:, 2:] *= 0.1
        output[:, 2:] *= 0.45
        output[favoured, 0], output[favoured, 1] = 60.0, -300.0
        output[words.eos_token_id, 0], output[words.eos_token_id, 1] = -60.0, 300.0
    return made


def save_model(folder: Path, samples: bool = True) -> Path:
    """The answering network as a model folder.

    Args:
        folder: Where to.
        samples: Whether its generation config switches sampling on, without which a server decodes greedily.
    """
    made = answering_network()
    ends = tokenizer().eos_token_id
    made.generation_config = GenerationConfig(do_sample=samples, eos_token_id=ends, pad_token_id=ends)
    made.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


@contextmanager
def transformers_serve(home: Path) -> Iterator[str]:
    """The URL of `transformers serve` until the block ends: offline, on the CPU, with any model folder by its path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    log = home / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                Path(sys.executable).with_name("transformers"),
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ],
            env={**os.environ, **offline},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                    break
            except httpx2.TransportError:
                pass
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"transformers serve did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
