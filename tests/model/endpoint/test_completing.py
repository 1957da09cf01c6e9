"""What is asked of servers that give many log-probabilities or continue a turn, and what is kept of their answers."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.answer import AnswerFile
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.model.endpoint.plan import EndpointSettings
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import simulate
from socrates_core.study.study_set import Cell
from socrates_core.ui.answer_memory import AnswerMemory
from tests.servers.chat_server import Asked, ChatServer, Say, chat_server, completion
from tests.servers.completing import Completing, chatting
from tests.tables import study_set

CELL = Cell(4, "s1", 1, 1, "Do you agree? Only return an integer from 1 to 3.", AnswerScale((1, 2, 3)))
PEOPLE = [{"age": age} for age in (19, 34, 78)]
CHAT = "chat/completions"

WORDS = {f"word{place}": 0.9 / 60 for place in range(60)}
"""Sixty words that a model would rather write than a number, together 0.9."""
BURIED = {**WORDS, "1": 0.010, "2": 0.008, "3": 0.002}
"""With 20 log-probabilities nothing of the scale is seen; with 63 all of it."""
CLEAR = {"1": 0.5, "2": 0.3, "3": 0.15, "I": 0.05}


def endpoint(server: ChatServer, template: str = "shared", **settings: Any) -> EndpointModel:
    quick = {"first_wait": 0.01, "retries": 1, "timeout": 5.0, **settings}
    return EndpointModel("some/model:7b", server.url, template, EndpointSettings(**quick))


def logs_asked(server: ChatServer) -> list[int]:
    return [asked.body["top_logprobs"] for asked in server.log if "top_logprobs" in asked.body]


# -- how many log-probabilities ----------------------------------------------------------------------------------


def test_options_below_the_first_twenty_tokens_are_found_where_the_server_gives_more() -> None:
    with chat_server(chatting(Completing(most=1000, first=BURIED))) as server:
        answer = endpoint(server).answer_distributions(CELL, PEOPLE)
        assert logs_asked(server) == [20, 1000, 1000, 1000]  # tried once, then used for everyone
    assert answer.method == "exact"
    assert answer.answers is not None
    assert answer.answers.tolist() == [0, 0, 0]
    # 0.010, 0.008 and 0.002 of 0.020
    assert answer.probs[0] == pytest.approx([0.5, 0.4, 0.1])
    assert answer.on_scale_mass[0] == pytest.approx(0.02)


@pytest.mark.parametrize("cuts", [False, True], ids=["refuses", "cuts down without a word"])
def test_a_server_that_gives_no_more_is_asked_for_more_only_once(cuts: bool) -> None:
    written = ["1", "2", "1", "3", "2"]
    few = Completing(most=20, cuts=cuts, first=BURIED)

    def say(asked: Asked, before: int) -> Say:
        return few(asked, before) if "logprobs" in asked.body else completion(written[before % 5])

    with chat_server(chatting(say)) as server:
        answer = endpoint(server, method="auto").answer_distributions(CELL, PEOPLE)
        assert logs_asked(server)[:3] == [20, 1000, 100]
        assert set(logs_asked(server)[3:]) <= {20}
    assert answer.method == "sampled"


# -- how much a sampled distribution rests on --------------------------------------------------------------------


def one_in(n: int) -> Any:
    """Samples of which every n-th is on the scale."""

    def say(asked: Asked, before: int) -> Say:
        if "logprobs" in asked.body:
            return Say({"error": {"message": "logprobs are not supported"}}, status=400)
        return completion("2" if before % n == 0 else f"Well, {before}00 ways to see it")

    return chatting(say)


def test_more_answers_are_drawn_until_a_distribution_rests_on_five() -> None:
    with chat_server(one_in(4)) as server:
        model = endpoint(server, concurrency=1)
        answer = model.answer_distributions(CELL, PEOPLE[:1])
    assert answer.answers is not None
    assert answer.answers.tolist() == [5]
    assert answer.on_scale_mass[0] == pytest.approx(0.25, abs=0.06)
    assert model.rests_on() == "1 sampled, each from 5 to 5 answers on the scale"


def test_a_distribution_of_one_usable_answer_is_refused_with_the_count() -> None:
    with (
        chat_server(one_in(21)) as server,
        pytest.raises(ModelError, match=r"only 1 of 40 sampled answers .* has to rest on at least 5"),
    ):
        endpoint(server, concurrency=1).answer_distributions(CELL, PEOPLE[:1])


def test_a_simulation_says_how_many_sampled_answers_its_distributions_rest_on() -> None:
    studies = study_set({"s": [(1, 1, CELL.stimulus)]}, people=4)
    with chat_server(chatting(lambda _, before: completion(str(2 + before % 2)))) as server:
        model = endpoint(server, concurrency=1, method="sampled", samples=8)
        remembered = AnswerMemory().asking(model)
        for asked in (model, remembered, remembered):
            (note,) = simulate(studies, asked, SimulationRequest(0, n=None)).notes
            assert "4 people's distributions rest on 8 sampled answers each" in note


def test_the_number_required_can_be_set_and_is_at_most_half_of_the_samples() -> None:
    with chat_server(one_in(4)) as server:
        answer = endpoint(server, concurrency=1, samples=3).answer_distributions(CELL, PEOPLE[:1])
        assert answer.answers is not None
        assert answer.answers.tolist() == [2]
        answer = endpoint(server, concurrency=1, min_answers=1).answer_distributions(CELL, PEOPLE[:1])
        assert answer.answers is not None
        assert answer.answers[0] >= 1
    with pytest.raises(ModelError, match="min_answers: expected a whole number from 1"):
        EndpointSettings(min_answers=0)


# -- the beginning of the answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "server",
    [
        Completing("last", first=BURIED, after_prefix=CLEAR),
        Completing("last", strict=True, first=BURIED, after_prefix=CLEAR),
        Completing("asked", first=BURIED, after_prefix=CLEAR),
    ],
    ids=["as llama.cpp", "as llama.cpp, strict", "as vLLM"],
)
def test_the_template_s_beginning_of_the_answer_is_put_where_the_server_continues_a_turn(server: Completing) -> None:
    with chat_server(chatting(server)) as running:
        model = endpoint(running, "alpaca")
        answer = model.answer_distributions(CELL, PEOPLE)
    assert answer.on_scale_mass[0] == pytest.approx(0.95)
    assert running.log[-1].body["messages"][-1] == {"role": "assistant", "content": "Response: "}
    assert model.rests_on() == "3 distributions from log-probabilities; the server continued 'Response: '"


def test_a_server_that_begins_a_new_turn_is_left_to_write_the_beginning_itself() -> None:
    with chat_server(chatting(Completing("never", first=CLEAR, after_prefix=BURIED))) as running:
        model = endpoint(running, "alpaca")
        model.answer_distributions(CELL, PEOPLE)
        asked = [one.body["messages"][-1]["role"] for one in running.log if "logprobs" in one.body]
    assert asked == ["user"] * 3
    assert "the server continued" not in model.rests_on()


def test_a_template_whose_answer_begins_the_turn_asks_nothing_of_the_kind() -> None:
    with chat_server(chatting(Completing("last", first=CLEAR))) as running:
        endpoint(running, "shared").answer_distributions(CELL, PEOPLE)
    assert running.count(CHAT) == len(PEOPLE)


# -- answers kept in a file --------------------------------------------------------------------------------------


def test_answers_in_the_file_are_not_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with chat_server(chatting(Completing(first=CLEAR))) as running:
        first = endpoint(running)
        assert first.keep_in(path) == 0
        before = first.answer_distributions(CELL, PEOPLE[:2])
        with path.open("a", encoding="utf-8") as file:
            file.write('{"key": "killed in the mid')
        again = endpoint(running)
        assert again.keep_in(path) == 2
        after = again.answer_distributions(CELL, PEOPLE)
        assert running.count(CHAT) == 3
        assert (after.probs[:2] == before.probs).all()
        third = endpoint(running)
        assert third.keep_in(path) == 3


def test_the_file_holds_no_address_and_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCRATES_ENDPOINT_KEY", "sk-verysecret")
    with chat_server(chatting(Completing(first=CLEAR))) as running:
        model = endpoint(running)
        model.keep_in(tmp_path / "answers.jsonl")
        model.answer_distributions(CELL, PEOPLE)
        content = (tmp_path / "answers.jsonl").read_text("utf-8")
        assert running.url.split("//")[1].split("/")[0] not in content
    assert "sk-verysecret" not in content
    assert "Do you agree" not in content
    assert len(content.splitlines()) == 4


@pytest.mark.parametrize("change", [{"samples": 20}, {"seed": 1}, {"method": "exact"}, {"min_answers": 2}])
def test_answers_obtained_in_another_way_are_not_used(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "answers.jsonl"
    with chat_server(chatting(Completing(first=CLEAR))) as running:
        first = endpoint(running)
        first.keep_in(path)
        first.answer_distributions(CELL, PEOPLE)
        assert endpoint(running, **change).keep_in(path) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"probs": [0.5, 0.6]},
        {"probs": [1.5, -0.5]},
        {"probs": "1"},
        {"mass": 1.2},
        {"method": "guessed"},
        {"answers": "ten"},
        {"answers": True},
        {"probs": [math.nan, 1.0]},
        {"probs": json.loads("[" * 150 + "]" * 150)},
        {"seed": 1},
    ],
)
def test_a_line_that_no_answer_can_be_is_left_out(tmp_path: Path, change: dict[str, Any]) -> None:
    right = {"key": "a", "probs": [0.5, 0.5], "mass": 0.9, "method": "sampled", "answers": 10}
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in ({"model": "m"}, right, {**right, "key": "b", **change})))
    assert list(AnswerFile(path).answers) == ["a"]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_of_answers_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(ModelError, match=r"answers\.jsonl cannot be read \(.+\); move it away"):
        AnswerFile(path)


def test_every_answer_is_reported_as_it_arrives() -> None:
    seen: list[int] = []
    with chat_server(chatting(Completing(first=CLEAR))) as running:
        model = endpoint(running)
        model.on_answer = seen.append
        model.answer_distributions(CELL, PEOPLE)
    assert seen == [1, 2, 3]
