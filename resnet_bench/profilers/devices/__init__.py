"""The devices that torch can use here, and what measures on each of them. Imports torch."""

from functools import cache
from importlib import import_module

import torch

from resnet_bench.errors import DeviceError
from resnet_bench.machine import devices, environment
from resnet_bench.machine.devices import DeviceKind
from resnet_bench.profilers.devices.instruments import Instruments
from resnet_bench.records import Environment

__all__ = ["Instruments", "collect", "find", "instruments", "present"]


def present() -> tuple[str, ...]:
    """Return the devices that torch can use here, the host first: ("cpu", "cuda:0", "cuda:1")."""
    counts = [(kind, _loaded(kind).count()) for kind in devices.KINDS]
    accelerators = [(kind.torch_type, count) for kind, count in counts if kind.accelerator]
    return (devices.HOST, *(f"{word}:{index}" for word, count in accelerators for index in range(count)))


def find(asked: str) -> str:
    """Return the name of the device asked for; "auto" is the first accelerator, or else the host.

    Raises:
        DeviceError: no such device, with those that are here; or one is here that torch cannot use, with the way out.
    """
    here = present()
    if here == (devices.HOST,):
        _refuse_unusable(asked)
    return devices.find(asked, here)


def _refuse_unusable(asked: str) -> None:
    """Refuse to take the host for an accelerator that is there: nobody who has one means that."""
    for kind in devices.KINDS:
        if kind.accelerator and asked.partition(":")[0] in {devices.AUTO, kind.torch_type}:
            why = _loaded(kind).unusable()
            if why is not None:
                raise DeviceError(f"{why}, or measure the CPU with --device {devices.HOST}.")


def instruments(device: str | torch.device) -> Instruments:
    """Return what measures on a device: of kinds that share torch's word, the one that is here.

    Raises:
        DeviceError: no kind is called so.
    """
    name = str(device)
    word = devices.kind_of(name).torch_type
    candidates = [_loaded(kind) for kind in devices.KINDS if kind.torch_type == word]
    return next((it for it in candidates if it.count()), candidates[0])


def collect(device: str) -> Environment:
    """Describe this machine as seen by a device.

    Raises:
        DeviceError: the device is not here.
    """
    name = find(device)
    measures = instruments(name)
    target = measures.device(name)
    return environment.describe(
        measures.kind, measures.facts(target), measures.state(target), torch=str(torch.__version__)
    )


@cache
def _loaded(kind: DeviceKind) -> Instruments:
    made: Instruments = import_module(f"{__name__}.{kind.instruments}").INSTRUMENTS
    return made
