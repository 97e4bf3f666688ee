"""Layer times by an injected clock: what is attributed where, and that the parts add up."""

import pytest
import torch
from torch import nn

from resnet_bench.analysis.prediction.shapes import static_pieces, timed_pieces
from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers import layers
from resnet_bench.profilers.complexity import profile_module, static_profile
from resnet_bench.profilers.interleaving import interleaving
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Mode, Part, TimedBy
from resnet_bench.specs import Activation, Attention, Block, Downsample, Layout, Norm, Spec, Stem
from tests import make
from tests.fake_clock import FakeClock

CLOCK = FakeClock()


class Slow(torch.autograd.Function):
    """Takes time in both directions and changes nothing."""

    @staticmethod
    def forward(ctx, x, forward_s, backward_s):
        CLOCK.advance(forward_s)
        ctx.backward_s = backward_s
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        CLOCK.advance(ctx.backward_s)
        return gradient, None, None


class Timed(nn.Module):
    """A layer that takes the given seconds."""

    def __init__(self, forward_s, backward_s=0.0):
        super().__init__()
        self.forward_s, self.backward_s = forward_s, backward_s

    def forward(self, x):
        return Slow.apply(x, self.forward_s, self.backward_s)


class TimedConv(nn.Conv2d):
    """A real convolution that takes the given seconds."""

    def __init__(self, *args, forward_s, backward_s=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.forward_s, self.backward_s = forward_s, backward_s

    def forward(self, x):
        return Slow.apply(super().forward(x), self.forward_s, self.backward_s)


class Tiny(nn.Module):
    """A shared layer, one called twice, a sum and a functional operator between modules, in-place ReLU."""

    def __init__(self):
        super().__init__()
        self.conv = TimedConv(3, 4, 3, padding=1, forward_s=8.0, backward_s=16.0)
        self.act = nn.ReLU(inplace=True)
        self.twice = Timed(1.0, 2.0)
        self.alias = self.twice
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        x = self.act(self.conv(x))
        kept = x
        x = self.alias(self.twice(x))
        CLOCK.advance(0.5)  # what the functional sum takes
        x = x + kept
        x = torch.flatten(self.pool(x), 1)
        CLOCK.advance(0.25)  # Python between the layers
        return self.fc(x)


class OtherEachTime(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(192, 5), nn.Linear(192, 5)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return (self.one if self.calls % 3 else self.two)(torch.flatten(x, 1))


def measured(module, mode=Mode.INFERENCE, clock=CLOCK, budget_s=0.0, reference=None):
    case = make.case("tiny", mode=mode, batch_size=2, image_size=8)
    static = profile_module(module, name="tiny", batch_size=2, image_size=8)
    workload = Workload(case, module, seed=0)
    with workload.running():
        return layers.measure(workload, module, clock, static.layers, budget_s=budget_s, reference=reference)


def by_name(parts):
    return {(row.name, row.call): row for row in parts.layers}


def test_each_call_gets_its_own_time_and_the_parts_are_the_whole():
    parts = measured(Tiny())
    rows = by_name(parts)
    assert parts.timed_by is TimedBy.HOST_CLOCK
    assert rows["conv", 1].forward_s == pytest.approx(8.0)
    assert (rows["twice", 1].forward_s, rows["twice", 2].forward_s) == pytest.approx((1.0, 1.0))
    assert ("alias", 1) not in rows
    assert rows["act", 1].forward_s == pytest.approx(0.0)
    assert parts.whole_s == pytest.approx(10.75)
    assert sum(row.time_s for row in parts.layers) == pytest.approx(parts.whole_s)


class SteadyReference:
    """One whose pass takes 0.1 s."""

    def turns(self, clock, *, iteration_s):
        del clock
        return lambda sample_s: interleaving(
            lambda: CLOCK.advance(0.1), "cpu-1", pass_s=0.1, iteration_s=iteration_s, sample_s=sample_s
        )


def test_the_reference_takes_turns_with_iterations_without_marks_and_adds_to_none_of_them():
    parts = measured(Tiny(), reference=SteadyReference())
    samples, reference = parts.samples, parts.samples.reference
    assert samples.elapsed_s == pytest.approx([10.75] * len(samples.elapsed_s))
    assert sum(row.time_s for row in parts.layers) == pytest.approx(parts.whole_s) == pytest.approx(10.75)
    assert reference.elapsed_s == pytest.approx([0.1] * len(reference.elapsed_s))
    assert (reference.taken[0], reference.taken[-1]) == (0, len(samples.elapsed_s))
    assert len(reference.taken) > 3
    assert measured(Tiny()).samples.reference is None


def test_what_runs_between_modules_stands_in_its_gap_or_outside_and_never_vanishes():
    rows = measured(Tiny()).layers
    total = next(row for row in rows if row.name == "add")
    assert (total.part, total.type, total.forward_s) == (Part.OPERATOR, "Add", pytest.approx(0.5))
    outside = next(row for row in rows if row.part is Part.OUTSIDE)
    assert outside.forward_s == pytest.approx(0.25)
    assert [row.name for row in rows] == ["conv", "act", "twice", "twice", "add", "pool", "fc", "outside modules"]


def test_training_attributes_forward_and_backward_to_the_same_layer():
    parts = measured(Tiny(), Mode.TRAINING)
    rows = by_name(parts)
    assert (rows["conv", 1].forward_s, rows["conv", 1].backward_s) == pytest.approx((8.0, 16.0))
    assert [rows["twice", call].backward_s for call in (1, 2)] == pytest.approx([2.0, 2.0])
    assert rows["add", 1].backward_s == pytest.approx(0.0)
    assert rows["optimizer step", 1].optimizer_s == pytest.approx(0.0)
    assert sum(row.time_s for row in parts.layers) == pytest.approx(parts.whole_s) == pytest.approx(30.75)


def test_rows_carry_the_counts_of_the_closed_form():
    module = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Flatten(), nn.Linear(256, 5))
    parts = measured(module, clock=FakeClock())
    conv, flatten, linear, outside = parts.layers
    assert conv.macs == 2 * 4 * 8 * 8 * 3 * 9
    assert conv.flops == 2 * conv.macs
    assert conv.moved_bytes == 4 * (2 * 3 * 64 + 2 * 4 * 64 + 4 * 3 * 9)
    assert conv.intensity == conv.flops / conv.moved_bytes
    assert (linear.macs, linear.flops) == (2 * 256 * 5, 2 * 2 * 256 * 5 + 2 * 5)
    assert (flatten.flops, outside.flops) == (None, None)


class CostlyMarks(FakeClock):
    """A clock whose marks take time, as real ones do."""

    def __init__(self, cost_s):
        super().__init__()
        self.cost_s = cost_s

    def marker(self):
        marker, own = super().marker(), self

        class Costly:
            timed_by = marker.timed_by
            durations = staticmethod(marker.durations)

            @staticmethod
            def mark():
                marker.mark()
                own.advance(own.cost_s)

        return Costly()


@pytest.mark.parametrize("mode", list(Mode))
def test_the_cost_of_marks_is_measured_and_taken_off(mode, monkeypatch):
    clock = CostlyMarks(0.01)
    monkeypatch.setitem(globals(), "CLOCK", clock)
    parts = measured(Tiny(), mode, clock)
    assert parts.instrumented_s > parts.whole_s + 0.05
    assert parts.overhead_s == pytest.approx(parts.instrumented_s - parts.whole_s, abs=0.05)
    assert sum(row.time_s for row in parts.layers) == pytest.approx(parts.whole_s, rel=0.03)
    assert by_name(parts)["conv", 1].forward_s == pytest.approx(8.0, rel=0.001)


def test_quick_iterations_that_do_not_agree_are_repeated_beyond_the_usual_number(monkeypatch):
    monkeypatch.setattr(layers, "MAX_ITERATIONS", 8)
    few = measured(Tiny(), budget_s=1e9).iterations
    monkeypatch.setattr(layers, "AGREEMENT", -1.0)  # nothing agrees
    many = measured(Tiny(), budget_s=1e9).iterations
    assert (few, many) == (8, 32)


def test_the_network_is_left_as_it_was():
    module = Tiny()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    measured(module)
    assert all("forward" not in part.__dict__ for part in module.modules())
    assert all(not part._forward_hooks and not part._forward_pre_hooks for part in module.modules())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_a_network_that_runs_other_layers_each_time_is_refused():
    with pytest.raises(UnsupportedError, match="another order"):
        measured(OtherEachTime())


def test_what_a_failing_layer_raises_comes_through_and_leaves_no_wrapper():
    class Fails(nn.Module):
        def forward(self, _):
            raise RuntimeError("no kernel")

    module = nn.Sequential(Fails())
    from resnet_bench.profilers.timeline import survey

    with pytest.raises(RuntimeError, match="no kernel"):
        survey(module, lambda: module(torch.zeros(1)))
    assert "forward" not in module[0].__dict__


VARIANTS = {
    "bottleneck": dict(block=Block.BOTTLENECK, layout=Layout.V1, groups=2),
    "preact": dict(layout=Layout.V2, attention=Attention.SE),
    "padded": dict(layout=Layout.V1, stem=Stem.CIFAR, norm=Norm.FROZEN),
    "deep": dict(stem=Stem.DEEP, downsample=Downsample.AVG, attention=Attention.ECA, activation=Activation.SILU),
    "blurred": dict(block=Block.BOTTLENECK, antialias=True, attention=Attention.SE, norm=Norm.GROUP),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_layers_that_are_timed_are_called_as_those_that_are_counted(variant):
    """Or no library would know a layer again: in the order in which they run, with the same shapes."""
    fields = dict(block=Block.BASIC, layers=(2, 1), image_size=32, num_classes=5) | VARIANTS[variant]
    spec = Spec(name=variant, family="custom", **fields)
    of = make.case(variant, mode=Mode.TRAINING, batch_size=2, image_size=32)
    static = static_profile(spec, mode=Mode.TRAINING, batch_size=2)
    workload = Workload(of, spec, seed=0)
    network, _ = workload.prepared.plain()
    with workload.running():
        timed = layers.measure(workload, network, CLOCK, static.layers, budget_s=0.0)
    found = [piece.shape for piece in timed_pieces(timed.layers)]
    assert found == [piece.shape for piece in static_pieces(static.layers)]
