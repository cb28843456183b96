"""The names of convolutions, layers and networks in a title or a cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison
from sepcost.layers import Conv
from sepcost.network.network import Network
from sepcost.text.arguments import short_times, times
from sepcost.text.units import factor_text
from sepcost.text.wording import listed


def conv_title(conv: Conv, per_position: bool = False, swept: Collection[str] = ()) -> str:
    """A convolution in one line; ``swept`` numbers are letters, or left out.

    >>> conv_title(Conv((112, 112), 32, 64, 3, stride=2))
    '3×3 convolution, 32 → 64 channels, stride 2, on 112×112 → 56×56'
    >>> conv_title(Conv((112, 112), 32, 64, 3, stride=2), swept=("K", "O"))
    'K×K convolution, 32 → O channels, stride 2, on 112×112'
    """
    kind = "transposed convolution" if conv.transposed else "convolution"
    kernel = "×".join("K" * len(conv.kernel_size)) if "K" in swept else times(conv.kernel_size)
    what = f"1-D {kind} with kernel {kernel}" if len(conv.kernel_size) == 1 else f"{kernel} {kind}"
    inputs, outputs = ("C", "O") if "C" in swept else (conv.in_channels, "O")
    parts = [what, f"{inputs} → {outputs if 'O' in swept else conv.out_channels} channels"]
    for name, value, default in (("stride", conv.stride, 1), ("dilation", conv.dilation, 1)):
        if set(value) != {default} and name not in swept:
            parts.append(f"{name} {short_times(value)}")
    if conv.groups > 1 and "groups" not in swept:
        parts.append(f"{conv.groups} groups")
    if conv.padding != "same" and "padding" not in swept:
        parts.append(f"padding {short_times(conv.padding)}")
    if any(conv.output_padding) and "output_padding" not in swept:
        parts.append(f"output padding {short_times(conv.output_padding)}")
    parts += ["bias"] * conv.bias + ["batch norm"] * (conv.norm == "batch")
    parts += [conv.activation] * (conv.activation != "none")
    if per_position:
        return f"{', '.join(parts)}, per {'input' if conv.transposed else 'output'} position"
    if not {"H", "W", "size", "rho"}.isdisjoint(swept):
        return ", ".join(parts)
    fixed = conv.output_size == conv.input_size or not {"K", "stride", "padding", "dilation"}.isdisjoint(swept)
    return f"{', '.join(parts)}, on {times(conv.input_size)}{'' if fixed else f' → {times(conv.output_size)}'}"


def sweep_title(comparisons: Sequence[Comparison], names: Sequence[str]) -> str:
    """Several comparisons in one line: the numbers that differ, and what stays the same."""
    first = comparisons[0]
    networks = {(comparison.network.source, comparison.name) for comparison in comparisons}
    conv = first.network.nodes[0].layer if len(first.network) == 1 else None
    if len(networks) > 1 or not names:
        many = len(networks if names else {id(comparison.network) for comparison in comparisons})
        title = f"{many:,} networks" if many > 1 else called(first.network)
    elif isinstance(conv, Conv) and first.network.independent:
        title = conv_title(conv, first.network.per_position, (*names, *("C", "O") * ("alpha" in names)))
    else:
        title = called(first.network)
    return f"{title}, over {listed([name.removeprefix('options.') for name in names])}" if names else title


def network_title(comparison: Comparison) -> str:
    """The network's name, how it is scaled, its input, and what is replaced in part."""
    network = comparison.network
    parts = [called(network), *scaled_by(comparison)]
    if network.input_shape is not None:
        parts.append(f"input {times(network.input_shape)}")
    parts += [f"{text} in {count:,} of {most:,} layers" for text, (count, most) in comparison.partly.items()]
    return ", ".join(parts)


def called(network: Network) -> str:
    """The network's name, and the source of its inputs.

    >>> called(Network("nets.py:Pairs", (), inputs="nets.py:pair"))
    'nets.py:Pairs on inputs of nets.py:pair'
    """
    return network.name if network.inputs is None else f"{network.name} on inputs of {network.inputs}"


def layer_title(comparison: Comparison, layer: LayerComparison) -> str:
    """A layer of a network, with the network's name."""
    described = conv_title(layer.layer) if isinstance(layer.layer, Conv) else layer.layer.label
    return f"{', '.join([called(comparison.network), *scaled_by(comparison)])}: {layer.name}: {described}"


def scaled_by(comparison: Comparison) -> Iterator[str]:
    """The multipliers of the network."""
    for symbol, factor in (("α", comparison.network.alpha), ("ρ", comparison.network.rho)):
        if factor != 1:
            yield f"{symbol} = {factor_text(factor)}"
