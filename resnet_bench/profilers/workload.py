"""A case ready to iterate where it runs: what its executor prepared, beside the instruments of its device."""

import math
from contextlib import AbstractContextManager

import msgspec
import torch
from torch import nn

from resnet_bench.executors import table as executors
from resnet_bench.executors.inputs import input_of
from resnet_bench.executors.protocol import Prepared, Task
from resnet_bench.executors.ready import ready
from resnet_bench.machine.devices import HOST
from resnet_bench.models.registry import create_with_weights
from resnet_bench.profilers.devices import float32, instruments
from resnet_bench.records import Case, Executed, Precision, Transfer, arguments
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import arithmetic


class Workload:
    """One case on one device.

    Attributes:
        case: what is run.
        instruments: what measures on its device.
        device: torch's device.
        executor: the facts of what runs it.
        prepared: what its executor made ready.
        iterate: runs one iteration and returns its output; see `Prepared`.
        step: the parts of a training iteration; None for inference.
        weights_bytes: bytes of the weights as they are held.
        transferred_bytes: of the input that each iteration copies to the device anew; 0 where none does.
    """

    def __init__(
        self,
        case: Case,
        model: str | Spec | nn.Module,
        *,
        seed: int,
        transfer: Transfer = Transfer.EXCLUDED,
        calibration: str = "",
        artifacts: str = "",
    ) -> None:
        self.case = case
        self.instruments = instruments(case.device)
        self.device = self.instruments.device(case.device)
        self.executor = executors.facts(case.executor)
        executors.load(case.executor).supports(case)
        self.instruments.make_current(self.device)
        self.set_arithmetic()
        self._weights = ""
        prepared = ready(
            Task(
                case=case,
                network=lambda: self._built(model),
                seed=seed,
                device=str(self.device),
                transfer=transfer if self.instruments.kind.accelerator else Transfer.EXCLUDED,
                pinned=self.instruments.pins_memory(),
                calibration=calibration,
                artifacts=artifacts,
            )
        )
        self.take_over(prepared)
        self.weights_bytes = self.prepared.weights_bytes
        included = transfer is Transfer.INCLUDED and self.instruments.kind.accelerator
        elements = sum(math.prod(it.shape) for it in input_of(case).tensors)
        element_bytes = arithmetic(case.precision).weight_bytes
        self.transferred_bytes = case.batch_size * elements * element_bytes if included else 0

    def take_over(self, prepared: Prepared) -> None:
        """Iterate as another way of running the same network does, one that was made of what is prepared here."""
        self.prepared = prepared
        self.iterate, self.step = prepared.iterate, prepared.step

    def _built(self, model: str | Spec | nn.Module) -> nn.Module:
        """Return the network; the code of foreign ones may set torch's switches as it is imported, so they go last."""
        if isinstance(model, nn.Module):
            network = model
        else:
            given = arguments.from_text(self.case.arguments)
            network, self._weights = create_with_weights(
                model, self.case.weights, device=torch.device(HOST), arguments=given
            )
        self.set_arithmetic()
        return network

    def set_arithmetic(self, precision: Precision | None = None) -> None:
        """Set torch's switches as a precision needs them, the case's where none is named.

        Raises:
            UnsupportedError: the device has no such arithmetic.
        """
        computes = arithmetic(precision or self.case.precision)
        self.instruments.set_arithmetic(computes, self.device)
        float32.set_rounding(tensor_float=computes.tensor_float)

    def running(self) -> AbstractContextManager[None]:
        """Hold what must hold while it iterates; entering it for each iteration would be timed with it."""
        return self.prepared.running()

    def executed(self) -> Executed:
        """Read back what really ran, and in torch how the switches of the device stand."""
        ran = self.prepared.executed()
        if self._weights:
            ran = msgspec.structs.replace(ran, weights=self._weights)
        if not self.executor.needs_torch:
            return ran
        return msgspec.structs.replace(ran, **self.instruments.switches()._asdict())
