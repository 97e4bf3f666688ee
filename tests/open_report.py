"""Open a report in headless Chromium from disk and fail on an error, a request to elsewhere, or a missing figure."""

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def main(path: Path) -> None:
    troubles: list[str] = []
    url = path.resolve().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.on("console", lambda message: troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", lambda request: troubles.append(request.url[:100]) if request.url != url else None)
        page.goto(url)
        page.wait_for_selector(".main-svg", timeout=120_000)
        title, rows = page.title(), page.locator("table tbody tr").count()
        browser.close()
    if troubles or not rows:
        sys.exit(f"{path}: {rows} rows; {'; '.join(troubles)}")
    print(f"opened: {title}, {rows} table rows, a figure drawn, nothing asked of the network")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
