import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.plan.__main__ import plan
from eval.plan.costs import DESIGNS, Cost, costs_of, lengths_of
from eval.plan.page import page_of, span
from eval.plan.samplings import SAMPLINGS, Compared, fraction_for, tokens_of, wins
from eval.plan.stand_in import stand_in_base
from eval.plan.whole import UNSTATED, Whole, others_in_a_cell, whole_of
from socrates_core.errors import SourceError
from socrates_core.finetune.recipe import Recipe, load_recipe
from socrates_core.model.loading import NetworkPlan, plan_network
from socrates_core.study.study_set import StudySet
from tests.finetune.folders import make_base, make_recipe
from tests.finetune.people import studies

MEASURED = Path(__file__).parents[2] / "eval" / "measured"


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    folder = tmp_path_factory.mktemp("plan")
    return load_recipe(make_recipe(folder / "recipe.yaml", make_base(folder / "base"), recompute=True))


@pytest.fixture(scope="module")
def network(recipe: Recipe) -> NetworkPlan:
    return plan_network(recipe.base)


@pytest.fixture(scope="module")
def sample() -> StudySet:
    return studies(people=12)  # two studies, of three cells and of one, 12 people in each


@pytest.fixture(scope="module")
def whole(sample: StudySet) -> Whole:
    return whole_of(sample, False, responses=40_000)


def test_the_size_of_cells_is_estimated_from_pairs_of_a_thin_sample() -> None:
    # 200 cells of 401 rows: everybody has 400 others, of whom a hundredth is drawn
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(200), 401)
    drawn = cell[rng.random(len(cell)) < 0.01]
    assert others_in_a_cell(drawn) == pytest.approx(400, rel=0.1)
    assert others_in_a_cell(np.arange(30)) == 0  # nobody shares a text


def test_the_whole_has_as_many_responses_in_cells_of_the_estimated_size(sample: StudySet, whole: Whole) -> None:
    # three quarters of the rows are the first study's: 3 cells of 12, Σ n (n − 1) = 396, ÷ (0.01 · 36) = 1,100 others
    assert whole.sizes == pytest.approx({"bridge": 1101, "tea": 1101})
    assert np.bincount(whole.study).tolist() == [30_000, 10_000]
    assert len(whole_of(sample, False, responses=1_001).cell) == 1_001
    counts = np.bincount(whole.cell)
    assert len(counts) == len(whole.own) == round(30_000 / 1101) + round(10_000 / 1101)
    assert counts.min() > 1000
    assert counts.max() < 1200


def test_a_repeated_text_begins_with_a_number_so_that_cells_share_no_more_than_others(whole: Whole) -> None:
    made = whole.examples(np.arange(40_000), np.random.default_rng(1))
    texts = [cell.stimulus for cell in made.cells]
    assert len(set(texts)) == len(texts) == len(whole.own)
    assert sum(text[0].isdigit() for text in texts) == len(texts) - 4


def test_with_all_attributes_profiles_hold_every_one_of_socsci210(sample: StudySet) -> None:
    people = whole_of(sample, True, responses=100).sample.people
    assert set(UNSTATED) <= set(people.columns)
    assert people["location"].unique().to_list() == ["California"]


def test_groups_compute_fewer_tokens_and_eight_gpus_take_more_than_an_eighth(
    whole: Whole, recipe: Recipe, network: NetworkPlan
) -> None:
    costs = costs_of([(False, whole)], [0.02], replace(recipe, step_examples=16), network, 1)
    by = {(cost.fraction, cost.design, cost.gpus): cost for cost in costs}
    single, eight, groups = (by[0.02, DESIGNS[place].name, 1] for place in (0, 1, 3))
    assert single.examples == eight.examples == 800
    assert groups.tokens < eight.tokens < single.tokens
    assert groups.people_a_cell > eight.people_a_cell
    assert eight.bound >= eight.full_tokens / eight.tokens > 1
    shared_out = by[0.02, DESIGNS[1].name, 8]
    assert eight.operations / 8 < shared_out.operations < eight.operations
    # at all of the rate: 2 operations a token, matrix weight and pass
    assert eight.hours(1, 312) == pytest.approx(eight.operations / 312e12 / 3600)
    assert eight.hours(0.25, 312) == 4 * eight.hours(1, 312)


def test_with_everybody_drawn_there_is_one_design_less(sample: StudySet, recipe: Recipe, network: NetworkPlan) -> None:
    costs = costs_of([(False, whole_of(sample, False, responses=80))], [1.0], recipe, network, 1)
    # single answers in groups of 8 and groups of 8 are then the same
    assert list(dict.fromkeys(cost.design for cost in costs)) == [DESIGNS[place].name for place in (0, 1, 3)]


def test_the_length_of_prompts_has_an_interval_over_studies(
    sample: StudySet, recipe: Recipe, network: NetworkPlan
) -> None:
    found = lengths_of(sample, "shared", recipe, network, np.random.default_rng(1))
    assert found.low < found.mean < found.high <= found.longest


