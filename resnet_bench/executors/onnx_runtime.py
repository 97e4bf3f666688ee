"""The network exported to ONNX and run by ONNX Runtime, which brings kernels and threads of its own.

Threads, providers and graph optimisation are set here and read back from the session; what its nodes really ran as is
read from its own profile of one more run. torch is imported by the conversion alone.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import onnx_providers
from resnet_bench.executors.deployed import Deployed, refuse_another_shape, refuse_undeployable
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.onnx_ran import executed
from resnet_bench.executors.protocol import Batches, BatchSizes, Converts, Prepared, several
from resnet_bench.executors.refused import why
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Case, Precision

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import Tensor, nn

_MODEL, _INPUT = "model.onnx", "images"


class OnnxRuntime:
    """Exports by torch's exporter, and runs on the provider of the case's executor and device."""

    def supports(self, case: Case) -> None:
        """Inference, where there is a provider for the device that has the precision.

        Raises:
            UnsupportedError: any other case, or it is not installed.
        """
        provider = onnx_providers.provider_of(case)
        devices = onnx_providers.devices_of(case.executor)
        refuse_undeployable(case, provider.precisions if provider else (), devices)
        onnx_providers.refuse_absent(case)

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
        """Export the network, with its weights in the same file, and quantise it where the case asks for int8.

        Raises:
            UnsupportedError: torch's exporter refuses it.
        """
        if case.precision is not Precision.INT8:
            _export(case, network, images, folder / _MODEL, sizes)
            return
        with TemporaryDirectory() as wide:
            _export(case, network, images, Path(wide) / _MODEL, sizes)
            _quantise(case, calibration, Path(wide) / _MODEL, folder / _MODEL)

    def opened(self, case: Case, folder: Path, *, seed: int) -> Prepared:
        """Load the artefact on the provider of the case's device.

        Raises:
            UnsupportedError: the runtime fell back to another provider, or has other threads than asked for.
        """
        model = folder / _MODEL

        def again(change: Callable[[Any], None]) -> "InferenceSession":
            options = _options(case)
            change(options)
            return onnx_providers.session(case, str(model), options)

        session = again(lambda _: None)
        (images,) = random_inputs(input_of(case), case.batch_size, seed=seed)
        built = tuple(it if isinstance(it, int) else None for it in session.get_inputs()[0].shape)
        refuse_another_shape(case, built, images.shape)
        feed = {_INPUT: images}
        return Deployed(
            iterate=_iteration(case, session, images),
            compute=lambda others: session.run(None, {_INPUT: others})[0],
            read_back=lambda: executed(case, session, feed, again),
            weights_bytes=model.stat().st_size,
        )


EXECUTOR: Converts = OnnxRuntime()


def _iteration(case: Case, session: "InferenceSession", images: NDArray[np.float32]) -> Callable[[], Any]:
    """Return what runs once; on a device of its own memory the input lies there, and the output stays."""
    if not kind_of(case.device).accelerator:
        feed = {_INPUT: images}
        return lambda: session.run(None, feed)[0]
    import onnxruntime  # noqa: PLC0415 - an extra

    place = (kind_of(case.device).torch_type, onnx_providers.device_index(case))
    binding = session.io_binding()
    given = onnxruntime.OrtValue.ortvalue_from_numpy(images, *place)
    binding.bind_ortvalue_input(_INPUT, given)
    binding.bind_output(session.get_outputs()[0].name, *place)

    # It waits for the device: the runtime synchronises at the end of each run.
    def iterate(_held: object = given) -> Any:
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0]

    return iterate


def _export(case: Case, network: "nn.Module", images: "Tensor", path: Path, sizes: BatchSizes) -> None:
    import torch  # noqa: PLC0415 - of the conversion alone

    of_any = ({0: torch.export.Dim("batch")},) if sizes is BatchSizes.ANY else None
    try:
        torch.onnx.export(
            network,
            (several(images, sizes),),
            str(path),
            dynamo=True,
            external_data=False,
            input_names=[_INPUT],
            dynamic_shapes=of_any,
            verbose=False,
        )
    except Exception as error:  # noqa: BLE001 - whatever the exporter, or the model under it, raises
        said = why(error, wanting="ONNX")
        raise UnsupportedError(f"torch's ONNX exporter refuses '{case.model}': {said}") from None


def _quantise(case: Case, batches: Batches, wide: Path, path: Path) -> None:
    """Quantise by ranges of calibration images: each channel of weights signed, activations as QDQ pairs.

    Activations are unsigned, where the provider does not ask for signed ones without a zero point.
    """
    from onnxruntime import quantization  # noqa: PLC0415 - an extra

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {_INPUT: batch}

    provider = onnx_providers.provider_of(case)
    symmetric = provider is not None and provider.symmetric
    prepared = wide.with_name("prepared.onnx")
    quantization.quant_pre_process(str(wide), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared),
        str(path),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QInt8 if symmetric else quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
        extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True},
    )


def _options(case: Case) -> Any:
    import onnxruntime  # noqa: PLC0415 - an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, case.threads)  # an accelerator's case has none, and 0 would be all
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = True
    return options
