"""Copies in the report: the best number is named, the slowest copy too, and what is of all together."""

import json

import pytest

from resnet_bench.analysis.group_scaling import latencies_of_copies_s, of_copies
from resnet_bench.analysis.published import Published
from resnet_bench.analysis.results import of_runs
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import Format, render
from tests import make


def measured(copies, latencies_s, launches=4, machine=""):
    """A case whose copies take so long each; launches differ by a thousandth."""
    of = make.case(batch_size=4, copies=copies, machine=machine)
    scaled = [[[value * (1 + 0.001 * n)] * 5 for value in latencies_s] for n in range(launches)]
    made = [
        make.launch(each[0], of=of, index=n) if copies == 1 else make.in_company(each, of=of, index=n, outside=n)
        for n, each in enumerate(scaled)
    ]
    return make.change(make.measurement([], of=of), launches=tuple(made))


RUN = make.run_of([measured(1, [0.1]), measured(2, [0.11, 0.125]), measured(4, [0.2, 0.3, 0.25, 0.25])])


def test_images_a_second_are_of_all_and_the_gain_is_over_one():
    (found,) = of_copies(of_runs([RUN], lambda _: Published(family="resnet", accuracy=None)))
    rates = [4 / 0.1, 4 / 0.11 + 4 / 0.125, 4 / 0.2 + 4 / 0.3 + 4 / 0.25 + 4 / 0.25]
    assert [it.processes for it in found.points] == [1, 2, 4]
    for point, rate in zip(found.points, rates, strict=True):
        assert point.result.throughput.median == pytest.approx(rate, rel=2e-3)
        assert point.gain.ratio == pytest.approx(rate / rates[0], rel=2e-3)
    assert found.best.first == 1
    assert found.best.proven


def test_the_latency_of_each_copy_is_the_median_over_launches():
    assert latencies_of_copies_s(RUN.measurements[1]) == (pytest.approx(0.11, rel=2e-3), pytest.approx(0.125, rel=2e-3))
    assert latencies_of_copies_s(RUN.measurements[0]) == (pytest.approx(0.1, rel=2e-3),)


def test_the_report_names_the_best_number_and_the_slowest_copy():
    document = view.build([RUN])
    text = render(document, Format.TEXT)
    assert (
        "Copies of resnet18 batch 4 96 px on cpu: 2 is the best number with 68.26 images/s in all; that is 1.71x"
        in (" ".join(text.split()))
    )
    rows = json.loads(render(document, Format.JSON))["copies"]
    assert [(it["copies"], it["slowest_copy"]) for it in rows] == [(1, None), (2, 2), (4, 2)]
    assert [it["latency_s"] for it in rows] == [pytest.approx(it, rel=2e-3) for it in (0.1, 0.125, 0.3)]
    page = render(document, Format.HTML)
    assert "Copies on one device" in page
    assert "Samples outside the time when all ran are dropped: 36 in 8 launches." in " ".join(page.split())


def test_best_names_the_number_of_copies():
    (table, advice) = view.only(view.build([RUN]), "best").sections[0].tables
    assert table.rows[0][table.index("fastest")] == "2 copies"
    assert advice.rows[0][advice.index("change")] == "2 copies instead of 1"


def test_a_run_of_one_number_of_copies_says_so_and_has_no_section():
    document = view.build([make.run_of([measured(2, [0.11, 0.125])])])
    assert document.constants.endswith("2 copies, cpu, 1 thread")
    assert "copies" not in [it.id for it in document.sections]


def test_copies_on_two_machines_are_told_apart():
    cases = [measured(copies, [0.1] * copies, machine=machine) for machine in ("a100", "h100") for copies in (1, 2)]
    document = view.build([make.run_of(cases)])
    (section,) = (it for it in document.sections if it.id == "copies")
    assert [line.partition(":")[0].rpartition(" ")[2] for line in section.lines] == ["a100", "h100"]
    (table,) = section.tables
    assert [row[table.index("case")].rpartition(" on ")[2] for row in table.rows] == ["a100", "a100", "h100", "h100"]
