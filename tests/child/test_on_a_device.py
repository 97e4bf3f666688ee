"""Launches on a simulated device: what a card does over seconds, under load and in its queue is in the numbers."""

import statistics

import pytest

from resnet_bench import specs
from resnet_bench.analysis.drift import correct
from resnet_bench.analysis.metrics import PREDICTED_PEAK
from resnet_bench.analysis.nominals import made_of
from resnet_bench.analysis.reference_trial import helps, trial_of
from resnet_bench.child.fit import fit
from resnet_bench.child.measure import measure
from resnet_bench.config import suite_file
from resnet_bench.profilers.interleaving import LEAST_BURSTS
from resnet_bench.records import Executor, Mode, Part, Precision, ReferenceUse, State, StopReason, TimedBy, remarks
from resnet_bench.specs import accelerator_reference
from resnet_bench.wire.messages import FitRequest
from tests import make
from tests.simulated_device import MIB, Card
from tests.simulated_torch import simulated

pytestmark = pytest.mark.slow

HEAVY, LIGHT = "tests.simulated_models:heavy", "tests.simulated_models:light"


def request(model=HEAVY, *, preset="standard", protocol=(), **axes):
    axes = dict(batch_size=64, image_size=128, device="cuda:0", threads=1) | axes
    asked = suite_file.load_suite(preset=preset).protocol_on("cuda:0")
    return make.change(make.launch_request(model, **axes), protocol=make.change(asked, **dict(protocol)))


def launched(card=None, **asked):
    with simulated(card or Card()) as there:
        return measure(request(**asked)), there


def rate(launch):
    """Images per second of all back-to-back samples together."""
    samples = launch.back_to_back
    return launch.case.batch_size * samples.iterations_per_sample * len(samples.elapsed_s) / sum(samples.elapsed_s)


def true_rate(share, **asked):
    """Images per second of a card whose clock never moves, at a share of its highest."""
    launch, _ = launched(Card(sustained=1.0), **asked)
    return share * rate(launch)


@pytest.mark.parametrize("settling_s", [0.05, 0.5, 1.0, 3.0])
def test_throughput_is_what_the_card_can_keep_up(settling_s):
    launch, _ = launched(Card(sustained=0.8, settling_s=settling_s))
    assert rate(launch) == pytest.approx(true_rate(0.8), rel=0.03)
    assert launch.warmup.stopped_by is StopReason.SETTLED
    assert launch.warmup.queued_s


@pytest.mark.parametrize("settling_s", [2.0, 5.0])
def test_a_burst_is_what_a_cold_card_does(settling_s):
    launch, _ = launched(Card(sustained=0.8, settling_s=settling_s), protocol={"state": State.BURST})
    assert rate(launch) > 0.88 * true_rate(1.0)
    assert launch.warmup.queued_s == ()


@pytest.mark.parametrize(("preset", "warmup_s", "sampled_s"), [("quick", 0.5, 1.0), ("standard", 1.0, 2.0)])
@pytest.mark.parametrize("image_size", [128, 384])
def test_the_device_works_for_seconds_before_and_while_it_is_sampled(preset, warmup_s, sampled_s, image_size):
    launch, there = launched(preset=preset, image_size=image_size)
    assert sum(launch.back_to_back.device_elapsed_s) >= 0.98 * sampled_s
    assert there.device.busy_s >= warmup_s + sampled_s


@pytest.mark.parametrize("image_size", [128, 384])
def test_back_to_back_is_queued_however_long_an_iteration_takes(image_size):
    launch, _ = launched(image_size=image_size)
    assert launch.back_to_back.iterations_per_sample >= 3


def test_the_clock_is_read_while_the_device_works():
    launch, there = launched(Card(sustained=0.8, settling_s=0.2))
    load = launch.load
    assert load.sm_clock_hz.median == pytest.approx(0.8 * 1.98e9, rel=0.01)
    assert load.power_w.median > 600
    assert load.power_limit_w == 700
    assert load.throttled["power"] > 0.9
    assert 0.9 * load.window_s < load.held_back_s["power"] <= load.window_s
    assert load.readings > 20
    assert launch.before.sm_clock_hz == 1.98e9
    while_working = sum(there.device.readings[10:-10])
    assert while_working > 0.9 * len(there.device.readings[10:-10])


