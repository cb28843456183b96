"""TensorFlow Lite models as sources: files that end in .tflite."""

from __future__ import annotations

from sepcost.errors import needs
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.programs import Programs


def _network(path: str, name: str, options: ModelOptions) -> Network:
    with needs("tflite"):
        from sepcost.sources.tflite.program import network_of
        from sepcost.sources.tflite.reading import model_in
    return network_of(model_in(path, options.file.limit), name, options)


TFLITE_MODELS = Programs(".tflite", "TensorFlow Lite model", "convert it again", _network)
