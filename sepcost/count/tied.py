"""Layers that have the same weights: replaced by parts of the same weights, or all kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sepcost.count.layer_comparison import ByReplacement, LayerComparison, Variant
from sepcost.layers.sharing import could_share


def alike(layers: Sequence[LayerComparison]) -> tuple[LayerComparison, ...]:
    """The layers, of which those with the same weights are replaced by parts of the same weights, or all kept."""
    sharing: dict[str, list[LayerComparison]] = {}
    for layer in layers:
        if layer.node.weights_of is not None:
            sharing.setdefault(layer.node.weights_of, []).append(layer)
    if not sharing:
        return tuple(layers)
    reasons: dict[tuple[str, str], str] = {}
    owners = {layer.name: layer for layer in layers if layer.name in sharing}
    for name, others in sharing.items():
        for text in owners[name].variants:
            reason = _reason_to_keep_all(owners[name], others, text)
            if reason is not None:
                reasons |= {(layer.name, text): reason for layer in (owners[name], *others)}
    return tuple(_kept_under(layer, reasons) for layer in layers)


def _reason_to_keep_all(owner: LayerComparison, others: Sequence[LayerComparison], text: str) -> str | None:
    """Why layers of the same weights are all kept under a replacement; None if they can be replaced alike."""
    kept = next((layer.name for layer in (owner, *others) if layer.variants[text].kept), None)
    if kept is not None:
        return f"shares weights with {kept}"
    own, *theirs = ([part for _, part in layer.runs_as(text)] for layer in (owner, *others))
    alike = all(could_share(own, parts) for parts in theirs)
    return None if alike else "shares weights, and its parts would not"


def _kept_under(layer: LayerComparison, reasons: Mapping[tuple[str, str], str]) -> LayerComparison:
    """The layer, kept under each replacement for which there is a reason."""
    variants = ByReplacement(
        {
            text: Variant(layer.standard, kept=reasons[layer.name, text])
            if variant.kept is None and (layer.name, text) in reasons
            else variant
            for text, variant in layer.variants.items()
        }
    )
    kept = [variant.kept for variant in variants.values()]
    return layer.under(variants, kept[0] if kept and all(kept) else None)