def test_reading_the_clock_takes_nothing_from_the_samples():
    quick, _ = launched(Card(sustained=1.0, reading_s=0.0))
    slow, _ = launched(Card(sustained=1.0, reading_s=2e-3))
    assert rate(slow) == pytest.approx(rate(quick), rel=1e-3)
    assert slow.isolated.iteration_s == pytest.approx(quick.isolated.iteration_s[: len(slow.isolated.iteration_s)])


def test_a_power_cap_is_a_fact_and_heat_a_disturbance():
    launch, _ = launched(Card(sustained=0.8))
    assert not any("throttled" in words for words in launch.contention.disturbances)
    with simulated(Card()) as there:
        there.nvml.reasons = there.nvml.nvmlClocksThrottleReasonSwThermalSlowdown
        hot = measure(request())
    assert "clocks throttled: software thermal slowdown" in hot.contention.disturbances


def test_a_device_that_tells_nothing_works_for_as_long():
    silent = frozenset({"clocks", "power", "temperature", "reasons", "limit", "violations", "energy"})
    launch, there = launched(Card(silent=silent))
    assert launch.load is None
    assert launch.energy is None
    assert launch.warmup.stopped_by is StopReason.STABLE
    assert there.device.busy_s > 3.0


def test_a_card_that_never_comes_to_rest_is_measured_and_its_record_says_so():
    launch, _ = launched(Card(sustained=0.2, settling_s=40.0))
    assert launch.warmup.stopped_by is StopReason.BUDGET


@pytest.mark.parametrize("session_s", [0.02, 0.3])
@pytest.mark.parametrize(("model", "axes"), [(HEAVY, {}), (LIGHT, {"batch_size": 1, "image_size": 8})])
def test_energy_is_that_of_two_seconds_of_work_however_slowly_the_library_opens(model, axes, session_s):
    card = Card(
        sustained=1.0, session_s=session_s, energy_step_s=0.1, launch_s=1e-4, convolution_launch_s=2e-4, kernel_s=1e-5
    )
    launch, there = launched(card, model=model, **axes)
    energy = launch.energy
    assert energy.window_s >= 2.0
    watts = energy.energy_j / energy.window_s
    busy = launch.load.power_w.median if model == HEAVY else None
    if busy is not None:
        assert watts == pytest.approx(busy, rel=0.02)
    images_per_s = energy.images / energy.window_s
    assert images_per_s == pytest.approx(rate(launch), rel=0.05)
    assert there.nvml.sessions == 0


@pytest.mark.parametrize("scale", [2.0**16, 2.0**10])
def test_no_sample_of_a_scaled_loss_skips_its_step(scale):
    launch, _ = launched(Card(loss_scale=scale), mode=Mode.TRAINING, precision=Precision.AMP_FP16)
    assert launch.warmup.skipped_steps == {2.0**16: 0, 2.0**10: 6}[scale]
    assert launch.skipped_steps == 0
    unscaled, _ = launched(mode=Mode.TRAINING)
    assert unscaled.skipped_steps is None


def test_a_trial_holds_the_optimizers_state_where_first_steps_are_skipped():
    def peak(card):
        with simulated(card):
            axes = dict(batch_size=2, image_size=8, device="cuda:0", threads=1, mode=Mode.TRAINING)
            case = make.case("resnet18", precision=Precision.AMP_FP16, **axes)
            found = fit(FitRequest(case=case, model="resnet18", memory_limit_bytes=None, time_limit_s=60.0))
            return found.peak_allocated_bytes

    assert peak(Card(loss_scale=2.0**10)) == peak(Card())


def test_a_loss_that_no_scale_fits_is_refused_in_words():
    from resnet_bench.errors import UnsupportedError

    with simulated(Card(loss_scale=0.0)), pytest.raises(UnsupportedError, match="no scale of the loss fits"):
        measure(request(mode=Mode.TRAINING, precision=Precision.AMP_FP16))


