"""Makes the record of a prediction: a zip whose bytes depend on its contents alone."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.evaluation.results.provenance import versions
from socrates_core.model.folder import shown_name
from socrates_core.report.document import Section, Table, Warned, to_html
from socrates_core.report.prediction.claims import prediction_claims_csv
from socrates_core.report.prediction.files import model_words, prediction_csv, prediction_html, prediction_json
from socrates_core.report.record.profiles import MOST_ROWS, profiles_csv
from socrates_core.report.record.words import LIMITS, disclosure, items
from socrates_core.report.trust.tables import trust_sentences
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.writing import study_text
from socrates_core.trust.statement.finding import trust

FORMAT: Final = 1
"""Version of record.json."""

MANIFEST: Final = "manifest.json"
RECORD: Final = "record.json"
CALIBRATION_FILE: Final = "calibration.json"
PROFILES: Final = "profiles.csv"
CLAIMS: Final = "prediction_claims.csv"
"""Not in the first records."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that equal contents are equal bytes; the real one is in record.json."""


def make_record(
    form: StudyForm, found: Sequence[OutcomeResult], population: str, made: datetime | None = None
) -> bytes:
    """The record of a prediction.

    Args:
        form: The study, without answers of people.
        found: Its outcomes.
        population: Who is simulated, in words.
        made: The time; now if None.

    Raises:
        SocratesError: If no outcome was predicted, or the study names people's answers: it is too late then.
    """
    found = [_without_places(one) for one in found]
    first = next((one.simulation for one in found if one.simulation is not None), None)
    if first is None:
        raise SocratesError("nothing was predicted, so there is nothing to record")
    check_unanswered(form)
    when = (made or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    files = {
        "study.yaml": study_text(form),
        "prediction.json": prediction_json(form, found),
        "prediction.csv": prediction_csv(found),
        CLAIMS: prediction_claims_csv(found),
        "report.html": prediction_html(form, found),
        RECORD: _record_json(form, first, population, when),
    }
    profiles = profiles_csv(found)
    if profiles is not None:
        files[PROFILES] = profiles
    if first.model.calibration is not None and first.model.calibration.is_file():
        files[CALIBRATION_FILE] = first.model.calibration.read_text("utf-8")
    files["index.html"] = _page(form, found, first, population, when, digests(files))
    return packed({**files, MANIFEST: json.dumps(digests(files), indent=1) + "\n"})


def check_unanswered(form: StudyForm) -> None:
    """Raise a SocratesError if a study file names people's answers."""
    if form.responses is not None:
        raise SocratesError("this study names people's answers (responses): a record is made before they are known")


def digests(files: Mapping[str, str]) -> dict[str, str]:
    """Name → sha256 of each file, sorted by name."""
    return {name: hashlib.sha256(files[name].encode()).hexdigest() for name in sorted(files)}


def packed(files: Mapping[str, str]) -> bytes:
    """A zip of these files, sorted by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name].encode(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _without_places(one: OutcomeResult) -> OutcomeResult:
    """Models in folders by the folder's name: where it lies on this machine says nothing to others."""
    if one.simulation is None:
        return one
    about = one.simulation.model
    adapter = None if about.adapter is None else shown_name(about.adapter)
    model = replace(about, name=shown_name(about.name), adapter=adapter)
    return replace(one, simulation=replace(one.simulation, model=model))


def _record_json(form: StudyForm, first: Simulation, population: str, when: str) -> str:
    said = " ".join(trust_sentences(trust(first)))
    request = first.request
    content = {
        "format": FORMAT,
        "simulated": True,
        "made": when,
        "title": form.title,
        "model": model_words(first.model),
        "adapter_digest": first.model.adapter_digest,
        "precision": first.model.precision,
        "people": request.n,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "population": population,
        "versions": versions(),
        "limits": list(LIMITS),
        "disclosure": disclosure(form, first),
        "to_report": [asdict(item) for item in items(form, first, said, population)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _page(
    form: StudyForm,
    found: Sequence[OutcomeResult],
    first: Simulation,
    population: str,
    when: str,
    hashes: Mapping[str, str],
) -> str:
    said = [(one.name, trust_sentences(trust(one.simulation))) for one in found if one.simulation is not None]
    sections = [
        Section(
            "",
            [
                Warned("Synthetic output of a model. Nobody has answered this study."),
                *(Warned(f"{one.name} was not predicted. {one.refused}") for one in found if one.simulation is None),
                f"Made {when}, without any answers of people, by {model_words(first.model)}. People: {population}.",
                "report.html has the prediction"
                + (
                    f", {PROFILES} what every simulated profile is predicted to answer. "
                    if PROFILES in hashes
                    else f". There is no table of single profiles: it would have more than {MOST_ROWS:,} rows. "
                )
                + "When people have answered, score this record with: "
                "socrates record RECORD.zip --data answers.csv --map map.yaml --out scored",
            ],
        ),
        Section("Disclosure", [disclosure(form, first)]),
        Section("How far off it may be", [f"{name}: {' '.join(lines)}" for name, lines in said]),
        Section("Limits", list(LIMITS)),
        Section(
            "To report",
            [
                "What the checklist GUIDE-LLM asks for, in our own words (its wording: www.llm-checklist.com).",
                Table(
                    ("Item", "Answer"),
                    tuple((item.topic, item.answer) for item in items(form, first, " ".join(said[0][1]), population)),
                ),
            ],
        ),
        Section("Files", [Table(("File", "SHA-256"), tuple(hashes.items()))]),
    ]
    return to_html(form.title, sections)
