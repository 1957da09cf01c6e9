"""Predict how people answer in a social-science experiment, and say how far to trust the prediction.

    >>> from socrates_core import evaluate, load_model, load_studies, simulate
    >>> studies, model = load_studies("bundled"), load_model("uniform")
    >>> result = simulate(studies, model, study="gss-welfare", people=200)
    >>> print(result.arms[0])
    Welfare: W = 0.074 (95 % interval 0.064 to 0.084) by the stated scale; noise floor 0.005, uniform baseline 0.074
    >>> evaluate(studies, model, only=["gss-welfare", "gss-crime"], per_cell=50).contaminated
    False

Seven names do what the page does: `load_studies` and `read_study` give studies, `load_model` a model, `Population` says
who takes part, `simulate` predicts one study and says how far off that may be, `evaluate` measures a model on many, and
`compare` says which of several is closer. What a user can fix is raised as an `errors.SocratesError`, whose text says
what to do.

The modules below are a pipeline: each imports only what CONTRIBUTING.md lists before it. Importing this package loads
none of them: neither torch nor gradio comes before it is used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

__all__ = ["Population", "compare", "evaluate", "load_model", "load_studies", "read_study", "simulate"]

if TYPE_CHECKING:
    from socrates_core.evaluation.in_memory import compare, evaluate
    from socrates_core.model.loading import load_model
    from socrates_core.people.taking_part import Population
    from socrates_core.study.studies import load_studies
    from socrates_core.study.study_file.reading import read_study
    from socrates_core.trust.predicted import simulate
else:
    from importlib import import_module

    _HOMES = {
        "Population": "people.taking_part",
        "compare": "evaluation.in_memory",
        "evaluate": "evaluation.in_memory",
        "load_model": "model.loading",
        "load_studies": "study.studies",
        "read_study": "study.study_file.reading",
        "simulate": "trust.predicted",
    }

    def __getattr__(name: str) -> Any:
        """A public name, from its module, when it is first asked for (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return found

    def __dir__() -> list[str]:
        """The public names beside the module's own."""
        return sorted({*globals(), *__all__})
