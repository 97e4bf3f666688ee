"""Training over ranks in the report: efficiency against one process, with its interval, and what ranks said."""

import json

import pytest

from resnet_bench.analysis.group_scaling import of_ranks
from resnet_bench.analysis.published import Published
from resnet_bench.analysis.results import of_runs
from resnet_bench.records import Communication, Memory, MemoryFormat, Mode, Rank, Scaling
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import Format, render
from resnet_bench.report.rows import objects
from tests import make

MIB = 2**20
TOLD = Communication(
    backend="gloo",
    gradient_bytes=100 * MIB,
    bucket_bytes=(75 * MIB, 25 * MIB),
    reduced_s=(0.4, 0.4, 0.4),
    alone_s=(0.3, 0.3, 0.3),
    link_byte_per_s=1000.0 * MIB,
)


def measured(ranks, step_s, scaling=Scaling.WEAK, launches=4):
    """A training step of 8 images that takes so long; launches differ by a thousandth."""
    of = make.case(mode=Mode.TRAINING, batch_size=8, world_size=ranks, scaling=scaling)
    several = (
        {} if ranks == 1 else dict(communication=TOLD, ranks=(Rank(memory=Memory(peak_rss_bytes=300 * MIB)),) * ranks)
    )
    made = tuple(make.launch([step_s * (1 + 0.001 * n)] * 5, of=of, index=n, **several) for n in range(launches))
    return make.change(make.measurement([], of=of), launches=made)


RUN = make.run_of(
    [measured(1, 0.1), measured(2, 0.125), measured(4, 0.2), measured(2, 0.0625, Scaling.STRONG)],
)


def test_efficiency_is_that_of_images_a_second_over_as_many_times_one():
    weak, strong = of_ranks(of_runs([RUN], lambda _: Published(family="resnet", accuracy=None)))
    assert [it.processes for it in weak.points] == [1, 2, 4]
    # Weak: each rank has 8 images. T(2) = 16 / 0.125, T(1) = 8 / 0.1.
    assert [it.efficiency.ratio for it in weak.points] == pytest.approx([1.0, 0.8, 0.5])
    # Strong: both share them. T(2) = 8 / 0.0625.
    assert [it.efficiency.ratio for it in strong.points] == pytest.approx([1.0, 0.8])
    for point in (*weak.points, *strong.points):
        found = point.efficiency
        assert found.interval.low <= found.ratio <= found.interval.high


def test_without_the_step_of_one_process_there_is_no_efficiency():
    (found,) = of_ranks(
        of_runs(
            [make.run_of([measured(2, 0.1), measured(4, 0.1)])], lambda _: Published(family="resnet", accuracy=None)
        )
    )
    assert [it.efficiency for it in found.points] == [None, None]
    text = render(view.build([make.run_of([measured(2, 0.1), measured(4, 0.1)])]), Format.TEXT)
    assert "one process was not measured, so there is no efficiency." in " ".join(text.split())


def test_the_report_has_the_curve_and_what_ranks_said():
    document = view.build([RUN])
    text = " ".join(render(document, Format.TEXT).split())
    assert (
        "Weak scaling of resnet18 batch 8 96 px training on cpu: 4 ranks give 159.8 images/s, an efficiency of 50 %"
        in text
    )
    (section,) = [it for it in document.sections if it.id == "ranks"]
    (figure,) = section.figures
    assert figure.series[0].x == (1, 2, 4)
    assert figure.series[0].y == pytest.approx((100, 80, 50))
    assert figure.series[0].low[0] is None
    assert set(figure.series[-1].y) == {100.0}
    rows = json.loads(render(document, Format.JSON))["ranks"]
    two = next(it for it in rows if it["world_size"] == 2)
    assert two["communication_share"] == pytest.approx(0.25)
    assert two["gradient_bytes"] == 100 * MIB
    assert two["bucket_bytes"] == "75.00 MiB, 25.00 MiB"
    assert two["reduction_s"] == pytest.approx(0.1)
    assert two["memory_by_rank"] == "300.0, 300.0"
    assert "begins at a barrier and lasts as long as on the slowest rank" in " ".join(
        render(document, Format.HTML).split()
    )


def test_what_would_be_faster_tells_one_process_of_no_ranks():
    cases = [
        make.case(mode=mode, batch_size=8, world_size=ranks, memory_format=form)
        for mode, ranks in ((Mode.INFERENCE, 1), (Mode.TRAINING, 1), (Mode.TRAINING, 2))
        for form in MemoryFormat
    ]
    document = view.build([make.run_of([make.measurement([[0.1] * 5] * 3, of=of) for of in cases])])
    (section,) = (it for it in document.sections if it.id == "best")
    told = {(row["mode"], row["world_size"], row["scaling"], row["nodes"]) for row in objects(section.tables[0])}
    assert told == {("inference", None, None, None), ("training", 1, None, None), ("training", 2, "weak", 1)}
