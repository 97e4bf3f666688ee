"""The reference of accelerators: half precision whatever is around it, memory of its own that stays as it is."""

import contextlib
import gc
import weakref
from types import SimpleNamespace

import pytest
import torch

from resnet_bench.profilers.device_reference import DeviceReference
from resnet_bench.profilers.reference import HostReference, beside
from resnet_bench.records import ReferenceUse
from resnet_bench.specs import accelerator_reference as spec
from tests import make
from tests.fake_clock import FakeClock

HOST = torch.device("cpu")


@pytest.fixture
def small(monkeypatch):
    """Sizes that a processor computes at once."""
    for name, size in dict(NUMBERS=64, SIDE=32, IMAGES=2, CHANNELS=16, PIXELS=4, NARROW_CHANNELS=8).items():
        monkeypatch.setattr(spec, name, size)


def device(free_bytes=None):
    return SimpleNamespace(free_bytes=lambda _: free_bytes, synchronize=lambda _: None, empty_cache=lambda: None)


class Watched(torch.overrides.TorchFunctionMode):
    """Keeps what operators that are given their output made of it."""

    def __init__(self):
        super().__init__()
        self.outputs = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if "out" in (kwargs or {}):
            self.outputs.append(made)
        return made


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "around",
    [
        contextlib.nullcontext,
        torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
)
def test_a_pass_is_finite_and_in_half_precision_whatever_is_around_it_and_makes_no_tensor(around):
    reference = DeviceReference(device(), HOST)
    with around():
        turns = reference.turns(FakeClock(), iteration_s=0.01)(0.01)
        turns.run()
        with Watched() as seen:
            turns.run()
    assert len(seen.outputs) == spec.PRODUCTS + 2 * spec.PASSES + spec.POINTWISE
    assert {it.dtype for it in seen.outputs} == {torch.float16}
    assert all(bool(torch.isfinite(it).all()) and float(it.abs().max()) > 0 for it in seen.outputs)
    assert len({it.data_ptr() for it in seen.outputs}) == 3
    assert turns.version == reference.version == spec.VERSION


def test_no_sum_of_its_numbers_is_too_large_for_half_precision():
    largest = torch.finfo(torch.float16).max
    assert largest > spec.SIDE
    assert largest > 2 * spec.CHANNELS  # number x scale + shift


@pytest.mark.usefixtures("small")
def test_it_takes_room_when_it_is_let_and_not_before():
    done, held = [], spec.held_bytes()
    reference = DeviceReference(device(free_bytes=2 * held), HOST)
    reference.place(lambda: done.append("memory was read"))
    assert (done, reference.said) == (["memory was read"], ())
    full = DeviceReference(device(free_bytes=2 * held - 1), HOST)
    full.place(lambda: done.append("again"))
    assert done[1:] == ["again"]
    assert full.turns(FakeClock(), iteration_s=0.01)(0.01) is None
    (said,) = full.said
    assert said.startswith("no reference took turns with the samples: the case leaves no room for its ")


@pytest.mark.usefixtures("small")
def test_what_it_held_is_free_once_it_has_left():
    reference = DeviceReference(device(), HOST)
    turns = reference.turns(FakeClock(), iteration_s=0.01)(0.01)
    with Watched() as seen:
        turns.run()
    held = weakref.ref(seen.outputs[0].untyped_storage())
    seen.outputs.clear()
    assert held() is not None
    reference.leave()
    gc.collect()
    assert held() is None


def test_want_of_memory_of_its_own_is_no_end_of_a_launch(monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.Tensor, "repeat", full)
    reference = DeviceReference(device(), HOST)
    assert reference.turns(FakeClock(), iteration_s=0.01)(0.01) is None
    assert len(reference.said) == 1


@pytest.mark.parametrize(
    ("accelerator", "use", "expected"),
    [
        (False, ReferenceUse.AUTO, HostReference),
        (False, ReferenceUse.ON, HostReference),
        (False, ReferenceUse.OFF, type(None)),
        (True, ReferenceUse.AUTO, type(None)),  # whoever asks knows the machine
        (True, ReferenceUse.ON, DeviceReference),
        (True, ReferenceUse.OFF, type(None)),
    ],
)
def test_the_kind_of_device_decides_which_one_takes_turns(accelerator, use, expected):
    instruments = SimpleNamespace(kind=SimpleNamespace(accelerator=accelerator))
    workload = SimpleNamespace(instruments=instruments, device=HOST, case=make.case("tiny", threads=1))
    assert isinstance(beside(workload, use), expected)
