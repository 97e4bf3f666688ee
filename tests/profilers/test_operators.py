"""What one operator costs, by figures worked out by hand."""

import functools
import math
import uuid
from fnmatch import fnmatch

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

import resnet_bench as rb
from resnet_bench.profilers import moves, operators
from resnet_bench.profilers import operator_tables as tables
from resnet_bench.profilers.complexity import profile_module
from resnet_bench.profilers.operator_formulas import BY_HAND


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
        (lambda: torch.pdist(torch.ones(5, 4)), 10 * 4),
        (lambda: torch.addr(empty(3, 4), empty(3), empty(4)), 12),
        (lambda: functional.affine_grid(empty(2, 2, 3), [2, 3, 5, 7], align_corners=False), 2 * 5 * 7 * 2 * 3),
        (lambda: functional.affine_grid(empty(2, 3, 4), [2, 3, 4, 5, 7], align_corners=False), 2 * 140 * 3 * 4),
        (lambda: torch.nn.LSTM(24, 16)(torch.ones(5, 2, 24)), 5 * 2 * 64 * 40),  # one operator of oneDNN
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
        (lambda: functional.grid_sample(IMAGES, empty(2, 5, 5, 2), mode="nearest", align_corners=False), 0),
        (lambda: functional.grid_sample(IMAGES, empty(2, 5, 5, 2), mode="bicubic", align_corners=False), 31 * 8 * 25),
        (lambda: torch.zeros(4, 8).scatter_add(0, torch.zeros(3, 8, dtype=torch.long), torch.ones(3, 8)), 24),
        (lambda: torch.zeros(4, 8).index_add_(0, torch.zeros(3, dtype=torch.long), torch.ones(3, 8)), 24),
        (
            lambda: functional.embedding_bag(torch.zeros(6, dtype=torch.long), torch.ones(9, 4), torch.tensor([0, 2])),
            24,
        ),
        (lambda: functional.fractional_max_pool3d(torch.ones(1, 2, 8, 8, 8), 2, output_size=3), 2 * 27 * 8),
        (
            lambda: functional.interpolate(IMAGES, size=16, mode="bilinear", antialias=True),
            8 * 8 * 16 * 3 + 8 * 256 * 3,
        ),
        (lambda: functional.interpolate(IMAGES, size=4, mode="bilinear", antialias=True), 8 * 8 * 4 * 7 + 8 * 16 * 7),
        (lambda: functional.interpolate(IMAGES, size=4, mode="bicubic", antialias=True), 8 * 8 * 4 * 15 + 8 * 16 * 15),
        (lambda: torch.norm(IMAGES, dim=1), 2 * IMAGES.numel()),
        (lambda: functional.mse_loss(IMAGES, IMAGES), 3 * IMAGES.numel()),
        (lambda: torch.bucketize(IMAGES, empty(7)), 3 * IMAGES.numel()),
        (lambda: empty(5).abs_(), 5),  # torch calls only the form that is not in place pointwise
        (lambda: empty(5).ge_(1), 5),
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
        lambda: empty(3, 4).unsqueeze_(0),
        lambda: empty(3, 4).t_(),
        lambda: empty(3, 4).exponential_(),
        lambda: torch.bernoulli(empty(3, 4)),
        lambda: torch.ones(4).nonzero(),
        lambda: torch.hann_window(8, device="meta"),
        lambda: torch.block_diag(empty(2, 2), empty(3, 3)),
    ],
)
def test_moves_cost_nothing_and_raise_no_alarm(work):
    assert costs_of(work) == (0, 0, [])


def test_a_deformed_convolution_is_one_whose_taps_are_interpolated_first():
    images, weight, result = empty(2, 3, 8, 8), empty(8, 3, 3, 3), empty(2, 8, 8, 8)
    spent = BY_HAND["torchvision::deform_conv2d"]((images, weight), result)
    assert spent.macs == 2 * 64 * 8 * 27
    assert spent.other_flops == 7 * 2 * 64 * 27 + result.numel()


# What no table has, and why: a network that uses one is told its name.
UNCOUNTED = {
    "of the backward pass": "*_backward* *_grad *_jvp",
    "of optimizers and loss scalers": "_foreach_* _fused_adam* _fused_sgd* _fused_adagrad* _amp_*",
    "factorisations and solvers, whose steps are their library's": "*linalg_* *cholesky* geqrf ormqr lu_unpack "
    "triangular_solve _compute_linear_combination _spsolve",
    "kernels of one device or library, below what is followed": "cudnn_* _cudnn_* miopen_* mkldnn_* _mkldnn_* "
    "to_mkldnn _mps_* _lstm_mps *for_mps _nnpack_* *slow_conv* *conv_depthwise* _thnn_* _triton_* "
    "_flash_attention_forward* _efficient_attention_forward _cslt_* *_sparse_semi_structured* _philox_* "
    "_native_multi_head_attention _transformer_encoder_layer_fwd _transform_bias_rescale_qkv",
    "of eight bits and less, which are refused": "*int4pack* _dyn_quant* _mixed_dtypes_linear quantized_* *_quantized "
    "q_* int_repr _make_per_* _scaled_mm_v2 _scaled_grouped_mm*",
    "of nested and sparse tensors": "*nested* *jagged* to_padded_tensor _sparse_sparse_matmul _sparse_mm_reduce_impl",
    "of batch norm over several devices": "batch_norm_*stats*",
    "drawn or sampled by a distribution": "_sample_dirichlet _standard_gamma",
    "rare in networks that see": "_ctc_loss _grouped_mm hash_tensor _histogramdd_*",
    "torch's own": "_test_* _foobar _new_zeros_with_same_feature_meta __*",
}


def operators_of_torch():
    """Names of the operators of torch that can be followed: tensors come out, and they are made of no others."""
    for full in torch._C._dispatch_get_all_op_names():
        library, _, rest = full.partition("::")
        name, _, form = rest.partition(".")
        if library != "aten" or not hasattr(torch.ops.aten, name):
            continue
        func = getattr(getattr(torch.ops.aten, name), form or "default", None)
        made_of_others = torch._C._dispatch_has_kernel_for_dispatch_key(full, "CompositeImplicitAutograd")
        if func is None or func.is_view or made_of_others or any(it.is_out for it in func._schema.arguments):
            continue
        if any("Tensor" in str(it.type) for it in func._schema.returns):
            yield operators.name_of(func)


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13), reason="older releases have operators that are gone"
)
def test_every_operator_of_torch_is_counted_is_free_or_is_uncounted_for_a_reason():
    patterns = " ".join(UNCOUNTED.values()).split()
    names = set(operators_of_torch())
    assert len(names) > 400
    unknown = {name for name in names if not operators.is_known(name)}
    assert sorted(name for name in unknown if not any(map(functools.partial(fnmatch, name), patterns))) == []


def test_no_operator_is_in_two_tables():
    kinds = (tables.PRODUCTS, BY_HAND, tables.WINDOWED, tables.PER_OUTPUT, tables.PER_INPUT, tables.PER_ELEMENT_OF)
    names = [name for kind in (moves.FREE, tables.FOURIER, *kinds) for name in kind]
    assert len(names) == len(set(names))


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
    rb.register_operator(
        f"resnet_bench_tests::{name}", lambda args, _: rb.OperatorCount(macs=args[0].numel() * args[0].shape[-1])
    )
    assert profile().uncounted_operators == ()
    assert profile().macs == 3 * 8**3
