"""What runs an ONNX graph for ONNX Runtime, by executor and kind of device: its providers, and what each is told.

CUDA's and TensorRT's rows are by their documentation: no such provider was there to try them with. Never torch.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_bench.errors import UnsupportedError, in_words
from resnet_bench.executors.deployed import imported
from resnet_bench.machine.devices import HOST, kind_of
from resnet_bench.records import Case, Executor, Precision

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_CUDA = "cuda"
# NVIDIA's libraries round float32 to TF32 by default; TensorRT's provider has no option of its own.
_TF32_VARIABLE = "NVIDIA_TF32_OVERRIDE"


class Provider(NamedTuple):
    """One of the runtime's.

    Attributes:
        name: as the runtime calls it.
        precisions: what it computes in.
        options: what it is told of a case: nothing that matters is left to it.
        brought_by: what installs it.
        symmetric: int8 has no zero point there, for activations either.
    """

    name: str
    precisions: tuple[Precision, ...]
    options: Callable[[Case], dict[str, str]] = lambda _: {}
    brought_by: str = "onnxruntime"
    symmetric: bool = False


def _of_cuda(case: Case) -> dict[str, str]:
    return {
        "device_id": str(device_index(case)),
        "use_tf32": _switch(on=case.precision is Precision.TF32),
        "cudnn_conv_algo_search": "EXHAUSTIVE",
    }


def _of_tensorrt(case: Case) -> dict[str, str]:
    return {
        "device_id": str(device_index(case)),
        "trt_fp16_enable": _switch(on=case.precision is Precision.AMP_FP16),
        "trt_int8_enable": _switch(on=case.precision is Precision.INT8),
        "trt_engine_cache_enable": _switch(on=False),
    }


def _switch(*, on: bool) -> str:
    return "1" if on else "0"


PROVIDERS: dict[tuple[Executor, str], Provider] = {
    (Executor.ONNXRUNTIME, HOST): Provider("CPUExecutionProvider", (Precision.FP32, Precision.INT8)),
    (Executor.ONNXRUNTIME, _CUDA): Provider(
        "CUDAExecutionProvider", (Precision.FP32, Precision.TF32), _of_cuda, "onnxruntime-gpu"
    ),
    (Executor.TENSORRT, _CUDA): Provider(
        "TensorrtExecutionProvider",
        (Precision.FP32, Precision.TF32, Precision.AMP_FP16, Precision.INT8),
        _of_tensorrt,
        "onnxruntime-gpu and TensorRT",
        symmetric=True,
    ),
}


def devices_of(executor: Executor) -> tuple[str, ...]:
    """Return the kinds of device that an executor has a provider for."""
    return tuple(kind for its, kind in PROVIDERS if its is executor)


def provider_of(case: Case) -> Provider | None:
    """Return what runs a case; None where nothing does."""
    return PROVIDERS.get((case.executor, kind_of(case.device).name))


def device_index(case: Case) -> int:
    """Return the number of a case's device among those of its kind."""
    return int(case.device.partition(":")[2] or 0)


def refuse_absent(case: Case) -> None:
    """Refuse a case whose provider this installation of the runtime does not have.

    Raises:
        UnsupportedError: with those that it has, and what brings the one that is wanted.
    """
    wanted, here = provider_of(case), imported("onnxruntime").get_available_providers()
    if wanted is not None and wanted.name not in here:
        raise UnsupportedError(
            f"onnxruntime has no {wanted.name} here (it has {', '.join(here)}): {wanted.brought_by} would bring it."
        )


def session(case: Case, model: str, options: Any) -> "InferenceSession":
    """Return a session on the provider of a case, and on no other.

    Raises:
        UnsupportedError: the runtime took another, or the provider cannot run the graph.
    """
    import onnxruntime  # noqa: PLC0415 - an extra

    wanted = provider_of(case)
    if wanted is None:
        raise UnsupportedError(f"{case.executor} has no provider for {case.device}.")
    if kind_of(case.device).accelerator:
        os.environ.pop(_TF32_VARIABLE, None)
        if case.precision is not Precision.TF32:
            os.environ[_TF32_VARIABLE] = "0"
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        made = onnxruntime.InferenceSession(model, options, providers=[(wanted.name, wanted.options(case))])
    except Exception as error:
        # Its own classes of errors tell no reasons apart; an opset that is too new for it is one of them.
        raise UnsupportedError(
            f"onnxruntime {onnxruntime.__version__} cannot run the exported graph by {wanted.name}: {in_words(error)}"
        ) from error
    found = made.get_providers()
    if found[0] != wanted.name:
        raise UnsupportedError(
            f"onnxruntime fell back to {found[0]}: {wanted.name} was asked for, and this installation has "
            f"{', '.join(onnxruntime.get_available_providers())}."
        )
    return made
