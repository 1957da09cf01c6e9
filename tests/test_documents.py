import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_house import PIPELINE

ROOT = Path(__file__).parents[1]
PICTURE = "assets/architecture.svg"


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def loaded(name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load(text(name)))


def test_the_readme_fits_two_hundred_lines() -> None:
    assert len(text("README.md").splitlines()) <= 200


def test_the_licence_is_apache_2() -> None:
    lines = [line.strip() for line in text("LICENSE").splitlines() if line.strip()]
    assert lines[:2] == ["Apache License", "Version 2.0, January 2004"]
    assert "END OF TERMS AND CONDITIONS" in lines
    assert loaded("CITATION.cff")["license"] == "Apache-2.0"


def test_every_file_states_the_same_version() -> None:
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\] - (?:unreleased|\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    assert newest, "the changelog begins with no version"
    package = re.findall(r'^__version__.*= "(.+)"$', text("socrates_core/__init__.py"), re.MULTILINE)
    assert {loaded("CITATION.cff")["version"], *package} == {newest[1]}


def test_the_citation_names_software_and_paper() -> None:
    citation = loaded("CITATION.cff")
    assert (citation["cff-version"], citation["type"], citation["title"]) == ("1.2.0", "software", "Socrates")
    assert citation["authors"] == [{"name": "Socrates contributors"}]
    assert [author["family-names"] for paper in citation["references"] for author in paper["authors"]] == [
        "Kolluri",
        "Wu",
        "Park",
        "Bernstein",
    ]


def test_the_workflow_runs_the_test_command_on_both_pythons() -> None:
    workflow = loaded(".github/workflows/tests.yml")
    job = workflow["jobs"]["tests"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert any("bash tests/run.sh" in step.get("run", "") for step in job["steps"])
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text(".github/workflows/tests.yml")


def test_the_hooks_run_the_linter_that_the_tests_run() -> None:
    revisions = {repo["repo"].rpartition("/")[2]: repo["rev"] for repo in loaded(".pre-commit-config.yaml")["repos"]}
    assert f"ruff=={revisions['ruff-pre-commit'].removeprefix('v')}" in text("tests/requirements.txt").splitlines()


OPTIONAL = {"ray"}
"""What the product imports only when it is asked to; CONTRIBUTING.md says how to install it."""


def imported(*places: str) -> set[str]:
    """Top-level names of all that Python files import, in some folders or alone."""
    paths = [ROOT / place for place in places]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
    names: set[str] = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"app", "eval", "socrates_core", "tests", "train"}


def plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize(
    ("places", "files", "beside"),
    [
        (("app.py", "socrates_core", "train"), ("requirements.txt",), OPTIONAL),
        (("eval", "tests"), ("requirements.txt", "tests/requirements.txt"), set()),
    ],
)
def test_what_is_imported_is_pinned(places: tuple[str, ...], files: tuple[str, ...], beside: set[str]) -> None:
    pinned = {plain(name) for file in files for name in re.findall(r"^([\w.-]+)", text(file), re.MULTILINE)}
    homes = packages_distributions()
    missing = {name for name in imported(*places) if not pinned & {plain(home) for home in homes.get(name, [])}}
    assert missing == beside
    pins = text("tests/requirements.txt").splitlines()
    assert all(f"`pip install {pin}`" in text("CONTRIBUTING.md") for pin in pins if pin.partition("==")[0] in beside)


LOADED_BY_NAME = {
    "bitsandbytes": "Transformers loads it for NF4",
    "tokenizers": "the tokenizers of Transformers; the numbers depend on its version",
}
"""What the product needs without an import of its own."""

TOOLS = {
    "gguf": "Transformers loads it for the real model of tests/real",
    "hatch-requirements-txt": "builds the wheel",
    "hatchling": "builds the wheel",
    "mypy": "run by tests/run.sh",
    "pytest-xdist": "run by tests/run.sh",
    "ruff": "run by tests/run.sh",
    "slipcover": "run by tests/run.sh",
    "sparrow-decider": "a server that the tests start",
}
"""What tests and benchmarks need without an import."""


@pytest.mark.parametrize(
    ("file", "places", "beside"),
    [
        ("requirements.txt", ("app.py", "socrates_core"), LOADED_BY_NAME),
        ("tests/requirements.txt", ("eval", "tests"), TOOLS),
    ],
)
def test_what_is_pinned_is_imported_by_what_it_is_pinned_for(
    file: str, places: tuple[str, ...], beside: dict[str, str]
) -> None:
    # what benchmarks alone import is not for everybody who installs the product
    homes = packages_distributions()
    used = {plain(home) for name in imported(*places) for home in homes.get(name, [])}
    pinned = {plain(name) for name in re.findall(r"^([\w.-]+)", text(file), re.MULTILINE)}
    assert pinned - used == set(beside)


def test_the_picture_and_the_guide_show_the_same_components() -> None:
    drawn = re.findall(r'class="name"[^>]*>([^<]+)<', text(PICTURE))
    block = re.search(r"^```text\n(.*?)^```", text("CONTRIBUTING.md"), re.DOTALL | re.MULTILINE)
    assert block, "CONTRIBUTING.md has no ```text list of the components"
    assert [line.split()[0] for line in block[1].splitlines()] == drawn
    assert [name.removesuffix("/").removesuffix(".py") for name in drawn] == PIPELINE
    assert PICTURE in text("CONTRIBUTING.md")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "eval/measured/README.md"])
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]*)\)", text(name)):
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists(), f"{name} links to {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


def test_the_measured_files_are_those_that_the_figures_name() -> None:
    there = {path.name for path in (ROOT / "eval/measured").glob("*.json")}
    assert set(re.findall(r"`(\w+\.json)`", text("eval/measured/README.md"))) == there


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "eval/measured/README.md"])
def test_participants_are_humans(name: str) -> None:
    assert not re.search(r"simulated\s+(?:participant|respondent)", text(name), re.IGNORECASE)
