"""The header of a safetensors file, read as what it is: a JSON text of names, shapes and offsets.

A safetensors file is the length N of its header (8 bytes, little-endian), N bytes of JSON, and the tensors' bytes one
after the other (https://github.com/huggingface/safetensors). Checking it needs no torch, and none of the tensors.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from socrates_core.errors import HubError

MOST_HEADER: Final = 16 * 1024**2
"""Bytes of a header. An adapter on every matrix of a 400-layer model has one of a tenth of this."""

BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2}
"""Of an entry, by data type; adapters have no others."""


@dataclass(frozen=True)
class Tensor:
    """One tensor as the header describes it."""

    dtype: str
    """A key of `BYTES`."""
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, after everything that its header says has been checked.

    Raises:
        HubError: If the file is no safetensors file, or its header does not describe exactly its bytes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            _refuse(path, f"it has {size} bytes, too few for a safetensors file")
        (length,) = struct.unpack("<Q", start)
        if length > min(MOST_HEADER, size - 8):
            _refuse(path, f"it says that its header has {length:,} bytes, and the file has {size:,}")
        text = file.read(length)
    try:
        header = parse_json(text)
    except ValueError as error:
        _refuse(path, f"its header cannot be read ({error}): it is no safetensors file, or damaged")
    if not isinstance(header, dict):
        _refuse(path, "its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _refuse(path, "the metadata in its header is not text by name")
    entries = {name: _entry(path, name, entry) for name, entry in header.items()}
    _check_layout(path, entries, size - 8 - length)
    return {name: tensor for name, (tensor, _, _) in entries.items()}


def parse_json(text: bytes) -> Any:
    """JSON from outside: UTF-8, no name twice in an object, no NaN or infinity, no nesting beyond reason.

    Raises:
        ValueError: If it is anything else.
    """
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _entry(path: Path, name: str, entry: Any) -> tuple[Tensor, int, int]:
    """A header's entry ↦ the tensor, where its bytes begin and where they end."""
    if not isinstance(entry, Mapping) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"the entry of {name[:200]!r} is not data type, shape and offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES:
        _refuse(path, f"{name[:200]!r} has the data type {str(dtype)[:40]!r}; an adapter has {', '.join(BYTES)}")
    if not _whole(shape) or not _whole(offsets) or len(offsets) != 2:
        _refuse(path, f"the shape or the offsets of {name[:200]!r} are not whole numbers")
    if math.prod(shape) * BYTES[dtype] != offsets[1] - offsets[0]:
        _refuse(path, f"{name[:200]!r} has the shape {tuple(shape)} and {offsets[1] - offsets[0]:,} bytes")
    return Tensor(dtype, tuple(shape)), offsets[0], offsets[1]


def _whole(values: Any) -> bool:
    # True is an int to Python and no number here
    return isinstance(values, list) and len(values) < 9 and all(type(one) is int and 0 <= one < 2**63 for one in values)


def _check_layout(path: Path, entries: Mapping[str, tuple[Tensor, int, int]], data: int) -> None:
    """Refuse tensors that overlap, leave a gap, or do not end where the file does."""
    end = 0
    for name, (_, start, stop) in sorted(entries.items(), key=lambda item: item[1][1:]):
        if start != end:
            how = "overlaps the tensor before it" if start < end else "leaves a gap before it"
            _refuse(path, f"{name[:200]!r} {how}")
        end = stop
    if end != data:
        what = "is cut off" if end > data else "holds more than its tensors"
        _refuse(path, f"its tensors need {end:,} bytes and {data:,} are there: the file {what}")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise HubError(f"{path.name}: {reason}")
