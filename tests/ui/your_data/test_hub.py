import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import datasets
import polars as pl
import pytest
from huggingface_hub import constants

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.study.prepare import show_proposal
from socrates_core.study.sources.hub_dataset import HubName
from socrates_core.study.sources.table.map.form import read_map
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.uploads import Uploads
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.hub import hub_name, hub_upload
from socrates_core.ui.your_data.view import found_html, keep_html, preview_html
from socrates_core.ui.your_data.work import opened, read
from tests.servers.dataset_hub import COMMIT, DatasetHub

OWNER = Visitor(None, "owner", "address:1")
STRANGER = Visitor(None, "anyone", "address:2")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetHub]:
    """A poll with a row a person, in two files: q1 is 1, 2, 3 and then 4, 5, 1 in turn."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "data").mkdir()
    for part in range(2):
        answers = [[1, 2, 3], [4, 5, 1]][part] * 10
        arms = ["new", "old", "old"] * 10
        people = {"id": [f"{part}-{i}" for i in range(30)], "email": ["a@b.org"] * 30, "arm": arms, "q1": answers}
        pl.DataFrame(people).write_parquet(folder / "data" / f"train-{part:05d}-of-00002.parquet")
    with DatasetHub(folder) as served:
        yield served


@pytest.fixture
def results(hub: DatasetHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Results:
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    address = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_space")
    hub.requests.clear()
    return Results(open_catalogue([], ()), UniformModel(), policy=Policy(DEFAULTS, space=False, sign_in=False))


def test_a_data_set_of_the_hub_is_proposed_and_read_as_an_upload_is(
    results: Results, hub: DatasetHub, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    upload = hub_upload(results, OWNER, None, "me/polls", lambda *step: seen.append(step))
    assert seen[-1] == (upload.size, upload.size)  # all bytes of both files have come
    own = opened(upload)
    assert [guess.role for guess in own.proposal.guesses] == ["participant", "left out", "condition", "outcome"]
    own = read(own, own.base)
    assert own.studies is not None
    assert own.studies.manifest.revision == COMMIT
    answers = {
        cell.condition: own.studies.answers(cell.cell_id) for cell in own.studies.cells_of(own.studies.study_ids[0])
    }
    means = {condition: found.responses.mean() for condition, found in answers.items()}
    assert means == pytest.approx({"new": 2.5, "old": 2.75})  # 1 and 4; 2, 3, 5 and 1
    assert f"me/polls at {COMMIT[:7]}" in found_html(own)
    assert "60 people, 60 answers" in preview_html(own)
    assert f"--source hub:me/polls@{COMMIT} --map map.yaml" in keep_html(own)
    # it is in a folder that goes with the page, and the server's own token was sent nowhere
    assert tmp_path in upload.path.parents
    upload.close()
    assert list(tmp_path.glob("socrates-data-*")) == []
    assert {request.authorization for request in hub.requests} == {None}


def test_the_token_that_is_sent_is_the_visitors_own(results: Results, hub: DatasetHub) -> None:
    hub_upload(results, OWNER, "hf_mine", "me/polls@main").close()
    assert {request.authorization for request in hub.requests} == {"Bearer hf_mine"}


def test_what_may_not_be_fetched_is_refused_before_anything_is_asked_for(results: Results, hub: DatasetHub) -> None:
    with pytest.raises(SocratesError, match="Only the owner of this app may fetch adapters and data sets from the Hub"):
        hub_upload(results, STRANGER, None, "me/polls")
    with pytest.raises(SocratesError, match="'a/b/c' does not name a data set; expected OWNER/NAME"):
        hub_upload(results, OWNER, None, "a/b/c")
    policy = Policy({**DEFAULTS, "pull": "anyone"}, space=False, sign_in=False)
    open_to_all = replace(results, started=results.model, policy=policy)
    open_to_all.limits = Limits(burst=1_000, clock=lambda: 0.0)
    hub_upload(open_to_all, STRANGER, None, "me/polls").close()
    hub.requests.clear()
    with pytest.raises(SocratesError, match="Try again in"):
        hub_upload(open_to_all, STRANGER, None, "me/polls")
    assert hub.requests == []


def test_a_data_set_that_is_too_large_or_not_there_leaves_nothing(
    results: Results, hub: DatasetHub, tmp_path: Path
) -> None:
    results.uploads = Uploads(largest=1_000, in_all=10_000)
    with pytest.raises(SocratesError, match=r"me/polls has \d+ MB; up to \d+ MB are fetched here"):
        hub_upload(results, OWNER, None, "me/polls")
    assert hub.downloads("train-00000-of-00002.parquet") == []
    with pytest.raises(SocratesError, match="has no revision 'v9'"):
        hub_upload(results, OWNER, None, "me/polls@v9")
    assert list(tmp_path.glob("socrates-data-*")) == []
    assert results.uploads.begin("a.csv", 1_000).open  # and takes no room


@pytest.mark.parametrize("words", ["me/polls", " hub:me/polls ", "https://huggingface.co/datasets/me/polls/"])
def test_a_name_is_taken_as_people_paste_it(words: str) -> None:
    assert hub_name(words) == HubName("me/polls")
    assert re.fullmatch(r"[\w/]+", hub_name(words).repo_id)


def test_the_command_proposes_the_same_map_and_pins_the_commit(
    results: Results, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_DATASETS_CACHE", raising=False)
    show_proposal("hub:me/polls@main", tmp_path / "map.yaml")
    own = opened(hub_upload(results, OWNER, None, "me/polls"))
    assert read_map(tmp_path / "map.yaml") == own.base
    assert f"python -m train.prepare --source hub:me/polls@{COMMIT} --map" in capsys.readouterr().out
