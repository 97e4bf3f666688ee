"""Predictions on a device whose layers have known costs: exact without noise, intervals that hold with it."""

import math
import statistics
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resnet_bench import specs
from resnet_bench.analysis.prediction.collecting import KEPT_OF_ONE, can_teach, with_profile
from resnet_bench.analysis.prediction.judging import judged, past_errors
from resnet_bench.analysis.prediction.knowledge import knowledge
from resnet_bench.analysis.prediction.model_error import PastError, half_width, model_error
from resnet_bench.analysis.prediction.predict import missing_shapes, predict, with_error
from resnet_bench.records import Mode, Nominal, Part
from resnet_bench.records.layer_library import MeasuredLatency
from resnet_bench.report.documents.predictions import checked_table, verdict_lines
from tests import make

HERE = make.environment()
NETWORKS = [name for name in specs.names() if specs.find(name).depth < 150]


def cost(shape):
    """A device's cost of a layer: any function of what the layer is, its context included."""
    luck = Random(str(shape)).uniform(1, 2)
    return luck * (1e-6 + shape.macs * 1e-11), luck * (2e-6 + shape.macs * 2e-11)


def library_of(*profiles):
    library = None
    for profile in profiles:
        library = with_profile(library, profile, HERE)
    return library


def asked(model, **axes):
    of = make.case(model, **dict(batch_size=1, image_size=specs.find(model).image_size) | axes)
    fields = dict(mode=of.mode, precision=of.precision, batch_size=of.batch_size, image_size=of.image_size)
    return of, specs.profile(specs.find(model), **fields)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(NETWORKS), st.sampled_from(Mode), st.sampled_from((2, 5)), st.floats(0, 1e-3))
def test_on_known_costs_a_network_is_predicted_exactly(model, mode, batch_size, between_s):
    """From another network: one of at most two blocks a stage has all of its layers."""
    of, static = asked(model, mode=mode, batch_size=batch_size)
    spec = specs.find(model)
    short = make.change(spec, layers=tuple(min(2, blocks) for blocks in spec.layers))
    short_case = make.change(of, model="short")
    library = library_of(make.known_layers(short_case, cost, spec=short, between_s=between_s))
    found = predict(of, static, knowledge(library), family=spec.family)
    truth = make.known_layers(of, cost, between_s=between_s)
    assert not found.missing
    assert found.latency_s == pytest.approx(truth.whole_s, rel=1e-9)
    assert found.forward_s + (found.backward_s or 0) + (found.optimizer_s or 0) + found.between_s == pytest.approx(
        truth.whole_s, rel=1e-9
    )
    assert (found.backward_s is None) == (mode is Mode.INFERENCE)
    assert found.known_share == pytest.approx(1)
    assert found.covers(truth.whole_s)
    assert (found.macs, found.peak_bytes) == (static.macs, static.predicted_memory.peak_bytes)


def test_a_device_with_a_queue_takes_the_longer_of_its_own_and_the_hosts_time():
    of, static = asked("resnet34", device="cuda:0")
    fast = make.known_layers(make.case("resnet18", batch_size=1, image_size=224, device="cuda:0"), cost)
    for host_s, expected in ((1e-9, "device"), (1e-3, "host")):
        rows = tuple(make.change(row, launch_s=host_s) for row in fast.layers)
        whole_s = max(fast.parts_s, host_s * len(rows))
        found = predict(
            of, static, knowledge(library_of(make.change(fast, layers=rows, whole_s=whole_s))), family="resnet"
        )
        device_s = found.forward_s + found.between_s
        assert found.latency_s == pytest.approx(max(device_s, found.host_s))
        assert (found.host_s > device_s) == (expected == "host")


def simulated(seed, *, level=0.03, noise=0.03, bias=0.02):
    """A library of two networks, and launches of all others on a machine whose processes differ by a level."""
    luck = Random(seed)
    sources = [
        make.known_layers(
            asked(model)[0],
            cost,
            level=math.exp(luck.gauss(0, level)),
            noise=lambda: math.exp(luck.gauss(0, noise)),
        )
        for model in ("resnet18", "resnet50", "preact_resnet50", "resnet50_v1", "seresnet50", "resnet50d")
    ]
    measured = []
    for model in NETWORKS:
        of = asked(model)[0]
        latency_s = make.known_layers(of, cost).whole_s * math.exp(luck.gauss(bias, level))
        measured.append(MeasuredLatency(case=of, run="r", measured_at="2026-11-01", latency_s=latency_s, launches=3))
    return library_of(*sources), measured


def counted(measured):
    of = measured.case
    return asked(of.model, batch_size=of.batch_size)[1], specs.find(of.model).family


