"""THE table of device kinds. Never torch: each kind names the module that measures on it.

A new kind is a row here and a file in `profilers/devices/`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from resnet_bench.errors import DeviceError, InternalError
from resnet_bench.machine.variables import OF_AMD, OF_NVIDIA, OF_ONEDNN, OF_QUEUE, Falsifier
from resnet_bench.records import Identity, Precision, Record, Update, plan

AUTO, HOST = plan.AUTO, plan.HOST


class DeviceKind(NamedTuple):
    """What is known of a kind of device without asking one.

    Attributes:
        name: what tells it from the others: two vendors may share torch's word.
        torch_type: torch's word, with which names of devices begin: "cuda:1".
        instruments: the module of `resnet_bench.profilers.devices` that measures on it.
        accelerator: it has memory and a queue of its own, and the host waits for it.
        ceilings: the precisions whose ceilings are measured where none are named.
        out_of_memory: words, in small letters and apart, by which its libraries say that memory is wanting.
        nodes: files (patterns below /dev) of which one is there on Linux where there is such a device.
        unsupported: words, in small letters, by which it says that it has no such operator or type; beside torch's own.
        captures_graphs: queued work can be captured once and replayed as a whole.
        software: (title, field of `Identity`) of each version that a device of this kind has.
        advice: what to change for steadier numbers; "" for nothing.
        update: how torch's optimizers go over weights there unless they are told otherwise.
        falsifiers: environment variables by which its figures are not what they are called.
        collectives: what gradients of several ranks go over, by torch's name.
        host_cores: cores that a launch needs on the host, beside those of its CPU threads.
    """

    name: str
    torch_type: str
    instruments: str
    accelerator: bool
    ceilings: tuple[Precision, ...]
    out_of_memory: tuple[str, ...]
    nodes: tuple[str, ...]
    unsupported: tuple[str, ...] = ()
    captures_graphs: bool = False
    software: tuple[tuple[str, str], ...] = (("driver", "driver"),)
    advice: str = ""
    update: Update = Update.FOREACH
    falsifiers: tuple[Falsifier, ...] = ()
    collectives: str = "gloo"
    host_cores: int = 2  # one that queues, and the driver's thread


class DeviceFacts(Record, frozen=True, kw_only=True):
    """What one device says of itself; None where it cannot tell."""

    name: str
    memory_bytes: int | None = None
    cuda: str | None = None
    cudnn: str | None = None
    driver: str | None = None
    hip: str | None = None
    power_limit_w: float | None = None
    ecc: bool | None = None
    persistence: bool | None = None
    mig: str | None = None


_HALVES = (Precision.FP32, Precision.FP16, Precision.BF16)

KINDS: tuple[DeviceKind, ...] = (
    DeviceKind(
        name="cpu",
        torch_type=HOST,
        instruments="cpu",
        accelerator=False,
        ceilings=(Precision.FP32, Precision.BF16),
        # The CPU's allocator, the C++ library's, the system's.
        out_of_memory=("defaultcpuallocator", "bad alloc", "cannot allocate memory", "not enough memory"),
        nodes=(),
        software=(),
        falsifiers=OF_ONEDNN,
        host_cores=0,
        advice="keep the default of one core left free: --threads all is faster alone, far less steady beside others.",
        update=Update.FOR_LOOP,
    ),
    DeviceKind(
        name="cuda",
        torch_type="cuda",
        instruments="cuda",
        accelerator=True,
        ceilings=(Precision.FP32, Precision.TF32, Precision.FP16, Precision.BF16, Precision.FP8),
        # CUDA's; cuBLAS's and cuDNN's for their handles; cuDNN 9's for workspace, also where no plan of it had room.
        out_of_memory=("out of memory", "status alloc failed", "allocation failed", "unable to find an engine"),
        nodes=("nvidiactl", "nvhost-ctrl*", "dxg"),
        captures_graphs=True,
        collectives="nccl",
        software=(("CUDA", "cuda"), ("cuDNN", "cudnn"), ("driver", "driver")),
        falsifiers=(*OF_QUEUE, *OF_NVIDIA),
        advice="lock the GPU's clocks while measuring: nvidia-smi -lgc MIN,MAX (undo with nvidia-smi -rgc).",
    ),
    DeviceKind(
        name="rocm",
        torch_type="cuda",
        instruments="rocm",
        accelerator=True,
        ceilings=_HALVES,
        out_of_memory=("out of memory", "hiperroroutofmemory", "status alloc failed", "miopenstatusallocfailed"),
        nodes=("kfd",),
        captures_graphs=True,
        collectives="nccl",
        software=(("HIP", "hip"), ("driver", "driver")),
        falsifiers=(*OF_QUEUE, *OF_AMD),
        advice="fix the GPU's clocks while measuring: rocm-smi --setperflevel high (undo with auto).",
    ),
    DeviceKind(
        name="xpu",
        torch_type="xpu",
        instruments="xpu",
        accelerator=True,
        ceilings=_HALVES,
        out_of_memory=("out of memory", "out of device memory", "out of host memory", "error out of resources"),
        nodes=("dri/renderD*",),
        collectives="xccl",
        falsifiers=OF_ONEDNN,
    ),
    DeviceKind(
        name="mps",
        torch_type="mps",
        instruments="mps",
        accelerator=True,
        ceilings=_HALVES,
        out_of_memory=("mps backend out of memory",),
        nodes=(),
        software=(),
        unsupported=("implemented for the mps device", "mps framework doesn't support"),
        update=Update.FOR_LOOP,
    ),
)


def kind_of(device: str) -> DeviceKind:
    """Return the kind of a device by its name or by `Identity.device`; of two that share torch's word, the first.

    Raises:
        DeviceError: no kind is called so.
    """
    word = device.partition(":")[0]
    for kind in KINDS:
        if word in {kind.name, kind.torch_type}:
            return kind
    raise DeviceError(f"unknown device '{device}': expected {expected()}.")


def kind_named(name: str) -> DeviceKind:
    """Return the kind of that name."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise InternalError(f"no kind of device is called '{name}'")


