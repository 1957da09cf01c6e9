"""Every tab, read by axe: the rules of the Web Content Accessibility Guidelines that a program can check."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit

ARGUMENTS: list[str] = []
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
expect.set_options(timeout=PATIENCE)


def violations(page: Page) -> list[str]:
    """What axe objects to: the rule, and the first elements."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_tab_breaks_a_rule_of_accessibility(
    width: int, scheme: Literal["light", "dark"], app: str, visit: Callable[..., Visit]
) -> None:
    page = visit(width, scheme).open(app)
    expect(page.locator("#trust section")).to_be_visible()
    told = {}
    for name in page.get_by_role("tab").all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        if name == "Your study":
            page.get_by_role("button", name="Load the example").click()
            expect(page.locator("#study-summary .ready")).to_be_visible()
        if name == "Evaluate":
            expect(page.locator("#run-preview")).to_contain_text(
                "Tokens to compute"
            )  # counted to the end, no longer faded
        expect(page.locator(".pending:visible, .generating:visible")).to_have_count(0)
        if found := violations(page):
            told[name] = found
    assert told == {}
