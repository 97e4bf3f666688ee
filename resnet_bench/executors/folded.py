"""The network with each batch norm folded into the convolution before it, operator by operator; in int8 by torch.ao."""

import dataclasses

from resnet_bench.errors import UnsupportedError, in_words
from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.placed import MEMORY_FORMATS, placed
from resnet_bench.executors.protocol import Executes, Prepared, Task
from resnet_bench.executors.quantised import quantised, refuse_unquantisable
from resnet_bench.records import Case, Mode, Precision


class Folded:
    """Runs what torch.fx makes of the module in eval mode."""

    def supports(self, case: Case) -> None:
        """Inference.

        Raises:
            UnsupportedError: training, whose batch norms have statistics of their own in each step; int8 where torch
                has no engine for it.
        """
        if case.mode is Mode.TRAINING:
            raise UnsupportedError("folded is for inference: in training batch norms are not constants.")
        if case.precision is Precision.INT8:
            refuse_unquantisable(case)

    def name_kernels(self) -> None:
        """Operators have their names."""

    def prepare(self, task: Task) -> Prepared:
        """Fold, and return the folded network's iteration; what it is compared with stays as it was.

        Raises:
            UnsupportedError: torch.fx cannot trace the network.
        """
        if task.case.precision is Precision.INT8:
            return quantised(task)
        from torch.fx.experimental.optimization import fuse  # noqa: PLC0415 - only folded cases need the tracer

        there = placed(task)
        try:
            network = fuse(there.network)
        except Exception as error:  # noqa: BLE001 - whatever the tracer, or the model under it, raises
            raise UnsupportedError(f"folded: torch.fx cannot trace '{task.case.model}': {in_words(error)}") from None
        network = network.to(memory_format=MEMORY_FORMATS[task.case.memory_format])  # type: ignore[call-overload]
        made = prepared(dataclasses.replace(there, network=network), network, modules=network)
        return dataclasses.replace(made, unchanged=there.network)


EXECUTOR: Executes = Folded()
