"""What one operator costs, by figures worked out by hand."""

import math
import uuid

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_bench.profilers import operators
from resnet_bench.profilers.complexity import profile_module


def empty(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(*shape, device="meta", dtype=dtype)


def costs_of(work):
    """MACs, other operations, and the names of what is not known, of everything that `work` runs."""
    macs = other = 0
    unknown = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal macs, other
            output = func(*args, **(kwargs or {}))
            spent = operators.cost(func, args, output)
            if spent is None:
                unknown.append(operators.name_of(func))
            else:
                macs, other = macs + spent.macs, other + spent.other_flops
            return output

    with Watch():
        work()
    return macs, other, unknown


IMAGES = empty(2, 4, 8, 8)
VOLUME = empty(1, 2, 8, 8, 8)


@pytest.mark.parametrize(
    ("work", "macs"),
    [
        (lambda: torch.mm(empty(3, 4), empty(4, 5)), 3 * 4 * 5),
        (lambda: torch.addmv(empty(3), empty(3, 4), empty(4)), 12),
        (lambda: torch.addbmm(empty(3, 5), empty(2, 3, 4), empty(2, 4, 5)), 2 * 3 * 4 * 5),
        (lambda: torch.vdot(empty(7), empty(7)), 7),
        (lambda: torch._int_mm(empty(32, 16, dtype=torch.int8), empty(16, 8, dtype=torch.int8)), 32 * 16 * 8),
        (lambda: functional.bilinear(empty(2, 3), empty(2, 4), empty(5, 3, 4)), 2 * 5 * 3 * 4),
        (lambda: torch.cdist(empty(3, 4), empty(5, 4)), 3 * 5 * 4),
        (lambda: torch.cdist(empty(30, 4), empty(50, 4)), 30 * 50 * 4),
        (lambda: torch.conv_tbc(empty(5, 2, 3), empty(3, 3, 4), empty(4)), 3 * 2 * 4 * 3 * 3),
    ],
)
def test_products(work, macs):
    found, _, unknown = costs_of(work)
    assert (found, unknown) == (macs, [])


@pytest.mark.parametrize(
    ("work", "other"),
    [
        (lambda: functional.max_pool3d(VOLUME, 2), 2 * 4**3 * 8),
        (lambda: functional.avg_pool3d(VOLUME, 2), 2 * 4**3 * 8),
        (lambda: functional.adaptive_avg_pool3d(VOLUME, 2), VOLUME.numel()),
        (lambda: functional.adaptive_max_pool2d(IMAGES, 3), IMAGES.numel()),
        (lambda: torch.fft.fft2(IMAGES.to(torch.complex64)), 5 * IMAGES.numel() * 6),
        (lambda: torch.fft.rfft2(IMAGES), 2.5 * IMAGES.numel() * math.log2(64)),
        (lambda: torch.fft.irfft2(empty(2, 4, 8, 5, dtype=torch.complex64)), 2.5 * IMAGES.numel() * 6),
        (lambda: functional.grid_sample(IMAGES, empty(2, 5, 5, 2), align_corners=False), 7 * 2 * 4 * 25),
        (lambda: functional.interpolate(IMAGES, scale_factor=2, mode="bicubic"), 31 * 4 * IMAGES.numel()),
        (lambda: functional.glu(IMAGES, 1), IMAGES.numel()),
    ],
)
def test_other_operations(work, other):
    macs, found, unknown = costs_of(work)
    assert (macs, found, unknown) == (0, other, [])


@pytest.mark.parametrize(
    "work",
    [
        lambda: functional.pad(IMAGES, (1, 1, 1, 1), mode="reflect"),
        lambda: torch.unsafe_split(IMAGES, 2),
        lambda: functional.embedding(empty(3, dtype=torch.long), empty(10, 4)),
        lambda: torch.eye(4, device="meta"),
        lambda: torch.tril(empty(4, 4)),
        lambda: IMAGES.repeat(1, 2, 1, 1),
        lambda: functional.unfold(IMAGES, 3),
        lambda: empty(3, 4).transpose_(0, 1),
        lambda: functional.pixel_unshuffle(IMAGES, 2),
    ],
)
def test_moves_cost_nothing_and_raise_no_alarm(work):
    assert costs_of(work) == (0, 0, [])


def test_a_user_registers_an_operator():
    name = f"inverse_{uuid.uuid4().hex}"  # registered for good
    library = torch.library.Library("resnet_bench_tests", "FRAGMENT")
    library.define(f"{name}(Tensor images) -> Tensor")
    library.impl(name, torch.empty_like, "CompositeExplicitAutograd")

    class Inverse(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return getattr(torch.ops.resnet_bench_tests, name)(images).flatten(1)

    def profile():
        return profile_module(Inverse(), name="inverse", image_size=8)

    assert profile().uncounted_operators == (f"resnet_bench_tests::{name}",)
    operators.register_operator(
        f"resnet_bench_tests::{name}", lambda args, _: operators.OperatorCount(macs=args[0].numel() * args[0].shape[-1])
    )
    assert profile().uncounted_operators == ()
    assert profile().macs == 3 * 8**3
