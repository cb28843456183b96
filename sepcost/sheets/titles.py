"""The names of convolutions, layers and networks in a title or a cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sepcost.count.figure import BY_NAME, HEADLINES, Figures
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.layers import Conv
from sepcost.text.arguments import short_times, times
from sepcost.text.model_text import is_program
from sepcost.text.units import exact, factor_text
from sepcost.text.wording import listed


def headlines(figures: Figures) -> str:
    """The params and MACs, in a sentence.

    >>> headlines({"params": 18432, "macs": 231211008})
    '18,432 params, 231,211,008 MACs'
    """
    known = (name for name in HEADLINES if figures[name] is not None)
    return ", ".join(f"{exact(figures[name])} {BY_NAME[name].header}" for name in known)


def conv_title(conv: Conv, per: str | None = None, swept: Collection[str] = ()) -> str:
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
    parts += ["bias"] * conv.bias + [f"{conv.norm} norm"] * (conv.norm != "none")
    parts += [conv.activation] * (conv.activation != "none")
    if per is not None:
        return f"{', '.join(parts)}, per {per}"
    if not {"H", "W", "size", "rho"}.isdisjoint(swept):
        return ", ".join(parts)
    fixed = conv.output_size == conv.input_size or not {"K", "stride", "padding", "dilation"}.isdisjoint(swept)
    return f"{', '.join(parts)}, on {times(conv.input_size)}{'' if fixed else f' → {times(conv.output_size)}'}"


def sweep_title(snapshots: Sequence[Snapshot], names: Sequence[str], replacement: str | None = None) -> str:
    """Several snapshots in one line: the numbers that differ, and what stays the same, as the replacement may."""
    first = snapshots[0]
    networks = {(snapshot.source, snapshot.name) for snapshot in snapshots}
    conv = first.layers[0].layer if len(first.layers) == 1 else None
    if len(networks) > 1 or not names:
        many = len(networks if names else {id(snapshot.total) for snapshot in snapshots})
        title = f"{many:,} networks" if many > 1 else called(first)
    elif isinstance(conv, Conv) and first.independent:
        title = conv_title(conv, first.per, (*names, *("C", "O") * ("alpha" in names)))
    else:
        title = called(first)
    title += f", standard and {replacement}" * (replacement is not None)
    return f"{title}, over {listed([name.removeprefix('options.') for name in names])}" if names else title


def network_title(snapshot: Snapshot) -> str:
    """The network's name, how it is scaled, its input, and what is replaced in part."""
    parts = [called(snapshot), *scaled_by(snapshot)]
    if snapshot.input is not None:
        parts.append(f"input {times(snapshot.input)}")
    elif snapshot.given and is_program(snapshot.source or "") and snapshot.model and snapshot.model.inputs is None:
        parts.append(f"input {snapshot.given}")
    parts += [f"{text} in {count:,} of {most:,} layers" for text, (count, most) in snapshot.partly.items()]
    return ", ".join(parts)


def called(snapshot: Snapshot) -> str:
    """The network's name, and the source of its inputs."""
    inputs = snapshot.model.inputs if snapshot.model else None
    return snapshot.name if inputs is None else f"{snapshot.name} on inputs of {inputs}"


def layer_title(snapshot: Snapshot, layer: LayerSnapshot) -> str:
    """A layer of a network, with the network's name."""
    described = conv_title(layer.layer) if isinstance(layer.layer, Conv) else layer.layer.label
    return f"{', '.join([called(snapshot), *scaled_by(snapshot)])}: {layer.name}: {described}"


def scaled_by(snapshot: Snapshot) -> Iterator[str]:
    """The multipliers of the network."""
    for symbol, factor in (("α", snapshot.alpha), ("ρ", snapshot.rho)):
        if factor != 1:
            yield f"{symbol} = {factor_text(factor)}"
