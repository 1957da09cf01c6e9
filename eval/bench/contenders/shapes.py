"""The networks that the benchmarks of models run on, with random weights."""

from typing import Final

from transformers import Qwen2Config

TINY: Final = Qwen2Config(
    vocab_size=1024,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=1024,
    tie_word_embeddings=True,
)
"""Shows that something runs."""
MIDDLE: Final = Qwen2Config(
    vocab_size=1024,
    hidden_size=512,
    intermediate_size=768,
    num_hidden_layers=4,
    num_attention_heads=8,
    num_key_value_heads=2,
    max_position_embeddings=1024,
    tie_word_embeddings=True,
)
"""Heads of 64, as small models have; layers wide enough for NF4's blocks."""
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
"""Qwen2.5-14B-Instruct's shape."""
