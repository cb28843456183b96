"""ONNX models as sources: files that end in .onnx, of whatever program. No other file is opened for them."""

from __future__ import annotations

from sepcost.errors import needs
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.programs import Programs


def _network(path: str, name: str, options: ModelOptions) -> Network:
    with needs("onnx"):
        from sepcost.sources.onnx.program import network_of
        from sepcost.sources.onnx.shapes import shaped
    return network_of(shaped(path, options), name)


ONNX_MODELS = Programs(".onnx", "ONNX model", "export it again", _network)
