import ast
import fnmatch
import graphlib
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LIBRARY = "socrates_core"

PIPELINE = [
    "errors",
    "command",
    "scale",
    "study",
    "people",
    "prompt",
    "model",
    "metrics",
    "simulation",
    "evaluation",
    "trust",
    "report",
    "runs",
    "finetune",
    "hub",
    "ui",
]
"""The library's modules and packages in the order in which they may build on each other."""

MOST_ENTRIES = 16
"""At the library's top level, beside `__init__.py`, `__main__.py`, `py.typed` and packaged assets."""

MOST_MODULES = 12
"""In one folder; more need rooms."""

RUNS_MODELS = ("torch", "transformers", "peft", "bitsandbytes")
HEAVY = (*RUNS_MODELS, "datasets", "gradio")
MODEL_HOMES = ("model", "finetune")
"""Packages that may import what runs a model."""

COMMANDS = [
    "app",
    "train.prepare",
    "train.qlora",
    "eval.run",
    "eval.score",
    "eval.compare",
    "eval.calibrate",
    "eval.bench",
    "eval.plan",
    "socrates_core",
    "socrates_core.hub",
]

TOP_LEVEL = {
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "app.py",
    "assets",
    "constraints.txt",
    "eval",
    "pyproject.toml",
    "requirements.txt",
    "socrates_core",
    "tests",
    "train",
}
MEGABYTE = 1_000_000


# -- what is there


@cache
def repository() -> tuple[Path, ...]:
    """The files that are, or would be, committed, relative to the root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return tuple(sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()))
    # no git here, or an unpacked archive: everything but what git would ignore
    ignored = ["/.git", *(ROOT / ".gitignore").read_text("utf-8").split()]
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return tuple(sorted(path for path in files if not any(map(path_matches(path), ignored))))


def path_matches(path: Path) -> Callable[[str], bool]:
    """Whether a line of .gitignore leaves a path out; one that begins with a slash is about the top level alone."""
    return lambda pattern: any(
        fnmatch.fnmatch(part, pattern.strip("/")) for part in (path.parts[:1] if pattern[0] == "/" else path.parts)
    )


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(package: str) -> dict[str, ast.Module]:
    """Dotted name → syntax tree of everything under a package of the root."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return {module_name(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in paths}


def product() -> dict[str, ast.Module]:
    """All that ships: library, scripts and app."""
    app = {"app": ast.parse((ROOT / "app.py").read_text("utf-8"))} if (ROOT / "app.py").exists() else {}
    return {**modules(LIBRARY), **modules("train"), **modules("eval"), **app}


def imports(name: str, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules that a module imports anywhere in it, lazily or for types alone too."""
    package = name if any(other.startswith(f"{name}.") for other in known) else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                # the version is the package's first line, which everything may read
                yield whole if whole in known or alias.name == "__version__" else source


def stage(module: str) -> str:
    """`socrates_core.model.loading` → `model`."""
    return module.split(".")[1] if "." in module else ""


def backward_arrows(trees: dict[str, ast.Module]) -> list[str]:
    found = []
    for name, tree in trees.items():
        for target in imports(name, tree, set(trees)):
            if not target.startswith(f"{LIBRARY}.") or stage(target) == stage(name):
                continue
            if not {stage(name), stage(target)} <= set(PIPELINE):  # the package's own page, or no place yet
                continue
            if PIPELINE.index(stage(target)) > PIPELINE.index(stage(name)):
                found.append(f"{name} imports {target}, which comes later")
    return found


# -- the pipeline


def test_every_module_has_its_place_in_the_pipeline() -> None:
    assert {stage(name) for name in modules(LIBRARY)} - {"", "__main__"} <= set(PIPELINE)


def test_no_module_imports_one_that_comes_later() -> None:
    assert backward_arrows(modules(LIBRARY)) == []


def test_the_top_level_can_be_taken_in_at_a_glance() -> None:
    assert len({stage(name) for name in modules(LIBRARY)} - {"", "__main__"}) <= MOST_ENTRIES


def test_no_folder_holds_more_modules_than_a_reader_keeps_in_mind() -> None:
    folders = Counter(
        path.parent
        for path in repository()
        if path.parts[0] in (LIBRARY, "train", "eval") and path.suffix == ".py" and not path.stem.startswith("__")
    )
    assert {str(folder): count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_no_module_is_a_re_export_of_another() -> None:
    for name, tree in product().items():
        if name == LIBRARY:  # the public names
            continue
        rest = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
        imported = [node for node in rest if isinstance(node, ast.Import | ast.ImportFrom)]
        exported = [
            node
            for node in rest
            if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets)
        ]
        assert not rest or len(imported) + len(exported) < len(rest), name


def test_the_library_starts_no_script_by_name() -> None:
    script = re.compile(r"(?:train|eval)\.\w+|app\.py|(?:train|eval)/\w+\.py")
    for name, tree in modules(LIBRARY).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.List | ast.Tuple):
                words = [one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                assert not [word for word in words if script.fullmatch(word)], f"{name}:{node.lineno}"


def test_prompts_know_no_particular_source() -> None:
    tree = modules(LIBRARY)[f"{LIBRARY}.prompt"]
    assert not [name for name in imports(f"{LIBRARY}.prompt", tree, set(modules(LIBRARY))) if ".sources" in name]


def test_no_tag_is_put_together_by_hand() -> None:
    """HTML and SVG come from templates, which escape; a regular expression's named group is no tag."""
    tag = re.compile(r"(?<!\?P)<(?:br|/?[a-z][a-z0-9]*[ >/]|[a-z][a-z0-9]*$)")
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules(LIBRARY).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and tag.search(str(part.value)) for part in node.values)
    ]
    assert found == []


