"""ATen: torch's operators by name, and those with products in them that its counter counts as nothing."""

from __future__ import annotations

OPERATOR_NAMES = {
    # matrices and vectors
    "addmm", "addbmm", "baddbmm", "linear", "mkldnn_linear", "fbgemm_linear", "_mixed_dtypes_linear",
    "_addmm_activation", "_foreach_mm", "_int_mm", "_grouped_mm", "_scaled_mm_v2", "_scaled_grouped_mm",
    "_scaled_grouped_mm_v2", "_dyn_quant_matmul_4bit", "_weight_int8pack_mm", "_weight_int4pack_mm",
    "_weight_int4pack_mm_for_cpu", "_weight_int4pack_mm_with_scales_and_zeros", "_compute_linear_combination", "mv",
    "addmv", "dot", "vdot", "addr", "_trilinear", "bilinear", "_cdist_forward", "_euclidean_dist", "_pdist_forward",
    # sparse ones
    "_sparse_addmm", "_sparse_mm_reduce_impl", "_sparse_sparse_matmul", "_sparse_semi_structured_addmm",
    "_sparse_semi_structured_linear", "_sparse_semi_structured_mm", "_cslt_sparse_mm", "hspmm", "sspaddmm",
    "sparse_sampled_addmm", "_spsolve",
    # convolutions
    "conv_tbc", "conv_depthwise3d", "_conv_depthwise2d", "slow_conv3d_forward", "slow_conv_dilated2d",
    "slow_conv_dilated3d", "slow_conv_transpose2d", "slow_conv_transpose3d", "cudnn_convolution_relu",
    "cudnn_convolution_add_relu", "cudnn_convolution_transpose", "mkldnn_convolution", "miopen_convolution",
    "miopen_convolution_relu", "miopen_convolution_add_relu", "miopen_convolution_transpose",
    "miopen_depthwise_convolution", "_mps_convolution", "_mps_convolution_transpose", "_nnpack_spatial_convolution",
    # recurrent networks
    "lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell",
    "quantized_lstm", "quantized_gru", "mkldnn_rnn_layer", "_cudnn_rnn", "miopen_rnn", "_lstm_mps",
    "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell",
    # attention
    "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps", "_cudnn_attention_forward",
    "_flash_attention_forward_no_dropout_inplace", "_native_multi_head_attention", "_triton_multi_head_attention",
    "_triton_scaled_dot_attention", "_transformer_encoder_layer_fwd",
    # transforms and solvers
    "_fft_c2c", "_fft_c2r", "_fft_r2c", "_linalg_det", "_linalg_eigh", "_linalg_eigvals", "_linalg_slogdet",
    "_linalg_solve_ex", "_linalg_svd", "linalg_cholesky_ex", "linalg_eig", "linalg_eigvals",
    "linalg_householder_product", "linalg_inv_ex", "linalg_ldl_factor_ex", "linalg_ldl_solve", "linalg_lstsq",
    "linalg_lu", "linalg_lu_factor_ex", "linalg_lu_solve", "linalg_matrix_exp", "linalg_pinv", "linalg_polar",
    "linalg_qr", "linalg_solve_triangular", "cholesky", "cholesky_inverse", "cholesky_solve", "_cholesky_solve_helper",
    "geqrf", "ormqr", "triangular_solve",
}  # fmt: skip
"""Torch's own, with kernels of their own; in-place forms too (``addmm_``): the counter knows only ``addmm``."""
QUANTISED_OPERATORS = (
    "add", "batch_norm", "cat", "celu", "clamp", "dropout", "elu", "group_norm", "hardswish", "instance_norm",
    "layer_norm", "leaky_relu", "max_pool", "mul", "prelu", "relu6", "sigmoid", "softmax", "threshold",
)  # fmt: skip
"""How the names of quantised operators without products begin."""
TORCHS_OWN = {"aten", "prim", "prims", "profiler", "inductor", "rngprims"}
"""Torch's namespaces of operators; those of another one are custom, and their cost is not known."""


def unknown_cost(namespace: str, name: str) -> str | None:
    """The name of an operator that may have MACs and whose cost is not known; else None.

    >>> unknown_cost("aten", "mv"), unknown_cost("aten", "relu"), unknown_cost("mylib", "relu")
    ('mv', None, 'mylib.relu')
    """
    if namespace == "quantized" and name.startswith(QUANTISED_OPERATORS):
        return None
    if namespace not in TORCHS_OWN:
        return f"{namespace}.{name}"
    return name if name.removesuffix("_") in OPERATOR_NAMES else None
