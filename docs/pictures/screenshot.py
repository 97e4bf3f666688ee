"""The README's picture of a page's first screen: `python docs/pictures/screenshot.py`, by playwright and chromium."""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "reports" / "published" / "intel-xeon-2-cores" / "report.html"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def main():
    """Take it at 1280 x 800."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(PAGE.as_uri())
        page.wait_for_selector("html[data-library]")
        page.wait_for_selector(".hero .plot[data-drawn]")
        page.wait_for_timeout(300)
        page.screenshot(path=HERE / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
