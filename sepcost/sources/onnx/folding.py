"""Folding: small constants that operators calculate from others, such as the shape for a reshape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto
from onnx.helper import make_function, make_opsetid
from onnx.reference import ReferenceEvaluator

MOST = 4096
"""The most numbers of a constant that is calculated."""
FOLDED = {
    "Abs", "Add", "And", "Cast", "Ceil", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Floor", "Gather",
    "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or",
    "Pow", "Range", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Slice", "Split", "Sqrt",
    "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip
"""The operators that are calculated: no other is."""


def folded(node: NodeProto, reads: Mapping[str, Any], opset: int) -> Sequence[Any]:
    """What a node makes of constants, as onnx's reference has it, which raises where they do not fit."""
    made = [name for name in node.output if name]
    alone = make_function("sepcost", "alone", list(reads), made, [node], [make_opsetid("", opset)])
    with np.errstate(all="ignore"):
        return list(map(np.asarray, ReferenceEvaluator(alone).run(None, dict(reads), attributes={})))
