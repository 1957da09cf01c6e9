import ast
import threading
from pathlib import Path

import polars as pl
import pytest

from socrates_core.study import files
from socrates_core.study.files import (
    append,
    parquet_metadata,
    parquet_schema,
    parse_json,
    put_in_place,
    read_json,
    read_parquet,
    replacing,
    write_file,
)

LIBRARY = Path(__file__).parents[2] / "socrates_core"
PATTERNS = ["[ab]", "a*", "a?", "**", "{a,b}", "%2A", "#", "a b", "\n", "'\"", "\\", "é" * 60]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_path_is_never_a_pattern(tmp_path: Path, name: str) -> None:
    for folder, rows in (("a", [1]), ("ab", [1]), ("b", [1]), (name, [2, 3])):
        (tmp_path / folder).mkdir()
        pl.DataFrame({"mine" if folder == name else "other": rows}).write_parquet(
            tmp_path / folder / "t.parquet", metadata={"whose": folder}
        )
    path = tmp_path / name / "t.parquet"
    assert read_parquet(path)["mine"].to_list() == [2, 3]
    assert list(parquet_schema(path)) == ["mine"]
    assert parquet_metadata(path)["whose"] == name


@pytest.mark.parametrize("name", ["[ab]", "a*"])
def test_a_file_that_is_missing_is_not_one_that_its_name_would_match(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "a" / "t.parquet")
    for read in (read_parquet, parquet_schema, parquet_metadata):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / name / "t.parquet")


def test_nothing_else_hands_a_path_to_polars_that_it_would_take_for_a_pattern() -> None:
    calls = ("read_parquet", "scan_parquet", "read_parquet_schema", "read_parquet_metadata", "scan_csv", "scan_ndjson")
    for module in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"pl.{name}" for name in calls}:
                exact = any(one.arg == "glob" and ast.unparse(one.value) == "False" for one in node.keywords)
                opened = ast.unparse(node.args[0]) == "content" or module == Path(files.__file__)
                assert exact or opened, f"{module.name}:{node.lineno}"


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_file(tmp_path / "a.txt", "new \ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize("durable", [True, False])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, durable: bool) -> None:
    write_file(tmp_path / "a.txt", "old", durable)

    def fail() -> None:
        with replacing(tmp_path / "a.txt", durable) as partial:
            partial.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"a\.txt'$") as full:
        fail()
    assert full.value.filename == str(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_file_that_others_write_at_the_same_time_is_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path, shared=True) as mine:
        mine.write_text("mine, ")
        other = threading.Thread(target=write_file, args=(path, "theirs"), kwargs={"shared": True})
        other.start()
        other.join()
        assert path.read_text() == "theirs"
        with mine.open("a") as file:
            file.write("all of it")
    assert path.read_text() == "mine, all of it"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_appended_to_a_file_that_may_not_be_there_yet(tmp_path: Path) -> None:
    for line in ("é\n", "2\n"):
        append(tmp_path / "log", line)
    assert (tmp_path / "log").read_bytes() == "é\n2\n".encode()


def test_a_folder_goes_only_when_the_new_one_stands(tmp_path: Path) -> None:
    for name, text in (("old", "1"), ("new", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(text)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "file").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "nowhere", tmp_path / "old")
    assert (tmp_path / "old" / "file").read_text() == "2"


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 200_000, b"1" * 5000, b"", b"Infinity", b'{"a": 1, "a": 1}'])
def test_text_that_is_no_json_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "a.json", strict=True)


def test_other_software_may_write_what_json_does_not_have() -> None:
    assert parse_json('{"a": Infinity, "a": 2}') == {"a": 2}
    assert parse_json("[1, 2.5]", whole=lambda digits: f"<{digits}>") == ["<1>", 2.5]


READERS = {"study/files.py"}
"""Where JSON is parsed: one reader, with one bound on its depth."""

OWN = {"study/sources/society/world.py", "study/dataset_dict.py"}
"""These read what the software itself wrote."""


def test_json_of_others_has_one_reader() -> None:
    parsing = {
        str(path.relative_to(LIBRARY))
        for path in LIBRARY.rglob("*.py")
        if "ui" not in path.parts and "endpoint" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("loads", "load")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "json"
        and not _copies(node)
    }
    assert parsing == READERS | OWN


def _copies(node: ast.Call) -> bool:
    """Whether it is `json.loads(json.dumps(…))`, a copy."""
    inner = node.args[0]
    return isinstance(inner, ast.Call) and ast.unparse(inner.func) == "json.dumps"
