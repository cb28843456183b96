"""What a caller in Python has made: a layer, a network, or a model of torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sepcost.count.comparison import Comparison
from sepcost.layers import Layer
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.models import LoadedModel
from sepcost.sources.source import Given, Item


class Objects:
    """Objects, as they are; a model runs once, and stays as it is."""

    takes = "a Conv, a Network, a torch.nn.Module"

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The network; None for other objects."""
        value = given.value.network if isinstance(given.value, Comparison) else given.value
        if isinstance(value, Network):
            return iter([Item(value)])
        if isinstance(value, Layer):
            return iter([Item(Network.of(value))])
        return iter([_run(value, options)]) if given.is_module else None


OBJECTS = Objects()


def _run(model: Any, options: ModelOptions) -> LoadedModel:
    from sepcost.pytorch.running.running import as_network, copy_and_trace

    name = type(model).__name__
    ran = copy_and_trace(model, options.inputs, name=name, device=options.device)
    return LoadedModel(as_network(ran, name, options.device), ran.model, ran.inputs, options.device)
