"""Groups of layers: subtotals by block, as their names have it, or by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sepcost.count.figure import BY_NAME, Figures, with_quotients
from sepcost.count.snapshot import LayerSnapshot, Replaced, Snapshot
from sepcost.layers import Conv, Layer
from sepcost.layers.cost import Convention

SEVERAL = "none of its layers can be replaced"
"""Why a group is kept whose layers are kept for different reasons."""


def by_block(snapshot: Snapshot) -> Snapshot:
    """The network with a subtotal for each block: layers whose names begin alike, as ``layer1`` or ``features.3``.

    A block with more than half of all layers is taken apart.
    """
    names = [layer.name for layer in snapshot.layers]
    blocks = dict(zip(names, block_names(names)))
    return _grouped(snapshot, "block", lambda layer: blocks[layer.name])


def block_names(names: Sequence[str]) -> list[str]:
    """The block of each of a network's layers; a layer that is in none is its own.

    >>> block_names(["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer2.0.conv1", "layer2.0.conv2"])
    ['conv1', 'layer1', 'layer1', 'layer2', 'layer2']
    """
    taken_apart = [name.split(".") for name in names]
    often = Counter(tuple(name[:depth]) for name in taken_apart for depth in range(1, len(name)))
    return [".".join(name[: _depth(name, often, len(names))]) for name in taken_apart]


def by_type(snapshot: Snapshot) -> Snapshot:
    """The network with a subtotal for each type of layer: depthwise, pointwise, linear …"""
    return _grouped(snapshot, "type", lambda layer: type_of(layer.layer))


def type_of(layer: Layer) -> str:
    """A layer's type; of a convolution, which kind of one.

    >>> type_of(Conv((8, 8), 16, 16, 3, groups=16)), type_of(Conv((8, 8), 16, 16, 1)), type_of(Conv((8, 8), 16, 16, 3))
    ('depthwise', 'pointwise', 'convolution')
    """
    if not isinstance(layer, Conv):
        return layer.type
    kind = "grouped" if layer.groups > 1 else "pointwise" if set(layer.kernel_size) == {1} else "convolution"
    return f"{'transposed ' * layer.transposed}{'depthwise' if layer.is_depthwise else kind}"


def _depth(name: Sequence[str], often: Mapping[tuple[str, ...], int], layers: int) -> int:
    """How much of a name is that of its block."""
    depth = 1
    while depth < len(name) - 1 and 2 * often[tuple(name[:depth])] > layers:
        depth += 1
    return depth


def _grouped(snapshot: Snapshot, row: str, group_of: Callable[[LayerSnapshot], str]) -> Snapshot:
    groups: dict[str, list[LayerSnapshot]] = {}
    for layer in snapshot.layers:
        groups.setdefault(group_of(layer), []).append(layer)
    layers = (_subtotal(name, row, members, snapshot.convention) for name, members in groups.items())
    return replace(snapshot, layers=tuple(layers))


def _subtotal(name: str, row: str, layers: Sequence[LayerSnapshot], convention: Convention) -> LayerSnapshot:
    def summed(several: Iterable[Figures]) -> Figures:
        together = list(several)
        counts = [each for each in together[0] if BY_NAME[each].kind.is_whole]
        sums = {each: [figures[each] for figures in together] for each in counts}
        return with_quotients(
            {each: None if None in values else sum(values) for each, values in sums.items()}, convention
        )

    standard = summed(layer.figures for layer in layers)
    known = "params" if standard["macs"] is None else "macs"
    replaced: dict[str, Replaced] = {}
    for text in layers[0].replaced:
        alternatives = [layer.replaced[text] for layer in layers]
        figures, reasons = summed(each.figures for each in alternatives), {each.kept for each in alternatives}
        kept = None if None in reasons else reasons.pop() if len(reasons) == 1 else SEVERAL
        replaced[text] = Replaced(figures, figures[known] > standard[known], kept)
    kept_by_all = {each.kept for each in replaced.values()}
    kept = kept_by_all.pop() if len(kept_by_all) == 1 else None
    group = LayerSnapshot(name, {"type": row, "layers": len(layers)}, standard, replaced, kept)
    return _timed(group, layers) if all(layer.timed for layer in layers) else group


def _timed(group: LayerSnapshot, layers: Sequence[LayerSnapshot]) -> LayerSnapshot:
    from sepcost.count.timed import group_figures  # needs NumPy

    replaced = {
        text: each._replace(figures={**each.figures, **group_figures(layers, text)})
        for text, each in group.replaced.items()
    }
    return group._replace(figures={**group.figures, **group_figures(layers)}, replaced=replaced)
