"""Corrected figures stand beside raw ones under names that stay, and a report says what the correction brought."""

import csv
import io
import json

import pytest

from resnet_bench.analysis.digest import digest
from resnet_bench.report.documents import run as view
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, render
from tests import make

SPEEDS = (1.0, 1.03, 1.06, 1.09, 1.12, 1.15)
OWN = (1.0, 1.02, 0.99, 1.01, 0.98, 1.0)
NAMES = (
    *("latency_s", "latency_corrected_s", "latency_corrected_low_s", "latency_corrected_high_s"),
    *("throughput_images_per_s", "throughput_corrected_images_per_s"),
    *("throughput_corrected_low_images_per_s", "throughput_corrected_high_images_per_s"),
)
SPREADS = ("launch_spread_raw", "launch_spread_cpu", "launch_spread_corrected")


def a_run():
    """Launches that others slowed by up to 15 %, and that differ by 4 % on their own account, beside a reference."""
    launches = []
    for index, (speed, own) in enumerate(zip(SPEEDS, OWN, strict=True)):
        made = make.launch([0.05 * speed * own] * 6, index=index)
        beside = make.beside_reference(made, 0.003 * speed)
        both = {}
        for name in ("isolated", "back_to_back"):
            of = getattr(beside, name)
            cpu_s = [0.98 * it for it in of.elapsed_s]
            reference = make.change(of.reference, cpu_s=tuple(0.98 * it for it in of.reference.elapsed_s))
            both[name] = make.change(of, cpu_s=tuple(cpu_s), reference=reference)
        launches.append(make.change(beside, **both))
    return make.run_of([make.change(make.measurement([[0.05]]), launches=tuple(launches))])


@pytest.fixture(scope="module")
def document():
    return view.build([a_run()])


def rows(document):
    """The one case as JSON, as CSV and as a frame hold it."""
    (from_json,) = json.loads(render(document, Format.JSON))["results"]
    (from_csv,) = csv.DictReader(io.StringIO(render(document, Format.CSV)))
    (from_frame,) = frame_of(document.rows()).to_dict("records")
    return from_json, {key: float(from_csv[key]) for key in (*NAMES, *SPREADS)}, from_frame


@pytest.mark.parametrize("form", range(3), ids=["JSON", "CSV", "frame"])
def test_raw_and_corrected_figures_have_their_names(document, form):
    latency, throughput = digest(a_run()).cases[0].summaries[:2]
    found = rows(document)[form]
    figures = []
    for it in (latency, throughput):
        corrected = it.corrected
        figures += [it.median, corrected.median, corrected.interval.low, corrected.interval.high]
    assert [found[name] for name in NAMES] == pytest.approx(figures)
    correction = latency.corrected.correction
    assert [found[name] for name in SPREADS] == pytest.approx(
        [correction.spread_raw, correction.spread_cpu, correction.spread_corrected]
    )
    assert found["launch_spread_corrected"] < found["launch_spread_raw"] / 2


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.JSON, Format.HTML])
def test_a_report_says_what_the_correction_brought(document, form):
    said = " ".join(render(document, form).split())
    assert "between launches 4.9 % raw, 4.9 % CPU time, 1.4 % corrected for drift" in said
