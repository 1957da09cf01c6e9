"""Makes the README's pictures of the page: assets/screenshot.png, your-study.png and what-if.png.

    python -m tests.browser.pictures            # all of them
    python -m tests.browser.pictures what-if    # one

They show the demo model on this machine, in a browser window of 1280 points, reduced to 128 colours.
"""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from eval.bench.app import BROWSERS, FLAGS
from tests.browser.conftest import PATIENCE, running_app
from tests.servers.programs import ROOT

WIDTH, HEIGHT, COLOURS = 1280, 1000, 128


def screenshot(page: Page) -> None:
    """The page as it opens: a study that the demo model has just simulated."""
    page.wait_for_selector("#arms .main-svg", timeout=PATIENCE)


def your_study(page: Page) -> None:
    """The example in the editor, and beside it what people and model would read."""
    page.click("button[role=tab]:has-text('Your study')")
    page.click("#study-example")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run", timeout=PATIENCE)


def what_if(page: Page) -> None:
    """Its prediction by the demo model, beside those of its base and of guessing evenly."""
    your_study(page)
    page.click("#study-run")
    page.wait_for_selector("#study-picture .main-svg .bars", timeout=PATIENCE)
    page.click("#what-if-baselines")
    page.wait_for_selector("#what-if-picture .main-svg .bars", timeout=PATIENCE)
    page.locator("#what-if-compare").evaluate("(button) => button.scrollIntoView({ block: 'start' })")


PICTURES: dict[str, Callable[[Page], None]] = {
    "screenshot": screenshot,
    "your-study": your_study,
    "what-if": what_if,
}


def save(shot: bytes, path: Path) -> None:
    """Write a picture of few colours, which is a third of the size."""
    few = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {few.width} × {few.height}, {path.stat().st_size // 1000} kB")


def main(names: list[str]) -> None:
    """Make the pictures of these names."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)))
    with running_app() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name in names:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(PATIENCE)
            page.goto(address)
            page.wait_for_selector("#histogram .main-svg .bars", timeout=PATIENCE)
            PICTURES[name](page)
            page.wait_for_timeout(1500)  # until everything stands still
            save(page.screenshot(), ROOT / "assets" / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PICTURES))