def test_intervals_hold_what_is_measured_as_often_as_they_say_and_are_narrow():
    found = [it for seed in range(3) for it in judged(*simulated(seed), counted)]
    assert len(found) > 40
    assert {it.predicted.case.model for it in found} >= {"resnet34", "resnet101_v1", "preact_resnet101"}
    assert statistics.fmean(it.covered for it in found) >= 0.9
    assert statistics.median(it.predicted.half_width for it in found) < 0.12
    assert statistics.median(abs(it.error) for it in found) < 0.05


def test_what_is_measured_is_predicted_without_what_its_own_profile_taught():
    library, measured = simulated(1)
    alone = library_of(make.known_layers(asked("resnet50")[0], cost))
    models = {it.predicted.case.model for it in judged(alone, measured, counted)}
    assert "resnet50" not in models
    assert "resnet101" in models
    assert "resnet50" in {it.predicted.case.model for it in judged(library, measured, counted)}
    (source,) = alone.sources
    twin = make.change(alone, sources=(make.change(source, model="design-3-4-6-3"),))
    assert models == {it.predicted.case.model for it in judged(twin, measured, counted)}


PAST = st.lists(
    st.builds(PastError, st.sampled_from("abc"), st.floats(-0.5, 0.5), st.floats(0, 0.05)), min_size=0, max_size=40
)


@given(PAST, st.floats(-0.5, 0.5))
def test_a_prediction_never_learns_from_its_own_family(past, error):
    theirs = model_error(past, family="a")
    assert theirs == model_error([*past, PastError("a", error, 0.0)], family="a")
    assert theirs.judged == sum(it.family != "a" for it in past)


@given(PAST, st.floats(0, 0.2), st.floats(0, 0.2))
def test_a_less_certain_library_never_narrows_an_interval(past, one, other):
    assume(one <= other)
    error = model_error(past)
    assert 0 < half_width(error, one) <= half_width(error, other)


def test_a_bias_that_is_measured_is_taken_off():
    past = [PastError(family, 0.1, 0.0) for family in "abcd" for _ in range(10)]
    of, static = asked("resnet34")
    known = knowledge(library_of(make.known_layers(asked("resnet18")[0], cost)))
    raw = predict(of, static, known, family="resnet")
    told = with_error(raw, model_error(past, family="resnet"))
    assert told.latency_s == pytest.approx(raw.latency_s * math.exp(0.1), rel=0.02)
    assert told.half_width < raw.half_width
    assert with_error(told, raw.model_error).latency_s == pytest.approx(raw.latency_s)


def test_intervals_that_missed_too_often_are_widened_and_it_is_counted():
    held = [PastError(family, sign * 0.02, 0.0) for family in "abcdefgh" for sign in (1, -1, 1)]
    assert model_error(held).widening == 1
    error = model_error([*held, *[PastError("x", 0.3, 0.0)] * 6])
    assert error.missed == 6
    assert error.widening > 1


def test_missing_layers_are_named_and_bounded_by_the_roofline():
    of, static = asked("resnet50")
    library = library_of(make.known_layers(asked("resnet18")[0], cost))
    lacking = missing_shapes(static.layers, knowledge(library))
    unbounded = predict(of, static, knowledge(library), family="resnet")
    assert unbounded.interval is None
    assert {it.shape.anywhere for it in unbounded.missing} == set(lacking)
    ceilings = make.ceilings(threads=1)
    bounded = predict(of, static, knowledge(library), family="resnet", ceilings=ceilings)
    assert all(it.assumed_s >= it.least_s > 0 for it in bounded.missing) or bounded.missing
    assert bounded.latency_s > unbounded.latency_s
    assert bounded.known_share < 0.6
    full = predict(of, static, knowledge(library_of(make.known_layers(asked("resnet101")[0], cost))), family="resnet")
    assert bounded.half_width > full.half_width


def test_a_layer_after_another_operator_is_less_certain_than_one_in_its_context():
    profile = make.known_layers(asked("resnet18")[0], cost)
    known = knowledge(library_of(profile))
    shape = next(iter(known.shapes))[0]
    elsewhere = make.change(shape, after="Conv1d")
    assert known.find(shape).deviation < known.find(elsewhere).deviation
    assert known.find(make.change(shape, macs=shape.macs + 1)) is None


def test_the_latest_profiles_of_a_network_are_kept_and_none_twice():
    profiles = [
        make.known_layers(asked("resnet18")[0], cost, started_at=f"2026-11-0{day}T00:00:00+00:00")
        for day in range(1, KEPT_OF_ONE + 3)
    ]
    library = library_of(*profiles, profiles[-1])
    assert [it.measured_at for it in library.sources] == [it.started_at for it in profiles[-KEPT_OF_ONE:]]


