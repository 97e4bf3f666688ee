"""`resnet_bench.asv`: what a suite of a few lines gives asv, on a machine whose launches take no time."""

import textwrap

import pytest

from resnet_bench import asv
from resnet_bench.config.suite_file import load_suite
from resnet_bench.errors import UnknownModelError
from resnet_bench.records import State
from resnet_bench.runner.launchers import table
from resnet_bench.wire.messages import LookUpRequest
from tests.runner.instant import Machine


class Latency(asv.LatencySuite):
    models = ("resnet18",)
    batch_sizes = (1, 8)


class OnCard(asv.LatencySuite):
    models = ("resnet18",)
    device = "cuda:0"


class Throughput(asv.ThroughputSuite):
    models = ("resnet18",)
    batch_sizes = (8,)


class Cost(asv.CostSuite):
    models = ("resnet18",)


class Memory(asv.MemorySuite):
    models = ("resnet18",)


@pytest.fixture
def machine(monkeypatch):
    return Machine().install(monkeypatch)


def test_parameters_follow_from_the_models():
    assert Latency.params == (("resnet18",), (1, 8))
    assert Latency.param_names == ("model", "batch_size")
    assert Cost.params == (("resnet18",),)


def test_exact_counts_are_those_of_profile():
    assert (Cost().track_parameters("resnet18"), Cost().track_macs("resnet18")) == (11_689_512, 1_814_073_344)


def test_a_figure_is_a_launch_in_a_process(machine):
    found = set_up(Latency, 8).track_latency("resnet18", 8)
    assert found["number"] == 1
    assert found["samples"] == pytest.approx([0.01] * 8, rel=0.01)
    assert [(it.case.batch_size, it.case.device, it.case.image_size) for it in machine.requests] == [(8, "cpu", 224)]
    seconds_per_image = set_up(Throughput, 8).track_seconds_per_image("resnet18", 8)["samples"]
    assert seconds_per_image[0] == pytest.approx(0.01 / 8, rel=0.01)
    assert set_up(Memory, 1).track_peak_allocated("resnet18", 1) == machine_peak(machine)


def test_a_launch_is_measured_as_the_standard_preset_does_on_its_device(machine):
    for suite, device in ((Latency, "cpu"), (OnCard, "cuda:0")):
        set_up(suite, 1).track_latency("resnet18", 1)
        asked, standard = machine.requests[-1].protocol, load_suite(preset="standard").protocol_on(device)
        for name in ("state", "warmup_min_s", "throughput_min_s", "sample_min_s", "target_interval", "transfer"):
            assert getattr(asked, name) == getattr(standard, name)
        assert (asked.min_samples, asked.max_samples, asked.launches) == (5, 5, 1)
    assert asked.state is State.SUSTAINED


def test_the_example_is_a_suite():
    lines = asv.__doc__.split("\n\n")
    example = textwrap.dedent("\n\n".join(it for it in lines if it.startswith("    ")))
    made = {}
    exec(example, made)  # noqa: S102 - what a user would paste
    assert made["Latency"].params == (("mynet.model:build",), (1, 8))


def set_up(suite, batch_size):
    """Return a benchmark as asv makes it: one object, set up with the parameters."""
    made = suite()
    made.setup("resnet18", batch_size)
    return made


def machine_peak(machine):
    return machine.measure(machine.requests[-1]).memory.peak_allocated_bytes


def test_a_model_that_a_commit_does_not_have_is_skipped(monkeypatch):
    class Without:
        def ask(self, request):
            assert isinstance(request, LookUpRequest)
            raise UnknownModelError("'mynet:build': module 'mynet' cannot be imported.")

    monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: Without()))
    with pytest.raises(NotImplementedError, match="cannot be imported"):
        Latency().setup("mynet:build", 1)
    with pytest.raises(NotImplementedError, match="unknown model"):
        Latency().setup("resnet5", 1)
