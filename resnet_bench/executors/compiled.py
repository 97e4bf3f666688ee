"""The network compiled by torch.compile with its default settings."""

from typing import Any

import torch

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.placed import placed
from resnet_bench.executors.protocol import Executes, Graphs, Prepared, Task
from resnet_bench.records import Case


class Compiled:
    """Runs what torch.compile makes of the module in one of its modes, or with options of its own."""

    def __init__(self, mode: str | None = None, *, options: dict[str, Any] | None = None) -> None:
        self._mode, self._options = mode, options

    def supports(self, case: Case) -> None:
        """Everything: what the compiler cannot do, it says itself.

        Raises:
            UnsupportedError: the environment has switched it off, so that eager code would run under its name.
        """
        import torch._dynamo.config as dynamo  # noqa: PLC0415 - as below

        if dynamo.disable:
            raise UnsupportedError(
                f"{case.executor} compiles nothing: the environment switches torch.compile off "
                "(TORCH_COMPILE_DISABLE); unset that to measure it."
            )

    def name_kernels(self) -> None:
        """Let the code for CPUs name its kernels, which it does not by itself."""
        import torch._inductor.config as inductor  # noqa: PLC0415 - a second of imports that only compiled cases need

        inductor.cpp.enable_kernel_profile = True

    def prepare(self, task: Task) -> Prepared:
        """Return the compiled module's iteration; it is compiled when it first runs."""
        there = placed(task)
        compiled = torch.compile(there.network, mode=self._mode, options=self._options)
        return prepared(there, compiled, graphs=_graphs)


def _graphs() -> Graphs:
    from torch._dynamo.utils import counters  # noqa: PLC0415 - loaded by the compiler, when it first runs

    return Graphs(graphs=counters["stats"]["unique_graphs"], breaks=sum(counters["graph_break"].values()))


EXECUTOR: Executes = Compiled("default")