def is_accelerator(device: str) -> bool:
    """Say whether a device has memory and a queue of its own."""
    return kind_of(device).accelerator


def software(identity: Identity) -> tuple[tuple[str, str | None], ...]:
    """Return the versions that a device of this kind has, by their titles; None where it does not tell."""
    return tuple((title, getattr(identity, field)) for title, field in kind_of(identity.device).software)


def expected() -> str:
    """Return how devices are named, for messages."""
    words = dict.fromkeys(kind.torch_type for kind in KINDS)
    return f"{AUTO}, " + ", ".join(words) + f", or one of several by its number, such as {KINDS[1].torch_type}:1"


def find(asked: str, present: Sequence[str]) -> str:
    """Return the name of the device asked for among those that are here, the host first in `present`.

    "auto" is the first accelerator, else the host; a kind without a number is its first device.

    Raises:
        DeviceError: no such device, with those that are here.
    """
    if asked == AUTO:
        return present[min(1, len(present) - 1)]
    here = ", ".join(present)
    word, _, number = asked.partition(":")
    if word not in {kind.torch_type for kind in KINDS} or (number and not number.isdigit()):
        raise DeviceError(f"unknown device '{asked}'; here are: {here}.")
    named = next((name for name in present if asked in {name, name.partition(":")[0]}), None)
    if named is None:
        raise DeviceError(f"device '{asked}' is not here; here are: {here}.")
    return named


def known_without_torch(asked: str, *, nodes: Path = Path("/dev"), system: str = sys.platform) -> str | None:
    """Return the device that `find` gives where that is certain without asking torch, else None.

    Certain is the host; and on Linux, where no driver has made a device file, that nothing else is here.

    Raises:
        DeviceError: certainly there is no such device.
    """
    if asked == HOST:
        return HOST
    has_node = any(any(nodes.glob(pattern)) for kind in KINDS for pattern in kind.nodes)
    return find(asked, (HOST,)) if system == "linux" and not has_node else None


def likely(asked: str) -> str:
    """Return a device of the kind that `find` will most likely give, without asking torch; it may be wrong.

    Raises:
        DeviceError: certainly there is no such device.
    """
    accelerator = next(kind.torch_type for kind in KINDS if kind.accelerator)
    return known_without_torch(asked) or (accelerator if asked == AUTO else asked)


def out_of_memory_words() -> tuple[str, ...]:
    """Return the words, in small letters and not joined by "_", by which any kind says that memory is wanting."""
    return tuple(dict.fromkeys(words for kind in KINDS for words in kind.out_of_memory))


def unsupported_words() -> tuple[str, ...]:
    """Return the words, in small letters, by which any kind says that it cannot do something."""
    return tuple(dict.fromkeys(words for kind in KINDS for words in kind.unsupported))
