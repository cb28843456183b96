"""Files of models that are no source: what each is, by its name or first bytes, and what works instead."""

from __future__ import annotations

import re
from pathlib import PurePath

HEAD = 64
"""The bytes that are enough to recognise a file."""
HEADS = (
    (b"version https://git-lfs", "is a pointer to the file: git lfs pull fetches it"),
    (b"\x89HDF", "is a Keras model, or another HDF5 file, and no weights of torch"),
)
WEB_PAGE = re.compile(rb"\s*<(!doctype|html|head)", re.IGNORECASE)

TO_ONNX = 'torch.onnx.export(model, inputs, "net.onnx", dynamo=True)'
OF_KERAS = 'keras.saving.load_model(FILE).export("net.onnx", format="onnx") writes an .onnx, which sepcost reads'
OF_TENSORFLOW = "python -m tf2onnx.convert --{} --output net.onnx writes an .onnx, which sepcost reads"
OF_ORIGIN = f"export the model that it was made from: {TO_ONNX}"
SAVED_MODEL = f"is a TensorFlow SavedModel: {OF_TENSORFLOW.format('saved-model FOLDER')}"
FOREIGN_FORMATS = {
    **dict.fromkeys((".h5", ".hdf5", ".keras"), ("is a Keras model", OF_KERAS)),
    ".pb": ("is a TensorFlow graph", OF_TENSORFLOW.format("graphdef FILE --inputs NAME:0 --outputs NAME:0")),
    **dict.fromkeys((".mlmodel", ".mlpackage", ".mlmodelc"), ("is a Core ML model", OF_ORIGIN)),
    ".xml": ("is an OpenVINO model", OF_ORIGIN),
    **dict.fromkeys((".engine", ".plan", ".trt"), ("is a TensorRT engine", "give the .onnx that it was built from")),
    ".ort": ("is a model of ONNX Runtime's own format", "give the .onnx that it was made from"),
    ".pte": ("is an ExecuTorch program", "give the .pt2 that it was lowered from"),
    ".gguf": ("is weights in GGUF", "give the .safetensors that they were made from"),
}
"""What files are by the end of their names, and what to give instead."""


def foreign_format(source: str) -> str | None:
    """Why a file of this name is no source, and what is; None if it may be one.

    >>> foreign_format("net.engine")
    'is a TensorRT engine: give the .onnx that it was built from'
    >>> foreign_format("net.yaml")
    """
    known = FOREIGN_FORMATS.get(PurePath(source).suffix.lower())
    return ": ".join(known) if known else None


def foreign_head(head: bytes) -> str | None:
    """What a file is that begins like this and is no model at all, whatever its name says; None if it may be one.

    >>> foreign_head(b"<!DOCTYPE html>"), foreign_head(b"")
    ('is a web page, not the file: download it again', 'is empty')
    """
    if not head:
        return "is empty"
    if WEB_PAGE.match(head):
        return "is a web page, not the file: download it again"
    return next((what for begins, what in HEADS if head.startswith(begins)), None)
