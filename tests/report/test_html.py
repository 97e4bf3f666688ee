"""The page as a file: one file, nothing outside, the same bytes, small, safe; the browser's part is in test_page."""

import base64
import gzip
import hashlib
import json
import re

import plotly.graph_objects as go
import pytest

from resnet_bench.report import figures, palette
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import html
from tests.make import HOSTILE, big_run, gpu_run, suite_run, troubled_run


@pytest.fixture(scope="module")
def page():
    return html.render(view.build([troubled_run()]))


def payload(content, name="data"):
    packed = re.search(rf'id="{name}">([^<]*)<', content)[1]
    return gzip.decompress(base64.b85decode(packed.replace(",", "<")))


def test_the_same_runs_give_the_same_bytes(page):
    assert html.render(view.build([troubled_run()])) == page


def test_500_cases_fit_in_1300_kilobytes_and_10_cases_in_900():
    assert len(html.render(view.build([big_run(500)])).encode()) <= 1_300_000
    assert len(html.render(view.build([suite_run()])).encode()) <= 900_000


def test_many_samples_do_not_break_the_bar():
    runs = [big_run(500, launches=1, samples=18)]
    assert len(html.render(view.build(runs)).encode()) <= 1_300_000


def test_nothing_points_outside(page):
    visible = re.sub(r'<script type="application/gzip"[^>]*>[^<]*</script>', "", page)
    assert not re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["']?\s*(?!#|data:,)(?:https?:|//)""", visible)
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|eval\(", visible)


def test_the_policy_allows_two_scripts_by_hash_and_nothing_from_outside(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
        for content in (script.encode(), payload(page, "plotly"))
    }
    assert set(rules["script-src"].split()) == hashes
    assert rules["base-uri"] == rules["form-action"] == "'none'"


def test_names_are_escaped_wherever_they_stand(page):
    assert "<img" not in page
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page
    assert HOSTILE in json.loads(payload(page))["tables"]["results"]["values"][1]


def test_the_first_rows_stand_in_the_file_for_readers_without_scripts(page):
    assert page.count('<th scope="row"><span>resnet18</span></th>') >= 2
    big = html.render(view.build([big_run(100)]))
    assert big.count("<noscript>60 more rows need JavaScript</noscript>") >= 1


def test_the_payload_holds_base_units(page):
    run = troubled_run()
    table = json.loads(payload(page))["tables"]["results"]
    keys = [column["key"] for column in table["columns"]]
    assert len(table["values"][keys.index("latency_s")]) == len(run.header.cases)
    assert table["values"][keys.index("parameters")][0] == 11_689_512


@pytest.mark.parametrize("run", [suite_run(), troubled_run(), gpu_run()], ids=["quick", "troubled", "gpu"])
def test_plotly_accepts_every_figure(run):
    document = view.build([run])
    for section in document.sections:
        for figure in section.figures:
            spec = figures.plotly_figure(figure)
            drawn = go.Figure(spec)  # raises on a property that plotly does not know
            assert len(drawn.data) == len(spec["data"])
            assert not [trace for trace in drawn.data if trace.type.endswith("gl")]


def test_names_are_text_to_plotly_too():
    document = view.build([suite_run(models=("<b>bold</b>", "<a href='javascript:alert(1)'>x</a>", "$x^2$"))])
    for section in document.sections:
        for figure in section.figures:
            for trace in figures.plotly_figure(figure)["data"]:
                assert not {"<", "$"} & set(trace["name"])


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("colours", "ground"), [(palette.LIGHT, "#ffffff"), (palette.DARK, "#121519")])
def test_colours_stand_out_from_their_ground(colours, ground):
    for colour in colours:
        dark, light = sorted((_luminance(colour), _luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 3