def test_no_two_modules_import_each_other() -> None:
    trees = modules(LIBRARY)
    graph = {name: set(imports(name, tree, set(trees))) & (set(trees) - {name}) for name, tree in trees.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize(
    ("source", "arrow"),
    [
        ("import socrates_core.ui.theme", "socrates_core.ui.theme"),
        ("from socrates_core.ui import theme", "socrates_core.ui.theme"),
        ("from .ui.theme import dark", "socrates_core.ui.theme"),
        ("from . import ui", "socrates_core.ui"),
        ("def later():\n    from socrates_core.ui.theme import dark", "socrates_core.ui.theme"),
    ],
)
def test_an_arrow_that_points_back_is_seen_in_every_form(source: str, arrow: str) -> None:
    trees = {name: ast.parse("") for name in ("socrates_core", "socrates_core.ui", "socrates_core.ui.theme")}
    trees["socrates_core.study"] = ast.parse(source)
    assert backward_arrows(trees) == [f"socrates_core.study imports {arrow}, which comes later"]
    assert backward_arrows({**trees, "socrates_core.study": ast.parse("import socrates_core.scale")}) == []


def test_nothing_imports_the_scripts_or_the_app() -> None:
    known = set(product())
    for name, tree in product().items():
        own = name.split(".")[0]
        strays = {target.split(".")[0] for target in imports(name, tree, known)} & {"app", "train", "eval", "tests"}
        assert strays <= ({own} if own in ("train", "eval") else set()), name


def test_gradio_is_imported_by_the_app_and_the_ui_alone() -> None:
    for name, tree in product().items():
        if name != "app" and stage(name) != "ui":
            assert "gradio" not in {target.split(".")[0] for target in imports(name, tree, set())}, name


def test_what_runs_a_model_is_imported_where_models_live_alone() -> None:
    for name, tree in modules(LIBRARY).items():
        if stage(name) not in MODEL_HOMES:
            assert not {target.split(".")[0] for target in imports(name, tree, set())} & set(RUNS_MODELS), name


# -- what it costs to start


def loaded_by(code: str) -> list[str]:
    """The heavy packages that are loaded after some code has run in a fresh interpreter."""
    report = f"import sys\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("LOADED")[2].split()


def test_importing_the_library_loads_nothing_heavy() -> None:
    light = [name for name in modules(LIBRARY) if stage(name) not in (*MODEL_HOMES, "ui")]
    protocol = [f"{LIBRARY}.model.answer_model"]
    assert loaded_by("\n".join(f"import {name}" for name in (*light, *protocol))) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_heavy(command: str) -> None:
    run = f"runpy.run_module({command!r}, run_name='__main__')"
    code = f"sys.argv = ['x', '--help']\ntry:\n    {run}\nexcept SystemExit as end:\n    assert not end.code"
    assert loaded_by(f"import runpy, sys\n{code}") == []


# -- how it reads


def test_every_module_has_a_docstring() -> None:
    empty = [name for name, tree in product().items() if tree.body and not ast.get_docstring(tree)]
    assert empty == []


def test_nothing_is_left_to_be_done() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
    left = [
        f"{path}:{number}"
        for path in repository()
        if path.suffix in {".py", ".sh", ".md", ".toml", ".yaml", ".css", ".txt"} and path.parts[0] != "assets"
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert left == []


def bound_names(tree: ast.Module) -> set[str]:
    """All that a module defines or imports at its top level."""
    names = defined_names(tree)
    lazy = [one for node in tree.body if isinstance(node, ast.If) for one in node.body]  # for type checkers alone
    for node in [*tree.body, *lazy]:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def defined_names(tree: ast.Module) -> set[str]:
    """The functions and classes of a module."""
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


def test_exported_names_are_sorted_and_complete() -> None:
    for name, tree in modules(LIBRARY).items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
                exported = ast.literal_eval(node.value)
                # constants, then classes, then functions, as the linter sorts them
                expected = sorted(exported, key=lambda one: (not one.isupper(), not one[0].isupper(), one))
                assert list(exported) == expected, name
                public = {one for one in defined_names(tree) if not one.startswith("_")}
                assert public <= set(exported) <= bound_names(tree), name


# -- the repository


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.parts[0] for path in repository()} <= TOP_LEVEL


def test_no_file_names_a_place_on_one_machine() -> None:
    place = re.compile(rb"(?<![\w.~:/-])/(?:work|root)/\w")
    named = [str(path) for path in repository() if place.search((ROOT / path).read_bytes())]
    assert named == []


def test_no_file_is_large_and_the_assets_stay_small() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in repository()}
    assert [str(path) for path, size in sizes.items() if size > 8 * MEGABYTE] == []
    assert sum(size for path, size in sizes.items() if path.parts[0] == "assets") < 25 * MEGABYTE


