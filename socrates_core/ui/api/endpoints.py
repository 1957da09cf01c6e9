"""The endpoints by name. Their signatures and docstrings are the schema that programs and MCP clients read."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

import gradio as gr
from starlette.requests import Request

from socrates_core.errors import SocratesError
from socrates_core.study.studies import Studies
from socrates_core.trust.design.advice import Plan
from socrates_core.trust.design.power import MOST_PEOPLE, TESTS
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.access.workers import Workers
from socrates_core.ui.api.answers import (
    AdviceAnswer,
    LaunchAnswer,
    ModelRow,
    PredictionAnswer,
    ReportAnswer,
    RunsAnswer,
    StudiesAnswer,
    StudyAnswer,
    WhatIfAnswer,
    study_answer,
    study_row,
)
from socrates_core.ui.api.asked import Asked, own_study, real, source_of, text, truth, whole
from socrates_core.ui.api.evaluations import launched, report, runs
from socrates_core.ui.api.predictions import advice, prediction, what_if
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.form import Filled
from socrates_core.ui.results import Results

LONGEST_ANSWER: Final = 300.0
"""Seconds that a program is kept waiting."""

MOST_STUDIES: Final = 500
"""Studies in one list."""

T = TypeVar("T")


class Endpoints:
    """What programs can call. Each answer is computed in a thread, which a visitor gets as often as with a download."""

    def __init__(self, results: Results, actions: RunActions) -> None:
        """Answer with the studies, models and limits of the page."""
        self._results, self._actions, self._workers = results, actions, Workers()

    def register(self) -> None:
        """Add all of them to the page that is being built.

        They are not queued: `Workers` bounds what is at work, and a call then carries its own request, so that an MCP
        tool knows the visitor who called it.
        """
        named = (
            self.studies,
            self.study,
            self.simulate,
            self.what_if,
            self.advise,
            self.runs,
            self.launch,
            self.report,
        )
        for endpoint in named:
            gr.api(endpoint, api_name=endpoint.__name__, queue=False)

    async def studies(
        self, request: gr.Request, search: str = "", source: str = "", first: int = 0, most: int = 100
    ) -> StudiesAnswer:
        """List the studies that can be predicted, those that the model has not learned from first, and the models.

        Args:
            search: Words that the id or the title holds, in any case; empty for all.
            source: Name of a source; empty for all.
            first: Leave out so many from the beginning of the list.
            most: List at most so many, 1 to 500.
        """

        def work(_: Visitor) -> StudiesAnswer:
            words = text("search", search).casefold().split()
            begin, count = whole("first", first, 0, 10**9), whole("most", most, 1, MOST_STUDIES)
            name = text("source", source)
            catalogue = self._results.catalogue_of(self._results.model_name)
            sources = (catalogue.source(name),) if name else catalogue.sources
            rows = [study_row(one, entry) for one in sources for entry in one.entries]
            found = [row for row in rows if all(word in f"{row['study']} {row['title']}".casefold() for word in words)]
            models = [ModelRow(name=model, label=label) for label, model in self._results.models.choices()]
            return StudiesAnswer(
                models=models,
                sources=[one.name for one in catalogue.sources],
                found=len(found),
                studies=found[begin : begin + count],
            )

        return await self._answer(request, work)

    async def study(self, request: gr.Request, study: str = "", source: str = "", study_file: str = "") -> StudyAnswer:
        """Show one study: conditions, outcomes with their options, what people read, and who they are.

        Args:
            study: Its id, as /studies lists it.
            source: Name of the source that holds it; the first that does when empty.
            study_file: Instead of an id, a study of your own as the text of a study file (YAML or JSON), to check it.
        """

        def work(_: Visitor) -> StudyAnswer:
            asked = Asked.of({"study": study, "source": source, "study_file": study_file})
            asked.check_one_study()
            if asked.study_file:
                own = own_study(asked, self._results)[1]
                return study_answer(own, own.study_ids[0], "", None)
            holder = source_of(asked, self._results)
            unseen = not holder.entry(asked.study).seen
            return study_answer(Studies.of(holder.studies), asked.study, holder.name, unseen)

        return await self._answer(request, work)

    async def simulate(
        self,
        request: gr.Request,
        study: str = "",
        outcome: str | int | None = None,
        condition: str | int | None = None,
        people: int = 200,
        population: list[dict[str, Any]] | None = None,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int = 0,
        model: str = "",
        source: str = "",
        study_file: str = "",
    ) -> PredictionAnswer:
        """Predict what people answer in every condition of a study, beside what they answered if anybody did.

        The same arguments give the same answer. Predictions are of groups, not of individuals.

        Args:
            study: Its id, as /studies lists it.
            outcome: Its number or a unique part of its question; needed only if the study has several.
            condition: What the others are compared with: its label, a part of it or its number; the first when null.
            people: Simulated people in each condition, 1 to 10,000.
            population: Edits: [{"edit": "filter", "attribute": "gender", "values": ["Female"]}], or set, range, shares.
            temperature: 0 to 2, applied to each person's answer distribution; 1 leaves it unchanged.
            top_p: Above 0 and up to 1: the share of each person's most likely answers that is kept.
            seed: 0 or more.
            model: Its name, as /studies lists it; the app's own when empty.
            source: Name of the source that holds the study; the first that does when empty.
            study_file: Instead of an id, a study of your own as the text of a study file (YAML or JSON).
        """
        given = {
            "study": study, "outcome": outcome, "condition": condition, "people": people, "population": population,
            "temperature": temperature, "top_p": top_p, "seed": seed, "model": model, "source": source,
            "study_file": study_file,
        }  # fmt: skip
        return await self._answer(request, lambda visitor: prediction(self._results, visitor, Asked.of(given)))

    async def what_if(
        self,
        request: gr.Request,
        change: dict[str, Any],
        study: str = "",
        outcome: str | int | None = None,
        condition: str | int | None = None,
        people: int = 200,
        population: list[dict[str, Any]] | None = None,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int = 0,
        model: str = "",
        source: str = "",
        study_file: str = "",
    ) -> WhatIfAnswer:
        """Predict a study twice and say how much a change makes: other people, texts, model or temperature.

        Args:
            change: What differs in the second setting, by the names below, such as {"model": "uniform"}.
            study: As for /simulate, and so are all others.
            outcome: Its number or a unique part of its question.
            condition: What the others are compared with.
            people: Simulated people in each condition, 1 to 10,000.
            population: Edits of who takes part.
            temperature: 0 to 2.
            top_p: Above 0 and up to 1.
            seed: 0 or more; the same people answer in both settings unless it differs.
            model: Its name, as /studies lists it.
            source: Name of the source that holds the study.
            study_file: Instead of an id, a study of your own as the text of a study file.
        """
        given = {
            "study": study, "outcome": outcome, "condition": condition, "people": people, "population": population,
            "temperature": temperature, "top_p": top_p, "seed": seed, "model": model, "source": source,
            "study_file": study_file,
        }  # fmt: skip

        def work(visitor: Visitor) -> WhatIfAnswer:
            first = Asked.of(given)
            return what_if(self._results, visitor, first, first.changed(change))

        return await self._answer(request, work)

    async def advise(
        self,
        request: gr.Request,
        study: str = "",
        outcome: str | int | None = None,
        condition: str | int | None = None,
        ask: int = 200,
        power: float = 0.8,
        alpha: float = 0.05,
        test: Literal["wmw", "welch"] = "wmw",
        people: int = 200,
        seed: int = 0,
        model: str = "",
        source: str = "",
        study_file: str = "",
    ) -> AdviceAnswer:
        """Say how many people to ask for the effects that are predicted, and what a planned number would find.

        Args:
            study: Its id, as /studies lists it.
            outcome: Its number or a unique part of its question; needed only if the study has several.
            condition: What the others are compared with; the first when null.
            ask: People who are planned to be asked in each condition.
            power: Wanted, above 0 and below 1.
            alpha: Two-sided level, 0 to below 1; at 0 no test finds anything.
            test: wmw (Wilcoxon-Mann-Whitney) or welch.
            people: Simulated people in each condition, 1 to 10,000, on whom the prediction rests.
            seed: 0 or more.
            model: Its name, as /studies lists it; the app's own when empty.
            source: Name of the source that holds the study; the first that does when empty.
            study_file: Instead of an id, a study of your own as the text of a study file (YAML or JSON).
        """
        given = {
            "study": study, "outcome": outcome, "condition": condition, "people": people, "seed": seed, "model": model,
            "source": source, "study_file": study_file,
        }  # fmt: skip

        def work(visitor: Visitor) -> AdviceAnswer:
            if text("test", test) not in TESTS:
                raise SocratesError(f"test: expected {' or '.join(TESTS)}")
            level, wanted = real("alpha", alpha, 0, 1), real("power", power, 0, 1)  # `Plan` says what is planned with
            plan = Plan(test, level, wanted, whole("ask", ask, 1, MOST_PEOPLE))
            return advice(self._results, visitor, Asked.of(given), plan)

        return await self._answer(request, work)

    async def runs(self, request: gr.Request) -> RunsAnswer:
        """List the evaluations, newest first, with their state and their Wasserstein distance by kind of study."""
        return await self._answer(request, lambda visitor: runs(self._actions, visitor))

    async def launch(
        self,
        request: gr.Request,
        model: str = "",
        adapter: str = "",
        source: str = "",
        part: str = "test",
        people: int | None = None,
        seed: int = 42,
        allow_seen: bool = False,
    ) -> LaunchAnswer:
        """Start an evaluation of a model on one part of the split. It goes on by itself; needs permission to launch.

        Args:
            model: A Hub id, a folder, demo, uniform, marginal, or endpoint:NAME@URL; the app's own when empty.
            adapter: demo, a Hub id or a folder; empty for none.
            source: Name of a source that /studies lists; the first when empty.
            part: test, calibration, val or train.
            people: At most this many people per cell, drawn at random; null for all.
            seed: 0 or more; the same arguments are the same run.
            allow_seen: Evaluate even if the model was trained on these studies; stamps the report CONTAMINATED.
        """

        def work(visitor: Visitor) -> LaunchAnswer:
            named, own = text("model", model), self._results.models.now()
            filled = Filled(
                model=named or self._actions.form.of_page(own.name)[0],
                adapter=text("adapter", adapter),
                source=text("source", source) or self._results.catalogue.sources[0].name,
                part=text("part", part),
                people=None if people is None else whole("people", people, 2, 10**6),
                seed=whole("seed", seed, 0, 2**53),
                allow_seen=truth("allow_seen", allow_seen),
            )
            return launched(self._actions, visitor, filled, "" if named else own.note)

        return await self._answer(request, work)

    async def report(self, request: gr.Request, run: str) -> ReportAnswer:
        """Give the figures of a finished evaluation, and the addresses of its report and files.

        Args:
            run: Its name, as /runs lists it.
        """
        return await self._answer(request, lambda visitor: report(self._actions, visitor, text("run", run)))

    async def _answer(self, request: gr.Request | Request, work: Callable[[Visitor], T]) -> T:
        """What `work` gives for the visitor who asks.

        Raises:
            gr.Error: For what they can mend, in its own words: programs show no HTML.
        """
        # an MCP tool is called with the request itself
        visitor = visitor_of(gr.Request(request) if isinstance(request, Request) else request)
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                return await self._workers.result(visitor, lambda: work(visitor))
        except SocratesError as error:
            raise _refused(str(error)) from None
        except TimeoutError:
            raise _refused(
                f"This takes longer than {LONGEST_ANSWER:g} seconds. Ask for fewer people or conditions; a study of "
                "the catalogue goes on and is remembered, so asking the same again later gives it."
            ) from None


def _refused(message: str) -> gr.Error:
    return gr.Error(message, title="Not possible", print_exception=False)