def test_what_was_disturbed_counts_only_where_nothing_else_is_known():
    of, static = asked("resnet34")
    quiet = make.known_layers(asked("resnet18")[0], cost)
    loud = make.known_layers(asked("resnet34")[0], cost, level=2.0, disturbances=("a neighbour",))
    alone = predict(of, static, knowledge(library_of(quiet)), family="resnet")
    both = predict(of, static, knowledge(library_of(quiet, loud)), family="resnet")
    assert both.latency_s == pytest.approx(alone.latency_s)


def test_fused_layers_teach_nothing():
    profile = make.known_layers(asked("resnet18")[0], cost)
    assert can_teach(profile)
    assert not can_teach(make.change(profile, layers=(make.layer_time("fused", part=Part.FUSED),)))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.7, 1.5), st.floats(0.7, 1.5), st.floats(0.85, 1))
def test_layers_are_at_the_level_that_a_run_tells_at_nominal_speed(one, other, quickest):
    """Whatever the machine's speed was and however far its quickest iterations lay below the median."""
    nominal = Nominal(version="cpu-1", pass_s=(0.004,))
    profiles = [
        make.as_measured(make.known_layers(asked(model)[0], cost), slower=slower, quickest=quickest, pass_s=0.004)
        for model, slower in (("resnet18", one), ("resnet50", other))
    ]
    library = make.change(library_of(*profiles), nominal=nominal)
    of, static = asked("resnet101")
    found = predict(of, static, knowledge(library), family="resnet")
    truth = make.known_layers(of, cost).whole_s
    assert found.nominal == nominal
    # Dividing by the reference would be exact; the coefficient that is usual is a little below 1.
    assert found.latency_s == pytest.approx(truth, rel=0.01)
    # Without one they are at a speed that the machine had meanwhile.
    without = predict(of, static, knowledge(make.change(library, nominal=None)), family="resnet")
    assert without.nominal.pass_s[0] < 1.5 * 0.004 * max(one, other)
    assert min(one, other) * 0.98 < without.latency_s / truth < max(one, other) * 1.02


def test_what_tells_the_quickest_iterations_alone_counts_only_where_nothing_else_is_known():
    of, static = asked("resnet34")
    profile = make.known_layers(asked("resnet18")[0], cost)
    old = make.change(profile, whole_s=profile.whole_s * 0.9, started_at="2026-10-01T00:00:00+00:00")
    alone = predict(of, static, knowledge(library_of(old)), family="resnet").latency_s
    both = predict(of, static, knowledge(library_of(old, make.as_measured(profile))), family="resnet").latency_s
    assert alone == pytest.approx(0.9 * both)


def test_a_prediction_at_nominal_speed_is_judged_by_what_was_measured_at_it():
    nominal = Nominal(version="cpu-1", pass_s=(0.004,))
    of = asked("resnet34")[0]
    truth = make.known_layers(of, cost).whole_s
    library = library_of(make.as_measured(make.known_layers(asked("resnet18")[0], cost), pass_s=0.004))
    library = make.change(library, nominal=nominal)
    measured = MeasuredLatency(
        case=of,
        run="r",
        measured_at="2026-11-01",
        latency_s=1.4 * truth,
        launches=3,
        at_nominal_s=truth,
        nominal=nominal,
    )
    (found,) = judged(library, [measured], counted)
    assert (found.measured_s, found.raw_s) == (truth, 1.4 * truth)
    assert found.error == pytest.approx(0, abs=1e-9)
    slower = make.change(measured, nominal=make.change(nominal, pass_s=(0.005,)), at_nominal_s=1.25 * truth)
    (found,) = judged(library, [slower], counted)
    assert found.measured_s == pytest.approx(truth, rel=0.01)
    other = make.change(measured, nominal=make.change(nominal, version="cpu-0"))
    (found,) = judged(library, [other], counted)
    assert (found.measured_s, found.raw_s) == (1.4 * truth, None)
    disturbed = make.change(other, disturbed=True, latency_s=40 * truth)
    (found,) = judged(library, [disturbed], counted)
    assert found.disturbed
    assert past_errors([found]) == ()
    assert "nothing is learnt" in verdict_lines([found])[0]
    assert "not learnt from: disturbed" in checked_table([found]).rows[0]
    (found,) = judged(library, [make.change(measured, disturbed=True)], counted)  # the reference tells what it would be
    assert len(past_errors([found])) == 1
