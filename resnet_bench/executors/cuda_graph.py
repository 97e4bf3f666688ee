"""A forward pass captured once as a CUDA graph and replayed: the host starts it as a whole."""

from collections.abc import Callable
from typing import Any

import torch

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


def _captured(there: Placed) -> tuple[Callable[[], Any], int]:
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
                there.inputs.call(there.network)
        torch.cuda.current_stream(there.device).wait_stream(side)
        torch.cuda.reset_peak_memory_stats(there.device)
        with torch.cuda.graph(graph):
            output = there.inputs.call(there.network)
    peak_bytes = torch.cuda.max_memory_allocated(there.device)
    copies = list(zip(there.inputs.tensors, there.host_inputs.tensors, strict=True))

    def replay() -> Any:
        if there.transfer is Transfer.INCLUDED:
            for there_now, on_host in copies:
                there_now.copy_(on_host, non_blocking=True)
        graph.replay()
        return output

    return replay, peak_bytes


EXECUTOR: Executes = CudaGraph()
