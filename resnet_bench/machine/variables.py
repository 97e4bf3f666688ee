"""Environment variables that change what is measured: recorded, and refused where they falsify it.

A launch inherits what its user's shell holds. Most of it is the user's way of running, which the record keeps; some of
it makes a figure another one than it is called, and is refused in words. What a launch is started with by us is in the
record elsewhere, and which cards are visible says nothing about one of them.
"""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple


class Falsifier(NamedTuple):
    """A variable, or several by a pattern, by which figures may not be what they are called.

    Attributes:
        name: with * for any characters.
        by: says of which values.
        because: what it does then.
    """

    name: str
    by: Callable[[str], bool]
    because: str


def _is_on(value: str) -> bool:
    return value.strip().lower() not in {"", "0", "off", "false", "no"}


def _is_said(value: str) -> bool:
    return bool(value.strip())


def _rounds(value: str) -> bool:
    return value.strip().lower() not in {"", "strict"}


_WAITS = "the host waits for each operator, so that nothing is queued"
_NO_CACHE = "each tensor is allocated by the driver, with a wait for the device"
_ROUNDS = "float32 would be rounded on the way"

# Of torch's work on a device that it calls CUDA, whoever made it; of libraries of one vendor.
OF_QUEUE = (
    Falsifier("CUDA_LAUNCH_BLOCKING", _is_on, _WAITS),
    Falsifier("PYTORCH_NO_CUDA_MEMORY_CACHING", lambda _: True, _NO_CACHE),
)
OF_NVIDIA = (
    Falsifier("NVIDIA_TF32_OVERRIDE", _is_said, "it decides whether TF32 is used, and no longer --precision"),
    Falsifier("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", _is_on, "products use TF32 whatever --precision says"),
)
OF_AMD = (
    Falsifier("HIP_LAUNCH_BLOCKING", _is_on, _WAITS),
    Falsifier("AMD_SERIALIZE_*", _is_on, _WAITS),
    Falsifier("PYTORCH_NO_HIP_MEMORY_CACHING", lambda _: True, _NO_CACHE),
    Falsifier("HIPBLASLT_ALLOW_TF32", _is_on, _ROUNDS),
)
OF_ONEDNN = (
    Falsifier("ONEDNN_DEFAULT_FPMATH_MODE", _rounds, _ROUNDS),
    Falsifier("DNNL_DEFAULT_FPMATH_MODE", _rounds, _ROUNDS),
)
# What changes figures without making them other ones than they are called: how somebody runs it.
_TELLING = (
    *("CUDA_LAUNCH_BLOCKING", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
    *("PYTORCH_NO_*_MEMORY_CACHING", "PYTORCH_*ALLOC_CONF", "PYTORCH_MPS_*", "PYTORCH_TUNABLEOP_*"),
    *("PYTORCH_ENABLE_MPS_FALLBACK", "TORCHINDUCTOR_*", "TORCHDYNAMO_*", "TORCH_COMPILE_*", "TORCH_CUDNN_*"),
    *("TORCH_CUBLAS*", "TORCH_BLAS_*", "TORCH_MKLDNN_*", "TRITON_*", "CUBLAS_*", "CUBLASLT_*", "CUDNN_*"),
    *("CUDA_MODULE_LOADING", "CUDA_CACHE_*", "CUDA_FORCE_*", "CUDA_DISABLE_*", "CUDA_DEVICE_MAX_*", "CUDA_MPS_*"),
    *("HIP_LAUNCH_BLOCKING", "AMD_SERIALIZE_*", "MIOPEN_*", "HIPBLASLT_*", "ROCBLAS_*", "HSA_*", "GPU_MAX_HW_QUEUES"),
    *("SYCL_*", "ZE_*", "UR_L0_*", "IGC_*", "ATEN_CPU_CAPABILITY", "ONEDNN_*", "DNNL_*", "MKL_*", "MALLOC_*"),
    *("GOMP_*", "KMP_*", "LD_PRELOAD", "NCCL_*", "TORCH_NCCL_*"),
)
# What every launch is started with: the record has it as threads, allocator and how idle threads wait.
_OURS = (
    *(
        "TORCHINDUCTOR_CACHE_DIR",
        "TORCHINDUCTOR_*_REMOTE_CACHE",
        "TRITON_CACHE_DIR",
        "MKL_NUM_THREADS",
        "KMP_BLOCKTIME",
    ),
    *("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"),
)


def telling(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables that change what is measured, with their values, by name."""
    found = (name for name in environ if _matches(name, _TELLING) and not _matches(name, _OURS))
    return tuple((name, environ[name]) for name in sorted(found))


def falsifying(environ: Mapping[str, str], falsifiers: Sequence[Falsifier]) -> tuple[str, ...]:
    """Return a sentence for each variable that falsifies what is measured."""
    return tuple(
        f"the environment has {name}={value}: {row.because}; unset {name} to measure."
        for name, value in sorted(environ.items())
        for row in falsifiers
        if fnmatchcase(name, row.name) and row.by(value)
    )


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
