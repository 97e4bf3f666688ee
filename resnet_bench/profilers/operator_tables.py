"""Operators known by name: what computes, per element of its output or input, and what only moves numbers.

Names are aten's without overload and without the mark of an in-place form.
"""

# Name -> positions of the two factors; a sum of products over the first factor's last dimension.
PRODUCTS = {
    "mm": (0, 1),
    "bmm": (0, 1),
    "_int_mm": (0, 1),
    "mv": (0, 1),
    "dot": (0, 1),
    "vdot": (0, 1),
    "addmm": (1, 2),
    "addmv": (1, 2),
    "addbmm": (1, 2),
    "baddbmm": (1, 2),
}
# What torch.utils.flop_counter counts of the operators that have MACs here.
COUNTED_BY_TORCH = frozenset(
    {"mm", "addmm", "bmm", "baddbmm", "convolution", "_convolution"}
    | {"_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention"}
    | {"_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_cudnn_attention"}
)
BIASED = frozenset({"addmm", "addmv", "addbmm", "baddbmm"})
CONVOLUTIONS = frozenset({"convolution", "_convolution", "convolution_overrideable"})
# Each of the first's rows against each of the second's.
DISTANCES = frozenset({"_cdist_forward", "_euclidean_dist"})
ATTENTION = frozenset(
    {
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_cudnn_attention",
    }
)
SOFTMAX = 5
PER_OUTPUT = {
    "native_batch_norm": 2,
    "_native_batch_norm_legit": 2,
    "cudnn_batch_norm": 2,
    "native_layer_norm": 5,
    "native_group_norm": 5,
    "native_dropout": 1,
    "_softmax": SOFTMAX,
    "_log_softmax": SOFTMAX,
    "_safe_softmax": SOFTMAX,
    "hardtanh": 1,
    "leaky_relu": 1,
    "_prelu_kernel": 1,
    "rrelu_with_noise": 1,
    "gelu": 1,
    "silu": 1,
    "glu": 2,
    "hardswish": 1,
    "hardsigmoid": 1,
    "log_sigmoid_forward": 1,
    "elu": 1,
    "_weight_norm_interface": 3,  # the square and its sum, then the scale
    "linalg_cross": 3,
    # Interpolation: a product a tap and the sums between them.
    "upsample_linear1d": 3,
    "upsample_bilinear2d": 7,
    "upsample_trilinear3d": 15,
    "upsample_bicubic2d": 31,
    "grid_sampler_2d": 7,
    "grid_sampler_3d": 15,
}
PER_INPUT = {
    "mean": 1,
    "sum": 1,
    "amax": 1,
    "amin": 1,
    "max": 1,
    "min": 1,
    "prod": 1,
    "cumsum": 1,
    "cumprod": 1,
    "argmax": 1,
    "argmin": 1,
    "topk": 1,
    "count_nonzero": 1,
    "var": 1,
    "std": 1,
    "var_mean": 1,
    "logsumexp": 2,
    "linalg_vector_norm": 2,
    "col2im": 1,
    "_adaptive_avg_pool2d": 1,
    "_adaptive_avg_pool3d": 1,
    "adaptive_max_pool2d": 1,
    "adaptive_max_pool3d": 1,
}
WINDOWED = frozenset(
    {"max_pool2d_with_indices", "avg_pool2d", "max_pool3d_with_indices", "avg_pool3d", "fractional_max_pool2d"}
)
# Per element and halving of the length, as FFTW counts them (fftw.org/speed): complex, and half of it for real ends.
FOURIER = {"_fft_c2c": 5.0, "_fft_r2c": 2.5, "_fft_c2r": 2.5}
# They move, make or rename numbers and compute none.
FREE = frozenset(
    {
        "_to_copy",
        "clone",
        "copy",
        "copy_",
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
        "new_zeros",
        "new_ones",
        "new_full",
        "as_strided",
        "transpose",
        "zeros",
        "zeros_like",
        "ones",
        "ones_like",
        "full",
        "full_like",
        "fill_",
        "zero_",
        "eye",
        "tril",
        "triu",
        "arange",
        "linspace",
        "scalar_tensor",
        "rand",
        "randn",
        "randint",
        "randperm",
        "rand_like",
        "randn_like",
        "uniform_",
        "normal_",
        "bernoulli_",
        "constant_pad_nd",
        "reflection_pad1d",
        "reflection_pad2d",
        "reflection_pad3d",
        "replication_pad1d",
        "replication_pad2d",
        "replication_pad3d",
        "cat",
        "stack",
        "repeat",
        "unsafe_split",
        "unsafe_split_with_sizes",
        "split_with_sizes_copy",
        "embedding",
        "index",
        "index_put",
        "index_select",
        "gather",
        "scatter",
        "masked_fill",
        "roll",
        "rot90",
        "flip",
        "im2col",
        "channel_shuffle",
        "pixel_shuffle",
        "pixel_unshuffle",
        "max_unpool2d",
        "upsample_nearest1d",
        "upsample_nearest2d",
        "upsample_nearest3d",
        "_upsample_nearest_exact1d",
        "_upsample_nearest_exact2d",
        "_upsample_nearest_exact3d",
        "_unsafe_view",
        "detach",
        "lift_fresh",
    }
)
# They turn numbers into Python values or shapes, which a tensor without data cannot.
NEED_VALUES = frozenset(
    {"_local_scalar_dense", "nonzero", "equal", "masked_select", "_unique2", "unique_dim", "allclose"}
)