def test_the_memory_of_a_graph_is_what_its_capture_held():
    eager, _ = launched(preset="quick")
    graph, _ = launched(preset="quick", executor=Executor.CUDA_GRAPH)
    assert graph.memory.peak_allocated_bytes == pytest.approx(eager.memory.peak_allocated_bytes, rel=0.35)
    assert graph.memory.peak_allocated_bytes > 64 * 256 * 128 * 128 * 4  # one activation


ON = {"reference": ReferenceUse.ON}


def test_the_reference_takes_turns_and_nothing_of_it_is_in_what_is_measured():
    card = Card(sustained=0.8, settling_s=0.1)
    alone, _ = launched(card, protocol={"reference": ReferenceUse.AUTO})
    beside, there = launched(card, protocol=ON)
    assert alone.isolated.reference is alone.back_to_back.reference is None
    for without, samples in ((alone.isolated, beside.isolated), (alone.back_to_back, beside.back_to_back)):
        reference = samples.reference
        assert (reference.version, reference.cpu_s) == (accelerator_reference.VERSION, None)
        assert (reference.taken[0], reference.taken[-1]) == (0, len(samples.elapsed_s))
        assert len(reference.taken) >= LEAST_BURSTS
        # Products and activations by the card's rates, at the clock that it keeps up; no start of a kernel is in it.
        assert statistics.median(reference.elapsed_s) == pytest.approx(1.25e-3 / 0.8, rel=0.05)
        assert statistics.median(samples.iteration_s) == pytest.approx(statistics.median(without.iteration_s), rel=5e-3)
    assert beside.memory == make.change(alone.memory, peak_rss_bytes=beside.memory.peak_rss_bytes)
    assert there.memory.peak_allocated >= beside.memory.peak_allocated_bytes + accelerator_reference.held_bytes()
    per_image = [it.energy.energy_j / it.energy.images for it in (alone, beside)]
    assert per_image[1] == pytest.approx(per_image[0], rel=0.03)
    assert beside.energy.window_s >= 2.0
    assert beside.load.sm_clock_hz.median == pytest.approx(alone.load.sm_clock_hz.median, rel=0.01)
    assert beside.warmup.stopped_by is StopReason.SETTLED
    assert beside.warnings == alone.warnings


@pytest.mark.parametrize(
    ("mode", "executor", "precision"),
    [
        (Mode.TRAINING, Executor.EAGER, Precision.AMP_FP16),
        (Mode.INFERENCE, Executor.CUDA_GRAPH, Precision.FP32),
    ],
)
def test_the_reference_takes_the_same_whatever_stands_beside_it(mode, executor, precision):
    card = Card(sustained=1.0)
    axes = dict(mode=mode, executor=executor, precision=precision)
    launch, _ = launched(card, preset="quick", protocol=ON, **axes)
    alone, _ = launched(card, preset="quick", **axes)
    assert statistics.median(launch.isolated.reference.elapsed_s) == pytest.approx(1.25e-3, rel=0.05)
    assert launch.memory == make.change(alone.memory, peak_rss_bytes=launch.memory.peak_rss_bytes)


CLOCKS = (0.72, 0.9, 0.8, 0.76, 0.95, 0.85)


def beside_reference(**asked):
    """Launches of a case, each of which finds the card at another clock."""
    return [
        launched(Card(sustained=share, settling_s=0.05), preset="quick", protocol=ON, **asked)[0] for share in CLOCKS
    ]


def test_launches_at_other_clocks_agree_once_they_are_corrected():
    launches = beside_reference()
    whole = make.change(make.measurement([[1.0]], of=launches[0].case), launches=tuple(launches))
    (made,) = made_of(make.run_of([whole]))
    assert made.key == (launches[0].environment, 0, accelerator_reference.VERSION, launches[0].case.key)
    for samples in ([it.isolated for it in launches], [it.back_to_back for it in launches]):
        found = correct(samples, nominal=made, threads=0).correction
        assert found.spread_raw > 0.08
        assert found.spread_corrected < 0.1 * found.spread_raw
    trial = trial_of(launches)
    assert helps(trial)
    assert (trial.version, trial.launches) == (accelerator_reference.VERSION, 6)


