"""Kinds of ONNX operators: what each does with maps, and which have no products at all."""

from __future__ import annotations

from collections.abc import Mapping

from sepcost.graphs.flow import Effect

STANDARD = ("", "ai.onnx")
CONTRIB = "com.microsoft"
"""What ONNX Runtime adds when it optimises or quantises."""

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

OTHERS = {
    "ArgMax", "ArgMin", "AveragePool", "Bernoulli", "BitCast", "BlackmanWindow", "CenterCropPad", "Col2Im", "Compress",
    "ConcatFromSequence", "Constant", "ConstantOfShape", "CumProd", "CumSum", "DepthToSpace", "DynamicQuantizeLinear",
    "EyeLike", "Gather", "GatherElements", "GatherND", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool",
    "GridSample", "HammingWindow", "HannWindow", "ImageDecoder", "LpPool", "MaxPool", "MaxRoiPool", "MaxUnpool",
    "MelWeightMatrix", "Multinomial", "NegativeLogLikelihoodLoss", "NonMaxSuppression", "NonZero", "OneHot",
    "Optional", "OptionalGetElement", "OptionalHasElement", "Pad", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike", "Range", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "RegexFullMatch", "Resize", "ReverseSequence",
    "RoiAlign", "Scatter", "ScatterElements", "ScatterND", "SequenceAt", "SequenceConstruct", "SequenceEmpty",
    "SequenceErase", "SequenceInsert", "SequenceLength", "Shape", "Size", "SoftmaxCrossEntropyLoss", "SpaceToDepth",
    "SplitToSequence", "StringConcat", "StringNormalizer", "StringSplit", "SwiGLU", "TensorScatter", "TfIdfVectorizer",
    "Tile", "TopK", "Trilu", "Unique", "Upsample", "CropAndResize", "DynamicTimeWarping", "EmbedLayerNormalization",
    "GatherBlockQuantized", "MaxpoolWithMask", "NGramRepeatBlock", "NhwcMaxPool", "QEmbedLayerNormalization",
    "QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearReduceMean", "ReduceSumInteger", "TorchEmbedding",
}  # fmt: skip
"""Other operators without products."""
FREE = {*EFFECTS, *OTHERS}

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
    "LSTM": (4, 5, 6),
    "GRU": (4, 5),
    "RNN": (4, 5),
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