def test_the_share_of_answers_is_found_at_which_so_many_tokens_are_computed(sample: StudySet, recipe: Recipe) -> None:
    varied = SAMPLINGS[0].of(recipe)
    everything = tokens_of(sample, varied)
    assert fraction_for(2 * everything, sample, varied) == 1
    half = fraction_for(everything // 2, sample, varied)
    assert tokens_of(sample, replace(varied, fraction=half)) == pytest.approx(everything / 2, rel=0.1)


def compared(sampling: str, seed: int, distance: float) -> Compared:
    return Compared(sampling, seed, 0.1, 640, 10, 5000, 0.1, distance, 2.0, 1.9, 0.04, 0.16)


@pytest.mark.parametrize(
    ("second", "won", "end"),
    [
        (0.079, 2, "**So *8 people of a cell, together* gives more"),
        (0.08, 1, "**The seeds disagree, so nothing is resolved"),
    ],
)
def test_groups_win_only_with_every_seed(second: float, won: int, end: str) -> None:
    single, eight = (sampling.name for sampling in SAMPLINGS)
    distances = {single: (0.08, 0.08), eight: (0.07, second)}
    done = [compared(name, seed, both[seed]) for name, both in distances.items() for seed in (0, 1)]
    assert wins(done) == {eight: won}
    page = page_of({**figures(), "samplings": [vars(one) for one in done]})
    assert end in page
    # 0.07 less 0.08, and the second seed's
    assert f"(−0.0100 to {'−0.0010' if won == 2 else '+0.0000'})" in page


def figures() -> dict[str, object]:
    """Of one design: 3.12e17 operations are 1,000 seconds at 312 TFLOP/s."""
    cost = Cost(0.01, DESIGNS[1].name, False, 1, 100, 1, 2.0, 3e6, 1e6, 1e6, 4.0, 9000.0, 3.12e17, 20.0)
    eight = replace(cost, gpus=8, operations=0.39e17)
    return {
        "date": "2026-01-01",
        "tokenizer": "made up",
        "assumed": {"low_mfu": 0.25, "high_mfu": 0.5, "peak": 312.0, "price": 2.5},
        "sample": {
            "rows": 10,
            "responses": 1000,
            "sizes": {"a": 1.0, "b": 5.0},
            "alone": 0.5,
            "people_a_cell": 2.5,
            "lengths": [],
        },
        "costs": [vars(cost), vars(eight)],
        "samplings": None,
    }


def test_hours_are_a_range_and_dollars_are_those_of_all_gpus() -> None:
    page = page_of(figures())
    # 1,000 s at the whole rate are 0.56 to 1.1 hours at 50 and 25 %; eight GPUs: an eighth each, 8 · $2.50 an hour
    assert "| 2.0 | 3.0 | 1.0 | 3.0 (4.0) | 0.56 to 1.1 | 1.4 to 2.8 | 0.069 to 0.14 | 1.4 to 2.8 |" in page
    assert "**No GPU has run this.**" in page
    assert "median of the studies 3, largest 5; in 1 of the studies" in page  # of 1 and 5
    assert "Which people to learn from" not in page


def test_the_original_runs_hours_say_which_share_of_the_rate_it_reached() -> None:
    # 3.12e17 operations for 1e6 of 2.5e6 tokens: 7.8e17 in rows of their own, 0.694 hours at the whole rate, of 2 to 3
    loop = Cost(0.01, DESIGNS[0].name, False, 1, 100, 1, 2.0, 2.5e6, 1e6, 1e6, 4.0, 9000.0, 3.12e17, 20.0)
    eight = replace(loop, design=DESIGNS[1].name, gpus=8, pack_tokens=1700.0)
    everything = replace(loop, all_attributes=True, operations=9e17)
    costs = (loop, replace(loop, gpus=8), replace(eight, gpus=1), eight, everything)
    page = page_of({**figures(), "costs": [vars(one) for one in costs]})
    assert "four at a time: 0.23 to 0.35 of the rate" in page
    assert "about 1,700 tokens" in page


@pytest.mark.parametrize(
    ("values", "shown"),
    [([1234, 5678], "1,200 to 5,700"), ([0.1234], "0.12"), ([9.96, 10.4], "10"), ([0.3, 7], "0.30 to 7.0")],
)
def test_ranges_have_two_digits(values: list[float], shown: str) -> None:
    assert span(values) == shown


def test_the_page_is_that_of_its_figures() -> None:
    kept = json.loads((MEASURED / "real_run.json").read_text("utf-8"))
    assert (MEASURED / "real_run.md").read_text("utf-8") == page_of(kept)


@pytest.mark.parametrize(
    ("out", "low", "message"),
    [
        ("page.md", 0.6, "--low-mfu 0.6 is above --high-mfu 0.5"),
        ("page.json", 0.2, "is not a place for a page"),
        ("nowhere/page.md", 0.2, "is not a place for a page"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_counted(
    tmp_path: Path, out: str, low: float, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        plan(studies=tmp_path / "none", out=tmp_path / out, low_mfu=low)


def test_qwens_list_of_merges_makes_a_tokenizer_that_splits_as_qwen_does(tmp_path: Path) -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), b"he", b"ll", b"hell", b" w", b"20"]
    ranks = tmp_path / "ranks"
    ranks.write_bytes(b"\n".join(base64.b64encode(token) + b" %d" % rank for rank, token in enumerate(tokens)))
    tokenizer = plan_network(str(stand_in_base(ranks, tmp_path / "base"))).tokenizer
    # every digit is a piece, so the merge of 2 and 0 is never used; the space belongs to the word
    assert tokenizer.tokenize("hello w 20é") == ["hell", "o", "Ġw", "Ġ", "2", "0", "Ã", "©"]
    assert len(tokenizer.apply_chat_template([{"role": "user", "content": "a"}], return_dict=False)) > 20


def test_a_file_that_is_no_list_of_merges_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ranks").write_text("one two three\n")
    with pytest.raises(SourceError, match="is not a list of tokens and ranks"):
        stand_in_base(tmp_path / "ranks", tmp_path / "base")
