"""What the tab Your study compares: a prediction with an earlier one, or with those of its base and of uniform."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.simulation.what_if.comparison import WhatIf, compare_settings
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.study_file.reading import study_of
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.html import notice_html
from socrates_core.ui.results import Results
from socrates_core.ui.what_if.baselines import baseline_models, comparable_baselines
from socrates_core.ui.what_if.view import kept_html
from socrates_core.ui.your_study.preview import HERE
from socrates_core.ui.your_study.work import Prediction, admitted

Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class ComparingPredictions:
    """See `Comparing`; predictions stand for themselves, in the visitor's session."""

    results: Results

    def kept(self, current: Prediction) -> Markup:
        """What is kept as A."""
        first = _whole(current).setting.first
        return kept_html(current.form.title, first.request, first.model)

    def beside(
        self, _visitor: Visitor, first: Prediction, current: Prediction, _progress: Report | None = None
    ) -> WhatIf:
        """Both have been predicted."""
        return compare_settings([_whole(first).setting, _whole(current).setting])

    def against_baselines(self, visitor: Visitor, current: Prediction, progress: Report | None = None) -> WhatIf:
        """The others are predicted now, for the same people."""
        own = _whole(current).setting
        request, studies = own.first.request, study_of(current.form, None, HERE)
        assert request.n is not None
        sampling = Sampling(request.n, request.temperature, request.top_p, request.seed)
        open_ended = all(cell.scale.values is None for cell in studies.cells_of(studies.study_ids[0]))
        models = comparable_baselines(self.results, current.model, open_ended)
        settings: list[PredictedSetting] = []
        asked = sum(model is not None for model in models.values())
        with admitted(self.results, visitor, asked * sampling.people * len(studies.cells)):
            for name, model in models.items():
                found = own if model is None else predict_setting(Setting(studies, model, sampling), progress)
                settings.append(replace(found, name=name))
        return compare_settings(settings)

    def baselines(self, current: Prediction) -> list[str]:
        """Their names."""
        return list(baseline_models(self.results, current.model))

    def title(self, current: Prediction) -> str:
        """The study's title."""
        return current.form.title

    def link(self, _first: Prediction, _current: Prediction) -> str:
        """None: nothing of a visitor's study is kept here; the files hold both settings."""
        return ""

    def outcome(self, current: Prediction, place: int) -> str:
        """The first one if there is none at this place."""
        return current.found[place if place in range(len(current.found)) else 0].name


def moved_on(first: Prediction | None, found: WhatIf | None, now: Prediction | None) -> Markup:
    """What is said of a comparison once shares were moved, so that its figures are not taken for the present ones.

    Args:
        first: What is kept as A; None beside baselines.
        found: The comparison on the page.
        now: The prediction on the page.

    Returns:
        A notice; empty if there is no comparison, or it holds the prediction on the page.
    """
    if found is None or now is None or any(setting.found is now.found for setting in found.settings):
        return Markup()
    again = "Run" if first is not None else "the button again"
    return notice_html(f"The comparison below is for the shares before they were moved. Press {again} to compare anew.")


def _whole(made: Prediction) -> Prediction:
    if any(not simulation.answers for simulation in made.setting.predicted):
        raise SocratesError(
            "This prediction has too many people and options to be compared on the page. Simulate fewer people, or use "
            "the command socrates what-if"
        )
    return made
