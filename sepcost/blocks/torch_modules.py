"""Convolutions in torch's words: which modules they are, and with which arguments. Nothing here imports torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from keyword import iskeyword
from typing import Any, NamedTuple

from sepcost.blocks.blocks import Parts
from sepcost.blocks.torch_padding import torch_padding
from sepcost.layers import Conv

LONGEST_NAME = 40
ACTIVATIONS = {"relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "hardswish": "Hardswish", "gelu": "GELU"}
TORCHS = """
T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half insert ipu
load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop
register_backward_hook register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
"""
"""What a torch module has of its own: no part can be called so."""


class TorchModule(NamedTuple):
    """A module of ``torch.nn``: its name among others, its class, and the arguments that are not torch's defaults."""

    name: str
    kind: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = {}


def torch_modules(parts: Parts | Sequence[tuple[str, Conv]], *, any_size: bool = False) -> list[TorchModule]:
    """The modules that convolutions are, one after the other: what pads, convolves, crops, normalizes and activates.

    >>> conv = Conv((112, 112), 32, 32, 3, groups=32, norm="batch", activation="relu")
    >>> for module in torch_modules([("depthwise", conv)]):
    ...     print(module.name, module.kind, *module.arguments, *module.options.items())
    depthwise Conv2d 32 32 ('kernel_size', 3) ('padding', 1) ('groups', 32) ('bias', False)
    depthwise_norm BatchNorm2d 32
    depthwise_activation ReLU

    Each has the name of its part, or one made of it where torch allows no such name. ``any_size``: padding ``same``
    does not look at the size of the map (``torch_padding``).
    """
    taken = set(TORCHS.split())
    return [module for name, conv in parts for module in _modules(identifier(name, taken), conv, any_size, taken)]


def identifier(text: str, taken: set[str]) -> str:
    """A Python name made of a text, and of no other; it is taken from then on.

    >>> taken = {"train"}
    >>> identifier("separable:multiplier=2", taken), identifier("separable:multiplier:2", taken)
    ('separable_multiplier_2', 'separable_multiplier_2_2')
    >>> identifier("3×3", taken), identifier("class", taken), identifier("漢", taken), identifier("train", taken)
    ('_3_3', 'class_', 'part', 'train_2')
    """
    name = re.sub("[^0-9A-Za-z]+", "_", text).strip("_")[:LONGEST_NAME].strip("_") or "part"
    name = f"_{name}" if name[0].isdigit() else f"{name}_" if iskeyword(name) else name
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 2)))
    name = next(free for free in names if free not in taken)
    taken.add(name)
    return name


def _modules(name: str, conv: Conv, any_size: bool, taken: set[str]) -> Iterator[TorchModule]:
    rank = len(conv.kernel_size)
    padding = torch_padding(conv, any_size=any_size)
    if padding.around is not None:
        yield TorchModule(identifier(f"{name}_pad", taken), f"ZeroPad{rank}d", (_zero_pad(padding.around),))
    options = {
        "stride": (_short(conv.stride), 1),
        "padding": (padding.padding if padding.padding == "same" else _short(padding.padding), 0),
        "output_padding": (_short(padding.output_padding), 0),
        "dilation": (_short(conv.dilation), 1),
        "groups": (conv.groups, 1),
        "bias": (conv.bias, True),
    }
    yield TorchModule(
        name,
        f"Conv{'Transpose' if conv.transposed else ''}{rank}d",
        (conv.in_channels, conv.out_channels),
        {
            "kernel_size": _short(conv.kernel_size),
            **{option: value for option, (value, default) in options.items() if value != default},
        },
    )
    if padding.crop is not None:
        ends = tuple((0, -more) for more in padding.crop)
        yield TorchModule(identifier(f"{name}_crop", taken), f"ZeroPad{rank}d", (_zero_pad(ends),))
    if conv.norm == "batch":
        yield TorchModule(identifier(f"{name}_norm", taken), f"BatchNorm{rank}d", (conv.out_channels,))
    if conv.activation != "none":
        yield TorchModule(identifier(f"{name}_activation", taken), ACTIVATIONS[conv.activation], ())


def _short(sizes: Sequence[int]) -> int | tuple[int, ...]:
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def _zero_pad(sides: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """torch.nn.ZeroPad2d begins with the last axis."""
    return tuple(side for both in reversed(sides) for side in both)
