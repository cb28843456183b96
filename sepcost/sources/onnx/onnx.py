"""ONNX models as sources: files that end in .onnx."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from sepcost.errors import ConfigError, ModelError, needs
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.source import Given, Item

SUFFIX = ".onnx"


class OnnxModels:
    """ONNX files of whatever program. Nothing in them runs, and no other file is opened for them."""

    takes = ""

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The model's network; None of other files."""
        if not given.is_named or PurePath(given.value).suffix.lower() != SUFFIX:
            return None
        with needs("onnx"):
            from sepcost.sources.onnx.program import network_of
            from sepcost.sources.onnx.shapes import shaped
        name = PurePath(given.value).name.removesuffix(SUFFIX)
        try:
            network = network_of(shaped(given.value, options), name)
        except ModelError as error:
            raise ConfigError.of(given.value, str(error)) from None
        return iter([Item(replace(network, source=given.value))])


ONNX_MODELS = OnnxModels()
