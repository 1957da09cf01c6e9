"""The header of a safetensors file: JSON with the names, shapes and offsets of its tensors.

A safetensors file is the length N of its header (8 bytes, little-endian), N bytes of JSON, and the bytes of the
tensors one after the other (https://github.com/huggingface/safetensors). Checking it requires neither torch
nor reading the tensors.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from socrates_core.errors import HubError
from socrates_core.study.files import parse_json

MAX_HEADER: Final = 16 * 1024**2
"""Bytes of a header; that of an adapter on every matrix of a 400-layer model takes a tenth of this."""

BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2}
"""Bytes per element of the data types that adapters use."""


@dataclass(frozen=True)
class Tensor:
    """Data type and shape of a tensor, as declared in the header."""

    dtype: str
    """A key of `BYTES`."""
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, Tensor]:
    """Read and check the header of a safetensors file: tensors by name.

    Raises:
        HubError: If it is not a safetensors file, or its header does not describe exactly the bytes of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            _refuse(path, f"it has {size} bytes, too few for a safetensors file")
        (length,) = struct.unpack("<Q", start)
        if length > min(MAX_HEADER, size - 8):
            _refuse(path, f"its header claims {length:,} bytes, but the file has {size:,}")
        text = file.read(length)
    try:
        header = parse_json(text.decode("utf-8"), strict=True)
    except ValueError as error:
        _refuse(path, f"its header cannot be read ({error}): it is not a safetensors file, or damaged")
    if not isinstance(header, dict):
        _refuse(path, "its header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _refuse(path, "the metadata in its header must map strings to strings")
    entries = {name: _entry(path, name, entry) for name, entry in header.items()}
    _check_layout(path, entries, size - 8 - length)
    return {name: tensor for name, (tensor, _, _) in entries.items()}


def _entry(path: Path, name: str, entry: Any) -> tuple[Tensor, int, int]:
    """Read an entry of the header: the tensor, and the start and end of its bytes."""
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
    # bool is a subclass of int, but not a valid size
    return isinstance(values, list) and len(values) < 9 and all(type(one) is int and 0 <= one < 2**63 for one in values)


def _check_layout(path: Path, entries: Mapping[str, tuple[Tensor, int, int]], data: int) -> None:
    """Reject tensors that overlap, leave gaps, or do not end at the end of the file."""
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
