"""What the tab Help says is true to the software."""

import re

import yaml

from socrates_core import __version__
from socrates_core.ui.access.visitors import Policy
from socrates_core.ui.help.view import GLOSSARY, PAPER, help_html, privacy
from tests.test_house import ROOT

HERE = Policy.from_environment({})
ON_A_SPACE = Policy.from_environment({"SYSTEM": "spaces"})


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_it_cites_what_the_citation_file_states() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    (paper,) = cited["references"]
    page = words(help_html(HERE, {}))
    assert f"{cited['authors'][0]['name']}. {cited['title']} , version {cited['version']}" in page
    assert (paper["title"], paper["url"]) == (PAPER["title"], PAPER["url"])
    assert (f"({paper['year']})" in page, paper["conference"]["name"]) == (True, PAPER["venue"])
    assert all(f"{one['given-names']} {one['family-names']}" in PAPER["authors"] for one in paper["authors"])
    assert cited["license"] == "Apache-2.0"
    assert f"Socrates {__version__}, under the Apache License 2.0" in page


def test_every_limit_that_a_newcomer_must_know_is_there() -> None:
    page = words(help_html(HERE, {}))
    for said in ("groups, not individuals", "United States", "in English", "simulated people", "drawn with a seed"):
        assert said in page
    assert {"study", "outcome", "cell", "persona", "adapter", "run", "report", "split"} <= set(GLOSSARY)


def test_periods_are_those_of_the_code_and_places_those_of_the_policy() -> None:
    here, space = " ".join(privacy(HERE)), " ".join(privacy(ON_A_SPACE))
    assert "at most 8 hours" in here
    assert "after 10 minutes if no page takes it" in here
    assert "the machine that this app runs on" in here
    assert "the server of this Space" in space


def test_a_problem_is_reported_where_the_space_is_and_its_name_is_only_text() -> None:
    assert "spaces/ada/socrates/discussions" in help_html(ON_A_SPACE, {"SPACE_ID": "ada/socrates"})
    assert "discussions" not in help_html(HERE, {"SPACE_ID": "ada/socrates"})
    assert "<img" not in help_html(ON_A_SPACE, {"SPACE_ID": "'><img src=x>"})
