"""The reference on an accelerator at work; `specs.accelerator_reference` says what it is. Imports torch.

It takes memory of the device only when `place` lets it, so that what the case takes is known before, and a case that
fills the device is measured without it rather than not at all. After that a pass allocates nothing.
"""

import math
from collections.abc import Callable

import torch

from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.devices import Instruments
from resnet_bench.profilers.interleaving import ON_DEVICE, Interleaving, interleaving, seconds_of
from resnet_bench.records import remarks
from resnet_bench.specs import accelerator_reference as spec

_WARM_PASSES = 3
# Free memory in what it takes: the case's own blocks may lie otherwise afterwards.
_ROOM = 2


class DeviceReference:
    """The reference on the device that these instruments measure."""

    version = spec.VERSION
    host_bytes = 0

    def __init__(self, instruments: Instruments, device: torch.device) -> None:
        self._instruments, self._device = instruments, device
        self._kernels: _Kernels | None = None
        self.said: tuple[str, ...] = ()

    def place(self, first: Callable[[], None]) -> None:
        """Do what must be done before the device's memory is shared, then take room there, if there is some."""
        first()
        free_bytes = self._instruments.free_bytes(self._device)
        if free_bytes is None or free_bytes >= _ROOM * spec.held_bytes():
            # Else it is given parts of what the case comes back for, which must then be found a second time.
            self._instruments.empty_cache()
            try:
                self._kernels = _Kernels(self._device)
                self._kernels.run()
            except torch.OutOfMemoryError:
                self._kernels = None
            self._instruments.synchronize(self._device)
        self.said = () if self._kernels else (remarks.no_room_for_reference(spec.held_bytes()),)

    def turns(self, clock: Clock, *, iteration_s: float) -> Callable[[float], Interleaving | None]:
        """Return how it takes turns with samples, given what a sample takes; None where it has no room.

        Args:
            clock: of the device.
            iteration_s: what an iteration of the case takes.
        """
        if self._kernels is None and not self.said:
            self.place(lambda: None)
        if self._kernels is None:
            return lambda _: None
        clock.time(self.run, 1)
        pass_s = min(seconds_of(clock.time(self.run, 1)) for _ in range(_WARM_PASSES))
        return lambda sample_s: interleaving(
            self.run, self.version, pass_s=pass_s, iteration_s=iteration_s, sample_s=sample_s, rules=ON_DEVICE
        )

    def leave(self) -> None:
        """Leave the device's memory to whoever comes next; no turn is taken after that."""
        self._kernels = None

    def run(self) -> None:
        """Queue one pass."""
        if self._kernels is not None:
            self._kernels.run()


class _Kernels:
    """What a pass computes, and where."""

    def __init__(self, device: torch.device) -> None:
        # Outside of inference mode, so that training steps may use them too.
        with torch.inference_mode(mode=False), torch.no_grad():
            generator = torch.Generator().manual_seed(0)
            of_type: torch.dtype = getattr(torch, spec.TYPE)
            numbers = torch.rand(spec.NUMBERS, generator=generator).to(of_type).to(device)

            def filled(*shape: int) -> torch.Tensor:
                count = math.prod(shape)
                return numbers.repeat(math.ceil(count / spec.NUMBERS))[:count].view(shape)

            def empty(*shape: int) -> torch.Tensor:
                return torch.empty(shape, dtype=of_type, device=device)

            images = (spec.IMAGES, spec.CHANNELS, spec.PIXELS, spec.PIXELS)
            positions = spec.IMAGES * spec.PIXELS**2
            self._left, self._right = (filled(spec.SIDE, spec.SIDE) for _ in range(2))
            self._product = empty(spec.SIDE, spec.SIDE)
            self._image, self._activation = filled(*images), empty(*images)
            self._scale, self._shift = (filled(1, spec.CHANNELS, 1, 1) for _ in range(2))
            self._positions = self._activation.view(positions, spec.CHANNELS)
            self._weights = filled(spec.CHANNELS, spec.NARROW_CHANNELS)
            self._narrow = empty(positions, spec.NARROW_CHANNELS)

    @torch.no_grad()
    def run(self) -> None:
        """Queue one pass. What is given its output is not cast by an autocast around it (torch's documentation)."""
        for _ in range(spec.PRODUCTS):
            torch.mm(self._left, self._right, out=self._product)
        for _ in range(spec.PASSES):
            torch.addcmul(self._shift, self._image, self._scale, out=self._activation)
            torch.clamp(self._activation, min=0.0, out=self._activation)
        for _ in range(spec.POINTWISE):
            torch.mm(self._positions, self._weights, out=self._narrow)
