"""What the tab Simulate compares: the results of two links, or one with those of its base and of uniform.

Links stand for their results, which are predicted again from remembered answers: a page keeps no single answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.simulation.simulate import simulate
from socrates_core.simulation.what_if.comparison import WhatIf, compare_settings
from socrates_core.simulation.what_if.setting import PredictedSetting, population_digest
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.question import question_of
from socrates_core.study.studies import Outcome
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import BESIDE, Link, link_of
from socrates_core.ui.what_if.baselines import baseline_models, comparable_baselines
from socrates_core.ui.what_if.view import kept_html

Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class ComparingLinks:
    """See `Comparing`; a link, without the question mark, stands for its result."""

    results: Results

    def kept(self, current: str) -> str:
        """What is kept as A."""
        link = self._link(current)
        return kept_html(self.title(current), link.request, self._model(link).description)

    def beside(self, visitor: Visitor, first: str, current: str, progress: Report | None = None) -> WhatIf:
        """Both are asked for again."""
        links = [self._link(query) for query in (first, current)]
        return self._compared(visitor, [("", link, self._model(link)) for link in links], progress)

    def against_baselines(self, visitor: Visitor, current: str, progress: Report | None = None) -> WhatIf:
        """The same request to every model."""
        link = self._link(current)
        cell = self.results.catalogue.source(link.source).studies.cell(link.request.cell_id)
        models = comparable_baselines(self.results, link.model, cell.scale.values is None)
        asked = [(name, link, model or self._model(link)) for name, model in models.items()]
        return self._compared(visitor, asked, progress)

    def baselines(self, current: str) -> list[str]:
        """Their names."""
        return list(baseline_models(self.results, self._link(current).model))

    def title(self, current: str) -> str:
        """The study's title."""
        link = self._link(current)
        studies = self.results.catalogue.source(link.source).studies
        return studies.study(studies.cell(link.request.cell_id).study_id).title

    def outcome(self, current: str, _place: int) -> str:
        """The question of the only outcome."""
        link = self._link(current)
        return question_of(self.results.catalogue.source(link.source).studies.cell(link.request.cell_id))

    def link(self, first: str, current: str) -> str:
        """The link of B, with that of A in it."""
        return f"{current}&{urlencode({BESIDE: first})}"

    def _compared(
        self, visitor: Visitor, asked: list[tuple[str, Link, AnswerModel]], progress: Report | None
    ) -> WhatIf:
        settings = []
        with self.results.limits.at_work(visitor):
            for name, link, model in asked:
                self.results.admit(visitor, link)
                settings.append(self._predicted(name, link, model, progress))
        found = compare_settings(settings)
        return replace(found, settings=tuple(map(_without_people, found.settings)))

    def _predicted(self, name: str, link: Link, model: AnswerModel, progress: Report | None) -> PredictedSetting:
        studies = self.results.catalogue.source(link.source).studies
        cell = studies.cell(link.request.cell_id)
        asking = self.results.memory.asking(model)
        made = simulate(studies, asking, link.request, progress, keep_answers=True)
        outcome = Outcome(cell.task_num, None, question_of(cell), cell.scale)
        people = population_digest(studies.participants_of(cell.study_id))
        return PredictedSetting(name, (OutcomeResult(outcome, made, None),), people)

    def _link(self, query: str) -> Link:
        link = link_of(query, self.results.catalogue)
        if link is None:
            raise SocratesError("There is no result to compare. Press Run")
        return link

    def _model(self, link: Link) -> AnswerModel:
        return self.results.models.get(link.model)


def _without_people(setting: PredictedSetting) -> PredictedSetting:
    (one,) = setting.found
    assert one.simulation is not None, "a link is predicted or refused"
    return replace(setting, found=(replace(one, simulation=replace(one.simulation, answers=())),))
