"""A disturbed measurement of ceilings is repeated, and the best of all counts."""

from types import SimpleNamespace

import pytest

from resnet_bench import records as r
from resnet_bench.errors import IncompleteError
from resnet_bench.profilers import ceilings as profiler
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.specs.arithmetic import peak_flop_per_s
from tests import make


@pytest.mark.parametrize(("disturbed", "attempts"), [((), 1), (("a",), 2), (("a", "b", "c"), 3)])
def test_a_disturbed_measurement_is_repeated_and_the_best_of_all_counts(monkeypatch, disturbed, attempts):
    from resnet_bench.child import ceilings as layers
    from resnet_bench.wire.messages import CeilingsRequest

    said, rates = iter([*disturbed, None]), iter([1e9, 3e9, 2e9])

    def measure(*_, **__):
        rate = r.Rate(precision=r.Precision.FP32, matmul_flop_per_s=next(rates), convolution_flop_per_s=None)
        return profiler.Found((rate,), (r.Bandwidth(moved_bytes=1, byte_per_s=1e9),), 1e-6)

    class Watch:
        def __init__(self, *_, **__):
            pass

        def finish(self, *_):
            name = next(said)
            return SimpleNamespace(disturbances=(name,) if name else ())

    monkeypatch.setattr(profiler, "measure", measure)
    monkeypatch.setattr(layers, "ContentionWatch", Watch)
    request = CeilingsRequest(device="cpu", threads=1, precisions=(r.Precision.FP32,), budget_s=0.0, attempts=3)
    found = layers.ceilings(request)
    assert found.attempts == attempts
    assert peak_flop_per_s(found, r.Precision.FP32) == max([1e9, 3e9, 2e9][:attempts])
    assert found.disturbances == (disturbed[2:] if attempts == 3 else ())


@pytest.mark.slow
def test_a_child_measures_this_machine_and_a_device_that_is_not_here_is_one_line():
    from resnet_bench.errors import ResNetBenchError
    from resnet_bench.wire.messages import CeilingsRequest

    request = CeilingsRequest(device="cpu", threads=1, precisions=(r.Precision.FP32,), budget_s=0.05, attempts=2)
    found = LocalLauncher().ask(request)
    assert peak_flop_per_s(found, r.Precision.FP32) > 1e8
    assert 0 < found.launch_s < 0.01
    assert [copy.moved_bytes for copy in found.bandwidths] == sorted(copy.moved_bytes for copy in found.bandwidths)
    assert bool(found.disturbances) <= (found.attempts == 2)
    with pytest.raises(ResNetBenchError, match="is not here") as caught:
        LocalLauncher().ask(make.change(request, device="cuda:7"))
    assert not isinstance(caught.value, IncompleteError)