def test_a_card_that_the_case_fills_is_measured_without_a_reference_and_that_is_said():
    """Where there is room, the case finds what it needs a second time beside it."""
    room = accelerator_reference.held_bytes()
    reserved = launched(Card(sustained=1.0), preset="quick")[0].memory.peak_reserved_bytes
    full, roomy = (Card(sustained=1.0, memory_bytes=reserved + many * room + 4 * MIB) for many in (1, 2))
    launch, _ = launched(full, preset="quick", protocol=ON)
    assert launch.isolated.reference is None
    assert remarks.no_room_for_reference(room) in launch.warnings
    assert launched(roomy, preset="quick", protocol=ON)[0].isolated.reference is not None


def test_layers_are_timed_without_it_at_the_clock_that_their_case_makes():
    found, _ = layers_of(batch_size=512, reference=ReferenceUse.ON)
    assert found.samples.reference is None


def layers_of(card=None, *, model="cifar_resnet20", reference=ReferenceUse.AUTO, **axes):
    from resnet_bench.child.layers import dissect
    from resnet_bench.wire.messages import LayersRequest

    with simulated(card or Card(sustained=1.0)) as there:
        protocol = {"state": State.BURST, "reference": reference}
        asked = request(model, preset="quick", protocol=protocol, **{"image_size": 32} | axes)
        found = dissect(LayersRequest(case=asked.case, model=model, protocol=asked.protocol, budget_s=0.05))
        return found.layers, there


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("batch_size", [2, 512])
def test_layers_take_what_their_kernels_do_and_the_host_has_a_column(mode, batch_size):
    found, there = layers_of(mode=mode, batch_size=batch_size)
    assert found.timed_by is TimedBy.KERNELS
    modules = [row for row in found.layers if row.part is Part.MODULE]
    waiting = next(row for row in found.layers if row.name == "the device waits for the host")
    assert found.parts_s == pytest.approx(found.whole_s, rel=0.03)
    assert all(row.launch_s > 3e-6 for row in modules)
    convolution = next(row for row in modules if row.name == "layer1.0.conv1")
    if batch_size == 2:
        assert waiting.time_s > 0.5 * found.whole_s
        assert convolution.forward_s == pytest.approx(there.device.card.kernel_s)
        assert convolution.launch_s > 3 * convolution.forward_s
    else:
        assert waiting.time_s < 0.1 * found.whole_s
        assert convolution.forward_s > convolution.launch_s
    if mode is Mode.TRAINING:
        assert all(row.backward_s > 0 for row in modules if row.type in {"Conv2d", "BatchNorm2d", "Linear"})


def test_a_device_whose_profiler_sees_no_kernel_has_its_layers_cut_by_events(monkeypatch):
    from resnet_bench.profilers import kernel_times

    monkeypatch.setattr(kernel_times, "segments_of", lambda _: [])
    found, _ = layers_of(batch_size=512)
    assert found.timed_by is TimedBy.DEVICE_EVENTS
    assert found.parts_s == pytest.approx(found.whole_s, rel=0.1)


@pytest.mark.parametrize(("batch_size", "within"), [(1, 0.10), (32, 0.05)])
@pytest.mark.parametrize(
    ("mode", "executor"),
    [(Mode.INFERENCE, Executor.EAGER), (Mode.INFERENCE, Executor.CUDA_GRAPH), (Mode.TRAINING, Executor.EAGER)],
)
def test_predicted_memory_knows_the_library_and_the_allocator(batch_size, within, mode, executor):
    axes = dict(batch_size=batch_size, image_size=224, mode=mode, executor=executor)
    quick = Card(silent=frozenset({"energy"}))  # else seconds of work are counted
    launch, _ = launched(quick, model="resnet18", protocol={"state": State.BURST, "max_samples": 8}, **axes)
    precision = launch.case.precision
    spec = specs.find("resnet18")
    profile = specs.profile(spec, mode=mode, precision=precision, batch_size=batch_size, image_size=224)
    measured = make.change(make.measurement([[0.1]], of=launch.case, profile=profile), launches=(launch,))
    predicted = PREDICTED_PEAK.extract(measured)
    assert predicted > profile.predicted_memory.peak_bytes + 32 * 2**20 - 1
    assert predicted == pytest.approx(launch.memory.peak_allocated_bytes, rel=within, abs=2**20)
