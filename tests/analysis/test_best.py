"""The fastest configuration and what each axis brings: from measurements, with the doubt that they leave."""

import pytest

from resnet_bench.analysis.best import Advice, best, steps
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.published import Published
from resnet_bench.analysis.results import collect
from resnet_bench.records import Executor, Figures, MemoryFormat, Precision
from tests import make


def results(*configurations, launches=4):
    """Results of (axes, latency in s of one iteration); launches differ by a thousandth."""
    measured = []
    for axes, latency_s in configurations:
        case = make.case(**({"batch_size": 1} | axes))
        times = [[latency_s * (1 + 0.001 * n)] * 3 for n in range(launches)]
        measured.append(make.measurement(times, of=case))
    run = make.run_of(measured)
    return collect([run], [digest(run)], lambda _: Published(family="resnet", accuracy=None))


LAST = {"memory_format": MemoryFormat.CHANNELS_LAST}
SWEEP = (
    ({}, 1.0),
    ({"batch_size": 8}, 4.0),
    (LAST, 0.8),
    (LAST | {"batch_size": 8}, 2.5),
    ({"executor": Executor.COMPILE}, 1.25),
)


def test_the_fastest_is_by_throughput_and_gains_over_the_plain_default():
    (found,) = best(results(*SWEEP))
    assert (found.fastest.case.batch_size, found.fastest.case.memory_format) == (8, "channels_last")
    assert found.default.case == make.case(batch_size=1)
    assert found.gain.ratio == pytest.approx(8 / 2.5)
    assert found.gain.interval.low < found.gain.ratio < found.gain.interval.high
    assert found.configurations == 5


def test_each_axis_is_judged_alone_and_the_best_comes_first():
    found = steps(results(*SWEEP))
    assert [(step.axis, pytest.approx(step.gain.ratio)) for step in found] == [
        ("batch_size", 2.0),
        ("memory_format", 1.25),
        ("executor", 0.8),
    ]
    assert [step.advice for step in found] == [Advice.USE, Advice.USE, Advice.KEEP]


def test_an_axis_that_was_not_varied_gives_no_advice():
    assert {step.axis for step in steps(results(({}, 1.0), ({"batch_size": 2}, 1.5)))} == {"batch_size"}
    assert best(results(({}, 1.0))) == ()


def test_a_value_that_the_default_cannot_have_is_judged_where_it_exists():
    runtimes = [{"executor": it} for it in (Executor.ONNXRUNTIME, Executor.OPENVINO)]
    int8 = [it | {"precision": Precision.INT8} for it in runtimes]
    sweep = zip((*runtimes, *int8, int8[0] | {"batch_size": 8}), (0.8, 0.5, 0.4, 0.1, 3.0), strict=True)
    found = [step for step in steps(results(({}, 1.0), *sweep)) if step.axis == "precision"]
    assert [(it.within, it.default.case.executor, pytest.approx(it.gain.ratio)) for it in found] == [
        (("executor",), "openvino", 5.0),
        (("executor",), "onnxruntime", 2.0),
    ]
    assert {it.advice for it in found} == {Advice.USE}


def test_two_launches_prove_nothing():
    (step,) = steps(results(({}, 1.0), (LAST, 0.5), launches=2))
    assert (step.gain.ratio, step.gain.interval, step.advice) == (pytest.approx(2.0), None, Advice.UNCLEAR)


def test_a_difference_within_the_noise_is_unclear():
    (step,) = steps(results(({}, 1.0), (LAST, 0.9999)))
    assert step.advice is Advice.UNCLEAR


def test_without_the_plain_configuration_there_is_no_gain():
    half = {"precision": Precision.BF16}
    (found,) = best(results((half, 1.0), (half | LAST, 0.5)))
    assert (found.default, found.gain) == (None, None)
    assert steps(results((half, 1.0), (half | LAST, 0.5))) == ()


def test_machines_of_one_run_are_never_held_against_each_other():
    mine, other = ({"machine": it} for it in ("a100", "h100"))
    two = {"batch_size": 2}
    swept = results((mine, 1.0), (mine | two, 1.6), (other, 0.5), (other | two, 1.1))
    assert [it.gain.ratio if it.gain else None for it in best(swept)] == [pytest.approx(1.25), None]
    assert {it.other.case.machine: it.gain.ratio for it in steps(swept)} == {
        "a100": pytest.approx(1.25),
        "h100": pytest.approx(1 / 1.1),
    }


def at_speeds(*configurations):
    """Results of (axes, latency in s, how much slower the machine was) beside a reference that sees the machine."""
    measured = []
    for axes, latency_s, slower in configurations:
        case = make.case(**({"batch_size": 1} | axes))
        launches = []
        for index in range(6):
            speed = slower * (1 + 0.02 * index)
            made = make.launch([latency_s * speed * (1 + 0.001 * index)] * 3, index=index, of=case)
            launches.append(make.beside_reference(made, 0.003 * speed))
        measured.append(make.change(make.measurement([[latency_s]], of=case), launches=tuple(launches)))
    run = make.run_of(measured)
    return collect([run], [digest(run)], lambda _: Published(family="resnet", accuracy=None))


def test_what_the_machine_hid_is_ranked_by_corrected_figures():
    """It was called open which of the two is the fastest, with a gain of 1.11x beside it."""
    found = at_speeds(({}, 1.0, 1.0), (LAST, 0.9, 1.12))
    (fastest,), (step,) = best(found), steps(found)
    assert fastest.fastest.throughput.median < fastest.default.throughput.median
    standing = fastest.standing
    assert (fastest.fastest.case.memory_format, standing.proven, standing.by_correction) == (
        "channels_last",
        True,
        True,
    )
    assert (fastest.gain.figures, step.gain.figures) == (Figures.CORRECTED, Figures.CORRECTED)
    assert fastest.gain.ratio == pytest.approx(1 / 0.9, rel=0.03)
    assert step.advice is Advice.USE


def test_of_several_values_an_axis_is_moved_to_the_one_that_is_best_as_it_is_judged():
    bf16, fp16 = ({"precision": it} for it in (Precision.BF16, Precision.FP16))
    (step,) = steps(at_speeds(({}, 1.0, 1.0), (bf16, 0.8, 1.2), (fp16, 0.9, 1.0)))
    assert step.other.case.precision == "bf16"
