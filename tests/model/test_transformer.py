"""Exact answer distributions: the prefix tree against the plain path, one forward pass per option."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.prefix_tree import scoring
from socrates_core.model.prefix_tree.memory import MIN_TOKENS
from socrates_core.model.prefix_tree.plain import plain_log_probs
from socrates_core.model.transformer import TransformerModel
from socrates_core.prompt import TEMPLATES
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.model.tiny import network, tokenizer

SCALES = {
    "1 to 7": AnswerScale(tuple(range(1, 8))),
    "0 to 10": AnswerScale(tuple(range(0, 11))),
    "-2 to 2": AnswerScale(tuple(range(-2, 3))),
    "0 to 100": AnswerScale(tuple(range(0, 101))),
    "hundreds": AnswerScale(tuple(range(0, 1001, 100))),
    "labels": AnswerScale((1, 2, 99), {1: "Yes", 2: "No", 99: "Don't know"}),
}
PERSONAS = [
    {"age": age, "gender": gender, "location": place}
    for age in (19, 34, 35, 78)
    for gender, place in (("Female", "Ohio"), ("Male", "New York"), (None, None))
]


def model(template: str = "shared", merges_digits: bool = False, context: int = 2048) -> TransformerModel:
    words = tokenizer(merges_digits)
    return TransformerModel(network(len(words), context), words, ModelDescription("tiny", template=template))


def cell(scale: AnswerScale, stimulus: str = "You read about a policy. Only return an integer from the scale.") -> Cell:
    return Cell(1, "s", 1, 1, stimulus, scale)


def plain(made: TransformerModel, asked: Cell, persona: dict[str, object]) -> np.ndarray:
    """(K,) option probabilities by one full forward pass per option, before renormalising."""
    texts = [str(value) for value in asked.scale.values]
    stops = any(a != b and b.startswith(a) for a in texts for b in texts)
    options = [tuple(made.tokenizer(text, add_special_tokens=False).input_ids) for text in texts]
    digits = torch.tensor(
        [name[0] in "0123456789" for name in made.tokenizer.convert_ids_to_tokens(range(len(made.tokenizer)))]
    )
    prompt = made._encoder.encode(asked, persona)
    return np.exp(plain_log_probs(made.network, prompt, options, stops, digits))


@pytest.mark.parametrize("merges_digits", [False, True], ids=["digit by digit", "merged digits"])
@pytest.mark.parametrize(
    ("scale", "template"),
    [
        *((scale, "shared") for scale in SCALES),
        *(("0 to 10", template) for template in TEMPLATES if template != "shared"),
    ],
)
def test_the_tree_equals_a_full_forward_pass_per_option(scale: str, template: str, merges_digits: bool) -> None:
    made, asked = model(template, merges_digits), cell(SCALES[scale])
    answer = made.answer_distributions(asked, PERSONAS)
    for row in (0, 5, 11):
        expected = plain(made, asked, PERSONAS[row])
        assert answer.on_scale_mass[row] == pytest.approx(expected.sum(), abs=1e-5)
        assert answer.probs[row] == pytest.approx(expected / expected.sum(), abs=1e-4)
    assert answer.probs.sum(axis=1) == pytest.approx(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=80),
    st.lists(
        st.dictionaries(st.sampled_from(["age", "income", "ideology"]), st.text(max_size=12) | st.integers(0, 99)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(sorted(SCALES)),
    st.sampled_from(sorted(TEMPLATES)),
)
def test_the_tree_is_exact_for_any_text_and_anybody(
    stimulus: str, personas: list[dict[str, object]], scale: str, template: str
) -> None:
    made, asked = model(template), cell(SCALES[scale], stimulus)
    answer = made.answer_distributions(asked, personas)
    expected = plain(made, asked, personas[-1])
    assert answer.probs[-1] == pytest.approx(expected / expected.sum(), abs=1e-4)


def test_personas_never_see_each_other() -> None:
    made, asked = model(), cell(SCALES["0 to 10"])
    before = made.answer_distributions(asked, PERSONAS).probs
    others = [{"age": 50, "gender": "Male", "location": f"town {i}"} if i != 3 else PERSONAS[3] for i in range(12)]
    assert made.answer_distributions(asked, others).probs[3] == pytest.approx(before[3], abs=1e-6)
    assert made.answer_distributions(asked, [PERSONAS[3]]).probs[0] == pytest.approx(before[3], abs=1e-6)


def test_small_blocks_and_passes_change_nothing() -> None:
    made, asked = model(), cell(SCALES["0 to 10"])
    before = made.answer_distributions(asked, PERSONAS).probs
    made._scorer.block_tokens, made._scorer.pass_tokens = 16, 100
    assert made.answer_distributions(asked, PERSONAS).probs == pytest.approx(before, abs=1e-6)


def test_several_cells_in_one_tree_answer_as_they_do_alone() -> None:
    made = model()
    story = "A long story that both arms begin with, told at length so that it becomes a trunk of its own. " * 3
    asked = [cell(SCALES["1 to 7"], f"{story}It ends well."), cell(SCALES["0 to 100"], f"{story}It ends badly.")]
    together = made.answers_of([(each, PERSONAS) for each in asked])
    for each, answer in zip(asked, together, strict=True):
        assert answer.probs == pytest.approx(made.answer_distributions(each, PERSONAS).probs, abs=1e-6)


def test_with_little_memory_few_paths_are_kept_at_a_time_and_the_answers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    made = model()
    stories = [f"Story {number}, told at length so that it becomes a trunk of its own. " * 4 for number in range(6)]
    requests = [(cell(SCALES["0 to 10"], story), PERSONAS) for story in stories]
    shapes: list[torch.Size] = []
    made.network.model.register_forward_pre_hook(
        lambda _module, _args, kwargs: shapes.append(kwargs["input_ids"].shape), with_kwargs=True
    )
    expected = made.answers_of(requests)
    plenty = len(shapes)
    shapes.clear()
    monkeypatch.setattr(scoring, "free_memory", lambda _device: 0)
    found = made.answers_of(requests)
    assert len(shapes) > 2 * plenty
    assert max(rows * length for rows, length in shapes if rows > 1) <= MIN_TOKENS
    for one, other in zip(expected, found, strict=True):
        assert other.probs == pytest.approx(one.probs, abs=1e-6)


def test_when_memory_runs_out_the_pass_is_halved_and_finished_work_is_kept() -> None:
    made, asked = model(), cell(SCALES["0 to 10"])
    expected = made.answer_distributions(asked, PERSONAS).probs
    sizes = []

    def small_device(_module: object, _args: object, kwargs: dict[str, torch.Tensor]) -> None:
        sizes.append(kwargs["input_ids"].numel())
        if sizes[-1] > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")

    made._scorer.block_tokens = 64
    made.network.model.register_forward_pre_hook(small_device, with_kwargs=True)
    assert made.answer_distributions(asked, PERSONAS).probs == pytest.approx(expected, abs=1e-6)
    assert max(sizes) > 300
    assert made._scorer.pass_tokens <= 300


def test_a_block_that_cannot_fit_ends_in_a_message() -> None:
    made = model()

    def no_memory(_module: object, _args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    made.network.model.register_forward_pre_hook(no_memory)
    with pytest.raises(ModelError, match="single block of"):
        made.answer_distributions(cell(SCALES["1 to 7"]), PERSONAS[:1])


def test_the_self_check_fails_loudly_when_the_tree_is_wrong() -> None:
    made = model()
    made._scorer._digits = ~made._scorer._digits  # the scorer now believes that the number ends where it goes on
    with pytest.raises(ModelError, match="self-check failed"):
        made.answer_distributions(cell(SCALES["0 to 10"]), PERSONAS[:1])


def test_progress_ends_at_the_number_of_different_prompts() -> None:
    told: list[tuple[int, int]] = []
    model().answer_distributions(cell(SCALES["1 to 7"]), [*PERSONAS, *PERSONAS], lambda *done: told.append(done))
    assert told[-1] == (len(PERSONAS), len(PERSONAS))


@pytest.mark.parametrize(
    ("asked", "personas", "message"),
    [
        (cell(SCALES["1 to 7"]), [], "no personas to simulate in study s, cell 1"),
        (cell(AnswerScale(None)), PERSONAS, "open-ended"),
        (cell(SCALES["1 to 7"], "word " * 900), PERSONAS, "study s, cell 1: its prompt has .* context is 512"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: Cell, personas: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model(context=512).answer_distributions(asked, personas)
