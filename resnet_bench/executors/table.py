"""THE table of executors: what is known of each without torch, and the module that has the rest.

A new executor is a row here and a file beside this one.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from resnet_bench.records import Executor

if TYPE_CHECKING:
    from resnet_bench.executors.protocol import Executes


class ExecutorFacts(NamedTuple):
    """What others ask of an executor, never its name.

    Attributes:
        module: of this package, with the half that prepares and runs.
        compiles: the first iteration takes as long as a compiler does.
        fuses: operators that a compiler may do on the way of their neighbours need not move their bytes.
        launches_operators: the host starts each operator by itself, and waits no less for it.
        needs_torch: torch runs the iterations, so that its switches, threads and profiler tell of them.
    """

    module: str
    compiles: bool
    fuses: bool
    launches_operators: bool
    needs_torch: bool


EXECUTORS: dict[Executor, ExecutorFacts] = {
    Executor.EAGER: ExecutorFacts("eager", compiles=False, fuses=False, launches_operators=True, needs_torch=True),
    Executor.COMPILE: ExecutorFacts("compiled", compiles=True, fuses=True, launches_operators=False, needs_torch=True),
    Executor.COMPILE_MAX_AUTOTUNE: ExecutorFacts(
        "compiled_max_autotune", compiles=True, fuses=True, launches_operators=False, needs_torch=True
    ),
    Executor.CUDA_GRAPH: ExecutorFacts(
        "cuda_graph", compiles=False, fuses=False, launches_operators=False, needs_torch=True
    ),
}


def facts(executor: Executor) -> ExecutorFacts:
    """Return the row of an executor.

    Raises:
        KeyError: the table has none: a fault of ours, never taken for eager.
    """
    return EXECUTORS[executor]


@cache
def load(executor: Executor) -> "Executes":
    """Return the half of an executor that prepares and runs."""
    found: Executes = import_module(f"resnet_bench.executors.{facts(executor).module}").EXECUTOR
    return found
