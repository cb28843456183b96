"""A convolution and its replacements as PyTorch source, ready to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from sepcost.blocks.torch_modules import identifier, torch_modules
from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison, Variant
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.layers.cost import Cost, ratio
from sepcost.layers.layer import TorchModule
from sepcost.layers.torch_padding import fits_any_size
from sepcost.sheets.titles import headlines
from sepcost.text.arguments import times
from sepcost.text.harmless import harmless
from sepcost.text.units import reduction_text

LINE_LENGTH = 88
OURS = ("OrderedDict", "nn", "standard", "torch")


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
        raise SepcostError("PyTorch source is of a single convolution: give -C, -K and -O (and -H)")
    any_size = not comparison.network.has_map
    taken = set(OURS)
    blocks = [_block("standard", [("conv", conv)], any_size)]
    notes = [_note("standard", layer.standard, conv, any_size)]
    for text, variant in layer.variants.items():
        parts = [(part.name, part.layer) for part in variant.parts]
        blocks.append(_block(identifier(text, taken), parts, any_size) if parts else [])
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
    modules = torch_modules(parts, any_size=any_size)
    if len(modules) == 1:
        return list(_lines(modules[0], f"{name} = "))
    entries = [line for module in modules for line in _lines(module, f"{module.name}=", " " * 8, ",")]
    return [f"{name} = nn.Sequential(", "    OrderedDict(", *entries, "    )", ")"]


def _lines(module: TorchModule, start: str, indent: str = "", end: str = "") -> Iterator[str]:
    """``start`` and the call that makes the module, in one line where it fits, as ``ruff format`` would break it."""
    arguments = [_value(value) for value in module.arguments]
    arguments += [f"{name}={_value(value)}" for name, value in module.options.items()]
    opening, together = f"{indent}{start}nn.{module.kind}(", ", ".join(arguments)
    if len(f"{opening}{together}){end}") <= LINE_LENGTH:
        yield f"{opening}{together}){end}"
        return
    yield opening
    if len(f"{indent}    {together}") <= LINE_LENGTH:
        yield f"{indent}    {together}"
    else:
        yield from (f"{indent}    {argument}," for argument in arguments)
    yield f"{indent}){end}"


def _value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _border_notes(comparison: Comparison, conv: Conv) -> Iterator[str]:
    """Which maps the modules are for."""
    if comparison.network.has_map:
        yield f"(N, {times(conv.input_shape)}) -> (N, {times(conv.output_shape)})".replace("×", ", ")
        return
    parts = [part.layer for variant in comparison.layers[0].variants.values() for part in variant.parts]
    if all(map(fits_any_size, [conv, *parts])):
        yield "padding same, for maps of any size"
    else:
        yield "padding same, for maps that the stride divides (for another one, give its H)"


def _note(name: str, cost: Cost, conv: Conv, per_position: bool) -> str:
    per = f" per {'input' if conv.transposed else 'output'} position" if per_position else ""
    return f"{name}: {headlines({'params': cost.params, 'macs': cost.macs})}{per}"


def _variant_note(text: str, variant: Variant, layer: LayerComparison, conv: Conv, per_position: bool) -> str:
    if variant.kept:
        return f"{text}: kept as it is, because {variant.kept}"
    reduction = reduction_text(ratio(layer.standard.macs, variant.cost.macs))
    return f"{_note(text, variant.cost, conv, per_position)} ({'reduction: ' * (not variant.costs_more)}{reduction})"


def _comment(text: str) -> list[str]:
    """A comment, wrapped to lines."""
    return [f"# {line}" for line in wrap(harmless(text), LINE_LENGTH - 2)]
