"""A convolution and its replacements as PyTorch source, ready to paste."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from keyword import iskeyword
from textwrap import wrap
from typing import NamedTuple

from sepcost.arguments import Extent, times
from sepcost.comparison import Comparison, LayerComparison, Variant
from sepcost.cost import Cost, ratio
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.report.text import harmless
from sepcost.torch_padding import fits_any_size, torch_padding
from sepcost.units import as_ratio, exact

LINE = 88
LONGEST_NAME = 40
OURS = ("OrderedDict", "nn", "standard", "torch")
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


class Module(NamedTuple):
    """One module of torch: its name in the sequence, and the call that makes it."""

    name: str
    kind: str
    arguments: tuple[str, ...]

    def lines(self, start: str, indent: str = "", end: str = "") -> Iterator[str]:
        """``start`` and the call, in one line where it fits, as ``ruff format`` would break it."""
        opening, together = f"{indent}{start}nn.{self.kind}(", ", ".join(self.arguments)
        if len(f"{opening}{together}){end}") <= LINE:
            yield f"{opening}{together}){end}"
            return
        yield opening
        if len(f"{indent}    {together}") <= LINE:
            yield f"{indent}    {together}"
        else:
            yield from (f"{indent}    {argument}," for argument in self.arguments)
        yield f"{indent}){end}"


def module_code(title: str, comparison: Comparison) -> str:
    """The source of the standard convolution and of each replacement, under the names that they have everywhere.

    >>> from sepcost import compare
    >>> print(module_code("A grouped one", compare(Conv((8, 8), 4, 4, 3, groups=2))))
    # A grouped one
    # (N, 4, 8, 8) -> (N, 4, 8, 8)
    <BLANKLINE>
    from torch import nn
    <BLANKLINE>
    # standard: 72 params, 4,608 MACs
    standard = nn.Conv2d(4, 4, kernel_size=3, padding=1, groups=2, bias=False)
    <BLANKLINE>
    # separable: kept as it is, because grouped
    <BLANKLINE>
    """
    layer = comparison.layers[0]
    conv = layer.layer
    if len(comparison.layers) > 1 or not isinstance(conv, Conv):
        raise SepcostError("--code writes a single convolution: give -C, -K and -O (and -H)")
    any_size = comparison.network.per_position
    taken = set(OURS)
    blocks = [_block("standard", [("conv", conv)], any_size)]
    notes = [_note("standard", layer.standard, conv, any_size)]
    for text, variant in layer.variants.items():
        parts = [(part.name, part.layer) for part in variant.parts]
        blocks.append(_block(_identifier(text, taken), parts, any_size) if parts else [])
        notes.append(_variant_note(text, variant, layer, conv, any_size))
    header = [title, *_border_notes(comparison, conv)]
    lines = [line for remark in header for line in _comment(remark)]
    several = any("OrderedDict(" in line for block in blocks for line in block)
    lines += ["", *(["from collections import OrderedDict", ""] if several else []), "from torch import nn"]
    for note, block in zip(notes, blocks):
        lines += ["", *_comment(note), *block]
    return "\n".join(lines).lstrip("\n") + "\n"


def _block(name: str, parts: Sequence[tuple[str, Conv]], any_size: bool) -> list[str]:
    """``name = …``: the module alone, or a sequence of named ones."""
    taken = set(TORCHS.split())
    modules = [module for part, conv in parts for module in _modules(_identifier(part, taken), conv, any_size, taken)]
    if len(modules) == 1:
        return list(modules[0].lines(f"{name} = "))
    entries = [line for module in modules for line in module.lines(f"{module.name}=", " " * 8, ",")]
    return [f"{name} = nn.Sequential(", "    OrderedDict(", *entries, "    )", ")"]


def _modules(name: str, conv: Conv, any_size: bool, taken: set[str]) -> Iterator[Module]:
    """What pads, the convolution, what crops, and the norm: as much of that as there is."""
    rank = len(conv.kernel_size)
    padding = torch_padding(conv, any_size=any_size)
    if padding.around is not None:
        yield Module(_identifier(f"{name}_pad", taken), f"ZeroPad{rank}d", (_zero_pad(padding.around),))
    arguments = [str(conv.in_channels), str(conv.out_channels), f"kernel_size={_sizes(conv.kernel_size)}"]
    padded = repr(padding.padding) if padding.padding == "same" else _sizes(padding.padding)
    for argument, value, default in (
        ("stride", _sizes(conv.stride), "1"),
        ("padding", padded.replace("'", '"'), "0"),
        ("output_padding", _sizes(padding.output_padding), "0"),
        ("dilation", _sizes(conv.dilation), "1"),
        ("groups", str(conv.groups), "1"),
        ("bias", str(conv.bias), "True"),
    ):
        if value != default:
            arguments.append(f"{argument}={value}")
    yield Module(name, f"Conv{'Transpose' if conv.transposed else ''}{rank}d", tuple(arguments))
    if padding.crop is not None:
        ends = tuple((0, -more) for more in padding.crop)
        yield Module(_identifier(f"{name}_crop", taken), f"ZeroPad{rank}d", (_zero_pad(ends),))
    if conv.norm == "batch":
        yield Module(_identifier(f"{name}_norm", taken), f"BatchNorm{rank}d", (str(conv.out_channels),))


def _sizes(sizes: Extent) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else str(sizes)


def _zero_pad(sides: Sequence[tuple[int, int]]) -> str:
    """torch.nn.ZeroPad2d begins with the last axis."""
    return str(tuple(side for both in reversed(sides) for side in both))


def _identifier(text: str, taken: set[str]) -> str:
    """A Python name made of a text, and of no other; it is taken from then on.

    >>> taken = {"train"}
    >>> _identifier("separable:multiplier=2", taken), _identifier("separable:multiplier:2", taken)
    ('separable_multiplier_2', 'separable_multiplier_2_2')
    >>> _identifier("3×3", taken), _identifier("class", taken), _identifier("漢", taken), _identifier("train", taken)
    ('_3_3', 'class_', 'part', 'train_2')
    """
    name = re.sub("[^0-9A-Za-z]+", "_", text).strip("_")[:LONGEST_NAME].strip("_") or "part"
    name = f"_{name}" if name[0].isdigit() else f"{name}_" if iskeyword(name) else name
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 2)))
    name = next(free for free in names if free not in taken)
    taken.add(name)
    return name


def _border_notes(comparison: Comparison, conv: Conv) -> Iterator[str]:
    """Which maps the modules are for."""
    if not comparison.network.per_position:
        yield f"(N, {times(conv.input_shape)}) -> (N, {times(conv.output_shape)})".replace("×", ", ")
        return
    parts = [part.layer for variant in comparison.layers[0].variants.values() for part in variant.parts]
    if all(map(fits_any_size, [conv, *parts])):
        yield "padding same, for maps of any size"
    else:
        yield "padding same, for maps that the stride divides (-H makes it right for another)"


def _note(name: str, cost: Cost, conv: Conv, per_position: bool) -> str:
    per = f" per {'input' if conv.transposed else 'output'} position" if per_position else ""
    return f"{name}: {exact(cost.params)} params, {exact(cost.macs)} MACs{per}"


def _variant_note(text: str, variant: Variant, layer: LayerComparison, conv: Conv, per_position: bool) -> str:
    if variant.kept:
        return f"{text}: kept as it is, because {variant.kept}"
    reduction = as_ratio(ratio(layer.standard.macs, variant.cost.macs))
    what = "costs more" if variant.costs_more else "reduction"
    return f"{_note(text, variant.cost, conv, per_position)} ({what}: {reduction})"


def _comment(text: str) -> list[str]:
    """A comment of as many lines as it takes."""
    return [f"# {line}" for line in wrap(harmless(text), LINE - 2)]
