"""Which typed decisions a server answers is found out by asking, and what it has answered is not given up silently."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.answer import AnswerFile
from socrates_core.model.endpoint.endpoint_model import EndpointModel, endpoint_of
from socrates_core.model.endpoint.plan import EndpointSettings
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.method_notes import BINNED, MIXED, TYPED, method_notes
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.study.study_set import Cell
from socrates_core.trust.fingerprint import Fingerprint
from tests.servers.chat_server import Asked, ChatServer, Say, chat_server, completion

SEVEN = AnswerScale(tuple(range(1, 8)), {1: "Not at all", 7: "Very much"})
SLIDER = AnswerScale(tuple(range(301)), {0: "Cold", 300: "Warm"})
PEOPLE = [{"age": age, "gender": gender} for age in (19, 34, 78) for gender in ("Female", "Male")]
TOPS = {str(value): -2.0 for value in range(1, 8)}
GONE = Say({"detail": "Not Found"}, status=404)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOCRATES_ENDPOINT_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def cell(scale: AnswerScale = SEVEN) -> Cell:
    return Cell(4, "s1", 1, 1, "You read about a policy. Only return an integer.", scale)


def endpoint(server: ChatServer, template: str | None = None, **settings: Any) -> EndpointModel:
    quick = {"first_wait": 0.01, "retries": 2, "timeout": 5.0, **settings}
    return EndpointModel("m", server.url, template, EndpointSettings(**quick))


def decisions(asked: Asked) -> Say:
    """The first option is twice as likely as each of the others, in the newer format."""
    names = [choice["value"] for choice in asked.body["questions"][0]["choices"]]
    share = 1 / (len(names) + 1)
    probs = [{"value": name, "probability": share * (1 + (place == 0))} for place, name in enumerate(names)]
    return Say({"answers": [{"type": "choice", "name": "answer", "choice": names[0], "probabilities": probs}]})


def systemone(asked: Asked) -> Say:
    """The same in the older one."""
    names = list(asked.body["questions"]["answer"]["criteria"])
    share = 1 / (len(names) + 1)
    probs = {name: share * (1 + (place == 0)) for place, name in enumerate(names)}
    return Say({"answers": {"answer": {"type": "choice", "choice": names[0], "probabilities": probs}}})


def serving(
    newer: Callable[[Asked], Say] = lambda _: GONE,
    older: Callable[[Asked], Say] = lambda _: GONE,
    chat: Callable[[Asked, int], Say] = lambda *_: completion("1", TOPS),
) -> Callable[[Asked, int], Say]:
    def answer(asked: Asked, before: int) -> Say:
        if asked.path == "/v1/decisions":
            return newer(asked)
        if asked.path == "/v1/systemone":
            return older(asked)
        return chat(asked, before) if asked.path == "/v1/chat/completions" else GONE

    return answer


def test_decisions_are_asked_first_and_alone_where_they_are_answered() -> None:
    with chat_server(serving(decisions, systemone)) as server:
        model = endpoint(server)
        assert server.log == []  # nothing is asked before somebody is simulated
        answer = model.answer_distributions(cell(), PEOPLE)
    assert answer.method == "typed"
    assert answer.probs == pytest.approx(np.array([[2, 1, 1, 1, 1, 1, 1]] * 6) / 8)
    assert [asked.path for asked in server.log] == ["/v1/decisions"] * 6
    assert model.rests_on() == "6 from typed decisions at /decisions"
    choices = server.log[0].body["questions"][0]["choices"]
    assert choices[:2] == [{"value": "1", "description": "Not at all"}, {"value": "2"}]
    assert "You read about a policy." in server.log[0].body["input"]
    assert "age" in server.log[0].body["input"].lower()


@pytest.mark.parametrize(
    "newer",
    [
        GONE,
        Say({"error": {"message": "Invalid URL"}}, status=405),
        Say({"error": {"message": "Decision API is not enabled for this user."}}, status=403),
        Say({"error": {"message": "The model is not supported"}}, status=400),
        Say({"detail": [{"loc": ["body", "state"], "msg": "Field required"}]}, status=422),
        Say({"error": "Unexpected endpoint or method. (POST /v1/decisions)"}),
    ],
    ids=["404", "405", "403", "400", "422", "200 with an error"],
)
def test_a_server_without_decisions_is_asked_once_and_then_in_the_older_format(newer: Say) -> None:
    with chat_server(serving(lambda _: newer, systemone)) as server:
        model = endpoint(server)
        assert model.answer_distributions(cell(), PEOPLE).method == "typed"
        assert (server.count("decisions"), server.count("systemone")) == (1, 6)
        assert model.rests_on() == "6 from typed decisions at /systemone"


def test_a_server_with_neither_is_asked_once_for_each_and_answers_by_log_probabilities() -> None:
    with chat_server(serving()) as server:
        model = endpoint(server)
        assert model.answer_distributions(cell(), PEOPLE).method == "exact"
        assert model.answer_distributions(cell(AnswerScale((1, 2, 3))), PEOPLE).method == "exact"
        assert (server.count("decisions"), server.count("systemone")) == (1, 1)


@pytest.mark.parametrize(("template", "method"), [(None, "typed"), ("shared", "exact"), ("socrates", "exact")])
def test_a_model_trained_on_a_template_answers_after_it_where_it_can(template: str | None, method: str) -> None:
    with chat_server(serving(decisions)) as server:
        assert endpoint(server, template).answer_distributions(cell(), PEOPLE).method == method
        assert endpoint(server, template, method="typed").answer_distributions(cell(), PEOPLE).method == "typed"
        released = endpoint_of(f"endpoint:socratesft/x@{server.url}")
        assert released.answer_distributions(cell(), PEOPLE[:1]).method == "exact"


def test_where_log_probabilities_go_first_samples_stand_in_for_them() -> None:
    def chat(asked: Asked, before: int) -> Say:  # the list has no token 10, whose mass is in that of 1
        return completion("1", TOPS) if "logprobs" in asked.body else completion(str(before % 11))

    ten = cell(AnswerScale(tuple(range(11))))
    with chat_server(serving(decisions, chat=chat)) as server:
        assert endpoint(server, "socrates", samples=11).answer_distributions(ten, PEOPLE[:2]).method == "sampled"
        assert endpoint(server).answer_distributions(ten, PEOPLE[:2]).method == "typed"


def test_a_calibration_by_log_probabilities_is_refused_for_typed_decisions() -> None:
    url = "http://127.0.0.1:9/v1"
    exact, typed = (Fingerprint.of_model(EndpointModel("m", url, one).description) for one in ("shared", None))
    assert exact.differences(typed) == ("precision 'as served' there, 'as served, typed decisions first' here",)


def at_most(count: int, answer: Callable[[Asked], Say]) -> Callable[[Asked], Say]:
    def say(asked: Asked) -> Say:
        questions = asked.body["questions"]
        options = questions["answer"]["criteria"] if isinstance(questions, dict) else questions[0]["choices"]
        return Say({"detail": f"at most {count} options"}, status=422) if len(options) > count else answer(asked)

    return say


def test_both_orders_of_the_options_are_offered_where_they_are_to_be_averaged() -> None:
    # the server gives the first of seven 2/8 and each other 1/8, so 1 and 7 get 3/16 each
    with chat_server(serving(decisions)) as server:
        answer = in_both_orders(endpoint(server)).answer_distributions(cell(), PEOPLE)
        first = [asked.body["questions"][0]["choices"][0]["value"] for asked in server.log]
    assert answer.probs == pytest.approx(np.array([[3, 2, 2, 2, 2, 2, 3]] * 6) / 16)
    assert (answer.method, sorted(first)) == ("typed", ["1"] * 6 + ["7"] * 6)


@pytest.mark.parametrize(("most", "tries"), [(255, 2), (208, 3), (26, 4)])
def test_a_longer_slider_is_asked_in_bins_and_recorded_so(most: int, tries: int) -> None:
    with chat_server(serving(at_most(most, decisions), chat=lambda *_: completion("no numbers"))) as server:
        model = endpoint(server, samples=4)
        answer = model.answer_distributions(cell(SLIDER), PEOPLE)
        assert answer.method == "binned"
        assert (server.count("decisions"), server.count("systemone")) == (tries + 5, 1)
        first = len(server.log[-1].body["questions"][0]["choices"][0]["value"].split()) > 1
        size = -(-301 // most)
        assert first == (size > 1)
        # the first bin, of the most options, has 2 parts of most + 1, evenly
        assert answer.probs[0, :size] == pytest.approx(np.full(size, 2 / (most + 1) / size))
        assert answer.probs.sum(axis=1) == pytest.approx(np.ones(6))
        assert model.answer_distributions(cell(), PEOPLE).method == "typed"  # seven options fit
    assert model.rests_on().startswith("6 from typed decisions")
    assert "6 from typed decisions at /decisions over bins of neighbouring options" in model.rests_on()
    assert method_notes({"binned"}, []) == (TYPED, BINNED)
    assert method_notes({"mixed"}, []) == (MIXED,)
    assert method_notes({"exact"}, []) == ()


def test_a_server_of_decisions_alone_is_asked_in_bins_though_it_has_no_chat() -> None:
    with chat_server(serving(at_most(255, decisions), chat=lambda *_: GONE)) as server:
        assert endpoint(server).answer_distributions(cell(SLIDER), PEOPLE).method == "binned"
        assert server.count("chat/completions") == 1
    with chat_server(serving(chat=lambda *_: GONE)) as server, pytest.raises(ModelError, match="does not exist"):
        endpoint(server).answer_distributions(cell(SLIDER), PEOPLE)


def test_kinds_without_an_order_are_sampled_where_the_server_takes_too_few() -> None:
    kinds = AnswerScale(tuple(range(30)), {value: f"kind {value}" for value in range(30)}, nominal=True)
    say = serving(at_most(26, decisions), chat=lambda asked, before: completion(str(before % 30)))
    with chat_server(say) as server:
        assert endpoint(server, samples=5).answer_distributions(cell(kinds), PEOPLE[:1]).method == "sampled"


def once(answer: Callable[[Asked], Say], later: Say) -> Callable[[Asked], Say]:
    count = iter(range(1000))
    return lambda asked: answer(asked) if next(count) == 0 else later


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (Say({"detail": "the state is too long"}, status=400), r"decisions refused the request .*too long"),
        (GONE, "decisions does not exist"),
        (Say({"answers": [{"type": "refusal", "name": "answer"}]}), "refuses to answer"),
        (Say({"error": "out of memory"}), "holds an error: out of memory"),
        (Say({"answers": [{"type": "choice", "probabilities": []}]}), "lacks the options"),
    ],
    ids=["too long", "gone", "refusal", "error", "empty"],
)
def test_what_was_answered_once_is_an_error_when_it_is_not_and_never_another_method(later: Say, said: str) -> None:
    with chat_server(serving(once(decisions, later))) as server:
        with pytest.raises(ModelError, match=said) as caught:
            endpoint(server).answer_distributions(cell(), PEOPLE)
        assert server.count("chat/completions") == server.count("systemone") == 0
    assert "\n" not in str(caught.value)
    assert "study s1, cell 4" in str(caught.value)


def test_a_wrong_sum_is_an_error_though_log_probabilities_are_there() -> None:
    def wrong(asked: Asked) -> Say:
        body = decisions(asked).body
        body["answers"][0]["probabilities"][0]["probability"] += 0.05
        return Say(body)

    with chat_server(serving(wrong)) as server, pytest.raises(ModelError, match=r"sum to 1\.05"):
        endpoint(server).answer_distributions(cell(), PEOPLE)


def test_a_key_that_a_server_sends_back_as_an_option_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCRATES_ENDPOINT_KEY", "sk-verysecret123")

    def echo(asked: Asked) -> Say:
        body = decisions(asked).body
        body["answers"][0]["choice"] = asked.headers["authorization"]
        return Say(body)

    with chat_server(serving(echo)) as server, pytest.raises(ModelError, match=r"not offered.*\[key\]") as caught:
        endpoint(server).answer_distributions(cell(), PEOPLE)
    assert "verysecret" not in "".join(traceback.format_exception(caught.value))


def test_a_busy_server_is_asked_again_and_its_decisions_are_not_given_up() -> None:
    count = iter(range(1000))

    def busy(asked: Asked) -> Say:
        return Say({}, status=503) if next(count) % 2 == 0 else decisions(asked)

    with chat_server(serving(busy)) as server:
        model = endpoint(server, concurrency=1)
        assert model.answer_distributions(cell(), PEOPLE).method == "typed"
    assert (model.report().requests, model.report().retries) == (12, 6)


@pytest.mark.parametrize("fault", [Say({}, status=500), Say(b"<html>Hello</html>")], ids=["500", "a page"])
def test_a_server_that_cannot_say_what_it_has_is_an_error_with_the_way_round_it(fault: Say) -> None:
    with chat_server(serving(lambda _: fault)) as server:
        with pytest.raises(ModelError, match=r"decisions replied with .* name the template \(--template shared\)"):
            endpoint(server).answer_distributions(cell(), PEOPLE)
        assert endpoint(server, "shared").answer_distributions(cell(), PEOPLE).method == "exact"


def test_the_budget_counts_decisions_and_ends_them() -> None:
    with chat_server(serving(decisions)) as server:
        with pytest.raises(ModelError, match="6 more requests are needed and 5 of the budget of 5"):
            endpoint(server, max_requests=5).answer_distributions(cell(), PEOPLE)
        assert server.log == []


def test_finished_decisions_are_not_asked_again_by_a_resumed_run(tmp_path: Path) -> None:
    kept = tmp_path / "answers.jsonl"
    with chat_server(serving(at_most(208, decisions), chat=lambda *_: completion("x"))) as server:
        first = endpoint(server)
        first.keep_in(kept)
        expected = first.answer_distributions(cell(SLIDER), PEOPLE[:3])
        assert {answer.method for answer in AnswerFile(kept).answers.values()} == {"binned"}
        server.log.clear()
        again = endpoint(server)
        assert again.keep_in(kept) == 3
        assert again.answer_distributions(cell(SLIDER), PEOPLE[:3]).probs == pytest.approx(expected.probs)
        assert server.log == []
        assert again.rests_on() == "3 from typed decisions over bins of neighbouring options"
        # another order of the methods starts anew: its answers would be others
        assert endpoint(server, "shared").keep_in(kept) == 0
