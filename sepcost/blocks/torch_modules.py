"""Parts in torch's words: which modules they are, and what these are called. Nothing here imports torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword

from sepcost.layers import Layer
from sepcost.layers.layer import TorchModule

LONGEST_TORCH_NAME = 40
TORCHS = """
T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half insert ipu
load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop
register_backward_hook register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
"""
"""The attributes of every torch module: no part can have such a name."""


def torch_modules(parts: Sequence[tuple[str, Layer]], *, any_size: bool = False) -> list[TorchModule]:
    """The modules that layers are, one after the other: what pads, convolves, crops, normalizes and activates.

    >>> from sepcost import Conv
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
    modules: list[TorchModule] = []
    for part, layer in parts:
        name = identifier(part, taken)
        for module in layer.torch_modules(any_size=any_size):
            own = identifier(f"{name}_{module.name}", taken) if module.name else name
            modules.append(module._replace(name=own))
    return modules


def identifier(text: str, taken: set[str]) -> str:
    """A Python name made of a text, and of no other; it is taken from then on.

    >>> taken = {"train"}
    >>> identifier("separable:multiplier=2", taken), identifier("separable:multiplier:2", taken)
    ('separable_multiplier_2', 'separable_multiplier_2_2')
    >>> identifier("3×3", taken), identifier("class", taken), identifier("漢", taken), identifier("train", taken)
    ('_3_3', 'class_', 'part', 'train_2')
    """
    name = re.sub("[^0-9A-Za-z]+", "_", text).strip("_")[:LONGEST_TORCH_NAME].strip("_") or "part"
    name = f"_{name}" if name[0].isdigit() else f"{name}_" if iskeyword(name) else name
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 2)))
    name = next(free for free in names if free not in taken)
    taken.add(name)
    return name
