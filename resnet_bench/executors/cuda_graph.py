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
        replay, peak_bytes = _captured(there)
        return TorchPrepared(there, replay, graph_peak_bytes=peak_bytes)


def _captured(there: Placed) -> tuple[Callable[[], Tensor], int]:
    """Return the replay, and the most bytes alive during the capture.

    Replays use the same memory and never ask the allocator for it; what the capture freed is the graph's own, counts
    as reserved, and is in no later peak.
    """
    graph = torch.cuda.CUDAGraph()
    side = torch.cuda.Stream(there.device)
    side.wait_stream(torch.cuda.current_stream(there.device))
    # Weights that an autocast casts once and keeps are freed as it is left: a graph must cast them itself.
    with torch.inference_mode(), there.autocast(keeps_casts=False):
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                there.network(there.images)
        torch.cuda.current_stream(there.device).wait_stream(side)
        torch.cuda.reset_peak_memory_stats(there.device)
        with torch.cuda.graph(graph):
            logits: Tensor = there.network(there.images)
    peak_bytes = torch.cuda.max_memory_allocated(there.device)

    def replay() -> Tensor:
        if there.transfer is Transfer.INCLUDED:
            there.images.copy_(there.host_images, non_blocking=True)
        graph.replay()
        return logits

    return replay, peak_bytes


EXECUTOR: Executes = CudaGraph()