def pins(file: str) -> dict[str, str]:
    """Package → version of a requirements file."""
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines()]
    matches = {line: re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", line) for line in lines if line}
    assert [line for line, match in matches.items() if not match] == [], f"{file} holds more than exact pins"
    return {match[1].lower(): match[2] for match in matches.values() if match}


def test_requirements_are_exact_pins_and_agree() -> None:
    product_pins, test_pins = pins("requirements.txt"), pins("tests/requirements.txt")
    assert product_pins["torch"] == "2.13.0"
    assert not set(product_pins) & set(test_pins)


def test_the_constraints_hold_every_pin_and_one_version_of_whatever_comes_with_it() -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()]
    matches = [re.fullmatch(r"([\w.-]+)==([\w.]+)(?: ; .+)?", line) for line in lines if line]
    assert all(matches), "constraints.txt holds more than exact pins; write it anew with: bash tests/lock.sh"
    found: dict[str, set[str]] = {}
    for match in matches:
        if match:
            found.setdefault(plain(match[1]), set()).add(match[2])
    stated = {
        plain(name): {version} for name, version in (pins("requirements.txt") | pins("tests/requirements.txt")).items()
    }
    assert {name: found.get(name) for name in stated} == stated, "write constraints.txt anew with: bash tests/lock.sh"
    assert len(found) > 2 * len(stated)  # what they bring along
    # a CUDA build of PyTorch pins these itself, and another build has none of them
    assert [name for name in found if name.startswith(("nvidia", "cuda", "triton"))] == []


def test_the_hashes_are_of_the_versions_of_the_constraints() -> None:
    text = (ROOT / "tests" / "hashes.txt").read_text("utf-8")
    entries = re.findall(r"^(\S+==[^\\]+?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    stated = [line for line in lines if line[:1] not in ("", "#") and not line.startswith("torch==")]
    assert [line for line, _ in entries] == stated, "write both anew with: bash tests/lock.sh"


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("script", [".ci/run", "tests/run.sh", "tests/lock.sh"])
def test_the_scripts_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


def test_nothing_that_the_library_is_made_of_is_ignored() -> None:
    # in a checkout git says what is there: a rule for output that names a package too would leave it out of a commit
    there = {path.relative_to(ROOT) for place in (LIBRARY, "train", "eval") for path in (ROOT / place).rglob("*.py")}
    assert there <= set(repository())


# -- the README


def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def tree_entries(text: str) -> dict[str, str]:
    """Path → description of the tree of the top level under "What is where"."""
    block = re.search(r"^## What is where\n.*?^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert block, 'the README has no ```text tree under "## What is where"'
    matches = {line: re.fullmatch(r"(\S+) {2,}(\S.*)", line) for line in block[1].splitlines()}
    assert [line for line, match in matches.items() if not match] == [], "not `path   description`"
    return {match[1]: match[2] for match in matches.values() if match}


def test_the_tree_names_what_there_is() -> None:
    entries = tree_entries(readme())
    for path in entries:
        assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file(), f"{path} does not exist"
    top = {path.parts[0] for path in repository() if not path.parts[0].startswith(".")}
    assert {path.rstrip("/") for path in entries} == top - {"README.md"}


def test_the_readme_gives_both_commands() -> None:
    blocks = "\n".join(re.findall(r"^```(?:bash|sh|shell|console)?\n(.*?)^```", readme(), re.DOTALL | re.MULTILINE))
    assert "python app.py" in blocks
    assert "bash tests/run.sh" in blocks


def test_the_front_matter_describes_the_space() -> None:
    match = re.match(r"---\n(.*?)\n---\n", readme(), re.DOTALL)
    assert match, "the README does not begin with front matter"
    front = yaml.safe_load(match[1])
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert front["title"]
    assert front["emoji"]
    assert {front["colorFrom"], front["colorTo"]} <= colours
    assert front["sdk"] == "gradio"
    assert front["sdk_version"] == pins("requirements.txt")["gradio"]
    assert front["app_file"] == "app.py"
    assert str(front["python_version"]).startswith("3.11")
    assert front["license"] == "apache-2.0"
    assert front["suggested_hardware"] == "a100-large"
    assert len(front.get("short_description", "")) <= 60  # the Hub refuses a longer one
