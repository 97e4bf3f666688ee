"""The frontier: whose accuracy it is, who dominates whom by it, and what the sentence says of it."""

import pytest

from resnet_bench.analysis.published import Published
from resnet_bench.records import Agreement, Precision
from resnet_bench.report.documents import run as view
from resnet_bench.report.figure import Role
from resnet_bench.report.rows import objects
from resnet_bench.report.svg.drawing import svg
from tests import make

ACCURACY = {"resnet18": 0.70, "resnet34": 0.73, "resnet50": 0.76}
TRAINED = "best"


def measured(model, latency_s, *, same=None, weights="", launches=4):
    """A case in fp32, or in int8 of which so many of 64 images have the same class as in fp32."""
    near = {} if same is None else dict(agreement=agreement(same))
    precision = Precision.FP32 if same is None else Precision.INT8
    of = make.case(model, batch_size=1, image_size=224, precision=precision, weights=weights)
    return make.measurement([[latency_s * (1 + n / 1000)] * 5 for n in range(launches)], of=of, **near)


def agreement(same):
    return Agreement(images=64, max_error=0.1, sqnr_db=23.0, top1_agreement=same / 64, classes=12)


def frontier(*runs):
    document = view.build(
        [make.run_of(it, name=f"run{at}") for at, it in enumerate(runs)],
        catalog=lambda name: Published(family="resnet", accuracy=ACCURACY[name], of_weights={TRAINED: ACCURACY[name]}),
    )
    return next(it for section in document.sections for it in section.figures if it.id == "accuracy-latency")


def dominated(figure):
    return {row["series"]: row["dominated_by"] for row in objects(figure.table) if row["dominated_by"]}


def line(figure):
    return [it.y for it in figure.series if it.role is Role.FRONTIER]


OWN = (measured("resnet18", 0.010), measured("resnet34", 0.020))


def test_an_accuracy_that_is_borrowed_dominates_nothing_and_is_not_on_the_line():
    figure = frontier((*OWN, measured("resnet50", 0.005, same=57), measured("resnet18", 0.030, same=57)))
    assert dominated(figure) == {"resnet18 · int8": "resnet50 · int8"}  # of one precision, as published
    assert line(figure) == [(73, 70)]
    assert figure.finding.startswith("2 of 4 on the frontier: resnet18 · fp32 and resnet34 · fp32. 1 is dominated: ")
    assert (
        "Accuracy is published for fp32, and what computes otherwise has no place on it; agreement of these cases: "
        "resnet50 · int8 23.0 dB, 89.1 % of 64, 12 classes, untrained." in figure.finding
    )
    assert "where that is not known it dominates nothing and is not on the line" in figure.how_to_read
    (dot,) = (it for it in figure.series if it.name == "resnet50 · int8")
    assert dot.hover[0].endswith("; accuracy published for fp32")


@pytest.mark.parametrize(("same", "beaten"), [(63, {"resnet18", "resnet34"}), (61, {"resnet18"}), (57, set())])
def test_it_dominates_what_lies_below_all_that_its_agreement_leaves(same, beaten):
    own = (measured("resnet18", 0.010), measured("resnet34", 0.020), measured("resnet50", 0.030))
    figure = frontier((*own, measured("resnet50", 0.005, same=same, weights=TRAINED)))
    assert {name.partition(" ")[0] for name in dominated(figure)} == beaten


def test_cases_of_one_precision_are_held_against_one_another_as_published():
    figure = frontier((measured("resnet18", 0.010, same=57), measured("resnet50", 0.005, same=57)))
    assert dominated(figure) == {"resnet18": "resnet50"}
    assert {it.name: it.role for it in figure.series if it.role is not Role.FRONTIER} == {
        "resnet18": Role.DOMINATED,
        "resnet50": Role.MEASURED,
    }
    assert svg(figure)
    assert line(figure) == [(76,)]
    said = "That takes accuracy as it is published for fp32; agreement of these cases: resnet50 23.0 dB"
    assert said in figure.finding


def test_of_runs_with_two_launches_the_sentence_says_that_nothing_is_proven():
    few = tuple(measured(model, seconds, launches=2) for model, seconds in (("resnet18", 0.01), ("resnet50", 0.02)))
    assert frontier(few, few).finding.endswith(" Where 2 launches give no interval, nothing is proven.")
