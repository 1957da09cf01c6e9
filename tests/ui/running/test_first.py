"""What is prepared before anybody has opened the page."""

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from socrates_core.model.folder import DEMO
from socrates_core.model.loading import load_model
from socrates_core.ui.app import SELDOM, USUAL, settle
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.running.first import first_link, prepare_first, wait_if_quick
from socrates_core.ui.running.runs import base_arm
from socrates_core.ui.simulate import form
from tests.servers.programs import ROOT

REPLACING = """
import pathlib, weakref
from socrates_core.model.loading import load_model
from socrates_core.ui.access.visitors import Policy
from socrates_core.ui.adapters.tab import refresh_adapters
from socrates_core.ui.app import AskedModel, load_results, settle
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.loading.loader import Loader
from socrates_core.ui.page import build_page
from socrates_core.ui.running.first import prepare_first

stands_in = AskedModel("demo", "demo", None, "auto", zero_gpu=False)
results = load_results(stands_in, (), Policy.from_environment({}), confirmed=False)
first = prepare_first(results)
page = build_page(results, RunBoard(pathlib.Path("RUNS")), None, Loader(results))
first.join()
network = weakref.ref(results.model.shared.network)
settle()
results.models.start_with(load_model("uniform"))
refresh_adapters(results)
print("freed" if network() is None else "kept")
"""
"""What the start does with a model that stands in for another one until that is there."""


def test_the_first_visitor_finds_both_predictions_in_memory() -> None:
    model = load_model(DEMO, DEMO)
    results = Results(open_catalogue([], model.description.trained_on), model)
    preparing = prepare_first(results)
    assert preparing is not None
    preparing.join()
    link = first_link(results)
    place = form.place_text(link.source, link.request.cell_id)
    asked = form.link_of(results.model_name, place, "[]", 200, 1, 1, 0)  # what the page sends when it opens
    assert len(results._results) == 2
    found = results.get(asked)
    assert results.get(link) is found
    assert base_arm(results, asked, found) is not None
    assert len(results._results) == 2  # neither was computed anew


class Awaited(threading.Thread):
    """Notes whether somebody has waited for it."""

    awaited = False

    def join(self, timeout: float | None = None) -> None:
        self.awaited = True
        super().join(timeout)


@pytest.mark.parametrize(("model", "adapter", "awaited"), [(DEMO, DEMO, True), ("uniform", None, False)])
def test_the_address_waits_for_the_prediction_of_the_demo_model_and_of_no_other(
    model: str, adapter: str | None, awaited: bool
) -> None:
    results, first = Results(open_catalogue([], ()), load_model(model, adapter)), Awaited()
    first.start()
    wait_if_quick(results, first)
    assert first.awaited == awaited


def test_garbage_is_collected_as_usual_again_but_not_among_what_the_start_made() -> None:
    gc.set_threshold(*SELDOM)
    try:
        settle()
        assert gc.get_threshold() == USUAL
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*USUAL)


def test_a_model_that_stood_in_for_another_is_freed_although_the_start_keeps_what_it_has_made(tmp_path: Path) -> None:
    code = [sys.executable, "-c", REPLACING.replace("RUNS", str(tmp_path))]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.stdout == "Loading  demo\nfreed\n", done.stderr
