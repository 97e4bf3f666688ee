"""THE table of executors: what is known of each without torch, and the module that has the rest.

A new executor is a row here and a file beside this one.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, cast

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.protocol import BatchSizes
from resnet_bench.records import Executor
from resnet_bench.words import either

if TYPE_CHECKING:
    from resnet_bench.executors.protocol import Converts, Runs


class ExecutorFacts(NamedTuple):
    """What others ask of an executor, never its name.

    Attributes:
        module: of this package, with the half that prepares and runs.
        compiles: the first iteration takes as long as a compiler does.
        fuses: operators that a compiler may do on the way of their neighbours need not move their bytes.
        launches_operators: the host starts each operator by itself, and waits no less for it.
        needs_torch: torch runs the iterations, so that its switches, threads and profiler tell of them.
        converts: the network becomes an artefact first, in a process of its own; see `protocol.Converts`.
        sizes: which batch sizes its artefact serves. One, for whoever serves knows it, and a shape that is known makes
            no runtime slower: `python -m benchmarks.runtimes --any-batch` gives the ratio.
        quantises: it has a way to int8.
        packages: what it imports beside the package's own dependencies.
        extra: of this package, which installs them.
        apart: every layer of the static profile runs by itself, so that a network is a sum of layers that can be timed.
        title: what its makers call it, in sentences; "" for the name that users type.
    """

    module: str
    compiles: bool
    fuses: bool
    launches_operators: bool
    needs_torch: bool
    converts: bool = False
    sizes: BatchSizes = BatchSizes.ONE
    quantises: bool = False
    packages: tuple[str, ...] = ()
    extra: str = ""
    apart: bool = False
    title: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that it lacks here; nothing is imported to know."""
        return tuple(name for name in self.packages if find_spec(name) is None)


EXECUTORS: dict[Executor, ExecutorFacts] = {
    Executor.EAGER: ExecutorFacts(
        "eager", compiles=False, fuses=False, launches_operators=True, needs_torch=True, apart=True
    ),
    Executor.COMPILE: ExecutorFacts("compiled", compiles=True, fuses=True, launches_operators=False, needs_torch=True),
    Executor.COMPILE_MAX_AUTOTUNE: ExecutorFacts(
        "compiled_max_autotune", compiles=True, fuses=True, launches_operators=False, needs_torch=True
    ),
    Executor.CUDA_GRAPH: ExecutorFacts(
        "cuda_graph", compiles=False, fuses=False, launches_operators=False, needs_torch=True
    ),
    Executor.FOLDED: ExecutorFacts(
        "folded", compiles=False, fuses=False, launches_operators=True, needs_torch=True, quantises=True
    ),
    Executor.COMPILE_FREEZING: ExecutorFacts(
        "compiled_freezing", compiles=True, fuses=True, launches_operators=False, needs_torch=True
    ),
    Executor.AOT_INDUCTOR: ExecutorFacts(
        "aot_inductor", compiles=False, fuses=True, launches_operators=False, needs_torch=True, converts=True
    ),
    Executor.OPENVINO: ExecutorFacts(
        "open_vino",
        compiles=False,
        fuses=True,
        launches_operators=False,
        needs_torch=False,
        converts=True,
        quantises=True,
        packages=("openvino",),
        extra="openvino",
        title="OpenVINO",
    ),
    Executor.ONNXRUNTIME: ExecutorFacts(
        "onnx_runtime",
        compiles=False,
        fuses=True,
        launches_operators=False,
        needs_torch=False,
        converts=True,
        quantises=True,
        packages=("onnxruntime", "onnx", "onnxscript"),
        extra="onnxruntime",
        title="ONNX Runtime",
    ),
    Executor.TENSORRT: ExecutorFacts(
        "tensorrt",
        compiles=False,
        fuses=True,
        launches_operators=False,
        needs_torch=False,
        converts=True,
        quantises=True,
        packages=("onnxruntime", "onnx", "onnxscript"),
        extra="onnxruntime",
        title="TensorRT",
    ),
}


def facts(executor: Executor) -> ExecutorFacts:
    """Return the row of an executor.

    Raises:
        KeyError: the table has none: a fault of ours, never taken for eager.
    """
    return EXECUTORS[executor]


def quantising(*, beside: Executor) -> str:
    """Return in words which other executors have a way to int8."""
    return either([it for it, row in EXECUTORS.items() if row.quantises and it is not beside])


def refuse_missing(executor: Executor) -> None:
    """Refuse an executor whose packages are not installed here.

    Raises:
        UnsupportedError: with the extra that installs them.
    """
    row = facts(executor)
    if row.missing:
        raise UnsupportedError(
            f"{executor} is not installed here (no {row.missing[0]}): pip install 'resnet-bench[{row.extra}]'."
        )


def load_converting(executor: Executor) -> "Converts":
    """Return the same of an executor whose row says that it converts."""
    return cast("Converts", load(executor))


@cache
def load(executor: Executor) -> "Runs":
    """Return the half of an executor that prepares and runs."""
    found: Runs = import_module(f"resnet_bench.executors.{facts(executor).module}").EXECUTOR
    return found
