"""A GPU that is there and that torch cannot use is never measured as the CPU without a word."""

import pytest
import torch

from resnet_bench.errors import DeviceError
from resnet_bench.profilers import devices


@pytest.fixture
def unusable(nvml, monkeypatch):
    """NVML sees two devices, torch none."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return nvml


@pytest.mark.usefixtures("unusable")
@pytest.mark.parametrize("asked", ["auto", "cuda", "cuda:1"])
def test_a_build_without_cuda_is_an_error_with_both_versions_and_the_way_out(monkeypatch, asked):
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError) as caught:
        devices.find(asked)
    said = str(caught.value)
    assert said.startswith("2 NVIDIA devices (NVIDIA H100 80GB HBM3) of driver 570.86.15, which runs CUDA up to 12.8, ")
    assert (
        f"cannot be used by torch {torch.__version__}, which was built without CUDA; install a build for CUDA" in said
    )
    assert said.endswith("or measure the CPU with --device cpu.")


@pytest.mark.usefixtures("unusable")
def test_a_driver_that_is_too_old_is_named_with_what_torch_was_built_for(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(
        DeviceError, match=r"up to 12\.8.*built for CUDA 13\.0; update the driver, install a torch for CUDA 12"
    ):
        devices.find("auto")


@pytest.mark.usefixtures("unusable")
def test_what_else_keeps_torch_from_it_is_told_in_its_own_words(monkeypatch):
    def init():
        raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment.\nMore.")

    monkeypatch.setattr(torch.cuda, "init", init)
    with pytest.raises(
        DeviceError, match=r"built for CUDA 12\.8: CUDA unknown error - this may be due to .*; mend that, or"
    ):
        devices.find("auto")


@pytest.mark.usefixtures("unusable")
def test_the_host_is_measured_where_it_was_asked_for_or_the_devices_are_hidden(monkeypatch):
    assert devices.find("cpu") == "cpu"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.find("auto") == "cpu"


def test_where_nvml_sees_nothing_the_host_is_the_default(unusable, monkeypatch):
    monkeypatch.setattr(unusable, "nvmlDeviceGetCount", lambda: 0)
    assert devices.find("auto") == "cpu"
    with pytest.raises(DeviceError, match="'cuda' is not here; here are: cpu"):
        devices.find("cuda")
