"""Roofline, layers and advice in the report, and what `profile --measured` prints: golden files and promises."""

import csv
import io
import json
from random import Random

import msgspec
import plotly.graph_objects as go
import pytest

from resnet_bench.analysis.layers import By, Dissection
from resnet_bench.analysis.roofline import headroom
from resnet_bench.records import Bandwidth, MemoryFormat, Precision, Rate
from resnet_bench.report import figures
from resnet_bench.report.documents import layers
from resnet_bench.report.documents import run as view
from resnet_bench.report.figure import Role
from resnet_bench.report.renderers import Format, html, render, text
from tests import goldens
from tests.make import CEILINGS, HOSTILE, big_run, dissected, hostile_layers, roofline_layers, suite_run


@pytest.fixture(scope="module")
def run():
    return dissected()


@pytest.fixture(scope="module")
def document(run):
    return view.build([run])


def section(document, name):
    return next(it for it in document.sections if it.id == name)


def figure(document, name):
    return next(it for part in document.sections for it in part.figures if it.id == name)


def dissection(run):
    profile = run.layers[0]
    static = next(it.profile for it in run.measurements if it.case == profile.case)
    return Dissection(
        profile=profile, ceilings=CEILINGS, headroom=headroom(profile.case, static.work if static else (), (CEILINGS,))
    )


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN])
def test_golden_of_a_measured_profile_by_stage(run, form):
    goldens.check(render(layers.document([dissection(run)], By.STAGE), form), f"layers/stage{form.suffix}")


def test_the_best_section_says_that_the_default_was_not_measured():
    half = suite_run(models=("resnet18",), precisions=(Precision.BF16,), memory_formats=tuple(MemoryFormat))
    (section,) = view.only(view.build([half]), "best").sections
    assert section.paragraphs[0].startswith("The default was not measured, so there is no gain over it.")


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.LATEX])
def test_golden_of_the_best_table(run, form):
    goldens.check(render(view.only(view.build([run]), "best"), form), f"layers/best{form.suffix}")


def test_json_of_a_measured_profile_has_its_rows_with_what_follows_and_whether_they_agree(run):
    found = layers.document([dissection(run)], By.LAYER)
    (answer,) = json.loads(render(found, Format.JSON))
    assert answer["agrees"] is True
    assert answer["disagreement"] == pytest.approx(1 / 99, rel=0.1)
    conv1 = answer["layers"][0]
    assert {"time_s", "share", "macs", "moved_bytes", "intensity", "flop_per_s", "byte_per_s", "bound"} <= conv1.keys()
    assert conv1["bound"] == "compute"
    assert conv1["time_s"] == pytest.approx(3 * conv1["least_s"])
    rows = list(csv.DictReader(io.StringIO(render(found, Format.CSV))))
    assert [row["name"] for row in rows] == [row["name"] for row in answer["layers"]]


def test_parts_that_do_not_agree_are_said_loudly(run):
    found = dissection(run)
    wrong = msgspec.structs.replace(found, profile=msgspec.structs.replace(found.profile, whole_s=1.0))
    assert "THEY DO NOT AGREE" in "\n".join(layers.facts(wrong))
    assert "THEY DO NOT AGREE" not in "\n".join(layers.facts(found))


def test_every_case_has_its_headroom_and_its_share_of_peak(document):
    long = document.results
    assert {"share_of_peak", "times_roofline"} <= set(long.shown)
    for row in long.rows:
        peak, least, latency = (row[long.index(key)] for key in ("share_of_peak", "roofline_s", "latency_s"))
        assert 0 < peak < 1
        assert row[long.index("times_roofline")] == pytest.approx(latency / least)
    assert "x roofline" in text.table(document.summary, 220)


def test_a_run_without_ceilings_says_nothing_of_them():
    document = view.build([suite_run()])
    assert not {"roofline", "layers"} & {it.id for it in document.sections}
    assert not {"share_of_peak", "times_roofline"} & set(document.results.shown)


def test_the_roofline_is_drawn_from_its_ceilings(document):
    roof = figure(document, "roofline")
    slope = next(it for it in roof.series if it.role is Role.LIMIT)
    low, ridge, high = slope.x
    assert ridge == pytest.approx(1.6e11 / 1.5e10)
    assert slope.y == pytest.approx((low * 15, 160, 160))
    assert high > ridge > low
    dots = [it for it in roof.series if it.role is Role.MEASURED]
    assert {row for it in dots for row in it.rows} == set(range(len(document.results.rows)))
    assert all(y < 160 for it in dots for y in it.y)


def test_the_nearest_to_its_roofline_is_named_with_what_speaks_against_it():
    def finding(**changes):
        return figure(view.build([dissected(suite_run(**changes))]), "roofline").finding

    assert "comes nearest to its roofline" in finding(launches=6)
    assert "by medians alone (2 launches give no interval)" in finding(launches=2)
    said = finding(launches=6, noise=0.2)
    nearest = said.partition(" comes nearest")[0]
    assert "by medians alone (these launches cannot tell it from resnet" in said
    assert nearest not in said.partition("by medians alone (")[2].partition(")")[0]


