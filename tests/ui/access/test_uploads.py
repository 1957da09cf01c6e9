import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.uploads import Upload, Uploads, delete_leftovers
from socrates_core.ui.access.visitors import DEFAULTS, Policy
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.upload import PATH, upload_route


@pytest.fixture
def results() -> Results:
    policy = Policy(DEFAULTS, space=False, sign_in=False)
    return Results(open_catalogue([], ()), UniformModel(), policy=policy, uploads=Uploads(largest=1_000, in_all=1_500))


@pytest.fixture
def client(results: Results) -> TestClient:
    return TestClient(Starlette(routes=[upload_route(results)]))


def send(client: TestClient, content: bytes, name: str = "survey.csv") -> tuple[int, str]:
    answer = client.post(PATH, content=content, headers={"x-file-name": name})
    return answer.status_code, answer.json()["word"] if answer.status_code == 200 else answer.text


def test_a_file_is_taken_once_by_who_has_its_word(client: TestClient, results: Results) -> None:
    status, word = send(client, b"a,b\n1,2\n", "my%20survey%20%3Cb%3E.CSV")
    assert status == 200
    assert len(word) >= 32
    upload = results.uploads.take(word)
    assert (upload.name, upload.path.name, upload.size) == ("my survey <b>.CSV", "answers.csv", 8)
    assert upload.path.read_bytes() == b"a,b\n1,2\n"
    for wrong in (word, "", None, 3, "../survey.csv"):
        with pytest.raises(SocratesError, match="no longer here"):
            results.uploads.take(wrong)


def test_a_survey_file_joins_the_answers_that_it_belongs_to(client: TestClient, results: Results) -> None:
    word = send(client, b"a,b\n1,2\n")[1]
    headers = {"x-file-name": "My%20survey.qsf", "x-belongs-to": word}
    assert client.post(PATH, content=b"{}", headers=headers).json() == {"word": word}
    upload = results.uploads.take(word)
    assert (upload.path.with_name("answers.qsf").read_bytes(), upload.size) == (b"{}", 10)
    late = client.post(PATH, content=b"{}", headers=headers)
    assert (late.status_code, "together with the survey file" in late.text) == (400, True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "answers.csv"),
        ("C:\\Users\\ann\\survey.SAV", "answers.sav"),
        ("a\nb.tar.csv.gz", "answers.csv.gz"),
        ("\x00.csv", "answers.csv"),
        (f"{'x' * 5000}.csv", "answers.csv"),
    ],
)
def test_nothing_of_a_name_but_its_ending_becomes_a_path(name: str, kept: str) -> None:
    upload = Upload(name)
    assert upload.path.name == kept
    assert len(upload.name) <= 130
    assert upload.name.isprintable()
    assert "/" not in upload.name


@pytest.mark.parametrize(
    ("content", "name", "status", "problem"),
    [
        (b"", "a.csv", 400, "The file is empty."),
        (b"x" * 1_001, "a.csv", 413, "the page takes up to"),
        (b"x", "a.exe", 400, "'a.exe' is not read here: its name ends in '.exe', expected .csv"),
        (b"x", "", 400, "its name ends in 'nothing'"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_line(
    client: TestClient, content: bytes, name: str, status: int, problem: str
) -> None:
    got, words = send(client, content, name)
    assert got == status
    assert problem in words


def test_all_files_together_have_a_limit_which_closing_frees(client: TestClient, results: Results) -> None:
    first = results.uploads.take(send(client, b"x" * 800)[1])
    assert send(client, b"x" * 800) == (400, "Many people have data open here. Try again later, or use the command "
                                        "line.\n")  # fmt: skip
    first.close()
    assert not first.path.exists()
    assert send(client, b"x" * 800)[0] == 200


def test_a_file_on_its_way_counts_with_all_that_it_will_have() -> None:
    uploads = Uploads(largest=1_000, in_all=1_500)
    coming = uploads.begin("a.csv", 800)  # and nothing of it is here yet
    with pytest.raises(SocratesError, match="Many people have data open here"):
        uploads.begin("b.csv", 800)
    uploads.add(coming, 600)  # a survey file beside it
    with pytest.raises(SocratesError, match="Many people"):
        uploads.begin("b.csv", 101)
    coming.close()  # its page was closed before it had come
    assert uploads.begin("b.csv", 1_000).open


def test_a_file_goes_with_the_page_that_has_it() -> None:
    upload = Upload("a.csv")
    upload.path.write_text("a")
    place: Path = upload.path
    del upload
    gc.collect()
    assert not place.parent.exists()


def test_what_a_killed_app_left_is_deleted_by_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = Upload("a.csv")
    mine.path.write_text("a")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, other = tmp_path / f"socrates-data-{ended.pid}-abc", tmp_path / "socrates-data-notes"
    left.mkdir()
    other.mkdir()
    delete_leftovers()
    assert not left.exists()
    assert other.exists()
    assert mine.path.exists()


def test_sending_files_counts_against_the_rate_limit(results: Results) -> None:
    results.limits = Limits(burst=50, clock=lambda: 0.0)
    client = TestClient(Starlette(routes=[upload_route(results)]))
    assert [send(client, b"x")[0] for _ in range(4)] == [200, 200, 400, 400]  # 20 each


def test_who_may_not_simulate_may_send_nothing() -> None:
    policy = Policy({**DEFAULTS, "simulate": "owner"}, space=False, sign_in=False)
    closed = Results(open_catalogue([], ()), UniformModel(), policy=policy)
    assert send(TestClient(Starlette(routes=[upload_route(closed)])), b"x")[0] == 403
    assert len(closed.uploads._waiting) == 0
