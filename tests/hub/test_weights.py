from pathlib import Path

import pytest

from socrates_core.errors import HubError
from socrates_core.hub.weights import MAX_HEADER, Tensor, read_header
from tests.hub.adapters import packed, safetensors


def entry(start: int, stop: int, **changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [(stop - start) // 4], "data_offsets": [start, stop], **changes}


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(HubError) as caught:
        read_header(path)
    return str(caught.value)


def test_names_shapes_and_types_are_read_without_the_tensors(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors({"x": (2, 3), "y": (), "z": (0, 4)}, dtype="BF16"))
    assert read_header(path) == {"x": Tensor("BF16", (2, 3)), "y": Tensor("BF16", ()), "z": Tensor("BF16", (0, 4))}


def test_what_the_library_writes_is_read(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"a": np.zeros((3, 2), np.float32), "b": np.ones(5, np.float16)}, tmp_path / "a.safetensors")
    found = read_header(tmp_path / "a.safetensors")
    assert found == {"a": Tensor("F32", (3, 2)), "b": Tensor("F16", (5,))}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "too few"),
        (b"1234567", "too few"),
        (b"\xff" * 8, "the file has 8"),
        ((10).to_bytes(8, "little") + b"{}", "the file has 10"),
        ((MAX_HEADER + 1).to_bytes(8, "little") + b" " * 20, "its header claims"),
        (b"\x80\x04\x95" + b"pickle" * 9, "its header claims"),
        (packed(b"<html>"), "not a safetensors file"),
        (packed(b"\xff\xfe{}"), "not a safetensors file"),
        (packed(b"[]"), "not a JSON object"),
        (packed(b"[" * 100_000), "not a safetensors file"),
        (packed(b'{"a": NaN}'), "not a safetensors file"),
        (packed(b'{"a": 1' + b"0" * 6000 + b"}"), "not a safetensors file"),
        (packed(b'{"a": {}, "a": {}}'), "stands twice"),
        (packed({"__metadata__": {"a": 1}}), "metadata"),
        (packed({"__metadata__": []}), "metadata"),
        (packed({"a": 3}), "not data type, shape and offsets"),
        (packed({"a": {"dtype": "F32", "shape": [1]}}, b"1234"), "not data type, shape and offsets"),
        (packed({"a": entry(0, 4, run="code")}, b"1234"), "not data type, shape and offsets"),
        (packed({"a": entry(0, 4, dtype="I64")}, b"1234"), "data type"),
        (packed({"a": entry(0, 4, dtype=["F32"])}, b"1234"), "data type"),
        (packed({"a": entry(0, 4, shape=[-1])}, b"1234"), "whole numbers"),
        (packed({"a": entry(0, 4, shape=[True])}, b"1234"), "whole numbers"),
        (packed({"a": entry(0, 4, shape=[1.0])}, b"1234"), "whole numbers"),
        (packed({"a": entry(0, 4, shape=[2**64])}, b"1234"), "whole numbers"),
        (packed({"a": entry(0, 4, data_offsets=[0, 4, 8])}, b"1234"), "whole numbers"),
        (packed({"a": entry(0, 4, shape=[2])}, b"1234"), "shape (2,) and 4 bytes"),
        (packed({"a": entry(0, 4, shape=[2**40, 2**40])}, b"1234"), "bytes"),
        (packed({"a": entry(4, 0, shape=[1])}, b"1234"), "bytes"),
        (packed({"a": entry(0, 8), "b": entry(4, 12)}, b"1" * 12), "overlaps"),
        (packed({"a": entry(0, 8), "b": entry(0, 8)}, b"1" * 8), "overlaps"),
        (packed({"a": entry(0, 4), "b": entry(8, 12)}, b"1" * 12), "gap"),
        (packed({"a": entry(4, 8)}, b"1" * 8), "gap"),
        (packed({"a": entry(0, 8)}, b"1" * 7), "cut off"),
        (packed({"a": entry(0, 8)}, b"1" * 9), "more than its tensors"),
        (packed({}, b"payload"), "more than its tensors"),
    ],
)
def test_a_header_that_does_not_describe_its_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(tmp_path / "a.safetensors", content)


def test_a_name_from_outside_is_shown_in_quotes_and_cut(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a.safetensors", packed({"\x1b[31m" + "x" * 5000: 3}))
    assert "\x1b" not in said
    assert len(said) < 400
