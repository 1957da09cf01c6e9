"""Pages made of sections: what a long one begins with, and sections of several kinds of studies."""

from socrates_core.report.document import LONG, Section, to_html

EVIL = "<img src=x>"


def test_a_long_page_begins_with_links_to_its_sections_and_a_short_one_does_not() -> None:
    short = [Section("", ["At first."]), *(Section(f"Part {i}", ["."]) for i in range(LONG - 1))]
    assert 'class="contents"' not in to_html("Short", short)
    page = to_html("Long", [*short, Section(EVIL, ["."])])
    assert f'<a href="#section-{LONG}">&lt;img src=x&gt;</a>' in page
    assert f'<h2 id="section-{LONG}">&lt;img src=x&gt;</h2>' in page
    assert EVIL not in page


def test_kinds_of_studies_are_chosen_and_one_kind_needs_no_choice() -> None:
    real, synthetic = Section("A", ["."], "real"), Section("B", ["."], "synthetic")
    page = to_html("Two", [Section("", ["Both."]), real, synthetic])
    assert page.count("<fieldset") == 1
    assert 'value="real" checked' in page
    assert page.index("Both.") < page.index("<fieldset") < page.index("section-1")
    assert "<fieldset" not in to_html("One", [Section("", ["."]), real])
