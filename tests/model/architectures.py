"""Networks of other families with random weights, and tokenizers with those families' habits, as folders."""

import json
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, trainers
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

from tests.model.tiny import STORY, tokenizer

LLAMA_CHAT: Final = (
    "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n\n' + m['content'] | trim }}"
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n\n' }}{% endif %}"
)
GEMMA_CHAT: Final = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role here') }}{% endif %}"
    "{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' "
    "+ m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
SIZES: Final[dict[str, Any]] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}


def llama_folder(folder: Path) -> Path:
    """Llama 3's habits: up to three digits are one token, and the text begins with a token of its own."""
    words = tokenizer(merges_digits=True)
    made = PreTrainedTokenizerFast(
        tokenizer_object=words.backend_tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        chat_template=LLAMA_CHAT,
    )
    return _saved(LlamaForCausalLM(LlamaConfig(vocab_size=len(made), head_dim=16, **SIZES)), made, folder)


def gemma_folder(folder: Path) -> Path:
    """Gemma's habits: no system role, words with a mark for the blank, bytes for unknown letters, an own beginning."""
    made = gemma_tokenizer()
    config = GemmaConfig(vocab_size=len(made), head_dim=24, **SIZES)
    return _saved(GemmaForCausalLM(config), made, folder)


def gemma2_folder(folder: Path) -> Path:
    """Gemma 2, whose attention caps its scores."""
    made = gemma_tokenizer()
    return _saved(Gemma2ForCausalLM(Gemma2Config(vocab_size=len(made), head_dim=24, **SIZES)), made, folder)


def mistral_folder(folder: Path, window: int) -> Path:
    """Mistral, whose tokens attend to a window of the nearest ones."""
    words = tokenizer()
    config = MistralConfig(vocab_size=len(words), head_dim=16, sliding_window=window, **SIZES)
    return _saved(MistralForCausalLM(config), words, folder)


def gemma_tokenizer() -> PreTrainedTokenizerFast:
    """BPE without pre-tokenizer, that falls back on bytes."""
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>"]
    )
    core.train_from_iterator([STORY, "0 1 2 3 4 5 6 7 8 9 Only return an integer from to, nothing else."] * 20, trainer)
    described = json.loads(core.to_str())
    vocabulary = described["model"]["vocab"]
    for byte in range(256):
        vocabulary.setdefault(f"<0x{byte:02X}>", len(vocabulary))
    described["model"] |= {"byte_fallback": True, "fuse_unk": True}
    core = Tokenizer.from_str(json.dumps(described))
    core.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    core.add_special_tokens([AddedToken(name) for name in ("<start_of_turn>", "<end_of_turn>")])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<bos>", eos_token="<end_of_turn>", chat_template=GEMMA_CHAT
    )


def _saved(network: Any, words: PreTrainedTokenizerFast, folder: Path) -> Path:
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():  # large enough for answers that differ
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.12)
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
