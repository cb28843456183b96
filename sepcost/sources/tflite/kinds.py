"""Kinds of TensorFlow Lite's operators: what each does with maps, and which may have products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sepcost.graphs.flow import Effect

EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("ADD", "ADD_N"), Effect.ADDS),
    "MUL": Effect.MULTIPLIES,
    **dict.fromkeys(("CONCATENATION", "PACK"), Effect.JOINS),
    **dict.fromkeys((
        "ABS", "ATAN2", "BITWISE_XOR", "CAST", "CEIL", "COS", "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP", "FAKE_QUANT",
        "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "L2_NORMALIZATION",
        "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOCAL_RESPONSE_NORMALIZATION", "LOG", "LOGICAL_AND", "LOGICAL_NOT",
        "LOGICAL_OR", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MINIMUM", "NEG", "NOT_EQUAL", "POW", "PRELU", "QUANTIZE",
        "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "RIGHT_SHIFT", "ROUND", "RSQRT", "SELECT", "SELECT_V2", "SIGN",
        "SIN", "SOFTMAX", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH", "ZEROS_LIKE",
    ), Effect.OVER),
    **dict.fromkeys((
        "BITCAST", "BROADCAST_TO", "EXPAND_DIMS", "RESHAPE", "SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE",
        "TRANSPOSE", "UNPACK",
    ), Effect.VIEWS),
}  # fmt: skip
"""Those of other operators make another map."""
MAY_MULTIPLY = {
    "CALL", "CALL_ONCE", "DELEGATE", "EMBEDDING_LOOKUP_SPARSE", "IF", "PLACEHOLDER_FOR_GREATER_OP_CODES",
    "READ_VARIABLE", "RFFT2D",
    "STABLEHLO_COMPOSITE", "STABLEHLO_CONVOLUTION", "STABLEHLO_CUSTOM_CALL", "STABLEHLO_DOT_GENERAL",
    "STABLEHLO_REDUCE", "STABLEHLO_REDUCE_WINDOW", "STABLEHLO_SCATTER", "STABLEHLO_SORT", "STABLEHLO_WHILE", "WHILE",
}  # fmt: skip
"""TensorFlow Lite's own operators that may have products, or weights, and are no layers here."""
CUSTOM_WITHOUT_PRODUCTS = {
    "custom TFLite_Detection_PostProcess", "custom MaxPoolingWithArgmax2D", "custom MaxUnpooling2D",
}  # fmt: skip
RECURRENT = (
    "LSTM", "RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
    "BIDIRECTIONAL_SEQUENCE_RNN",
)  # fmt: skip
MULTIPLY = {
    "BATCH_MATMUL", "CONV_2D", "CONV_3D", "CONV_3D_TRANSPOSE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV",
    *RECURRENT,
}  # fmt: skip
"""Operators that have products, and are layers."""


def is_free(kind: str, inner: Sequence[str] = ()) -> bool:
    """Whether an operator has no products; one that runs graphs, if the ``inner`` ones have none.

    >>> is_free("RELU"), is_free("WHILE", ["ADD", "LESS"]), is_free("WHILE", ["CONV_2D"]), is_free("custom FlexConv3D")
    (True, True, False, False)
    """
    if kind in MAY_MULTIPLY:
        return bool(inner) and all(map(is_free, inner))
    return kind in CUSTOM_WITHOUT_PRODUCTS if " " in kind else kind not in MULTIPLY
