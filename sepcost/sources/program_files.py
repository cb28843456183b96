"""Program files: the formats of programs in files. What reads one is imported when there is such a file."""

from __future__ import annotations

from sepcost.errors import needs
from sepcost.network.network import Network
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.programs import Programs


def _of_pt2(path: str, name: str, options: ModelOptions) -> Network:
    from sepcost.sources.pt2.archive import program_in
    from sepcost.sources.pt2.program import network_of

    return network_of(program_in(path, GraphLimit(options.file.limit)), name, options)


def _of_onnx(path: str, name: str, options: ModelOptions) -> Network:
    with needs("onnx"):
        from sepcost.sources.onnx.program import network_of
        from sepcost.sources.onnx.shapes import shaped
    return network_of(shaped(path, options), name)


def _of_tflite(path: str, name: str, options: ModelOptions) -> Network:
    with needs("tflite"):
        from sepcost.sources.tflite.program import network_of
        from sepcost.sources.tflite.reading import model_in
    return network_of(model_in(path, GraphLimit(options.file.limit)), name, options)


EXPORT = "torch.export.save(torch.export.export(model, inputs), FILE) writes one"
PROGRAM_FILES = (
    Programs(".pt2", "exported program", EXPORT, _of_pt2),
    Programs(".onnx", "ONNX model", "export it again", _of_onnx),
    Programs(".tflite", "TensorFlow Lite model", "convert it again", _of_tflite),
)
