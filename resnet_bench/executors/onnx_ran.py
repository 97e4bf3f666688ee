"""What a session of ONNX Runtime says that it ran: threads, providers, settings, and each node of one more run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.executors.ran import convolution_macs, counted, product_macs
from resnet_bench.records import Case, Executed, RanOperators, RuntimeRan
from resnet_bench.specs.arithmetic import arithmetic

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Its names of types, where they are not torch's.
_TYPES = {"float": "float32", "double": "float64"}
_PRODUCTS = re.compile(r"Conv|Gemm|MatMul")

Feed = dict[str, NDArray[np.float32]]


def executed(
    case: Case, session: "InferenceSession", feed: Feed, again: Callable[[Any], "InferenceSession"]
) -> Executed:
    """Read back what ran; `again` makes a session like the measured one with other options."""
    import onnxruntime  # noqa: PLC0415 - an extra

    options = session.get_session_options()
    told = session.get_provider_options()
    of_provider = sorted(told.get(session.get_providers()[0], {}).items())
    rounds = dict(of_provider).get("use_tf32")
    return Executed(
        parameter_dtype=arithmetic(case.precision).weights,
        threads=options.intra_op_num_threads,
        interop_threads=options.inter_op_num_threads,
        tf32_matmul=None if rounds is None else rounds == "1",
        tf32_convolution=None if rounds is None else rounds == "1",
        runtime=RuntimeRan(
            name="onnxruntime",
            version=onnxruntime.__version__,
            providers=tuple(session.get_providers()),
            operators=_profiled(again, feed),
            settings=(
                ("execution_mode", options.execution_mode.name),
                ("graph_optimization_level", options.graph_optimization_level.name),
                ("cpu_mem_arena", str(options.enable_cpu_mem_arena).lower()),
                *((name, str(value)) for name, value in of_provider if value),
            ),
        ),
    )


def _profiled(again: Callable[[Any], "InferenceSession"], feed: Feed) -> tuple[RanOperators, ...]:
    """Return what ran, by the runtime's own profile."""
    with TemporaryDirectory() as folder:

        def profiling(options: Any) -> None:
            options.enable_profiling = True
            # Packed weights have no shape to be told.
            options.add_session_config_entry("session.disable_prepacking", "1")
            options.profile_file_prefix = str(Path(folder) / "profile")

        session = again(profiling)
        session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text())
    nodes = (it["args"] for it in events if it.get("cat") == "Node" and "op_name" in it.get("args", {}))
    return counted(_operator(it) for it in nodes if it.get("output_type_shape"))


def _operator(node: dict[str, Any]) -> RanOperators:
    inputs = [(dtype, shape) for each in node["input_type_shape"] for dtype, shape in each.items()]
    (dtype, output), *_ = node["output_type_shape"][0].items()
    macs = 0
    if _PRODUCTS.search(node["op_name"]) and inputs:
        dtype, taken = inputs[0]
        weights = next((shape for _, shape in inputs[1:] if len(shape) == len(taken)), taken)
        is_convolution = "Conv" in node["op_name"]
        macs = convolution_macs(weights, output) if is_convolution else product_macs(taken, output)
    named = _TYPES.get(dtype, dtype)
    return RanOperators(operator=node["op_name"], provider=node["provider"], dtype=named, count=1, macs=macs)
