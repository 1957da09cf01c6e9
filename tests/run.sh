#!/usr/bin/env bash
# The test command: environment, browser, lint, types, tests.
#
#   bash tests/run.sh [pytest arguments]     such as tests/hub, or -n 0 for one test at a time
#
# Uses the active virtual environment, or makes .venv in the checkout. Runs from any directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }
fail() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 2
}
is_set() { [[ -n "${1:-}" && "$1" != 0 && "$1" != false ]]; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in python3.11 python3 python; do
        if new_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "needs Python 3.11 or newer and found none of python3.11, python3, python that is; install it and run again"
}

make_environment() {
    local python
    if ! new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        python=$(find_python)
        "$python" -m venv --clear .venv ||
            fail "$python cannot make a virtual environment (on Debian: apt-get install python3-venv)"
    fi
    # shellcheck disable=SC1091
    source .venv/bin/activate
}

install_requirements() {
    # torch first and exactly: pip then settles on this build before anything that depends on it is looked at
    pip_install -c constraints.txt "$(grep -E '^torch==' requirements.txt)"
    pip_install -c constraints.txt -r requirements.txt -r tests/requirements.txt
}

pip_install() {
    # what is imported is compiled below, and most of what is installed never is
    PIP_ROOT_USER_ACTION=ignore python -m pip install --no-compile --quiet --disable-pip-version-check --no-input "$@" ||
        fail "pip could not install $*; see its message above"
}

find_chromium() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        if command -v "$name"; then
            return
        fi
    done
    python - <<'PYTHON'
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    path = Path(playwright.chromium.executable_path)
if not path.exists():
    sys.exit(1)
print(path)
PYTHON
}

install_chromium() {
    if [[ $EUID == 0 ]] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null ||
            apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
            return
        fi
    fi
    python -m playwright install chromium
}

provide_browser() {
    if find_chromium 2>/dev/null; then
        return
    fi
    echo "no Chromium here; installing it"
    if install_chromium </dev/null && find_chromium; then
        return
    fi
    if is_set "${CI:-}"; then
        fail "no Chromium, and neither apt-get nor Playwright could install it; the browser tests must run where CI is set"
    fi
    echo "neither apt-get nor Playwright could install Chromium: the browser tests are skipped" >&2
    export SOCRATES_NO_BROWSER=1
}

# Hundreds of programs are started: what Python has compiled is kept, whatever the surroundings say.
unset PYTHONDONTWRITEBYTECODE

step "environment"
if [[ -z "${VIRTUAL_ENV:-}" ]]; then
    make_environment
fi
new_enough python || fail "the virtual environment ${VIRTUAL_ENV} has no Python 3.11 or newer; activate another, or none"
echo "$(python --version) in ${VIRTUAL_ENV}"

step "dependencies"
install_requirements
echo "those of requirements.txt and tests/requirements.txt, in the versions of constraints.txt"

step "browser"
provide_browser

# The tests reach for no network but the package registry's, and say nothing about it to anybody.
export HF_HUB_OFFLINE=1
export GRADIO_ANALYTICS_ENABLED=False
export TOKENIZERS_PARALLELISM=false
# The networks of the tests are so small that a second thread costs more than it gives.
export OMP_NUM_THREADS=1

# The libraries and the tests are compiled while the types are checked, once and not by every process that tests.
python -m pytest -n 0 --collect-only -qq >/dev/null 2>&1 </dev/null &

step "lint"
ruff check .
ruff format --check .

step "types"
mypy
wait

# Three at a time on two cores, since most tests wait for programs that they start; those of a file stay together and share
# its servers, and the files are begun in the order of tests/conftest.py.
step "tests"
tests=(pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 15)
if [[ $# != 0 ]]; then
    exec python -m "${tests[@]}" "$@"
fi

# All of them together say what they cover in their own processes; what runs in programs that they start is not counted.
covered=$(mktemp)
trap 'rm -f "$covered"' EXIT
python -m slipcover --out "$covered" -m "${tests[@]}"

step "coverage: the twenty files with most lines that no test runs, and all"
grep "^File " "$covered"
awk '$2 ~ /^[0-9]+$/ && NF > 4' "$covered" | sort -k 3,3nr | head -n 20
tail -n 1 "$covered"
