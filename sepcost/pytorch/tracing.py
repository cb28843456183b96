"""Tracing: one forward pass of a model, as a network of the layers that it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from sepcost.errors import LayerError
from sepcost.layers import Conv, Layer, Linear, Other
from sepcost.network import Network, Node
from sepcost.pytorch.names import ModuleNames

aten = torch.ops.aten

CONVOLUTIONS = {aten.convolution, aten._convolution, aten.cudnn_convolution, aten.convolution_overrideable}
NORMS = {aten._native_batch_norm_legit_no_training, aten.native_batch_norm, aten._native_batch_norm_legit}
UNCOUNTED = {
    "mv", "addmv", "dot", "vdot", "_trilinear", "bilinear", "lstm", "gru", "rnn_tanh", "rnn_relu", "quantized_lstm",
    "mkldnn_rnn_layer", "_cudnn_rnn", "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell", "miopen_rnn", "_cdist_forward",
    "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable",
    "_transformer_encoder_layer_fwd", "_native_multi_head_attention", "_int_mm", "_scaled_grouped_mm", "_grouped_mm",
    "_embedding_bag_dense_backward",
}  # fmt: skip
"""Operators with products in them that torch's counter counts as nothing."""
TORCHS_OWN = {"aten", "prim", "prims", "profiler", "inductor"}
"""Namespaces of operators; whatever is in another one is custom, and nobody knows what it costs."""

REMAINDER = "remainder"


@dataclass(frozen=True, slots=True)
class Trace:
    """What one forward pass ran, and what torch says of all of it.

    ``uncounted`` are operators that have MACs and that torch's counter does not count, each with the module that
    calls it and how often. ``macs`` and ``params`` are torch's own totals.
    """

    network: Network
    modules: Mapping[str, nn.Module | None]
    uncounted: Mapping[tuple[str, str], int]
    macs: int
    params: int

    @property
    def agrees(self) -> bool:
        """Whether the layers add up to what torch counts."""
        cost = [node.cost for node in self.network]
        return (sum(each.macs for each in cost), sum(each.params for each in cost)) == (self.macs, self.params)


