"""Weights: tensors whose name, shape and dtype are known, as the network of the layers that have them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sepcost.graphs.dtypes import INDICES
from sepcost.graphs.graph import Graph, Operator, Param
from sepcost.graphs.values import Value
from sepcost.layers import Conv, Linear
from sepcost.network.network import Network

Tensors = Mapping[str, Value]
NO_TWINS: Mapping[str, str] = {}
RANKS = (3, 4, 5)
"""How many axes the kernel of a convolution has."""
WEIGHT = "weight"
PART = re.compile(r"\b(weight_([gv]|orig|mask)|parametrizations\.weight\.original\d*)$")
"""How the names end of tensors that a weight is computed from: torch's weight_norm, spectral_norm, pruning."""
TABLE = re.compile(r"(embed(ding)?s?(_tokens)?|position(al|s)?|table|wte|wpe)$", re.IGNORECASE)
"""How the names end of modules whose weight is looked up."""
OF_LINEAR = re.compile(r"(^|\.)((\w+_)?weight|weight_[ih][hr](_l\d+)?(_reverse)?)$")
"""How the names end of the matrices of linear, attention and recurrent layers."""
BUFFER = re.compile(r"(^|\.)(running_(mean|var)|num_batches_tracked)$")
"""How the names end of what a batch norm counts while it is trained."""
INTEGERS = (*INDICES, "uint8", "int16")
"""The dtypes of indices, masks and packed weights; a weight of int8 is one that is quantised."""
NO_WEIGHT = re.compile(
    r"(^|[._])(attn\.bias|attention\.bias|masks?|tril|ids|index|idxs?|q?zeros|zero_points?|scales?(_inv)?|anchor\w*"
    r"|num_batches_tracked)$"
)
"""How the names end of integers that are masks, indices, or zero points and scales of packed weights."""
LONGEST_NAME = 100
"""The letters at the end of a name that say what it is."""
LONG, LARGE = 32, 2**14
"""wav2vec's kernels are 128 long over 120 channels, those of STFTs 4,096 over one, of EnCodec 16 over 1,024."""
AMBIGUOUS = "already depthwise, or one input channel"
"""Why a kernel is kept that is one channel deep."""
ASSUMED = "a kernel's shape says neither groups nor transposed: each is read as O × C × its size, in one group"


def network_of(name: str, tensors: Tensors, twins: Mapping[str, str] = NO_TWINS) -> Network:
    """The layers that have these tensors, and a remainder of the others; ``twins`` are second names of tensors.

    >>> network = network_of("w", {"conv.weight": Value((64, 32, 3, 3)), "fc.weight": Value((10, 64), "float16")})
    >>> [(node.name, node.layer.type, node.cost.params) for node in network]
    [('conv', 'conv', 18432), ('fc', 'linear', 640)]

    Only params and their bytes can be summed: nothing says on which maps the layers run. Raises ModelError if there are
    no params.
    """
    params = {each: value for each, value in tensors.items() if not (_ends(each, BUFFER) or value.dtype in INTEGERS)}
    twins = {twin: first for twin, first in twins.items() if {twin, first} <= params.keys()}
    graph = Graph({each: Param(value, _holder(each, tensors)) for each, value in params.items() if each not in twins})
    graph.uncounted.update(f"{each} ({value.dtype})" for each, value in tensors.items() if _is_packed(each, value))
    for each in params:
        if each in twins:
            graph.rename(each, twins[each])
        layer = layer_of(each, tensors)
        if layer is not None:
            keep = AMBIGUOUS if isinstance(layer, Conv) and layer.in_channels == 1 < layer.out_channels else None
            made = {f"{each}()": Value(layer.output_shape, tensors[each].dtype)}
            held = (each, bias_of(each))[: 1 + layer.bias]
            graph.run(Operator(layer.type, layer_name(each), (), made, layer, weights=held, keep=keep))
    return graph.network(name, ())


def layer_of(name: str, tensors: Tensors) -> Conv | Linear | None:
    """The layer that has this tensor as its kernel, by its rank; None of the others."""
    value, bias = tensors[name], tensors.get(bias_of(name))
    has_bias = bias is not None and bias.shape == value.shape[:1]
    if not value.numel or value.bits < 8:
        return None
    if len(value.shape) == 2 and _ends(name, OF_LINEAR) and not _is_table(name):
        return Linear(value.shape[1], value.shape[0], has_bias)
    if len(value.shape) not in RANKS or why_no_kernel(name, tensors):
        return None
    out_channels, in_channels, *size = value.shape
    return Conv((1,) * len(size), in_channels, out_channels, tuple(size), bias=has_bias)


def why_no_kernel(name: str, tensors: Tensors) -> str | None:
    """Why a tensor of rank 3 to 5 is no kernel of a convolution, by its name and its bias; None if it is one."""
    bias = tensors.get(bias_of(name))
    if _ends(name, PART):
        return "a weight is computed from it (weight_norm, spectral_norm, pruning): fit the model with these weights"
    if name.rpartition(".")[2] != WEIGHT:
        return "its name does not end in weight"
    if len(tensors[name].shape) == min(RANKS) and _is_table(name):
        return "its name is that of a table"
    _, channels, *size = tensors[name].shape
    if max(size) > LONG and channels * max(size) > LARGE:
        return f"no kernel is {max(size)} long over {channels} channels: these are matrices, perhaps of experts"
    if bias is not None and len(bias.shape) != 1:
        return f"its bias has {len(bias.shape)} axes, and that of a convolution has one"
    return None


def layer_name(name: str) -> str:
    """The name of the layer that has this weight.

    >>> layer_name("layer1.0.conv.weight"), layer_name("attn.in_proj_weight"), layer_name("weight")
    ('layer1.0.conv', 'attn.in_proj', 'weight')
    """
    return name[: -len(WEIGHT) - 1] if name.endswith((f".{WEIGHT}", f"_{WEIGHT}")) else name


def bias_of(name: str) -> str:
    """The name of the bias that belongs to a weight.

    >>> bias_of("fc.weight"), bias_of("rnn.weight_ih_l0")
    ('fc.bias', 'rnn.bias_ih_l0')
    """
    before, _, last = name.rpartition(WEIGHT)
    return f"{before}bias{last}"


def _is_table(name: str) -> bool:
    return _ends(layer_name(name), TABLE)


def _is_packed(name: str, value: Value) -> bool:
    """Whether it may be a weight of which several share an element."""
    return value.dtype in INTEGERS and value.dtype != "bool" and len(value.shape) > 1 and not _ends(name, NO_WEIGHT)


def _ends(name: str, pattern: re.Pattern[str]) -> bool:
    return pattern.search(name, max(0, len(name) - LONGEST_NAME)) is not None


def _holder(name: str, tensors: Tensors) -> str:
    """What has a tensor that is of no layer, in a word."""
    if _is_table(name):
        return "tables"
    kernel = re.sub(r"\bbias$", WEIGHT, name) if name.endswith("bias") else name
    return "norms" if kernel.endswith(WEIGHT) and kernel in tensors and len(tensors[kernel].shape) == 1 else "others"
