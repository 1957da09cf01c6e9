"""Which of a codebook's outcomes describes which question of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from socrates_core.errors import SourceError, listed
from socrates_core.study.question import ending
from socrates_core.study.sources.table.codebook import Codebook, Outcome


@dataclass
class OutcomeFinder:
    """Finds the codebook's outcome of a question, and remembers which of them were used."""

    codebook: Codebook
    asked: Mapping[str, Mapping[int, set[str]]]
    """Study id → condition number → its questions (stimuli, if the table has no questions)."""
    used: set[tuple[str, int]] = field(default_factory=set)
    """(study id, place of the outcome)."""
    misfits: dict[tuple[str, int], str] = field(default_factory=dict)
    """(study id, place of the outcome) → why it could not be applied to a question of its own."""

    def find(self, study_id: str, question: str) -> tuple[int, Outcome] | None:
        """The outcome that describes a question, and its place; None if none does."""
        outcomes = list(enumerate(self.codebook.outcomes(study_id)))
        text = _words(question)
        for place, outcome in outcomes:
            if outcome.question and _words(outcome.question) == text:
                return place, outcome
        inside = [one for one in outcomes if one[1].question and _words(one[1].question) in text]
        if len(inside) == 1:
            return inside[0]
        if len(outcomes) != 1:
            return None
        place, outcome = outcomes[0]
        if outcome.question is None or (self._is_lone(study_id) and not self._is_asked(study_id, outcome.question)):
            return place, outcome
        return None

    def use(self, study_id: str, question: str, values: tuple[int, ...]) -> dict[int, str]:
        """The texts of a scale's options; empty if no outcome describes the question or it has another scale."""
        found = self.find(study_id, question)
        if found is None:
            return {}
        place, outcome = found
        if outcome.fits(values):
            self.used.add((study_id, place))
            return dict(outcome.labels)
        has = (
            f"{outcome.ends[0]} to {outcome.ends[1]}"
            if outcome.ends
            else f"labels for {listed(list(map(str, outcome.labels)), 12)}"
        )
        self.misfits[study_id, place] = (
            f"it has {has}, but “{ending(question)}” is answered from {values[0]} to {values[-1]}"
        )
        return {}

    def give_way(self, study_id: str, question: str) -> None:
        """Take the outcome that describes a question, if one does, as used: a map that wins over it says its scale."""
        found = self.find(study_id, question)
        if found is not None:
            self.used.add((study_id, found[0]))

    def check_used(self) -> list[str]:
        """A sentence on each outcome that describes no question of its study and says nothing of a scale.

        Raises:
            SourceError: For one that does say something of a scale, and describes no question or another scale.
        """
        said = []
        for study_id in self.asked:
            for place, outcome in enumerate(self.codebook.outcomes(study_id)):
                if outcome.question is None and (study_id, place) in self.used:
                    continue
                if not outcome.labels and outcome.ends is None:
                    if not self._is_met(study_id, outcome):
                        said.append(
                            f"studies.json, study {study_id}: {outcome} is not met; {self._not_asked(study_id)}"
                        )
                    continue
                why = self.misfits.get((study_id, place))
                if why is None and (study_id, place) not in self.used:
                    why = self._not_asked(study_id)
                if why:
                    raise SourceError(f"{self.codebook.path}, study {study_id}: {outcome} cannot be applied: {why}")

        return said

    def _not_asked(self, study_id: str) -> str:
        asked = sorted({question for texts in self.asked[study_id].values() for question in texts})
        return "no row asks this question; asked are " + listed([f"“{ending(one)}”" for one in asked], 4, "; ")

    def _is_met(self, study_id: str, outcome: Outcome) -> bool:
        """Whether a question is asked in these words, or is the only one of all wordings."""
        alone = len(self.codebook.outcomes(study_id)) == 1 and self._is_lone(study_id)
        return outcome.question is None or alone or self._is_asked(study_id, outcome.question)

    def _is_lone(self, study_id: str) -> bool:
        """Whether every condition asks one question, so that all of them are wordings of one outcome."""
        return all(len(texts) == 1 for texts in self.asked.get(study_id, {}).values())

    def _is_asked(self, study_id: str, question: str) -> bool:
        texts = {_words(text) for one in self.asked.get(study_id, {}).values() for text in one}
        return any(_words(question) in text for text in texts)


def _words(text: str) -> str:
    return " ".join(text.split()).casefold()
