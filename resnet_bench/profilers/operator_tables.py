"""Operators known by name that compute: products, and per element of an output or input. `moves` has the others.

Names are aten's without overload and without the mark of an in-place form.
"""

# Name -> positions of the two factors; a sum of products over the first factor's last dimension. What is added to it
# comes before them, where anything is.
PRODUCTS = {
    "mm": (0, 1),
    "bmm": (0, 1),
    "_int_mm": (0, 1),
    "_scaled_mm": (0, 1),
    "mv": (0, 1),
    "dot": (0, 1),
    "vdot": (0, 1),
    "addmm": (1, 2),
    "addmv": (1, 2),
    "addbmm": (1, 2),
    "baddbmm": (1, 2),
    "_addmm_activation": (1, 2),
    "_sparse_addmm": (1, 2),
    "hspmm": (0, 1),
}
# What torch.utils.flop_counter counts of the operators that have MACs here.
COUNTED_BY_TORCH = frozenset(
    {"mm", "addmm", "bmm", "baddbmm", "_scaled_mm", "convolution", "_convolution"}
    | {"_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention"}
    | {"_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_cudnn_attention"}
)
CONVOLUTIONS = frozenset({"convolution", "_convolution", "convolution_overrideable"})
# Each of the first's rows against each of the second's, or of the first's own.
DISTANCES = frozenset({"_cdist_forward", "_euclidean_dist", "_pdist_forward"})
ATTENTION = frozenset(
    {
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_cudnn_attention",
        "_scaled_dot_product_fused_attention_overrideable",
    }
)
SOFTMAX = 5
PER_OUTPUT = {
    "_add_relu": 2,
    "floor_divide": 2,
    "polar": 2,
    "_masked_scale": 2,
    # normalisation
    "native_batch_norm": 2,
    "_native_batch_norm_legit": 2,
    "_native_batch_norm_legit_functional": 2,
    "_native_batch_norm_legit_no_training": 2,
    "_batch_norm_no_update": 2,
    "_batch_norm_with_update": 2,
    "_batch_norm_with_update_functional": 2,
    "batch_norm_elemt": 2,
    "cudnn_batch_norm": 2,
    "miopen_batch_norm": 2,
    "native_layer_norm": 5,
    "native_group_norm": 5,
    "_weight_norm_interface": 3,  # the square and its sum, then the scale
    "renorm": 3,
    # activations
    "native_dropout": 1,
    "_fused_dropout": 1,
    "_softmax": SOFTMAX,
    "_log_softmax": SOFTMAX,
    "_masked_softmax": SOFTMAX,
    "_safe_softmax": SOFTMAX,
    "hardtanh": 1,
    "leaky_relu": 1,
    "_prelu_kernel": 1,
    "rrelu_with_noise": 1,
    "rrelu_with_noise_functional": 1,
    "gelu": 1,
    "silu": 1,
    "glu": 2,
    "hardswish": 1,
    "hardsigmoid": 1,
    "log_sigmoid_forward": 1,
    "elu": 1,
    "linalg_cross": 3,
    # Rounding to eight bits: scale, round, clamp; and back.
    "quantize_per_tensor": 3,
    "quantize_per_tensor_dynamic": 3,
    "quantize_per_channel": 3,
    "dequantize": 2,
    "fake_quantize_per_channel_affine_cachemask": 5,
    "fake_quantize_per_tensor_affine_cachemask": 5,
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams": 5,
    "_fake_quantize_learnable_per_channel_affine": 5,
    "_fake_quantize_learnable_per_tensor_affine": 5,
    "_fused_moving_avg_obs_fq_helper": 5,
    "_fused_moving_avg_obs_fq_helper_functional": 5,
    # Interpolation: a product a tap and the sums between them.
    "upsample_linear1d": 3,
    "upsample_bilinear2d": 7,
    "upsample_trilinear3d": 15,
    "upsample_bicubic2d": 31,
}
# The same of a grid's points, by the number that says how: bilinear, nearest, bicubic.
GRID_SAMPLERS = {
    "grid_sampler_2d": (7, 0, 31),
    "_grid_sampler_2d_cpu_fallback": (7, 0, 31),
    "cudnn_grid_sampler": (7,),
    "grid_sampler_3d": (15, 0),
}
# With antialiasing, along one side after the other: taps to each side of the middle where nothing is shrunk.
ANTIALIASED = {"_upsample_bilinear2d_aa": 1, "_upsample_bicubic2d_aa": 2, "_upsample_lanczos2d_aa": 3}
PER_INPUT = {
    "mean": 1,
    "sum": 1,
    "nansum": 1,
    "_sparse_sum": 1,
    "_sparse_csr_sum": 1,
    "_sparse_csr_prod": 1,
    "_sparse_softmax": SOFTMAX,
    "_sparse_log_softmax": SOFTMAX,
    "amax": 1,
    "amin": 1,
    "max": 1,
    "min": 1,
    "aminmax": 2,
    "_aminmax": 2,
    "all": 1,
    "any": 1,
    "_is_all_true": 1,
    "_is_any_true": 1,
    "prod": 1,
    "cumsum": 1,
    "cumprod": 1,
    "cummax": 1,
    "cummin": 1,
    "_logcumsumexp": 2,
    "logcumsumexp": 2,
    "argmax": 1,
    "argmin": 1,
    "topk": 1,
    "kthvalue": 1,
    "median": 1,
    "nanmedian": 1,
    "mode": 1,
    "count_nonzero": 1,
    "bincount": 1,
    "histc": 1,
    "histogram": 1,
    "var": 1,
    "std": 1,
    "var_mean": 1,
    "std_mean": 1,
    "logsumexp": 2,
    "linalg_vector_norm": 2,
    "linalg__powsum": 2,
    "norm": 2,
    "native_norm": 2,
    "dist": 3,
    "unique_consecutive": 1,
    "unique_dim_consecutive": 1,
    "segment_reduce": 1,
    "_coalesce": 1,
    "col2im": 1,
    "_adaptive_avg_pool2d": 1,
    "_adaptive_avg_pool3d": 1,
    "adaptive_max_pool2d": 1,
    "adaptive_max_pool3d": 1,
    # losses: the operations of one element, and the sum
    "mse_loss": 3,
    "smooth_l1_loss": 5,
    "huber_loss": 5,
    "soft_margin_loss": 5,
    "binary_cross_entropy": 7,
    "binary_cross_entropy_with_logits": 7,
    "multi_margin_loss": 4,
    "multilabel_margin_loss_forward": 4,
}
# Each element of the argument at that position is added, or compared, once.
PER_ELEMENT_OF = {
    "scatter_add": 3,
    "scatter_reduce": 3,
    "index_add": 3,
    "index_reduce": 3,
    "_unsafe_masked_index_put_accumulate": 3,
    "nll_loss_forward": 1,
    "nll_loss2d_forward": 1,
}
WINDOWED = frozenset(
    {
        "max_pool2d_with_indices",
        "avg_pool2d",
        "max_pool3d_with_indices",
        "avg_pool3d",
        "fractional_max_pool2d",
        "fractional_max_pool3d",
    }
)
# Per element and halving of the length, as FFTW counts them (fftw.org/speed): complex, and half of it for real ends.
FOURIER = {"_fft_c2c": 5.0, "_fft_r2c": 2.5, "_fft_c2r": 2.5}
