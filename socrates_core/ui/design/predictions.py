"""What stands for a prediction on a tab, as a predicted study."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from socrates_core.errors import SocratesError
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.question import question_of
from socrates_core.study.studies import Outcome
from socrates_core.trust.design.study import PredictedStudy
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import link_of
from socrates_core.ui.your_study.work import Prediction

ANSWER: Final = "answer"
"""What the only outcome of a result is called, and the column of a pilot's answers."""
GONE: Final = "This prediction is no longer in memory. Press Run again"


class Predicted(Protocol):
    """Finds the predicted study of a tab."""

    @property
    def columns(self) -> tuple[str, str]:
        """What the columns of answers are called, in words, and one of them as an example."""
        ...

    def study(self, visitor: Visitor, current: Any) -> PredictedStudy:
        """The study whose prediction is on the page.

        Raises:
            SocratesError: If there is none.
        """
        ...


@dataclass(frozen=True, eq=False)
class OwnStudy:
    """Of the tab Your study."""

    results: Results
    columns: tuple[str, str] = ("each outcome's name", "intention")

    def study(self, visitor: Visitor, current: Prediction | None) -> PredictedStudy:
        """All outcomes of the visitor's prediction."""
        del visitor  # it is in the visitor's session alone
        if current is None:
            raise SocratesError(GONE)
        return PredictedStudy.of(current.form.title, current.found, current.form.design == "within")


@dataclass(frozen=True, eq=False)
class Linked:
    """Of the tab Simulate, where a link stands for its result."""

    results: Results
    columns: tuple[str, str] = (ANSWER, ANSWER)

    def study(self, visitor: Visitor, current: str) -> PredictedStudy:
        """The only outcome of the result on the page, mostly from memory."""
        link = link_of(current or "", self.results.catalogue)
        if link is None:
            raise SocratesError(GONE)
        found = self.results.get(link, visitor=visitor)
        cell = found.control
        outcome = Outcome(cell.task_num or 0, ANSWER, question_of(cell), cell.scale)
        return PredictedStudy.of(found.study.title, [OutcomeResult(outcome, found, None)], cell.design == "within")
