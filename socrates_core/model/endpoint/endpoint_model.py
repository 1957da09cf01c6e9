"""OpenAI-compatible servers as answer models: vLLM, TGI, llama.cpp, `transformers serve`, or a hosted one.

For each scale the first of four methods that the server supports is used, and recorded in the result:

- *typed*: one request per persona to `/decisions` or `/systemone`, which return a probability for every option; the
  server words the question (letters for the options) around the template's text;
- *exact*: one request per persona for the log-probabilities of the first token, if they cover every option;
- *binned*: typed, over bins of neighbouring options, if the server takes fewer options than the scale has;
- *sampled*: several answers per persona at temperature 1, of each of which the first number counts.

A model that is asked in a template of the caller's choice, or of the released models, was presumably trained on it: of
such a one exact goes before typed.

A template whose answer follows some text in the assistant's turn has it there on a server that continues a turn, which
is tried before the first answer. Finished answers are cached, those of a run in a file in its folder: when a call that
failed half-way is repeated, only the missing ones are requested.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, check_request
from socrates_core.model.endpoint.answer import Answer, AnswerFile
from socrates_core.model.endpoint.client import EndpointClient, checked_url
from socrates_core.model.endpoint.plan import ANSWER_TOKENS, EndpointPlan, EndpointReport, EndpointSettings
from socrates_core.model.endpoint.prompt import EndpointPrompt, endpoint_prompt
from socrates_core.model.endpoint.questioner import Questioner
from socrates_core.prompt import answer_prefix, check_template
from socrates_core.study.study_set import Cell, Persona

PREFIX: Final = "endpoint:"
RELEASED: Final = "socratesft/"
"""Owner of the released fine-tunes, which were trained on the `socrates` template."""
DECISIONS_FIRST: Final = "as served, typed decisions first"
"""Precision of a model asked so: it answers otherwise than by log-probabilities, so a calibration of one is none of the
other."""
KEPT: Final = 500_000
"""Maximum number of cached answers; the oldest are evicted first."""

_SPEC = re.compile(r"endpoint:(?P<name>.+?)@(?P<url>https?://.*)", re.IGNORECASE | re.DOTALL)


class EndpointModel:
    """A model behind a server. Safe to call from several threads."""

    def __init__(
        self, name: str, url: str, template: str | None = None, settings: EndpointSettings | None = None
    ) -> None:
        """Describe the server; `check` tests whether it is reachable.

        Args:
            name: The model's name on the server.
            url: The URL up to `/chat/completions`, like http://127.0.0.1:8000/v1.
            template: The prompt template that the model was trained on; None for one that was trained on none, which is
                asked in `shared`. The server adds its own chat frame.
            settings: Methods, limits and price.

        Raises:
            ModelError: If there is no such template, or the URL cannot be used.
        """
        trained, template = template is not None, template or "shared"
        check_template(template)
        if not name.strip() or len(name) > 500 or not name.isprintable():
            raise ModelError("an endpoint needs the name of a model: endpoint:NAME@URL")
        self.name = name
        self.template = template
        self.settings = settings or EndpointSettings()
        self.url = checked_url(url)
        self.description = ModelDescription(
            f"{PREFIX}{name}@{self.url}",
            template=template,
            device=f"server {self.url}",
            precision="as served" if trained else DECISIONS_FIRST,
        )
        self._client = EndpointClient(self.url, self.settings)
        self._questioner = Questioner(self._client, name, answer_prefix(template), trained)
        self._answers: dict[str, Answer] = {}
        self._file: AnswerFile | None = None
        self.on_answer: Callable[[int], None] | None = None
        """Called with the number of answers so far, whenever one arrives."""
        self._counts: Counter[str] = Counter()
        self._lock = threading.RLock()  # reentrant: a progress callback may call `report`

    def check(self) -> None:
        """Check that the server is reachable and grants access.

        Raises:
            ModelError: If not.
        """
        status = self._client.ping()
        if status in (401, 403):
            raise self._client.access_error(status)

    def keep_in(self, path: Path) -> int:
        """Write every answer to a file as it arrives, and use those that it has: a resumed run asks only for the rest.

        Args:
            path: Of the file; created if it is not there.

        Returns:
            The number of answers that it had.

        Raises:
            ModelError: If it cannot be written, or the server cannot be asked what it supports.
        """
        file, chat = AnswerFile(path), self._questioner.chat
        if chat.prefills is None and file.obtained and isinstance(file.obtained.get("prefilled"), bool):
            chat.prefills = False if not file.obtained["prefilled"] else None
        if chat.prefills is None:
            chat.learn(threading.Event())
        settings = self.settings
        file.begin(
            {
                "model": self.name,
                "method": settings.method,
                "first": self._questioner.ways[0],
                "samples": settings.samples,
                "min_answers": settings.min_answers,
                "seed": settings.seed,
                "prefilled": bool(chat.prefills),
            }
        )
        with self._lock:
            self._answers.update(file.answers)
            self._file = file
        return len(file.answers)

    def rests_on(self) -> str:
        """What the answers so far rest on, in words: those of earlier sessions of the same run included."""
        with self._lock:
            by_method = Counter(answer.method for answer in self._answers.values())
            sampled = [answer.answers for answer in self._answers.values() if answer.answers is not None]
        words = []
        if by_method["exact"]:
            words.append(f"{by_method['exact']:,} distributions from log-probabilities")
        form = self._questioner.decider.form
        at = f" at /{form}" if form else ""
        if by_method["typed"]:
            words.append(f"{by_method['typed']:,} from typed decisions{at}")
        if by_method["binned"]:
            words.append(f"{by_method['binned']:,} from typed decisions{at} over bins of neighbouring options")
        if sampled:
            words.append(f"{len(sampled):,} sampled, each from {min(sampled)} to {max(sampled)} answers on the scale")
        begun = f"; the server continued {self._questioner.chat.prefix!r}" if self._questioner.chat.prefills else ""
        return ", ".join(words) + begun if words else "no answers yet"

    def plan(self, requests: Sequence[tuple[Cell, Sequence[Persona]]]) -> EndpointPlan:
        """What these cells and personas would cost; nothing is sent to the server.

        Raises:
            ModelError: If there are no personas, or an outcome is open-ended.
        """
        todo: dict[str, EndpointPrompt] = {}
        for cell, personas in requests:
            for prompt in self._prompts(cell, personas):
                if prompt.key not in self._answers:
                    todo[prompt.key] = prompt
        most = {key: self._questioner.most_requests(prompt) for key, prompt in todo.items()}
        prompt_tokens = sum(count * todo[key].tokens for key, count in most.items())
        answer_tokens = sum(most.values()) * ANSWER_TOKENS
        return EndpointPlan(
            requests=self._fewest_requests(list(todo.values())),
            most_requests=sum(most.values()),
            prompt_tokens=prompt_tokens,
            answer_tokens=answer_tokens,
            cost=self._cost(prompt_tokens + answer_tokens),
        )

    def report(self) -> EndpointReport:
        """Requests and answers so far."""
        with self._lock:
            counts = self._counts + self._questioner.counts + self._questioner.chat.counts
        return EndpointReport(
            requests=self._client.requests,
            retries=self._client.retries,
            prompt_tokens=counts["prompt_tokens"],
            answer_tokens=counts["answer_tokens"],
            cost=self._cost(counts["prompt_tokens"] + counts["answer_tokens"]),
            off_scale=counts["off_scale"],
            unreadable=counts["unreadable"],
            defused=counts["defused"],
            takes_seeds=self._questioner.chat.takes_seeds,
        )

    def answer_distributions(
        self, cell: Cell, personas: Sequence[Persona], progress: Callable[[int, int], None] | None = None
    ) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona; identical prompts are requested once.

        Args:
            cell: The cell to predict.
            personas: The personas to simulate.
            progress: Called with the number of distinct prompts answered so far, and the total.

        Raises:
            ModelError: If there are no personas, the outcome is open-ended, the budget does not suffice, or a request
                fails permanently. Answers finished by then stay cached.
        """
        prompts = self._prompts(cell, personas)
        kept = {prompt.key: self._answers.get(prompt.key) for prompt in prompts}
        answers = {key: answer for key, answer in kept.items() if answer is not None}
        todo = list({prompt.key: prompt for prompt in prompts if prompt.key not in answers}.values())
        if todo:
            self._client.check_budget(self._fewest_requests(todo))
            self._ask_all(todo, answers, progress)
        methods = {answer.method for answer in answers.values()}
        if "sampled" in methods:
            self._questioner.check_sampling()
        return AnswerDistributions(
            np.stack([answers[prompt.key].probs for prompt in prompts]),
            np.array([answers[prompt.key].mass for prompt in prompts]),
            methods.pop() if len(methods) == 1 else "mixed",
            np.array([answers[prompt.key].answers or 0 for prompt in prompts]),
        )

    def _ask_all(
        self,
        todo: Sequence[EndpointPrompt],
        answers: dict[str, Answer],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Fill `answers`. The first prompt is sent alone, to learn which methods work and to fail early."""
        total, stop = len(answers) + len(todo), threading.Event()

        def finish(prompt: EndpointPrompt) -> None:
            answer = self._questioner.answer(prompt, stop)
            with self._lock:
                answers[prompt.key] = answer
                self._keep(prompt, answer)
                if progress is not None:
                    progress(len(answers), total)

        pool = ThreadPoolExecutor(self.settings.concurrency, thread_name_prefix="endpoint")
        prompt = todo[0]
        try:
            finish(prompt)
            self._client.check_budget(self._fewest_requests(todo[1:]))
            under_way = {pool.submit(finish, other): other for other in todo[1:]}
            for future in as_completed(under_way):
                prompt = under_way[future]
                future.result()
        except ModelError as error:
            stop.set()
            pool.shutdown(cancel_futures=True)  # waits for requests in flight, whose answers are cached
            kept = f"; {len(answers)} of {total} answers are kept, and a retry requests only the others"
            raise ModelError(f"{error} [{prompt.where}{kept if answers else ''}]") from error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    def _keep(self, prompt: EndpointPrompt, answer: Answer) -> None:
        if prompt.key in self._answers:  # another thread has added it
            return
        self._answers[prompt.key] = answer
        if self._file is not None:
            self._file.add(prompt.key, answer)
        if self.on_answer is not None:
            self.on_answer(len(self._answers))
        self._counts["defused"] += prompt.is_defused
        while len(self._answers) > KEPT:
            self._answers.pop(next(iter(self._answers)))

    def _prompts(self, cell: Cell, personas: Sequence[Persona]) -> list[EndpointPrompt]:
        check_request(cell, personas)
        return [endpoint_prompt(self.template, cell, persona) for persona in personas]

    def _fewest_requests(self, prompts: Sequence[EndpointPrompt]) -> int:
        return sum(self._questioner.fewest_requests(prompt) for prompt in prompts)

    def _cost(self, tokens: int) -> float | None:
        price = self.settings.price_per_million
        return None if price is None else tokens * price / 1e6


def endpoint_of(spec: str, template: str | None = None, settings: EndpointSettings | None = None) -> EndpointModel:
    """The model named by `endpoint:NAME@URL`; nothing is asked of its server.

    Args:
        spec: NAME may contain "/", ":" and "@"; URL ends before `/chat/completions`.
        template: The prompt template that the model was trained on; when None, `socrates` for the released models, and
            none for others.
        settings: Methods, limits and price.

    Raises:
        ModelError: If `spec` does not have this form.
    """
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise ModelError(
            "cannot parse the endpoint; write endpoint:NAME@URL with a URL that begins with http:// or https://, "
            "like endpoint:Qwen/Qwen2.5-14B-Instruct@http://127.0.0.1:8000/v1"
        )
    name = match["name"].strip()
    implied = "socrates" if name.startswith(RELEASED) else None
    return EndpointModel(name, match["url"], template or implied, settings)


def load_endpoint(spec: str, template: str | None = None, settings: EndpointSettings | None = None) -> EndpointModel:
    """The model named by `endpoint:NAME@URL`, after checking that its server is reachable.

    Args:
        spec: As for `endpoint_of`.
        template: As for `endpoint_of`.
        settings: Methods, limits and price.

    Raises:
        ModelError: If `spec` does not have this form, or the server is unreachable or refuses access.
    """
    model = endpoint_of(spec, template, settings)
    model.check()
    return model
