"""Whole models as contenders: as they are, and with their convolutions really replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison
from sepcost.errors import SepcostError
from sepcost.network.network import Network
from sepcost.pytorch.models.inputs import Inputs, OwnInputs, make_inputs
from sepcost.pytorch.modules import build, built
from sepcost.pytorch.running.recount import really_replaced
from sepcost.timing.clock import Contender
from sepcost.timing.torch_runtime import TorchRuntime


def model_contenders(
    runtime: TorchRuntime, model: nn.Module, inputs: Inputs, comparison: Comparison
) -> dict[str | None, Contender]:
    """The model's own forward pass, and that of a copy under each replacement, on random input of the same shapes."""
    args, named = make_inputs(model, inputs, device="cpu")
    if not isinstance(inputs, OwnInputs):
        args, named = (tuple(_random(each, runtime.batch) for each in args), _all_random(named, runtime.batch))
    modules: dict[str | None, nn.Module] = {None: model}
    modules |= {each.text: really_replaced(model, comparison, each) for each in comparison.replacements}
    return {text: runtime.module_contender(each, *args, **named) for text, each in modules.items()}


def chain_contenders(runtime: TorchRuntime, comparison: Comparison) -> dict[str | None, Contender]:
    """A network's layers as one ``Sequential``; a SepcostError if they are no plain chain."""
    network = comparison.network
    _refuse_branches(network)
    inputs = torch.rand(runtime.batch, *network.nodes[0].layer.input_shape) - 0.5
    texts = (None, *comparison.totals)
    return {text: runtime.module_contender(_chain(comparison.layers, text), inputs) for text in texts}


def _refuse_branches(network: Network) -> None:
    for number, node in enumerate(network):
        if network.independent or node.sources != (number - 1,) or node.add or node.weights_of or node.times > 1:
            raise SepcostError(f"--whole takes models, and plain chains of layers: {node.name} is elsewhere")


def _chain(layers: Sequence[LayerComparison], text: str | None) -> nn.Sequential:
    modules: list[nn.Module] = []
    for layer in layers:
        if len(layer.layer.input_shape) == 1 and modules:
            modules.append(nn.Flatten())
        parts = layer.variants[text].parts if text else ()
        modules.append(build(parts) if parts else built(layer.layer))
    return nn.Sequential(*modules)


def _random(tensor: torch.Tensor, batch: int) -> torch.Tensor:
    """Random numbers in the place of a sample's zeros; whole numbers stay zeros, which any table has."""
    many = tensor.expand(batch, *tensor.shape[1:]) if tensor.dim() else tensor
    return torch.rand_like(many) - 0.5 if many.is_floating_point() else many.clone()


def _all_random(named: Mapping[str, Any], batch: int) -> dict[str, Any]:
    return {name: _random(each, batch) for name, each in named.items()}
