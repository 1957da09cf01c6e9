"""Writes a study file, so that reading it gives the same study again."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from socrates_core.study.files import write_files
from socrates_core.study.study_file.form import ConditionForm, MarginsForm, OutcomeForm, ScaleForm, StudyForm
from socrates_core.study.study_file.presets import preset_of
from socrates_core.study.study_file.yaml_text import FLOAT

_WIDTH: Final = 120


class _Flow(dict[Any, Any]):
    """Keys and values on one line."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML brings no types
    """Quotes every text that YAML 1.1 or 1.2 would read as something else: `No`, `12:30`, `1e3`."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    lines = value.split("\n")
    if not all(line.isprintable() for line in lines):
        style = '"'  # escapes what YAML would take for a line break
    elif len(lines) > 1 and all(line == line.rstrip() for line in lines) and lines[0][:1].strip() and lines[-1]:
        style = "|"  # paragraphs as they are
    else:
        style = None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"^(?:{FLOAT})$"), list("-+.0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))


def study_text(form: StudyForm) -> str:
    """The study as YAML; `form_of(read_yaml(…))` gives the form back.

    >>> from socrates_core.study.study_file.checks import form_of
    >>> from socrates_core.study.study_file.yaml_text import read_yaml
    >>> raw = {"socrates_study": 1, "title": "Tea", "conditions": [{"label": "No"}],
    ...        "outcomes": [{"name": "like", "question": "Do you like it?", "scale": "yes-no"}]}
    >>> print(study_text(form_of(raw, "tea.yaml")))
    socrates_study: 1
    title: Tea
    conditions:
    - label: 'No'
    outcomes:
    - name: like
      question: Do you like it?
      scale: yes-no
    <BLANKLINE>
    """
    raw: dict[str, Any] = {"socrates_study": 1, "title": form.title}
    raw["conditions"] = [_condition(one) for one in form.conditions]
    raw["outcomes"] = [_outcome(one) for one in form.outcomes]
    if isinstance(form.population, MarginsForm):
        margins = {name: _margin(shares) for name, shares in form.population.margins.items()}
        raw["population"] = {"of": form.population.of, "margins": margins}
    elif isinstance(form.population, list):
        raw["population"] = [_Flow(one) for one in form.population]
    elif form.population is not None:
        raw["population"] = form.population
    if form.design != "between":
        raw["design"] = form.design
    if form.responses is not None:
        raw["responses"] = _Flow(form.responses.model_dump())
    return raw_text(raw)


def raw_text(raw: Mapping[str, Any]) -> str:
    """The contents of a study file, finished or not, as YAML."""
    return str(yaml.dump(dict(raw), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


def write_study(form: StudyForm, path: Path) -> None:
    """Write a study file; what stood there before is replaced once the new one is complete.

    Raises:
        OSError: If it cannot be written.
    """
    write_files(path.parent, {path.name: study_text(form)})


def duplicated(form: StudyForm) -> StudyForm:
    """The same study under another title, to be changed."""
    return form.model_copy(update={"title": f"{form.title} (copy)"})


def _margin(shares: Any) -> Any:
    """A line for the shares of an attribute; of a joint table, one for each value but the last attribute's."""
    if not isinstance(shares, dict):
        return shares
    nested = any(isinstance(value, dict) for value in shares.values())
    return {level: _margin(value) for level, value in shares.items()} if nested else _Flow(shares)


def _condition(form: ConditionForm) -> dict[str, Any]:
    raw: dict[str, Any] = {"label": form.label}
    if form.text:
        raw["text"] = form.text
    if form.control:
        raw["control"] = True
    if form.fields:
        raw["fields"] = _Flow(form.fields)
    return raw


def _outcome(form: OutcomeForm) -> dict[str, Any]:
    return {"name": form.name, "question": form.question, "scale": "open" if form.scale is None else _scale(form.scale)}


def _scale(form: ScaleForm) -> Any:
    raw: dict[str, Any] = {"nominal": True} if form.nominal else {"from": form.low, "to": form.high}
    raw |= {"labels": _Flow(form.labels)} if form.labels else {}
    raw |= {"off_axis": _Flow(form.off_axis)} if form.off_axis else {}
    return preset_of(raw) or (_Flow(raw) if len(form.labels) + len(form.off_axis) <= 2 else raw)
