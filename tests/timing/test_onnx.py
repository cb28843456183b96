"""Layers as ONNX models compute what torch computes with the same weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from sepcost import Conv, Linear, SepcostError, compare
from sepcost.blocks.blocks import separable
from sepcost.layers import Layer
from sepcost.layers.pool import Pool
from sepcost.pytorch.modules import build
from sepcost.timing.onnx_file import onnx_model
from sepcost.timing.onnx_runtime import OnnxRuntime
from sepcost.timing.runtime import bare

KINDS: dict[str, Sequence[Layer]] = {
    "standard": [Conv((9, 8), 4, 6, 3, bias=True)],
    "strided": [Conv((9, 8), 4, 6, 3, stride=2, norm="batch", activation="relu")],
    "even": [Conv((9, 8), 4, 6, (4, 2))],
    "even, strided": [Conv((9, 8), 4, 6, 4, stride=2)],
    "padded": [Conv((9, 8), 4, 6, 3, padding=(2, 0), stride=(1, 2))],
    "dilated, grouped": [Conv((9, 8), 4, 6, 3, dilation=2, groups=2)],
    "depthwise": [Conv((9, 8), 4, 8, 3, groups=4)],
    "of one axis": [Conv((16,), 4, 6, 5, stride=3)],
    "of three axes": [Conv((5, 6, 7), 2, 4, 3)],
    "transposed": [Conv((5, 4), 4, 6, 3, stride=2, transposed=True, groups=2)],
    "transposed, cropped": [Conv((5, 4), 4, 6, (4, 1), stride=(1, 2), transposed=True)],
    "transposed, padded": [Conv((5, 4), 4, 6, 3, stride=2, padding=1, output_padding=1, transposed=True)],
    "linear": [Linear(10, 3, bias=True)],
    "linear without bias": [Linear(10, 3)],
    "separable": [part for _, part in separable(Conv((9, 8), 4, 6, 3, stride=2, norm="batch"))],
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("layers", KINDS.values(), ids=KINDS)
def test_each_kind_computes_what_torch_computes(layers: Sequence[Layer]) -> None:
    model = onnx_model(layers, batch=2)
    onnx.checker.check_model(model, full_check=True)
    module = torch.nn.Sequential(*(build(bare(layer)) for layer in layers))
    weights = [torch.tensor(numpy_helper.to_array(each)) for each in model.graph.initializer]
    parameters = list(module.parameters())
    assert [each.shape for each in parameters] == [each.shape for each in weights]
    for parameter, weight in zip(parameters, weights, strict=True):
        parameter.data = weight
    inputs = torch.rand(2, *layers[0].input_shape)
    (output,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"input": inputs.numpy()})
    np.testing.assert_allclose(output, module(inputs).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", KINDS.values(), ids=KINDS)
def test_each_kind_is_run(layers: Sequence[Layer]) -> None:
    runtime = OnnxRuntime(threads=2, batch=3)
    assert runtime.seconds(runtime.contender(layers), 2) > 0
    assert runtime.setup.title.startswith(f"onnxruntime {onnxruntime.__version__}, 2 threads, float32, batch 3, ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "bfloat16"}, "--dtype: onnxruntime is timed with float32 only, got bfloat16"),
        ({"device": "cuda"}, "--device: onnxruntime is timed with cpu only, got cuda"),
        ({"backward": True}, "--backward: onnxruntime has no backward pass"),
    ],
)
def test_what_is_not_timed_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SepcostError) as error:
        OnnxRuntime(**settings)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_what_onnx_runtime_rejects_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Conv((5, 4), 4, 6, 3, stride=2, padding=1, output_padding=2, dilation=3, transposed=True)
    with pytest.raises(SepcostError, match="onnxruntime cannot run it: "):
        OnnxRuntime().contender([wide])
    monkeypatch.setattr("sepcost.timing.onnx_runtime.onnx_model", lambda *_: onnx.ModelProto())
    with pytest.raises(SepcostError, match="onnxruntime cannot run it: "):
        OnnxRuntime().contender([Linear(3, 4)])


def test_other_layers_are_refused() -> None:
    pool = next(each.layer for each in compare("vgg16").layers if isinstance(each.layer, Pool))
    with pytest.raises(SepcostError, match="a layer of type pool is not timed"):
        onnx_model([pool])
