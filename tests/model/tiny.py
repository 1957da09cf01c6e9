"""Small networks and tokenizers with random weights, made on the spot."""

from functools import cache

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from socrates_core.model.prefix_tree import attention

CHAT = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"


@cache
def tokenizer(merges_digits: bool = False) -> PreTrainedTokenizerFast:
    """Byte-level BPE that splits numbers into digits, as Qwen does, or keeps up to three together, as Llama 3 does."""
    numbers = "\\p{N}{1,3}" if merges_digits else "\\p{N}"
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(f"{WORDS}|{numbers}|{REST}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        show_progress=False,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    numerals = [f" {value} {value}" for value in range(0, 1001)] * 3
    core.train_from_iterator(
        ["Only return an integer from the scale, nothing else. - Age: Gender: people", *numerals], trainer
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", chat_template=CHAT)


STORY = (
    "Answer as this person would.\n\nWhat do you think?\n\n- Age: 34\n- Gender: Female\n\nRead it (now).\n\nScenario: 7"
)


def other_tokenizer(
    pre_tokenizer: pre_tokenizers.PreTokenizer | None, swallows_blanks: bool = False
) -> PreTrainedTokenizerFast:
    """BPE with learned merges of blank lines, under another rule for where words end.

    Args:
        pre_tokenizer: Where words end; None for nowhere, as in Gemma.
        swallows_blanks: Whether special tokens swallow the blanks after them, as in Phi 3.
    """
    core = Tokenizer(models.BPE())
    if pre_tokenizer is not None:
        core.pre_tokenizer = pre_tokenizer
    byte_level = pre_tokenizer is not None and "Metaspace" not in repr(pre_tokenizer)
    core.decoder = decoders.ByteLevel() if byte_level else decoders.Metaspace() if pre_tokenizer else decoders.Fuse()
    letters = pre_tokenizers.ByteLevel.alphabet() if byte_level else [*map(chr, range(9, 127)), *"é问»😀▁"]
    trainer = trainers.BpeTrainer(
        vocab_size=500, show_progress=False, initial_alphabet=letters, special_tokens=["<unk>", "<|endoftext|>"]
    )
    core.train_from_iterator([STORY, f"{STORY}\n\n"] * 20, trainer)
    core.add_special_tokens([AddedToken(name, rstrip=swallows_blanks) for name in ("<|im_start|>", "<|im_end|>")])
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", chat_template=CHAT)


def network(vocabulary: int, context: int = 2048) -> Qwen2ForCausalLM:
    """A random Qwen2 of 100,000 parameters with weights large enough for answers that differ."""
    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
    )
    made = Qwen2ForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(6 if parameter.ndim > 1 else 1)
    made.set_attn_implementation(attention.NAME)
    return made
