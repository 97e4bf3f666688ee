"""Environment variables that change what is measured are kept, and those that falsify it are refused in words."""

import pytest

from resnet_bench.machine import variables
from resnet_bench.machine.devices import kind_named

TELLING = {
    "CUDA_MODULE_LOADING": "EAGER",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "CUDNN_LOGLEVEL_DBG": "3",
    "LD_PRELOAD": "/usr/lib/libjemalloc.so.2",
    "MALLOC_ARENA_MAX": "1",
    "NVIDIA_TF32_OVERRIDE": "0",
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
    "PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync",
    "TORCHINDUCTOR_FREEZING": "1",
    "TRITON_ALWAYS_COMPILE": "1",
}


def test_what_changes_figures_is_kept_and_nothing_else():
    others = {
        "HOME": "/root",
        "CUDA_VISIBLE_DEVICES": "1",
        "TORCHINDUCTOR_CACHE_DIR": "/scratch",
        "TRITON_CACHE_DIR": "/scratch/triton",
        "MKL_NUM_THREADS": "2",
        "MALLOC_TOP_PAD_": "67108864",
    }
    assert dict(variables.telling(TELLING | others)) == TELLING


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        ("cuda", "CUDA_LAUNCH_BLOCKING", "1", "the host waits for each operator"),
        ("rocm", "CUDA_LAUNCH_BLOCKING", "1", "the host waits for each operator"),
        ("rocm", "AMD_SERIALIZE_KERNEL", "3", "the host waits for each operator"),
        ("cuda", "NVIDIA_TF32_OVERRIDE", "1", "it decides whether TF32 is used"),
        ("cuda", "NVIDIA_TF32_OVERRIDE", "0", "it decides whether TF32 is used"),
        ("cuda", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1", "products use TF32"),
        ("cuda", "PYTORCH_NO_CUDA_MEMORY_CACHING", "0", "each tensor is allocated by the driver"),
        ("cpu", "ONEDNN_DEFAULT_FPMATH_MODE", "BF16", "float32 would be rounded"),
        ("cpu", "DNNL_DEFAULT_FPMATH_MODE", "any", "float32 would be rounded"),
    ],
)
def test_what_falsifies_is_refused_in_words_with_its_value_and_the_way_out(kind, name, value, words):
    (said,) = variables.falsifying(
        {name: value, **TELLING} if kind == "cpu" else {name: value}, kind_named(kind).falsifiers
    )
    assert said.startswith(f"the environment has {name}={value}: {words}")
    assert said.endswith(f"unset {name} to measure.")


@pytest.mark.parametrize(
    ("kind", "environ"),
    [
        ("cuda", {"CUDA_LAUNCH_BLOCKING": "0", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "", "NVIDIA_TF32_OVERRIDE": ""}),
        ("cpu", {"CUDA_LAUNCH_BLOCKING": "1", "NVIDIA_TF32_OVERRIDE": "1", "PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}),
        ("cpu", {"ONEDNN_DEFAULT_FPMATH_MODE": "STRICT"}),
        ("cuda", {"ONEDNN_DEFAULT_FPMATH_MODE": "BF16", "CUDA_MODULE_LOADING": "LAZY"}),
        ("mps", {"CUDA_LAUNCH_BLOCKING": "1"}),
    ],
)
def test_what_is_off_or_of_another_kind_of_device_is_not_refused(kind, environ):
    assert variables.falsifying(environ, kind_named(kind).falsifiers) == ()
