"""What an exception of a case means."""

import pytest

from resnet_bench.child import skips
from resnet_bench.records import SkipReason


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "std::bad_alloc",
        "CUDA error: out of memory",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "FIND was unable to find an engine to execute this computation",
        "miopenStatusAllocFailed",
        "UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY",
        "CUDA driver error: CUDA_ERROR_OUT_OF_MEMORY",
        "CUBLAS error: CUBLAS_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
        "GET was unable to find an engine to execute this computation",
        "Triton Error [CUDA]: out of memory",
        "HIP error: hipErrorOutOfMemory",
        "HIPBLAS_STATUS_ALLOC_FAILED",
        "Native API failed. Native API returns: 39 (UR_RESULT_ERROR_OUT_OF_HOST_MEMORY)",
        "level_zero backend failed with error: 40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)",
        "unable to mmap 4096 bytes from file: Cannot allocate memory (12)",
        "MPS backend out of memory (MPS allocated: 8.99 GB, other allocations: 1.00 GB, max allowed: 9.07 GB).",
    ],
)
def test_want_of_memory_has_many_words(words):
    assert skips.reason_of(RuntimeError(words)) is SkipReason.OUT_OF_MEMORY
    assert skips.reason_of(OSError(12, "whatever the system calls it")) is SkipReason.OUT_OF_MEMORY
    assert skips.reason_of(RuntimeError("CUDA error: an illegal memory access")) is SkipReason.CRASHED


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Half'"),
        RuntimeError("The operator 'aten::x' is not currently implemented for the MPS device."),
        TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."),
    ],
)
def test_what_a_device_cannot_do_has_many_words(error):
    assert skips.reason_of(error) is SkipReason.UNSUPPORTED
