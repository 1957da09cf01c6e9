"""A record and people's answers, sent to the page: scored and deleted."""

from pathlib import Path

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.report.record.making import make_record
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.reading import study_of
from socrates_core.ui.access.uploads import Upload
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.record.panel import scored_html, scored_pictures
from socrates_core.ui.record.work import score_uploads
from socrates_core.ui.results import Results

VISITOR = Visitor(None, "anyone", "address:1")
ANSWERS = "person,arm,like,note\n" + "".join(
    f"{i},{('plain', 'green')[i % 2]},{(1, 3)[i % 2]},x{i}\n" for i in range(20)
)


@pytest.fixture(scope="module")
def results() -> Results:
    return Results(open_catalogue([], frozenset()), UniformModel())


@pytest.fixture(scope="module")
def record() -> bytes:
    arms = [{"label": "plain", "text": "A menu.", "control": True}, {"label": "green", "text": "A green menu."}]
    asked = [{"name": "like", "question": "<b>Like</b> it?", "scale": {"from": 1, "to": 3}}]
    form = form_of({"socrates_study": 1, "title": "<i>Menu", "conditions": arms, "outcomes": asked}, "s")
    return make_record(form, simulate_study(study_of(form, None, "s"), UniformModel(), Sampling(5)), "")


def sent(results: Results, name: str, content: bytes) -> tuple[str, Upload]:
    upload = results.uploads.begin(name, len(content))
    upload.path.write_bytes(content)
    return results.uploads.keep(upload), upload


def both(results: Results, record: bytes, answers: str, **more: str) -> tuple[dict[str, str], list[Upload]]:
    first, zipped = sent(results, "my.zip", record)
    second, table = sent(results, "mine.csv", answers.encode())
    return {"record": first, "answers": second, **more}, [zipped, table]


def test_columns_are_found_by_the_names_of_the_study_and_the_files_are_deleted(results: Results, record: bytes) -> None:
    words, uploads = both(results, record, ANSWERS)
    found = score_uploads(results, VISITOR, words)
    assert found.taken == "Outcomes by their names (like), conditions by arm, people by person."
    head, drawn = scored_html(found)
    assert "W = 0.500" in drawn
    assert "<i>Menu" not in head + drawn
    ((name, picture),) = scored_pictures(found)
    assert (name, picture.caption) == (
        "like",
        "Means that the model gave, and people's, with 95 % intervals over samples.",
    )
    assert picture.figure.layout.meta["alt"] == (
        "Chart of the means of all conditions. plain: predicted 2.00, actual 1.00; green: predicted 2.00, actual 3.00."
    )
    assert not any(one.open for one in uploads)
    with pytest.raises(SocratesError, match="no longer here"):
        score_uploads(results, VISITOR, words)


@pytest.mark.parametrize(
    ("answers", "more", "said"),
    [
        (ANSWERS.replace("like", "liking"), {}, "no column is called as an outcome"),
        (ANSWERS.replace("green", "red"), {}, "no column holds the labels of the conditions"),
        ("simulated," + ANSWERS.replace("\n", "\ntrue,", 20), {}, "mine.csv has the column 'simulated'"),
        (ANSWERS, {"digest": "0" * 64}, "my.zip is another file than was registered"),
        (ANSWERS, {"map": "nonsense"}, "map"),
        ("", {}, "empty"),
    ],
)
def test_what_does_not_fit_is_said_with_the_visitors_names_and_both_files_go(
    answers: str, more: dict[str, str], said: str, results: Results, record: bytes
) -> None:
    if not answers:
        with pytest.raises(SocratesError, match=said):
            both(results, record, answers)
        return
    words, uploads = both(results, record, answers, **more)
    with pytest.raises(SocratesError, match=said) as refused:
        score_uploads(results, VISITOR, words)
    assert str(Path(uploads[0].path).parent.parent) + "/socrates-data" not in str(refused.value)
    assert not any(one.open for one in uploads)


def test_files_in_the_wrong_fields_are_told_apart(results: Results, record: bytes) -> None:
    words, _ = both(results, record, ANSWERS)
    with pytest.raises(SocratesError, match=r"the record, a \.zip, in the first field"):
        score_uploads(results, VISITOR, {"record": words["answers"], "answers": words["record"]})


def test_answers_that_are_no_options_are_counted_and_not_called_nobodys(results: Results, record: bytes) -> None:
    words, _ = both(results, record, ANSWERS.replace(",3,", ",7,"))
    _, drawn = scored_html(score_uploads(results, VISITOR, words))
    assert "green: not compared: none of 10 answers is an option of the scale" in drawn
