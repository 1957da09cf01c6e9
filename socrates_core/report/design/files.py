"""Design advice as files: a report to read, tables, curves, everything as JSON."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.provenance import versions
from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.design.picture import MOST_ROWS, pilot_figure, power_figure
from socrates_core.report.design.tables import (
    effects_table,
    notes,
    pilot_sentences,
    pilot_table,
    plan_words,
    sentences,
)
from socrates_core.report.document import Part, Picture, Section, Warned, to_html, to_markdown
from socrates_core.report.simulation import inert
from socrates_core.trust.design.advice import Advice, EffectAdvice
from socrates_core.trust.design.learnt import Learnt

FORMAT: Final = 1
"""Version of design.json."""


def design_files(advice: Advice, learnt: Learnt | None = None) -> dict[str, str]:
    """Name → content: report.html, report.md, design.csv (a row an effect), curves.csv (a row an effect and number of
    people), design.json, and pilot.csv with a pilot.
    """
    sections = _sections(advice, learnt)
    title = f"How many people to ask: {advice.study.title}"
    return {
        "report.html": to_html(title, sections),
        "report.md": to_markdown(title, sections),
        "design.csv": design_csv(advice),
        "curves.csv": curves_csv(advice),
        "design.json": design_json(advice, learnt),
        **({} if learnt is None else {"pilot.csv": pilot_csv(learnt)}),
    }


def design_html(advice: Advice, learnt: Learnt | None = None) -> str:
    """A self-contained page."""
    return to_html(f"How many people to ask: {advice.study.title}", _sections(advice, learnt))


def design_json(advice: Advice, learnt: Learnt | None = None) -> str:
    """Plan, study and all figures. People are null where no number is enough, assurance where there is none."""
    report = {
        "format": FORMAT,
        "simulated": True,
        "study": advice.study.title,
        "model": advice.study.model,
        "demo": advice.study.demo,
        "plan": asdict(advice.plan),
        "effects": [_effect_json(of) for of in advice.effects],
        "together": as_json(advice.together),
        "left_out": [{"outcome": name, "why": why} for name, why in advice.study.refused],
        "notes": notes(advice),
        "pilot": None
        if learnt is None
        else {
            "people": learnt.answers.people,
            "quantities": [as_json(one) for one in learnt.quantities],
            "notes": list(learnt.notes),
        },
        "versions": versions(),
    }
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def design_csv(advice: Advice) -> str:
    """One row for each effect; empty where there is no such number."""
    plan = advice.plan
    rows = []
    for of in advice.effects:
        hope, contrast = of.hope, of.contrast
        rows.append(
            {
                "simulated": "true",
                "outcome": inert(contrast.outcome),
                "arm": inert(contrast.arm),
                "control": inert(contrast.control),
                "predicted_effect": _text(contrast.effect),
                "test": plan.test,
                "alpha": plan.alpha,
                "wanted_power": plan.power,
                "control_ratio": plan.ratio,
                "people": _text(of.people),
                "people_under_holm": _text(of.people_in_family),
                "planned_people": plan.people,
                "power": _text(of.family.most),
                "power_under_holm": _text(of.family.simulated),
                "smallest_down": _text(of.smallest[0]),
                "smallest_up": _text(of.smallest[1]),
                "effect_low_80": _text(hope.low if hope else None),
                "effect_high_80": _text(hope.high if hope else None),
                "assurance": _text(hope.assurance if hope else None),
                "assurance_limit": _text(hope.limit if hope else None),
                "people_for_assurance": _text(hope.people if hope else None),
                "if_true_effect": plan.truth,
                "people_who_refute": _text(of.refuting),
                "cannot": inert(of.cannot),
            }
        )
    return _csv(rows)


def curves_csv(advice: Advice) -> str:
    """One row for each effect and number of people: power and assurance."""
    rows = []
    for of in advice.effects:
        n, power, hoped = of.drawn
        for place, people in enumerate(n):
            rows.append(
                {
                    "simulated": "true",
                    "outcome": inert(of.contrast.outcome),
                    "arm": inert(of.contrast.arm),
                    "people": f"{people:.0f}",
                    "power": _text(power[place]),
                    "assurance": _text(hoped[place] if hoped else None),
                }
            )
    return _csv(rows)


def pilot_csv(learnt: Learnt) -> str:
    """One row for each effect and mean: before, after, and the people alone. Before and after rest on a prediction."""
    rows = []
    for one in learnt.quantities:
        row: dict[str, Any] = {
            "what": one.what,
            "name": inert(one.name),
            "people": one.people[0],
            "people_control": one.people[1],
            "predicted": _text(one.predicted),
            "seen": _text(one.seen),
        }
        for name, found in (("before", one.before), ("after", one.after), ("alone", one.alone)):
            for level, place in ((80, 0), (95, 1)):
                at = None if found is None else found[place]
                row[f"{name}_low_{level}"] = _text(None if at is None else at.low)
                row[f"{name}_high_{level}"] = _text(None if at is None else at.high)
        rows.append({"simulated": "true", "of_people_alone": "seen, alone_…", **row})
    return _csv(rows)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    file = io.StringIO()
    if rows:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file.getvalue()


def _text(value: float | int | None) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _effect_json(of: EffectAdvice) -> dict[str, Any]:
    contrast, (n, power, hoped) = of.contrast, of.drawn
    return {
        "outcome": contrast.outcome,
        "arm": contrast.arm,
        "control": contrast.control,
        "predicted_effect": contrast.effect,
        "answering": list(contrast.answering),
        "people": of.people,
        "people_under_holm": of.people_in_family,
        "people_in_both_by_equation_12": of.equation_12,
        "power": of.family.most,
        "power_under_holm": asdict(of.family),
        "smallest_effect": {"down": of.smallest[0], "up": of.smallest[1]},
        "people_who_refute": of.refuting,
        "error_model": None if of.hope is None else asdict(of.hope),
        "why_no_assurance": of.why_no_hope or None,
        "cannot": of.cannot or None,
        "curve": {"people": list(n), "power": list(power), "assurance": None if hoped is None else list(hoped)},
    }


def _sections(advice: Advice, learnt: Learnt | None) -> list[Section]:
    study = advice.study
    warned: list[Part] = [Warned(NOT_SCIENCE)] if study.demo else []
    opening: list[Part] = [*warned, f"Predicted by {study.model}. {plan_words(advice.plan)}."]
    sections = [Section("", [*opening, *([effects_table(advice)] if advice.effects else [])])]
    for place, of in enumerate(advice.effects):
        parts: list[Part] = [*sentences(of, advice)]
        if place < MOST_ROWS:
            parts.append(Picture(power_figure(of, advice.plan), "Power and assurance by the people asked in each arm."))
        sections.append(Section(of.contrast.name, parts))
    if learnt is not None:
        effects = [one for one in learnt.quantities if one.what == "effect"] or list(learnt.quantities)
        parts = [*pilot_sentences(learnt), pilot_table(learnt)]
        parts.append(Picture(pilot_figure(effects), "80 % intervals thick, 95 % thin."))
        sections.append(Section(f"What {learnt.answers.people:,} people already say", [*parts, *learnt.notes]))
    return [*sections, Section("How to read this", notes(advice))]
