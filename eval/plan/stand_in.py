"""The shape and the tokenizer of Qwen2.5-14B where the Hub cannot be reached: no weights."""

import base64
import unicodedata
from pathlib import Path
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from eval.bench.contenders.shapes import FOURTEEN_B
from socrates_core.errors import SourceError

WORDS: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen cuts a text into words; every digit is one."""

SYSTEM: Final = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
CHAT: Final = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\n" + SYSTEM + "<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""What Qwen2.5's chat template makes of plain messages; without a system message there is its own."""


def stand_in_base(ranks: Path, folder: Path) -> Path:
    """A folder with the shape of Qwen2.5-14B and a tokenizer made from Qwen's published list of merges.

    Args:
        ranks: `qwen.tiktoken`, a token in base64 and its rank a line, as the package `dashscope` carries it.
        folder: Where it is written.

    Raises:
        SourceError: If the list cannot be read.
    """
    try:
        lines = ranks.read_bytes().split(b"\n")
        known = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}
    except (OSError, ValueError) as error:
        raise SourceError(f"{ranks} is not a list of tokens and ranks ({error})") from error
    FOURTEEN_B.save_pretrained(folder)
    _tokenizer(known).save_pretrained(folder)
    return folder


def _tokenizer(known: dict[bytes, int]) -> Any:
    letters = _letters()
    spelt = {token: "".join(letters[byte] for byte in token) for token in known}
    merges: list[tuple[int, str, str]] = []
    for token, rank in known.items():
        halves = [(token[:at], token[at:]) for at in range(1, len(token))]
        found = sorted((known[a], known[b], a, b) for a, b in halves if a in known and b in known)
        merges += [(rank, spelt[a], spelt[b]) for _, _, a, b in found]
    merges.sort(key=lambda merge: merge[0])
    raw = Tokenizer(BPE({spelt[token]: rank for token, rank in known.items()}, [(a, b) for _, a, b in merges]))
    raw.normalizer = normalizers.NFC()
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens([AddedToken(name, special=True) for name in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|im_end|>", chat_template=CHAT)


def _letters() -> list[str]:
    """The letter that stands for each of the 256 bytes in GPT-2's spelling of tokens."""
    shown = [byte for byte in range(256) if unicodedata.category(chr(byte))[0] not in "CZ"]
    others = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(others)) for byte in range(256)]
