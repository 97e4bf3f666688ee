"""The network converted to OpenVINO's own form and run by its CPU plugin.

Its default hints choose bfloat16 on processors that have it, and would round the weights of the saved file to float16:
both are set here, and what each node really ran as is read back from the compiled model.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.deployed import Deployed, imported, refuse_another_shape, refuse_undeployable
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.protocol import Batches, BatchSizes, Converts, Prepared
from resnet_bench.executors.ran import convolution_macs, counted, product_macs
from resnet_bench.executors.refused import why
from resnet_bench.machine.devices import HOST, kind_of
from resnet_bench.records import Case, Executed, Precision, RanOperators, RuntimeRan
from resnet_bench.specs.arithmetic import arithmetic

if TYPE_CHECKING:
    from torch import Tensor, nn

DEVICES = {HOST: "CPU"}
HINTS = {Precision.FP32: "f32", Precision.INT8: "f32"}
"""What each precision may be computed in at best: without a hint the plugin takes what it likes."""

_MODEL = "model.xml"
_TYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "i8": "int8", "u8": "uint8", "i32": "int32"}
_TOLD = ("layerType", "runtimePrecision", "primitiveType")
_NOTHING_RUN = {"Input", "Output", "Const"}
_READ_BACK = ("INFERENCE_PRECISION_HINT", "INFERENCE_NUM_THREADS", "NUM_STREAMS", "ENABLE_CPU_PINNING")


class OpenVino:
    """Converts by OpenVINO's own reader of torch's modules, for the case's batch size, and runs on the host."""

    def supports(self, case: Case) -> None:
        """Inference in float32 or int8 on the CPU.

        Raises:
            UnsupportedError: any other case, or it is not installed.
        """
        refuse_undeployable(case, tuple(HINTS))
        if case.precision is Precision.INT8 and find_spec("nncf") is None:
            raise UnsupportedError(
                "openvino quantises by nncf, which is not here: pip install 'resnet-bench[openvino]'."
            )

    def name_kernels(self) -> None:
        """Nothing that torch's profiler sees."""

    def convert(
        self,
        case: Case,
        network: "nn.Module",
        images: "Tensor",
        folder: Path,
        *,
        calibration: Batches = (),
        sizes: BatchSizes = BatchSizes.ONE,
    ) -> None:
        """Convert the network, its weights in float32, and quantise it by NNCF where the case asks for int8.

        Raises:
            UnsupportedError: OpenVINO refuses it.
        """
        openvino = imported("openvino")
        shape = [-1 if sizes is BatchSizes.ANY else len(images), *images.shape[1:]]
        try:
            model = openvino.convert_model(network, example_input=images, input=[shape])
            if case.precision is Precision.INT8:
                model = _quantised(calibration, model)
            openvino.save_model(model, str(folder / _MODEL), compress_to_fp16=False)
        except Exception as error:  # noqa: BLE001 - whatever its reader, or the model under it, raises
            said = why(error, wanting="conversion")
            raise UnsupportedError(f"OpenVINO refuses '{case.model}': {said}") from None

    def opened(self, case: Case, folder: Path, *, seed: int) -> Prepared:
        """Load and compile the artefact for the case's device, precision and threads.

        Raises:
            UnsupportedError: it was built for another input, or compiled for another device.
        """
        openvino = imported("openvino")
        core = openvino.Core()
        wanted = DEVICES[kind_of(case.device).name]
        if wanted not in core.available_devices:
            raise UnsupportedError(f"openvino has no device {wanted} here: {', '.join(core.available_devices)}.")
        model = core.read_model(str(folder / _MODEL))
        (images,) = random_inputs(input_of(case), case.batch_size, seed=seed)
        built = tuple(None if it.is_dynamic else it.get_length() for it in model.input(0).partial_shape)
        refuse_another_shape(case, built, images.shape)
        compiled = core.compile_model(model, wanted, settings(case))
        request = compiled.create_infer_request()
        given = openvino.Tensor(images, shared_memory=True)
        request.set_input_tensor(given)

        # The runtime reads the array where it is and holds it not: without this it would read what came there later.
        def iterate(_held: tuple[Any, ...] = (images, given)) -> NDArray[Any]:
            request.infer()
            output: NDArray[Any] = request.get_output_tensor(0).data
            return output

        def compute(others: NDArray[np.float32]) -> NDArray[Any]:
            one = compiled.create_infer_request()
            one.set_input_tensor(openvino.Tensor(np.ascontiguousarray(others), shared_memory=True))
            one.infer()
            return np.array(one.get_output_tensor(0).data)

        return Deployed(
            iterate=iterate,
            compute=compute,
            read_back=lambda: _executed(case, compiled),
            weights_bytes=(folder / _MODEL).with_suffix(".bin").stat().st_size,
        )


EXECUTOR: Converts = OpenVino()


def settings(case: Case) -> dict[str, Any]:
    """Return what a model is compiled with: nothing that matters is left to the plugin."""
    return {
        "INFERENCE_PRECISION_HINT": HINTS[case.precision],
        "INFERENCE_NUM_THREADS": case.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }


def _quantised(batches: Batches, model: Any) -> Any:
    """Quantise by ranges of calibration images, all of what they reach: by default NNCF cuts off what is rare."""
    import nncf  # noqa: PLC0415 - an extra
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters  # noqa: PLC0415
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet  # noqa: PLC0415

    return nncf.quantize(
        model,
        nncf.Dataset(list(batches)),
        subset_size=len(batches),
        preset=nncf.QuantizationPreset.MIXED,
        advanced_parameters=AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )


def _executed(case: Case, compiled: Any) -> Executed:
    import openvino  # noqa: PLC0415 - an extra

    return Executed(
        parameter_dtype=arithmetic(case.precision).weights,
        threads=int(compiled.get_property("INFERENCE_NUM_THREADS")),
        interop_threads=int(compiled.get_property("NUM_STREAMS")),
        runtime=RuntimeRan(
            name="openvino",
            version=openvino.get_version(),
            providers=tuple(compiled.get_property("EXECUTION_DEVICES")),
            operators=counted(_operators(case, compiled)),
            settings=tuple((name, str(compiled.get_property(name))) for name in _READ_BACK),
        ),
    )


def _operators(case: Case, compiled: Any) -> list[RanOperators]:
    """Return what the plugin made of the model, node by node; where a shape leaves the batch open, of the case's."""
    found = []
    for node in compiled.get_runtime_model().get_ops():
        told = {name: node.get_rt_info()[name].astype(str) for name in _TOLD}
        if told["layerType"] in _NOTHING_RUN:
            continue
        dtype = told["runtimePrecision"].lower()
        found.append(
            RanOperators(
                operator=told["layerType"],
                provider=told["primitiveType"],
                dtype=_TYPES.get(dtype, dtype),
                count=1,
                macs=_macs(told["layerType"], node, case.batch_size),
            )
        )
    return found


def _macs(kind: str, node: Any, batch_size: int) -> int:
    if kind not in {"Convolution", "GroupConvolution", "FullyConnected", "MatMul"}:
        return 0
    taken, weights, output = (
        [batch_size if it.is_dynamic else it.get_length() for it in port.get_partial_shape()]
        for port in (node.input_value(0), node.input_value(1), node.output(0))
    )
    return convolution_macs(weights, output) if "Conv" in kind else product_macs(taken, output)
