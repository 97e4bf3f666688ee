"""The reference at work: beside a case on the host, on which `specs.reference` says what it is. Imports torch.

Outputs are allocated once: as the allocator is shipped, a kernel that allocates is itself up to twice as slow in some
launches.
"""

from collections.abc import Callable
from typing import Protocol

import torch

from resnet_bench.machine.devices import HOST
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.device_reference import DeviceReference
from resnet_bench.profilers.interleaving import Interleaving, interleaving
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Allocator, ReferenceUse
from resnet_bench.specs import reference as spec

_WARM_PASSES = 3
# Said to every tensor: a model's code may have set others as what torch makes unless told.
_DTYPE, _DEVICE = torch.float32, torch.device(HOST)


class Reference(Protocol):
    """What takes turns with a workload.

    Attributes:
        version: which one it is.
        said: what the launch is to say of it, in the words of `records.remarks`.
    """

    version: str
    said: tuple[str, ...]

    @property
    def host_bytes(self) -> int:
        """Bytes of its tensors in the host's memory, which are the process's and not the case's."""

    def place(self, first: Callable[[], None]) -> None:
        """Take room on the device after `first` was done; on the host it has its own from the beginning."""

    def turns(self, clock: Clock, *, iteration_s: float) -> Callable[[float], Interleaving | None]:
        """Return how it takes turns with samples, given what a sample takes; it is warmed up for that.

        Args:
            clock: of the device.
            iteration_s: what an iteration of the case takes.
        """

    def leave(self) -> None:
        """Leave the device's memory to whoever comes next; no turn is taken after that."""


class HostReference:
    """The reference on the host, beside a case of so many threads with this allocator."""

    said: tuple[str, ...] = ()

    def __init__(self, *, threads: int, allocator: Allocator) -> None:
        self._small = spec.SMALL_PRODUCTS if threads == 1 else 0
        self.version = spec.version(threads, allocator)
        # Outside of inference mode, so that training steps may use them too; values that never grow or vanish.
        with torch.inference_mode(mode=False):
            generator = torch.Generator(_DEVICE).manual_seed(0)

            def rand(*shape: int) -> torch.Tensor:
                return torch.rand(shape, generator=generator, dtype=_DTYPE, device=_DEVICE)

            self._left, self._right = (rand(spec.SIDE, spec.SIDE) for _ in range(2))
            self._product = torch.empty_like(self._left)
            self._small_factors = [rand(spec.SMALL_SIDE, spec.SMALL_SIDE) for _ in range(2)]
            self._small_product = torch.empty_like(self._small_factors[0])
            self._image = rand(spec.IMAGES, spec.CHANNELS, spec.PIXELS, spec.PIXELS)
            self._scale, self._shift = (rand(1, spec.CHANNELS, 1, 1) for _ in range(2))
            self._activation = torch.empty_like(self._image)
            deep = (spec.DEEP_CHANNELS, spec.DEEP_CHANNELS, 3, 3)
            sides = (1, spec.DEEP_CHANNELS, spec.DEEP_PIXELS, spec.DEEP_PIXELS)
            self._convolved = tuple(
                rand(*shape) for shape in ((deep, sides) if spec.has_convolution(allocator) else ())
            )

    def place(self, first: Callable[[], None]) -> None:
        """Do nothing: it has its room, and the case's memory is told apart from it."""

    def turns(self, clock: Clock, *, iteration_s: float) -> Callable[[float], Interleaving]:
        """Return how it takes turns with samples, given what a sample takes; it is warmed up for that.

        Args:
            clock: of the host.
            iteration_s: what an iteration of the case takes.
        """
        self.run()
        pass_s = min(clock.time(self.run, 1).host_s for _ in range(_WARM_PASSES))
        return lambda sample_s: interleaving(
            self.run, self.version, pass_s=pass_s, iteration_s=iteration_s, sample_s=sample_s
        )

    def leave(self) -> None:
        """Stay: it took nothing of a device."""

    @property
    def host_bytes(self) -> int:
        """Bytes of its tensors, which are the process's and not the case's."""
        held = (self._left, self._right, self._product, *self._small_factors, self._small_product)
        return sum(tensor.nbytes for tensor in (*held, self._image, self._activation, *self._convolved))

    @torch.no_grad()
    def run(self) -> None:
        """Do one pass; but for the output of a convolution it allocates nothing."""
        torch.mm(self._left, self._right, out=self._product)
        for _ in range(self._small):
            torch.mm(*self._small_factors, out=self._small_product)
        for _ in range(spec.PASSES):
            torch.addcmul(self._shift, self._image, self._scale, out=self._activation)
            torch.clamp(self._activation, min=0.0, out=self._activation)
        if self._convolved:
            kernels, image = self._convolved
            torch.nn.functional.conv2d(image, kernels, padding=1)


def beside(workload: Workload, use: ReferenceUse) -> Reference | None:
    """Return the reference that takes turns with a workload, None where there is to be none.

    On an accelerator whoever asks has decided whether it helps there: it is left out where that was left open.
    """
    accelerator = workload.instruments.kind.accelerator
    if use is ReferenceUse.OFF or (accelerator and use is not ReferenceUse.ON):
        return None
    if accelerator:
        return DeviceReference(workload.instruments, workload.device)
    return HostReference(threads=workload.case.threads, allocator=workload.case.allocator)
