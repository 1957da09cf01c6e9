from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.errors import LaunchError
from socrates_core.people.sending import are_public, words_on_sending
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.loading.sending import check_people
from tests.tables import plain

OWN = plain("a", real=["a"])


def test_bundled_studies_those_of_the_hub_and_made_up_ones_are_public() -> None:
    assert are_public(load_bundled())
    assert are_public(replace(OWN, manifest=replace(OWN.manifest, revision="abc")))
    assert are_public(plain("a"))
    assert not are_public(OWN)


def test_what_would_be_sent_is_named_with_its_destination() -> None:
    assert words_on_sending(OWN, ["a"], "m@http://x/v1") == (
        "to m@http://x/v1: age, gender of up to 4 people, and the texts and questions that they read. Their answers, "
        "ids and weights stay here."
    )
    nobody = replace(OWN, participants=OWN.participants.drop("age", "gender"))
    assert words_on_sending(nobody, ["a"], "x").startswith("to x: nothing about people")


def test_the_page_does_not_open_with_an_endpoint_and_own_people_unasked(tmp_path: Path) -> None:
    OWN.save(tmp_path / "mine")
    catalogue = open_catalogue([tmp_path / "mine"], ())
    with pytest.raises(LaunchError, match=r"mine .own folder.: a simulation would send to m@http://x/v1: age, gender"):
        check_people(catalogue, "endpoint:m@http://x/v1")
    check_people(catalogue, "uniform")
    check_people(open_catalogue([], ()), "endpoint:m@http://x/v1")
