"""Which figures a report has follows from what varies: a table of cases, and a run for each."""

import pytest

from resnet_bench.analysis.published import Published
from resnet_bench.records import Precision
from resnet_bench.report.documents import run as view
from resnet_bench.report.figure import Role
from resnet_bench.report.sections.varies import Shape, Varies, shapes
from tests.make import suite_run

ACCURACY = {"resnet18": 0.698, "resnet34": 0.733, "resnet50": 0.761}


def build(*runs):
    return view.build(runs, catalog=lambda name: Published(family="resnet", accuracy=ACCURACY.get(name)))


def figures(document):
    return [it.id for section in document.sections for it in section.figures]


@pytest.mark.parametrize(
    ("accuracies", "batch_sizes", "configurations", "expected"),
    [
        (0, 0, 0, ()),
        (1, 1, 1, ()),
        (1, 4, 1, (Shape.CURVES,)),
        (1, 1, 4, (Shape.DOTS,)),
        (1, 4, 4, (Shape.DOTS, Shape.CURVES)),
        (3, 1, 3, (Shape.ACCURACY, Shape.DOTS)),
        (3, 4, 3, (Shape.ACCURACY, Shape.CURVES)),
        (3, 4, 6, (Shape.ACCURACY, Shape.DOTS, Shape.CURVES)),
        (0, 4, 2, (Shape.DOTS, Shape.CURVES)),
        (2, 2, 16, (Shape.DOTS, Shape.ACCURACY, Shape.CURVES)),
    ],
)
def test_what_varies_decides(accuracies, batch_sizes, configurations, expected):
    found = shapes(Varies(accuracies=accuracies, batch_sizes=batch_sizes, configurations=configurations))
    assert found == expected


MODELS, SIZES, PRECISIONS = ("resnet18", "resnet50"), (1, 4), (Precision.FP32, Precision.BF16)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([dict(models=MODELS, batch_sizes=SIZES)], ["accuracy-latency", "accuracy", "throughput", "latency"]),
        ([dict(models=MODELS, batch_sizes=(1,))], ["accuracy-latency", "accuracy", "configurations"]),
        ([dict(models=("resnet50",), batch_sizes=SIZES)], ["throughput", "latency"]),
        ([dict(models=("resnet50",), batch_sizes=(1,), precisions=PRECISIONS)], ["configurations"]),
        ([dict(models=("resnet50",), batch_sizes=(1,))], []),
        ([dict(models=("mine:a", "mine:b"), batch_sizes=(1,))], ["configurations"]),
        (
            [dict(models=("resnet50",), batch_sizes=(1,)), dict(models=("resnet50",), batch_sizes=(1,), seed=2)],
            ["configurations"],
        ),
    ],
    ids=["models and batches", "models", "batches", "precisions", "one case", "models of nobody", "two runs"],
)
def test_a_run_has_the_figures_of_what_varies_in_it(runs, expected):
    found = figures(build(*(suite_run(**it) for it in runs)))
    assert [it for it in found if it not in {"distribution", "samples", "memory", "roofline"}] == expected


def test_dots_stand_in_the_order_of_their_figures_in_the_colours_of_the_axis_that_varies():
    document = build(suite_run(models=("resnet50",), batch_sizes=(1,), precisions=PRECISIONS, launches=4))
    figure = next(it for section in document.sections for it in section.figures if it.id == "configurations")
    values = {name: x for it in figure.series for name, x in zip(it.y, it.x, strict=True)}
    assert list(figure.order) == sorted(values, key=lambda name: -values[name])
    assert [it.name for it in figure.series] == ["fp32", "bf16"]
    assert {it.role for it in figure.series} == {Role.DOTS}
    assert all(low < x < high for it in figure.series for low, x, high in zip(it.low, it.x, it.high, strict=True))
    assert "bf16" in figure.finding
    assert "helps" in figure.finding


def test_no_figure_has_a_curve_of_one_point():
    for spec in (dict(batch_sizes=(1,)), dict(batch_sizes=(1,), precisions=PRECISIONS), dict(models=("resnet18",))):
        for section in build(suite_run(**spec)).sections:
            for figure in section.figures:
                lines = [it for it in figure.series if it.role is Role.MEASURED and not it.labels]
                assert all(len(it.x) > 1 for it in lines)


def test_configurations_of_one_model_are_not_ranked_by_the_accuracy_that_they_share():
    both = build(suite_run(models=MODELS, batch_sizes=SIZES)).decision
    alone = build(suite_run(models=("resnet50",), batch_sizes=SIZES)).decision
    assert [box.ranked[0].words for box in (both, alone)] == ["accuracy", "throughput"]


def test_the_fastest_configuration_is_named_by_what_varies_alone():
    document = build(suite_run(models=("resnet50",), batch_sizes=(1,), precisions=PRECISIONS, launches=6))
    table = next(it for section in document.sections for it in section.tables if it.id == "best")
    named = {table.rows[0][table.index(key)] for key in ("fastest", "default")}
    assert named <= {"fp32", "bf16"}
