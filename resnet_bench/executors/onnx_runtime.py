"""The network exported to ONNX and run by ONNX Runtime, which brings kernels and threads of its own.

Threads, providers and graph optimisation are set here and read back from the session; what its nodes really ran as is
read from its own profile of one more run. torch is imported by the conversion alone.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import UnsupportedError, in_words
from resnet_bench.executors.deployed import Deployed, prepared_here, refuse_another_shape, refuse_undeployable
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.protocol import Batches, Converts, Prepared, Task
from resnet_bench.executors.ran import convolution_macs, counted, product_macs
from resnet_bench.machine.devices import HOST, kind_of
from resnet_bench.records import Case, Executed, Precision, RanOperators, RuntimeRan
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.words import listed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import Tensor, nn

PROVIDERS = {HOST: "CPUExecutionProvider"}
"""By kind of device; a provider that cannot serve is replaced by the runtime without an error."""

_MODEL, _INPUT = "model.onnx", "images"
# Its names of types, where they are not torch's.
_TYPES = {"float": "float32", "double": "float64"}
_PRODUCTS = re.compile(r"Conv|Gemm|MatMul")
_OPERATOR = re.compile(r"\b(?:aten|prims|torchvision)(?:\.|::)\w+")
_COLOUR = re.compile(r"\x1b\[\d*m")


class OnnxRuntime:
    """Exports by torch's exporter for the case's batch size, and runs on the host."""

    def supports(self, case: Case) -> None:
        """Inference in float32 or int8 on the CPU.

        Raises:
            UnsupportedError: any other case, or it is not installed.
        """
        refuse_undeployable(case, (Precision.FP32, Precision.INT8))

    def name_kernels(self) -> None:
        """Nothing that torch's profiler sees."""

    def convert(
        self, case: Case, network: "nn.Module", images: "Tensor", folder: Path, *, calibration: Batches = ()
    ) -> None:
        """Export the network, with its weights in the same file, and quantise it where the case asks for int8.

        Raises:
            UnsupportedError: torch's exporter refuses it.
        """
        if case.precision is not Precision.INT8:
            _export(case, network, images, folder / _MODEL)
            return
        with TemporaryDirectory() as wide:
            _export(case, network, images, Path(wide) / _MODEL)
            _quantise(calibration, Path(wide) / _MODEL, folder / _MODEL)

    def opened(self, case: Case, folder: Path, *, seed: int) -> Prepared:
        """Load the artefact on the provider of the case's device.

        Raises:
            UnsupportedError: the runtime fell back to another provider, or has other threads than asked for.
        """
        model = folder / _MODEL
        session = _session(case, model)
        (images,) = random_inputs(input_of(case), case.batch_size, seed=seed)
        refuse_another_shape(case, tuple(session.get_inputs()[0].shape), images.shape)
        feed = {_INPUT: images}
        return Deployed(
            iterate=lambda: session.run(None, feed)[0],
            compute=lambda others: session.run(None, {_INPUT: others})[0],
            read_back=lambda: _executed(case, model, session, feed),
            weights_bytes=model.stat().st_size,
        )

    def prepare(self, task: Task) -> Prepared:
        """Convert and load in this process, which has torch."""
        return prepared_here(self, task)


EXECUTOR: Converts = OnnxRuntime()


def _export(case: Case, network: "nn.Module", images: "Tensor", path: Path) -> None:
    import torch  # noqa: PLC0415 - of the conversion alone

    try:
        torch.onnx.export(
            network, (images,), str(path), dynamo=True, external_data=False, input_names=[_INPUT], verbose=False
        )
    except Exception as error:  # noqa: BLE001 - whatever the exporter, or the model under it, raises
        raise UnsupportedError(_refusal(case, error)) from None


def _quantise(batches: Batches, wide: Path, path: Path) -> None:
    """Quantise by ranges of calibration images: each channel of weights signed, activations unsigned, as QDQ pairs."""
    from onnxruntime import quantization  # noqa: PLC0415 - an extra

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {_INPUT: batch}

    prepared = wide.with_name("prepared.onnx")
    quantization.quant_pre_process(str(wide), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared),
        str(path),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )


def _refusal(case: Case, error: BaseException) -> str:
    """Say what the exporter refused, with the operators that it names anywhere in its reasons."""
    chain: BaseException | None = error
    seen: list[BaseException] = []
    while chain is not None and chain not in seen:
        seen.append(chain)
        chain = chain.__cause__ or chain.__context__
    named = list(dict.fromkeys(name.replace("::", ".") for it in seen for name in _OPERATOR.findall(str(it))))
    why = f"it has no ONNX for {listed(named)}." if named else _COLOUR.sub("", in_words(seen[-1]))
    return f"torch's ONNX exporter refuses '{case.model}': {why}"


def _options(case: Case) -> Any:
    import onnxruntime  # noqa: PLC0415 - an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = True
    return options


def _session(case: Case, model: Path, options: Any = None) -> "InferenceSession":
    """Return a session on the provider of the case's device, and on no other.

    Raises:
        UnsupportedError: the runtime took another.
    """
    import onnxruntime  # noqa: PLC0415 - an extra

    wanted = PROVIDERS[kind_of(case.device).name]
    session = onnxruntime.InferenceSession(str(model), options or _options(case), providers=[wanted])
    found = session.get_providers()
    if found[0] != wanted:
        raise UnsupportedError(
            f"onnxruntime fell back to {found[0]}: {wanted} was asked for, and this installation has "
            f"{', '.join(onnxruntime.get_available_providers())}."
        )
    return session


def _executed(case: Case, model: Path, session: "InferenceSession", feed: dict[str, NDArray[np.float32]]) -> Executed:
    import onnxruntime  # noqa: PLC0415 - an extra

    options = session.get_session_options()
    return Executed(
        parameter_dtype=arithmetic(case.precision).weights,
        autocast_dtype=None,
        tf32_matmul=None,
        tf32_convolution=None,
        cudnn_benchmark=None,
        deterministic=None,
        threads=options.intra_op_num_threads,
        interop_threads=options.inter_op_num_threads,
        wait_policy=None,
        batch_norm_statistics="",
        runtime=RuntimeRan(
            name="onnxruntime",
            version=onnxruntime.__version__,
            providers=tuple(session.get_providers()),
            operators=_profiled(case, model, feed),
            settings=(
                ("execution_mode", options.execution_mode.name),
                ("graph_optimization_level", options.graph_optimization_level.name),
                ("cpu_mem_arena", str(options.enable_cpu_mem_arena).lower()),
            ),
        ),
    )


def _profiled(case: Case, model: Path, feed: dict[str, NDArray[np.float32]]) -> tuple[RanOperators, ...]:
    """Return what ran, by the runtime's own profile of a session like the measured one."""
    with TemporaryDirectory() as folder:
        options = _options(case)
        options.enable_profiling = True
        options.add_session_config_entry("session.disable_prepacking", "1")  # packed weights have no shape to be told
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = _session(case, model, options)
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