def test_the_treemap_adds_up_in_each_measure(document, run):
    tiles = figure(document, "treemap").series[0].tiles
    inner = {tile.parent for tile in tiles}
    for tile in (it for it in tiles if it.id in inner):
        parts = [it for it in tiles if it.parent == tile.id]
        assert sum(it.time_s for it in parts) == pytest.approx(tile.time_s)
        assert sum(it.macs for it in parts) == tile.macs
        assert sum(it.moved_bytes for it in parts) == tile.moved_bytes
    assert tiles[0].time_s == pytest.approx(sum(profile.parts_s for profile in run.layers))


def test_the_hover_of_a_tile_with_others_in_it_says_what_all_of_them_take(document):
    drawn = figures.plotly_figure(figure(document, "treemap"))
    trace, tiles = drawn["data"][0], figure(document, "treemap").series[0].tiles
    assert "%{customdata:" in trace["hovertemplate"]
    assert trace["customdata"] == pytest.approx([tile.time_s * 1e3 for tile in tiles], rel=1e-5)
    assert all(total > 0 for total in trace["customdata"])
    macs = drawn["layout"]["updatemenus"][0]["buttons"][1]["args"][0]
    assert macs["customdata"] == [[tile.macs for tile in tiles]]


def test_bars_and_curves_end_where_the_parts_do(document, run):
    totals = [profile.parts_s * 1e3 for profile in run.layers]
    bars = {}
    for series in figure(document, "stages").series:
        for name, value in zip(series.y, series.x, strict=True):
            bars[name] = bars.get(name, 0) + value
    assert list(bars.values()) == pytest.approx(totals)
    assert [it.y[-1] for it in figure(document, "depth").series] == pytest.approx(totals)


def test_findings_are_computed(document):
    assert "layer" in figure(document, "stages").finding
    assert all("one profile" in figure(document, name).finding for name in ("stages", "treemap"))
    assert "spends" in figure(document, "layer-roofline").finding
    assert "3.00x" in figure(document, "treemap").finding
    quick = Rate(precision=Precision.FP32, matmul_flop_per_s=1.6e13, convolution_flop_per_s=None)
    faster = view.build([dissected(ceilings=msgspec.structs.replace(CEILINGS, rates=(quick,)))])
    assert "bound by memory" in figure(faster, "layer-roofline").finding.split("and")[0]


def test_disturbed_ceilings_are_marked():
    marked = msgspec.structs.replace(CEILINGS, disturbances=("other processes used 1.4 of 2 cores",), attempts=3)
    found = section(view.build([dissected(ceilings=marked)]), "roofline")
    assert "may be too low" in found.paragraphs[0]
    assert "other processes used 1.4 of 2 cores" in found.tables[0].rows[0]


def test_plotly_takes_every_figure(document):
    for name in ("roofline", "stages", "treemap", "depth", "layer-roofline"):
        drawn = figures.plotly_figure(figure(document, name))
        assert go.Figure(drawn).to_dict()["data"]


def test_names_of_layers_are_data():
    page = html.render(view.build([hostile_layers()]))
    assert "<img src=x" not in page
    treemap = figures.plotly_figure(figure(view.build([hostile_layers()]), "treemap"))
    assert not any("<img" in label for label in treemap["data"][0]["labels"])
    assert HOSTILE in [row[0] for row in section(view.build([hostile_layers()]), "layers").tables[0].rows] + [
        row[1] for row in section(view.build([hostile_layers()]), "layers").tables[0].rows
    ]


def test_the_page_stays_within_its_size_with_500_cases_and_layers():
    run = suite_run(models=tuple(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)), launches=3)
    noise = Random(1)
    cases = [it.case for it in run.measurements if it.case.batch_size == 4]
    big = big_run(500)
    many = msgspec.structs.replace(
        big,
        layers=tuple(roofline_layers(case, noise=noise) for case in cases),
        header=msgspec.structs.replace(big.header, ceilings=(CEILINGS,)),
    )
    document = view.build([many])
    assert len(html.render(document).encode()) <= 2_500_000
    found = section(document, "layers")
    assert "first 3 cases" in found.paragraphs[1]
    assert len({row[0] for row in found.tables[0].rows}) == 3
    assert len({name for series in found.figures[0].series for name in series.y}) == 5


def test_a_copy_in_caches_never_lowers_the_ceiling_of_memory():
    slow_small = msgspec.structs.replace(
        CEILINGS, bandwidths=(Bandwidth(moved_bytes=1, byte_per_s=1.0), Bandwidth(moved_bytes=9, byte_per_s=5.0))
    )
    assert slow_small.byte_per_s(1) == slow_small.memory_byte_per_s == 5.0
