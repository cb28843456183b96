"""Convolutions with any attributes: those that ONNX Runtime runs have the MACs that follow from what it makes."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    NotImplemented,
    RuntimeException,
)

import sepcost
from tests.sources.onnx.runtime import macs
from tests.sources.onnx.test_operators import Case, network

CASES = 150


def drawn(chance: random.Random, kind: str) -> Case:
    """A convolution with some attributes, given or left out."""
    rank, groups = chance.choice([1, 2, 3]), chance.choice([1, 1, 2, 4])

    def each(least: int, most: int, many: int = rank) -> list[int]:
        return [chance.randint(least, most) for _ in range(many)]

    one, other = (groups * chance.choice([1, 2, 3]) for _ in range(2))
    weight = (one, other // groups, *each(1, 4)) if kind == "ConvTranspose" else (other, one // groups, *each(1, 4))
    given: dict[str, Any] = {"strides": each(1, 3), "dilations": each(1, 3), "pads": each(0, 2, 2 * rank)}
    given["auto_pad"] = chance.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    del given[chance.choice(["pads", "auto_pad"])]
    if kind == "ConvTranspose":
        given |= {"output_padding": each(0, 2), "output_shape": each(3, 30)}
    attributes = {name: value for name, value in given.items() if chance.random() < 0.4} | {"group": groups}
    biases = [(other,)] * chance.randint(0, 1)
    return Case(kind, [(1, one, *each(3, 17))], [weight, *biases], 0, 0, attributes)


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_as_onnx_runtime(kind: str, tmp_path: Path) -> None:
    path, seen = tmp_path / "net.onnx", Counter[str]()
    for number in range(CASES):
        case = drawn(random.Random(number), kind)
        try:
            found = network(case, path)
        except sepcost.SepcostError:
            found = None
        try:
            theirs = macs(path, "m0=" + "x".join(map(str, case.maps[0][1:])))
        except (Fail, InvalidArgument, NotImplemented, RuntimeException):
            seen["refused"] += 1
            continue
        if found is None or found.uncounted:
            seen["listed"] += 1
        else:
            seen["counted"] += 1
            assert sum(node.cost.macs for node in found) == theirs, case
    assert seen["counted"] > CASES / 3
    assert seen["listed"] < seen["counted"] / 10
