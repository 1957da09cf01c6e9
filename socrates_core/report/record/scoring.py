"""Scores the frozen prediction of a record against the answers that people gave later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from socrates_core.errors import ModelError, PredictionError, SocratesError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.scale.distribution import Floats, all_options
from socrates_core.simulation.whole_study import OutcomeResult, Sampling, simulate_study
from socrates_core.study.study_file.form import ResponsesForm, StudyForm
from socrates_core.study.study_file.reading import read_form, study_of
from socrates_core.study.study_set import Cell, Persona
from socrates_core.trust.calibration import load_calibration
from socrates_core.trust.statement.making import not_applied, statement_of
from socrates_core.trust.statement.record import Statement
from socrates_core.trust.support.asked import OF_PERSON

SHARES_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class ScoredRecord:
    """A frozen prediction beside people's answers."""

    form: StudyForm
    found: tuple[OutcomeResult, ...]
    said: tuple[Statement | None, ...]
    """What the record's calibration says of each outcome, with whether what people showed lay inside; None where an
    outcome was not predicted."""


class FrozenModel:
    """Gives the distributions of a record, to everybody the same: their mean over people is what was registered."""

    def __init__(self, prediction: Mapping[str, Any]) -> None:
        """Read the distributions.

        Raises:
            SocratesError: If they are not probabilities.
        """
        self._rows: dict[tuple[int, int], Floats] = {}
        model: Mapping[str, Any] = {}
        try:
            for one in prediction["outcomes"]:
                model = one.get("model", model)
                for arm in one.get("arms", ()):
                    key = (int(arm["cell"]["condition_num"]), int(arm["cell"]["task_num"]))
                    if arm["cell"]["scale_values"] is not None:
                        self._rows[key] = _row(arm)
            self.description = ModelDescription(
                name=str(model["name"]),
                adapter=model["adapter"],
                template=model["template"],
                precision=str(model["precision"]),
                demo=bool(model["demo"]),
                trained_on=frozenset(map(str, model["trained_on"])),
                adapter_digest=model.get("adapter_digest"),
                model_digest=model.get("model_digest"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SocratesError(f"the prediction of this record cannot be read ({error!r})") from error

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The registered distribution of the cell.

        Raises:
            ModelError: If the record has none, or one over other options.
        """
        row = self._rows.get((cell.condition_num, cell.task_num))
        if row is None or len(row) != len(all_options(cell.scale)):
            raise ModelError(f"the record has no prediction of {cell.condition_label} on this scale")
        return AnswerDistributions(np.tile(row, (len(personas), 1)), np.ones(len(personas)))


def _row(arm: Mapping[str, Any]) -> Floats:
    """(L,) over all options, ascending, on the axis and off it."""
    on = np.array(arm["predicted"]["shares"], dtype=np.float64)
    off = np.array((arm["off_axis"] or {"predicted": []})["predicted"], dtype=np.float64)
    values = [*arm["cell"]["scale_values"], *(arm["cell"]["off_axis"] or ())]
    shares = np.concatenate([on * (1 - off.sum()), off])
    if len(values) != len(shares) or (shares < 0).any() or abs(shares.sum() - 1) > SHARES_TOLERANCE:
        raise ValueError("shares of options add up to 1")
    return np.asarray(shares[np.argsort(np.array(values))] / shares.sum())


def score_record(record: OpenedRecord, data: Path, table_map: Path, seed: int = 0) -> ScoredRecord:
    """Score a frozen prediction by the same scorer as every other prediction.

    Args:
        record: As `open_record` gives it.
        data: The table of people's answers.
        table_map: Which column is what.
        seed: Of the resamples.

    Raises:
        SocratesError: If answers or prediction cannot be read, or do not fit each other.
    """
    with TemporaryDirectory() as scratch:
        study, calibration = Path(scratch) / "study.yaml", Path(scratch) / "calibration.json"
        study.write_text(record.study, "utf-8")
        answers = ResponsesForm(file=str(data.resolve()), map=str(table_map.resolve()))
        form = read_form(study).model_copy(update={"population": None, "responses": answers})
        asked = study_of(form, Path(scratch), "the study of this record")
        found = simulate_study(asked, FrozenModel(record.prediction), Sampling(record.about["people"], 1.0, 1.0, seed))
        if len(found) != len(record.prediction["outcomes"]):
            raise SocratesError("the study of this record has other outcomes than its prediction")
        said = []
        if record.calibration is not None:
            calibration.write_text(record.calibration, "utf-8")
        for one, frozen in zip(found, record.prediction["outcomes"], strict=True):
            said.append(_said(one, frozen, calibration if record.calibration is not None else None))
    return ScoredRecord(form, found, tuple(said))


def _said(one: OutcomeResult, frozen: Mapping[str, Any], calibration: Path | None) -> Statement | None:
    """What the record said, with whether people's answers lay inside."""
    if one.simulation is None:
        return None
    told = frozen.get("trust") or {}
    if not told.get("applied") or calibration is None:
        return not_applied(str(told.get("why") or "The record states no intervals."))
    try:
        # what was tested of the people who were simulated was said when the record was made
        plain = one.simulation.profiles.select([name for name in OF_PERSON if name in one.simulation.profiles.columns])
        return statement_of(replace(one.simulation, profiles=plain), load_calibration(calibration))
    except PredictionError as error:
        return not_applied(f"The calibration of this record cannot be read: {error}.")
