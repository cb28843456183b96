"""Kinds of ONNX operators: what each does with maps, and which have no products at all."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import defs

from sepcost.graphs.flow import Effect

STANDARD = ("", "ai.onnx")
CONTRIB = "com.microsoft"
"""What ONNX Runtime adds when it optimises or quantises."""
KNOWN = (*STANDARD, CONTRIB)
SCOPES = "pkg.torch.onnx.name_scopes"
"""Where torch's newer exporter lists the modules around a node, and what it is in the innermost."""
RECURRENT = ("LSTM", "GRU", "RNN")

EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("Add", "Sum", "QLinearAdd", "BiasAdd"), Effect.ADDS),
    **dict.fromkeys(("Mul", "QLinearMul"), Effect.MULTIPLIES),
    **dict.fromkeys(("Concat", "QLinearConcat"), Effect.JOINS),
    **dict.fromkeys((
        "Abs", "Acos", "Acosh", "And", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "BitShift",
        "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Cos",
        "Cosh", "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual",
        "GroupNormalization", "HardSigmoid", "HardSwish", "Hardmax", "InstanceNormalization", "IsInf", "IsNaN", "LRN",
        "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log", "LogSoftmax", "LpNormalization", "Max",
        "Mean", "MeanVarianceNormalization", "Min", "Mish", "Mod", "Neg", "Not", "Or", "PRelu", "Pow",
        "RMSNormalization", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
        "Softmax", "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor",
        "DequantizeLinear", "QuantizeLinear", "RotaryEmbedding", "BiasGelu", "BiasSoftmax", "BiasSplitGelu",
        "FastGelu", "GroupNorm", "MulInteger", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QLinearWhere",
        "QuickGelu", "SimplifiedLayerNormalization", "SkipGroupNorm", "SkipLayerNormalization",
        "SkipSimplifiedLayerNormalization",
    ), Effect.OVER),
    **dict.fromkeys((
        "Dropout", "Expand", "ExpandDims", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose",
        "Unsqueeze",
    ), Effect.VIEWS),
}  # fmt: skip
"""Those of other operators make another map."""

MAY_MULTIPLY = {
    "AffineGrid", "Attention", "CausalConvWithState", "Conv", "ConvInteger", "ConvTranspose", "DFT", "DeformConv",
    "Det", "Einsum", "GRU", "Gemm", "If", "LSTM", "LinearAttention", "Loop", "MatMul", "MatMulInteger", "QLinearConv",
    "QLinearMatMul", "RNN", "STFT", "Scan", "SequenceMap",
}  # fmt: skip
"""The standard's operators that may have products, as of its version ``LATEST``."""
LATEST = 28
"""Operators that came later may have products, until somebody has looked at them."""
OTHERS_OF_RUNTIME = {
    "CropAndResize", "DynamicTimeWarping", "EmbedLayerNormalization", "GatherBlockQuantized", "MaxpoolWithMask",
    "NGramRepeatBlock", "NhwcMaxPool", "QEmbedLayerNormalization", "QLinearAveragePool", "QLinearGlobalAveragePool",
    "QLinearReduceMean", "ReduceSumInteger", "TorchEmbedding",
}  # fmt: skip
"""Those of ONNX Runtime that have none, and make another map."""

NOT_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "BatchNormalization": (3, 4),
    "Clip": (1, 2),
    "DequantizeLinear": (1, 2),
    "Pad": (1, 2, 3),
    "QuantizeLinear": (1, 2),
    "Resize": (1, 2, 3),
    "Upsample": (1,),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "QLinearAdd": (1, 2, 4, 5, 6, 7),
    "QLinearMul": (1, 2, 4, 5, 6, 7),
    "QGemm": (1, 2, 4, 5, 7, 8),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "DynamicQuantizeMatMul": (2, 3),
    "MatMulIntegerToFloat": (2, 3, 4, 5),
    "DynamicQuantizeLSTM": (8, 9, 10, 11),
    "QAttention": (3, 4, 6, 7),
    "MatMulNBits": (2, 3, 4),
    "GatherBlockQuantized": (2, 3),
}
"""The places of what an operator reads that is no weight: means and variances of norms, scales, zero points, bounds."""


def is_free(kind: str) -> bool:
    """Whether an operator is known to have no products.

    >>> is_free("TopK"), is_free("Einsum"), is_free("QLinearAveragePool"), is_free("Unheard")
    (True, False, True, False)
    """
    return kind in EFFECTS or kind in OTHERS_OF_RUNTIME or (defs.has(kind, LATEST) and kind not in MAY_MULTIPLY)