def trace(model: nn.Module, inputs: Sequence[Any], named: Mapping[str, Any] | None = None, *, name: str = "") -> Trace:
    """Run the model once, on these inputs, and describe what ran, call by call.

    Every convolution is a layer with its real shapes, and so is a product with a matrix that is a parameter (a linear
    layer, on however many positions); other operators with MACs are there with theirs; what has parameters and is none
    of these is the ``remainder``. Inputs have a batch of one. The model is put into evaluation mode for the pass.
    """
    recorder = _Recorder(model)
    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), recorder.names, recorder, counter:
            model(*inputs, **(named or {}))
    finally:
        for module, training in was_training:
            module.training = training
    params = sum(parameter.numel() for parameter in _unique_parameters(model))
    nodes, modules = recorder.finished(params)
    network = Network(name or type(model).__name__, tuple(nodes), independent=True)
    return Trace(network, modules, recorder.uncounted, counter.get_total_flops() // 2, params)


@dataclass
class _Call:
    """One operator that ran: in which module, as which layer, with which parameters."""

    path: str
    module: nn.Module | None
    operator: str
    layer: Layer
    times: int = 1
    parameters: tuple[nn.Parameter, ...] = ()
    keep: str | None = None
    own_parameters: bool = True


class _Recorder(TorchDispatchMode):
    """Sees every operator below autograd, in order, as torch's counter sees it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.names = ModuleNames(model)
        self.calls: list[_Call] = []
        self.uncounted: Counter[tuple[str, str]] = Counter()
        self._parameters = {_storage(parameter): parameter for parameter in _unique_parameters(model)}
        self._made_by: dict[int, tuple[torch.Tensor, _Call]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        if packet in CONVOLUTIONS:
            self._convolution(args, out)
        elif packet in NORMS:
            self._norm(args)
        elif packet in flop_registry:
            self._product(packet, args, dict(kwargs or {}), out)
        elif packet.__name__ in UNCOUNTED or func.namespace not in TORCHS_OWN:
            self.uncounted[self.names.path, f"{func.namespace}.{packet.__name__}".removeprefix("aten.")] += 1
        return out

    def _convolution(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        source, weight, bias, stride, padding, dilation, transposed, output_padding, groups = args[:9]
        rank = weight.dim() - 2
        in_channels = source.shape[1]
        arguments: dict[str, Any] = {
            "stride": tuple(stride),
            "padding": tuple(padding),
            "dilation": tuple(dilation),
            "groups": groups,
            "transposed": transposed,
            "bias": bias is not None,
        }
        if transposed:
            arguments["output_padding"] = tuple(output_padding)
        arguments = {
            key: value * rank if isinstance(value, tuple) and len(value) == 1 else value
            for key, value in arguments.items()
        }
        macs = source.shape[0] * prod(source.shape[2:] if transposed else out.shape[2:]) * weight.numel()
        try:
            layer: Layer = Conv(
                tuple(source.shape[2:]), in_channels, out.shape[1], tuple(weight.shape[2:]), **arguments
            )
        except LayerError:  # a convolution that sepcost has no words for
            layer = Other("convolution", macs=macs)
        else:
            if layer.output_shape != tuple(out.shape[1:]):
                layer = Other("convolution", macs=macs)
        call = self._call("convolution", layer, out, (weight, bias), times=source.shape[0])
        self._made_by[id(out)] = (out, call)

    def _norm(self, args: tuple[Any, ...]) -> None:
        """A norm that reads what a convolution has just made is the convolution's."""
        source, scale, shift = args[:3]
        made = self._made_by.get(id(source))
        found = self._own((scale, shift))
        if made is None or found is None or len(found) < 2:
            return
        call, layer = made[1], made[1].layer
        if isinstance(layer, Conv) and call.own_parameters and layer.norm == "none":
            call.layer = replace(layer, norm="batch")
            call.parameters += found

    def _product(self, packet: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        flops = flop_registry[packet](*args, **kwargs, out_val=out)
        matrices = {aten.mm: args[:2], aten.addmm: args[1:3]}.get(packet)
        if matrices is not None and self._own(matrices[1:]) is not None:
            rows, (in_features, out_features) = matrices[0].shape[0], matrices[1].shape
            bias = args[0] if packet is aten.addmm else None
            with_bias = bias is not None and self._own((bias,)) is not None and bias.numel() == out_features
            layer = Linear(in_features, out_features, with_bias)
            self._call("linear", layer, out, (matrices[1], bias if with_bias else None), times=rows)
        else:
            self._call(packet.__name__, Other(packet.__name__, macs=flops // 2), out, ())

    def _call(
        self, operator: str, layer: Layer, out: Any, tensors: Sequence[torch.Tensor | None], times: int = 1
    ) -> _Call:
        parameters = self._own(tensors)
        if isinstance(layer, Other):
            times = 1
        call = _Call(
            self.names.path,
            self.names.module,
            operator,
            layer,
            times,
            parameters or (),
            own_parameters=parameters is not None,
        )
        self.calls.append(call)
        return call

    def _own(self, tensors: Sequence[torch.Tensor | None]) -> tuple[nn.Parameter, ...] | None:
        """The parameters that these tensors are, whole; None if one of them is something else."""
        found: list[nn.Parameter] = []
        for tensor in tensors:
            if tensor is None:
                continue
            parameter = self._parameters.get(_storage(tensor))
            if parameter is None or parameter.numel() != tensor.numel():
                return None
            found.append(parameter)
        return tuple(found)

    def finished(self, params: int) -> tuple[list[Node], dict[str, nn.Module | None]]:
        """The nodes in the order of the calls, and the remainder; and the module of each."""
        seen: set[nn.Parameter] = set()
        nodes: list[Node] = []
        modules: dict[str, nn.Module | None] = {}
        for name, call in _named(_together(self.calls)):
            fresh = call.own_parameters and not seen & set(call.parameters)
            seen |= set(call.parameters) if fresh else set()
            shared = not fresh and not isinstance(call.layer, Other)
            nodes.append(Node(name, call.layer, keep=call.keep, index=len(nodes), times=call.times, shared=shared))
            modules[name] = call.module
        left = params - sum(node.cost.params for node in nodes)
        if left:
            nodes.append(Node(REMAINDER, Other(REMAINDER, params=left), index=len(nodes)))
            modules[REMAINDER] = None
        return nodes, modules


def _together(calls: Sequence[_Call]) -> Iterator[_Call]:
    """Other operators of one kind in one module are one; the rest as they ran."""
    others: dict[tuple[str, str], _Call] = {}
    for call in calls:
        if not isinstance(call.layer, Other):
            yield call
            continue
        key = (call.path, call.operator)
        if key in others:
            others[key].layer = Other(call.operator, macs=others[key].layer.cost.macs + call.layer.macs)
        else:
            others[key] = call
            yield call


def _named(calls: Iterator[_Call]) -> Iterator[tuple[str, _Call]]:
    """Each call with a name of its own: its module's, and what tells it from others there."""
    taken: Counter[str] = Counter()
    for call in list(calls):
        usual = isinstance(call.layer, (Conv, Linear)) and isinstance(call.module, (nn.modules.conv._ConvNd, nn.Linear))
        base = call.path if usual and call.path else ".".join(filter(None, (call.path, call.operator)))
        taken[base] += 1
        yield base if taken[base] == 1 else f"{base}#{taken[base]}", call


def _unique_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    return model.parameters()


def _storage(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
