"""A forward pass captured once as a CUDA graph and replayed: the host starts it as a whole."""

from collections.abc import Callable

import torch
from torch import Tensor

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.iteration import TorchPrepared
from resnet_bench.executors.placed import Placed, placed
from resnet_bench.executors.protocol import Executes, Prepared, Task
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Case, Mode, Transfer

_WARM_UP = 3


class CudaGraph:
    """Replays a graph; each replay returns the same tensor, filled anew."""

    def supports(self, case: Case) -> None:
        """Inference on CUDA.

        Raises:
            UnsupportedError: any other case.
        """
        if not kind_of(case.device).captures_graphs:
            raise UnsupportedError(f"cuda_graph needs a CUDA device, not {case.device}.")
        if case.mode is Mode.TRAINING:
            raise UnsupportedError("cuda_graph captures inference only; use --executor compile for training.")

    def name_kernels(self) -> None:
        """Kernels have their names."""

    def prepare(self, task: Task) -> Prepared:
        """Capture a forward pass and return its replay."""
        there = placed(task)
        return TorchPrepared(there, _captured(there))


def _captured(there: Placed) -> Callable[[], Tensor]:
    graph = torch.cuda.CUDAGraph()
    side = torch.cuda.Stream(there.device)
    side.wait_stream(torch.cuda.current_stream(there.device))
    # Weights that an autocast casts once and keeps are freed as it is left: a graph must cast them itself.
    with torch.inference_mode(), there.autocast(keeps_casts=False):
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                there.network(there.images)
        torch.cuda.current_stream(there.device).wait_stream(side)
        with torch.cuda.graph(graph):
            logits: Tensor = there.network(there.images)

    def replay() -> Tensor:
        if there.transfer is Transfer.INCLUDED:
            there.images.copy_(there.host_images, non_blocking=True)
        graph.replay()
        return logits

    return replay


EXECUTOR: Executes = CudaGraph()
