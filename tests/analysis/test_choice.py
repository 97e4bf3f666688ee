"""Which one to take: budgets kept by whole intervals, ties and undecided named, prices, and what cannot be asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.analysis.candidates import Fit
from resnet_bench.analysis.choice import ask, choose
from resnet_bench.analysis.criteria import find_criterion
from resnet_bench.analysis.published import Published
from resnet_bench.analysis.results import of_runs
from resnet_bench.errors import UsageError
from resnet_bench.records import Agreement, Energy, Executor, Mode, Precision, Price
from tests import make

ACCURACY = {"resnet18": 0.698, "resnet34": 0.733, "resnet50": 0.761, "resnet101": 0.774}


def results(*cases, launches=4, spread=0.001, **more):
    """Results of (model, axes, latency in s of one iteration); the last of the launches is slower by `spread`."""
    measured = []
    for model, axes, latency_s in cases:
        case = make.case(model, **({"batch_size": 1, "image_size": 224} | axes))
        times = [[latency_s * (1 + spread * n / (launches - 1 or 1))] * 3 for n in range(launches)]
        measured.append(make.measurement(times, of=case, **more))
    return of_runs([make.run_of(measured)], lambda name: Published(family="resnet", accuracy=ACCURACY.get(name)))


def asked(found, *under, best_for=None, price=(), runs=("run",)):
    return choose(found, ask(under, best_for, price), runs=runs)


THREE = (("resnet18", {}, 0.05), ("resnet50", {}, 0.14), ("resnet101", {}, 0.238))


def test_the_most_accurate_model_within_the_budget_is_taken_and_the_miss_is_told():
    found = asked(results(*THREE), "latency p95 200 ms at batch 1")
    assert (found.best.model, found.supported, found.tied) == ("resnet50", True, ())
    assert [(it.model, it.fit) for it in found.models] == [
        ("resnet50", Fit.FITS),
        ("resnet18", Fit.FITS),
        ("resnet101", Fit.MISSES),
    ]
    (test,) = found.models[-1].best.tests
    assert test.missed_by == pytest.approx(0.038, rel=0.02)


def test_without_a_known_accuracy_the_fastest_is_taken():
    found = asked(results(("mine:a", {}, 0.1), ("mine:b", {}, 0.05)), "1 s")
    assert (found.objective.criterion, found.best.model) == ("throughput", "mine:b")


def test_a_budget_inside_the_interval_is_undecided_and_never_taken():
    found = asked(results(*THREE, spread=0.2), "latency 145 ms")
    assert found.best.model == "resnet18"
    (undecided,) = [it for it in found.models if it.fit is Fit.UNDECIDED]
    assert undecided.model == "resnet50"
    assert undecided.undecided == (undecided.best,)
    assert undecided.best.tests[0].figure.least < 0.145 < undecided.best.tests[0].figure.most


def test_two_launches_decide_by_what_was_measured_and_say_that_it_is_not_supported():
    found = asked(results(*THREE, launches=2), "latency 200 ms")
    assert (found.best.model, found.supported) == ("resnet50", False)


def test_equal_speeds_tie_and_so_do_equal_accuracies():
    cases = (("resnet18", {}, 0.05), ("resnet34", {}, 0.05001), ("resnet50", {}, 0.14))
    found = asked(results(*cases, spread=0.02), "latency 200 ms", best_for="throughput")
    assert {found.best.model, *(it.model for it in found.tied)} == {"resnet18", "resnet34"}
    same = of_runs(
        [make.run_of([make.measurement([[0.1]] * 3, of=make.case(name, image_size=224)) for name in ("a", "b")])],
        lambda _: Published(family="resnet", accuracy=0.7),
    )
    assert len(asked(same, best_for="accuracy").tied) == 1


def test_of_one_models_configurations_the_quickest_that_fits_stands_for_it():
    cases = [
        ("resnet50", {"executor": e, "batch_size": b}, t)
        for e, b, t in [(Executor.EAGER, 1, 0.14), (Executor.COMPILE, 1, 0.09), (Executor.COMPILE, 8, 0.5)]
    ]
    found = asked(results(*cases), "200 ms at batch 1")
    best = found.best.best.result.case
    assert (best.executor, best.batch_size, found.best.fitting, found.best.tied) == ("compile", 1, 2, ())


def test_a_budget_at_one_batch_and_an_objective_at_another_speak_of_one_configuration():
    cases = [
        ("resnet18", {"precision": p, "batch_size": b}, t)
        for p, b, t in [
            (Precision.FP32, 1, 0.05),
            (Precision.FP32, 8, 0.2),
            (Precision.BF16, 1, 0.3),
            (Precision.BF16, 8, 0.1),
        ]
    ]
    found = asked(results(*cases), "latency 100 ms at batch 1", best_for="throughput at batch 8")
    best = found.best.best.result.case
    assert (best.precision, best.batch_size) == ("fp32", 8)


def test_several_budgets_hold_together():
    found = asked(results(*THREE), "latency 200 ms", "throughput 10 images/s")
    assert [it.model for it in found.models if it.fit is Fit.FITS] == ["resnet18"]
    assert asked(results(*THREE), "latency 1 ms").best is None


def test_a_training_step_is_no_forward_pass():
    cases = (("resnet18", {}, 0.05), ("resnet18", {"mode": Mode.TRAINING}, 0.01))
    assert asked(results(*cases), "1 s", best_for="latency").best.best.result.case.mode is Mode.INFERENCE
    training = asked(results(*cases), "1 s at mode training", best_for="latency")
    assert training.best.best.result.case.mode is Mode.TRAINING


def test_cost_follows_from_throughput_and_price():
    found = asked(results(*THREE), best_for="cost", price=["3.60 USD/h"])
    assert found.best.model == "resnet18"
    # 0.001 USD a second at 20 images a second; launches lie within a thousandth.
    assert found.best.best.cost.value == pytest.approx(1e6 * 0.001 / 20, rel=2e-3)
    assert found.best.best.cost.low < found.best.best.cost.value < found.best.best.cost.high
    assert asked(results(*THREE), "cost 60", best_for="accuracy", price=["3.60 USD/h"]).best.model == "resnet18"


def test_each_machine_has_its_price():
    runs = [
        make.run_of([make.measurement([[t], [t * 1.001], [t * 1.002]], of=make.case(image_size=224))], name=n)
        for n, t in (("a", 0.1), ("b", 0.2))
    ]
    both = of_runs(runs, lambda _: Published(family="resnet", accuracy=0.7))
    found = asked(both, best_for="cost", price=["a=9 USD/h", "b=1 USD/h"], runs=("a", "b"))
    assert (found.best.run, found.tied) == (1, ())
    only = asked(both, best_for="cost", price=["a=9 USD/h"], runs=("a", "b"))
    assert [(it.run, it.fit) for it in only.models] == [(0, Fit.FITS), (1, Fit.UNKNOWN)]


def test_a_suite_says_what_its_machines_cost_and_what_is_asked_with_goes_before_it():
    suite = (Price(per_hour=9, currency="USD", where="no such machine"), Price(per_hour=3.6, currency="USD", where="*"))
    timed = make.measurement([[0.05], [0.05], [0.05]], of=make.case(image_size=224))
    found = of_runs([make.run_of([timed], prices=suite)], lambda _: Published(family="resnet", accuracy=0.7))
    by_suite, asked_with = asked(found, best_for="cost"), asked(found, best_for="cost", price=["7.2 USD/h"])
    assert by_suite.best.best.figure.value == pytest.approx(1e6 * 0.001 / found[0].throughput.median)
    assert asked_with.best.best.figure.value == pytest.approx(2e6 * 0.001 / found[0].throughput.median)
    assert by_suite.currency == "USD"


def test_energy_is_asked_where_it_was_measured():
    energy = Energy(energy_j=50.0, window_s=1.0, images=100)
    found = asked(results(*THREE, energy=energy), "energy 1 J/image", best_for="energy")
    assert len(found.tied) == 2


@pytest.mark.parametrize(
    ("under", "best_for", "price", "said"),
    [
        (["latency 200 ms at batch 3"], None, [], "batch 3 was not measured; there is batch 1"),
        (["1 s at precision bf16"], None, [], "bf16 was not measured; there is fp32"),
        (["energy 1 J"], None, [], "energy is known of no case here; there are latency, throughput, peak memory"),
        (["latency p99 1 s"], None, [], "latency p99 is known of no case here"),
        ([], "cost", [], "--price"),
        ([], "cost", ["elsewhere=1 USD/h"], "price of 'elsewhere': there are run"),
    ],
)
def test_what_was_not_measured_cannot_be_asked(under, best_for, price, said):
    with pytest.raises(UsageError, match=said):
        asked(results(*THREE), *under, best_for=best_for, price=price)


def test_a_model_that_was_not_measured_is_named_and_not_taken():
    run = make.run_of(
        [make.measurement([[0.1]] * 3, of=make.case("resnet18", image_size=224))],
        skips=[make.skip(make.case("resnet50", image_size=224))],
    )
    found = asked(of_runs([run], lambda name: Published(family="", accuracy=ACCURACY[name])), "1 s")
    assert [(it.model, it.fit) for it in found.models] == [("resnet18", Fit.FITS), ("resnet50", Fit.UNKNOWN)]


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.03, 0.4),
    st.floats(0.0001, 0.3),
    st.integers(2, 6),
    st.sampled_from(["accuracy", "throughput", "latency"]),
)
def test_whatever_is_taken_keeps_the_budget_with_its_whole_interval(limit_s, spread, launches, best_for):
    found = asked(results(*THREE, spread=spread, launches=launches), f"latency {limit_s:.6f} s", best_for=best_for)
    for it in found.models:
        (test,) = it.best.tests
        figure, limit = test.figure, test.budget.limit
        expected = Fit.FITS if figure.most <= limit else Fit.MISSES if figure.least > limit else Fit.UNDECIDED
        assert it.fit is expected
    assert (found.best is None) is not any(it.fit is Fit.FITS for it in found.models)


NEAR = Agreement(images=64, max_error=0.1, sqnr_db=23.0, top1_agreement=57 / 64, classes=12)


def of_precisions(*cases):
    """Results of (model, precision, latency in s); what another precision than fp32 loses nobody knows."""
    measured = []
    for model, precision, latency_s in cases:
        near = {} if precision is Precision.FP32 else {"agreement": NEAR}
        of = make.case(model, batch_size=1, image_size=224, precision=precision)
        measured.append(make.measurement([[latency_s * (1 + n / 1000)] * 3 for n in range(4)], of=of, **near))
    return of_runs([make.run_of(measured)], lambda name: Published(family="resnet", accuracy=ACCURACY[name]))


@pytest.mark.parametrize(
    ("cases", "best", "tied"),
    [
        ((("resnet50", "fp32", 0.02), ("resnet50", "int8", 0.005)), ("resnet50", "fp32"), []),
        ((("resnet18", "fp32", 0.02), ("resnet50", "int8", 0.005)), ("resnet50", "int8"), ["resnet18"]),
        ((("resnet18", "bf16", 0.02), ("resnet50", "int8", 0.005)), ("resnet50", "int8"), ["resnet18"]),
        ((("resnet18", "int8", 0.02), ("resnet50", "int8", 0.005)), ("resnet50", "int8"), []),
        ((("resnet18", "int8", 0.02), ("resnet50", "fp32", 0.005)), ("resnet50", "fp32"), []),
    ],
)
def test_a_borrowed_accuracy_is_proven_before_its_own_kind_alone_and_stands_behind_its_equal(cases, best, tied):
    found = asked(of_precisions(*((model, Precision(of), s) for model, of, s in cases)), "1 s", best_for="accuracy")
    assert (found.best.model, found.best.best.result.case.precision) == best
    assert [it.model for it in found.tied] == tied


def test_an_accuracy_has_as_much_room_as_images_of_another_class_leave():
    """Published accuracy is of eager float32: what answers otherwise for 2 % of the images may be off by that."""
    near = Agreement(images=64, max_error=0.1, sqnr_db=25.0, top1_agreement=0.98, classes=20)
    quick = dict(precision=Precision.INT8, executor=Executor.ONNXRUNTIME, weights="IMAGENET1K_V1")
    (result,) = results(("resnet50", quick, 0.02), agreement=near)
    result = make.change(result, accuracy=0.761)
    figure = find_criterion("accuracy").estimate(result, None, ())
    assert (figure.least, figure.most) == (pytest.approx(0.741), pytest.approx(0.781))
    for exact in (make.change(near, top1_agreement=1.0), make.change(near, classes=7), None):
        figure = find_criterion("accuracy").estimate(make.change(result, agreement=exact), None, ())
        assert (figure.least, figure.most) == (0.761, 0.761)
