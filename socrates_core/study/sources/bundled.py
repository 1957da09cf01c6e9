"""The bundled studies: real ones as counts with paraphrased texts, and the synthetic society.

In `assets/studies/`, `real.json` has titles, stimuli (paraphrased, never the original wording) and the counts of
fourteen classic experiments. `gss_counts.csv` counts the answers to eleven wording experiments of the General Social
Survey by party, gender, age group and education; a row is a group of people, and every person counted becomes a
participant with those four attributes. `more_real.py` reads 41 more. `society/` is the study folder of the synthetic
society, which `socrates_core.study.sources.society.society` generates.

**Groups.** The 66 real studies are 26 independent groups. A group is one experiment with all its outcomes, its
variants and its replications, or one poll with all its questions. The eleven wording experiments are one group: the
same people answered all of them, and one random draw gave them all first or all second wordings. Disease framing is
there twice, as the trolley problem is. Many Labs 1, Many Labs 2 and Twin-2K-500 asked one pool of people about many
unrelated experiments, each randomised by itself: there, an experiment is a group. Who counts every pool of people once
has 12.

**Split.** `split.json` divides the groups once; `train.demo.studies` makes it and says how.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import polars as pl

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.files import ASSETS, read_json
from socrates_core.study.sources.counted import CountedStudy, counted_set, option_counts
from socrates_core.study.sources.more_real import POLL_ATTRIBUTES, more_real_studies
from socrates_core.study.study_set import Cell, Manifest, Study, StudySet

BUNDLED: Final = "bundled"
"""The name of what comes with the software."""

BUNDLED_STUDIES: Final = ASSETS / "studies"

GSS_ATTRIBUTES: Final = ("party_id", "gender", "age_group", "education")
GSS_ANSWERS: Final = {"too_little": 1, "about_right": 2, "too_much": 3}
"""Column of counts → the answer that it counts."""
GSS_FORMS: Final = ("x", "y")
"""The two wordings, in order of condition_num."""


def load_bundled() -> StudySet:
    """All bundled studies: 66 real ones (11 of the GSS, 14 classic, 41 more), then 210 synthetic ones."""
    return joined(load_real(), StudySet.load(BUNDLED_STUDIES / "society"))


def joined(real: StudySet, society: StudySet) -> StudySet:
    """Both in one set; the society's cells and participants are numbered after the real ones."""
    new_cell_id = pl.col("cell_id") + len(real.cells)
    new_participant_id = pl.col("participant_id") + len(real.participants)
    participants = society.participants.with_columns(new_participant_id)
    counts = {name: number + society.manifest.counts[name] for name, number in real.manifest.counts.items()}
    return StudySet(
        studies=pl.concat([real.studies, society.studies]),
        cells=pl.concat([real.cells, society.cells.with_columns(new_cell_id)]),
        participants=pl.concat([real.participants, participants], how="diagonal"),
        responses=pl.concat([real.responses, society.responses.with_columns(new_cell_id, new_participant_id)]),
        manifest=Manifest(source=BUNDLED, counts=counts),
    )


def load_real() -> StudySet:
    """The 66 real studies, one participant per counted answer."""
    found = _gss_and_classic()
    found += more_real_studies(_cells_of(found))
    attributes = dict.fromkeys([*GSS_ATTRIBUTES, *POLL_ATTRIBUTES])
    return counted_set(found, list(attributes), "bundled real studies")


def paraphrased_texts() -> list[str]:
    """The stimuli of GSS and classic experiments, without answers: the demo model's tokenizer was trained on them."""
    return [cell.stimulus for one in _gss_and_classic() for cell in one.cells]


def _gss_and_classic() -> list[CountedStudy]:
    raw = read_json(BUNDLED_STUDIES / "real.json")
    found: list[CountedStudy] = []
    for topic in raw["gss"]["topics"]:
        found.append(_gss_study(raw["gss"], topic, _cells_of(found)))
    for classic in raw["classic"]["studies"]:
        found.append(_classic_study(raw["classic"], classic, _cells_of(found)))
    return found


def _cells_of(found: Sequence[CountedStudy]) -> int:
    return sum(len(one.cells) for one in found)


# -- the General Social Survey ----------------------------------------------------------------------------------


def _gss_study(gss: Mapping[str, Any], topic: Mapping[str, Any], first_cell_id: int) -> CountedStudy:
    study = Study(
        study_id=f"gss-{topic['topic'].replace('_', '-')}",
        title=topic["title"],
        source=gss["source"],
        licence=gss["licence"],
        citation=gss["citation"],
        kind="experiment",
        real=True,
        group=gss["group"],
    )
    labels = {int(option): label for option, label in gss["options"].items()}
    cells = tuple(
        Cell(
            cell_id=first_cell_id + i,
            study_id=study.study_id,
            condition_num=i + 1,
            task_num=1,
            stimulus=gss["stimulus"].format(wording=topic["wordings"][form]),
            scale=AnswerScale(tuple(labels), labels),
            condition=topic["wordings"][form],
        )
        for i, form in enumerate(GSS_FORMS)
    )
    return CountedStudy(study, cells, tuple(_gss_counts(topic["topic"], form) for form in GSS_FORMS))


@cache
def _gss_table() -> pl.DataFrame:
    return pl.read_csv((BUNDLED_STUDIES / "gss_counts.csv").read_bytes())


def _gss_counts(topic: str, form: str) -> pl.DataFrame:
    """One row per group of people and answer of one cell: response, count, and the four attributes."""
    rows = _gss_table().filter(pl.col("topic") == topic, pl.col("form") == form)
    long = rows.unpivot(list(GSS_ANSWERS), index=list(GSS_ATTRIBUTES), variable_name="answer", value_name="count")
    response = pl.col("answer").replace_strict(GSS_ANSWERS, return_dtype=pl.Int64)
    return long.select(response.alias("response"), "count", *GSS_ATTRIBUTES)


# -- classic experiments ----------------------------------------------------------------------------------------


def _classic_study(classics: Mapping[str, Any], classic: Mapping[str, Any], first_cell_id: int) -> CountedStudy:
    study = Study(
        study_id=f"classic-{classic['id'].replace('_', '-')}",
        title=classic["title"],
        source=classic["source"],
        licence=classics["licence"],
        citation=classic["citation"],
        kind="experiment",
        real=True,
        group=classic.get("group", ""),
    )
    labels = {int(option): label for option, label in classic["labels"].items()}
    cells = tuple(
        Cell(
            cell_id=first_cell_id + i,
            study_id=study.study_id,
            condition_num=i + 1,
            task_num=1,
            stimulus=condition["stimulus"],
            scale=AnswerScale(tuple(classic["options"]), labels),
            condition=condition["label"],
        )
        for i, condition in enumerate(classic["conditions"])
    )
    pairs = zip(cells, classic["conditions"], strict=True)
    return CountedStudy(study, cells, tuple(option_counts(cell, one["counts"]) for cell, one in pairs))
