"""How fast the report is built and how fast its page opens; `python -m benchmarks.report_page` prints the table.

Runs are made up from a seed. The page's times come from headless Chromium itself, from `file://`: first rows and first
figure since navigation started, and a filter keystroke up to the new layout. Medians of `--rounds` loads. Bars, on an
idle machine: 500 cases built in 3 s, 1.3 MB, first figure in 0.8 s, keystroke in 100 ms; 10,000 in 20 s, 6 MB, 1.2 s.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

SIZES = (500, 10_000)
_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_MARK = "name => performance.getEntriesByName(name)[0]?.startTime ?? null"
_KEYSTROKE = """text => {
  const start = performance.now(), field = document.querySelector('#filter-text');
  field.value = text;
  field.dispatchEvent(new Event('input', {bubbles: true}));
  document.body.getBoundingClientRect();
  return performance.now() - start;
}"""


def build(cases):
    """Return the page of a made-up run of so many cases, and the seconds that its two steps took."""
    from resnet_bench.report.documents import run as view
    from resnet_bench.report.renderers import html
    from tests.make import big_run

    run = big_run(cases)
    start = time.perf_counter()
    document = view.build([run])
    built = time.perf_counter()
    page = html.render(document)
    return page, built - start, time.perf_counter() - built


def open_page(browser, path):
    """Return milliseconds to the first rows, to the library, to the first figure, and of the slowest keystroke."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri() + "#accuracy")  # the reader's first look is at a figure
    page.wait_for_selector(".plot[data-drawn]", timeout=60_000)
    marks = [page.evaluate(_MARK, name) for name in ("tables", "library", "figure")]
    keys = [page.evaluate(_KEYSTROKE, text) for text in ("r", "re", "res", "resnet50_w1", "")]
    context.close()
    return (*marks, max(keys))


def main():
    """Print one row for each size."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(" cases  document s  html s     MB  rows ms  library ms  first figure ms  keystroke ms")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        for cases in SIZES:
            content, document_s, html_s = build(cases)
            path = Path(folder) / f"{cases}.html"
            path.write_text(content, encoding="utf-8")
            loads = [open_page(browser, path) for _ in range(rounds)]
            rows, library, figure, keystroke = (statistics.median(column) for column in zip(*loads, strict=True))
            size = len(content.encode()) / 1e6
            print(
                f"{cases:6d}{document_s:12.2f}{html_s:8.2f}{size:7.2f}{rows:9.0f}{library:12.0f}{figure:17.0f}"
                f"{keystroke:14.0f}"
            )
        browser.close()


if __name__ == "__main__":
    main()
