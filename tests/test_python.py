"""The seven public names: lazily imported, documented, and every example that shows them runs."""

import ast
import doctest
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import socrates_core

ROOT = Path(__file__).parents[1]
NAMES = ["Population", "compare", "evaluate", "load_model", "load_studies", "read_study", "simulate"]


def python(code: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_seven_names() -> None:
    assert socrates_core.__all__ == NAMES
    assert set(NAMES) <= set(dir(socrates_core))


def test_editors_and_type_checkers_see_what_is_imported() -> None:
    tree = ast.parse((ROOT / "socrates_core" / "__init__.py").read_text("utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("socrates_core.")
        for alias in node.names
    }
    assert sorted(seen) == NAMES
    for name, module in seen.items():
        assert getattr(socrates_core, name) is getattr(import_module(module), name)


def test_importing_the_package_imports_no_module_of_it(tmp_path: Path) -> None:
    code = "import sys, socrates_core; print([name for name in sys.modules if name.startswith('socrates_core.')])"
    assert python(code, tmp_path).strip() == "[]"


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'socrates_core' has no attribute 'simulat'"):
        socrates_core.simulat  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_typed_and_has_an_example(name: str) -> None:
    found = getattr(socrates_core, name)
    assert ">>> from socrates_core import" in (found.__doc__ or "")
    signature = inspect.signature(found)
    assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())


@pytest.mark.parametrize("name", [None, *NAMES])
def test_the_example_of_a_docstring_does_what_it_says(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = socrates_core if name is None else getattr(socrates_core, name)
    (example,) = (one for one in doctest.DocTestFinder(recurse=False).find(found, name or "socrates_core", globs={}))
    told: list[str] = []
    assert doctest.DocTestRunner().run(example, out=told.append).failed == 0, "".join(told)
    assert example.examples


def test_the_example_of_the_readme_runs_and_prints_w_with_its_interval(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1
    assert len([line for line in blocks[0].splitlines() if line]) <= 16
    lines = python(blocks[0], tmp_path).splitlines()
    figures = r"W = 0\.\d{3} \(95 % interval 0\.\d{3} to 0\.\d{3}\)"
    assert re.fullmatch(f"Welfare: {figures}", lines[0])
    assert re.fullmatch(f"Assistance to the poor: {figures}", lines[1])
    assert any(line.startswith("  demo + demo ") for line in lines)
    assert lines[-1].endswith("resolved.")
