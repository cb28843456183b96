"""Layers as they are, and under each replacement: their parts, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import add
from typing import TypeAlias, TypeVar

from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import REPLACEMENTS, InPlace, ReplaceIf, Replacement, reason_to_keep
from sepcost.errors import CannotReplaceError, LayerError, LayerProblem, NetworkError, ReplacementError
from sepcost.layers import Conv, Layer
from sepcost.layers.cost import Cost
from sepcost.layers.layer import MOST_KNOWN
from sepcost.layers.sharing import could_share
from sepcost.network.liveness import Runs
from sepcost.network.network import Network, Node
from sepcost.network.selection import names_of_modules
from sepcost.text.wording import did_you_mean

T = TypeVar("T")
Compared: TypeAlias = "Callable[[Node, tuple[Replacement, ...], ReplaceIf], Alternatives]"


class ByReplacement(dict[str, T]):
    """What there is for each replacement, under its text; a text that is not there is a ReplacementError.

    >>> ByReplacement(separable=1)["separabel"]
    Traceback (most recent call last):
    sepcost.errors.ReplacementError: nothing was compared with 'separabel'; did you mean `separable`?
    """

    def __missing__(self, text: object) -> T:
        hint = did_you_mean(str(text), self) or f" (but with: {', '.join(self) or 'nothing'})"
        raise ReplacementError(f"nothing was compared with {text!r}{hint}")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the convolutions that replace another."""

    name: str
    layer: Conv
    cost: Cost


@dataclass(frozen=True, slots=True)
class Variant:
    """A layer under one replacement: its parts, and what they cost together.

    ``kept`` is the reason why the layer stays as it is, and has no parts; or None. ``replaced_by`` is what a plan
    chose for it.
    """

    cost: Cost
    parts: tuple[Part, ...] = ()
    costs_more: bool = False
    kept: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What a layer costs as it is, and under each replacement; ``kept`` is why it stays as it is under all of them.

    ``node`` is the layer without its place. Equal layers have the same one, which is its own key: its evaluation
    can be remembered.
    """

    node: Node
    kept: str | None
    standard: Cost
    variants: ByReplacement[Variant]

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """One layer and its alternatives."""

    node: Node
    alternatives: Alternatives

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def layer(self) -> Layer:
        return self.node.layer

    @property
    def kept(self) -> str | None:
        """The reason why it stays as it is under each replacement, or None."""
        return self.alternatives.kept

    @property
    def standard(self) -> Cost:
        return self.alternatives.standard

    @property
    def variants(self) -> Mapping[str, Variant]:
        return self.alternatives.variants

    def under(self, variants: ByReplacement[Variant], kept: str | None = None) -> LayerComparison:
        """The same layer with these variants; ``kept`` where there is a new reason to keep it under each of them."""
        return LayerComparison(self.node, replace(self.alternatives, kept=kept or self.kept, variants=variants))

    def runs_as(self, replacement: str | None) -> Runs:
        """The layers that it runs as: the parts of the replacement, or itself."""
        parts = self.variants[replacement].parts if replacement else ()
        return [(f"{self.name}.{part.name}", part.layer) for part in parts] or [(self.name, self.layer)]


def compared_layers(
    network: Network, replacements: Sequence[Replacement], replace_if: ReplaceIf
) -> list[LayerComparison]:
    """Each layer under each replacement; raises NetworkError where one does not fit."""
    acting = acting_on(network, replacements)
    compared = _lookup(network, replacements)
    layers = []
    for node in network:
        try:
            layers.append(LayerComparison(node, compared(node.alone(), acting(node.name), replace_if)))
        except LayerError as error:
            raise NetworkError([LayerProblem(node.index, node.name, error.field, error.reason)]) from None
    return layers


def acting_on(network: Network, replacements: Sequence[Replacement]) -> Callable[[str], tuple[Replacement, ...]]:
    """The replacements as they act on a layer, by its name: in a model, norms are layers that stay where they are."""

    def acting(each: Iterable[Replacement]) -> tuple[Replacement, ...]:
        return tuple(each if network.inner_norm else map(InPlace.of, each))

    if not any(isinstance(each, Plan) for each in replacements):
        everywhere = acting(replacements)
        return lambda name: everywhere
    names = names_of_modules(network)
    return lambda name: acting(each.of_layer(names[name]) for each in replacements)


def _compared(node: Node, replacements: tuple[Replacement, ...], replace_if: ReplaceIf) -> Alternatives:
    standard, kept = node.cost, _reason_to_keep(node)
    if kept is not None or not isinstance(node.layer, Conv):
        kept_as_it_is = Variant(standard, kept=kept)
        return Alternatives(node, kept, standard, ByReplacement({each.text: kept_as_it_is for each in replacements}))
    variants = {each.text: _variant(node, node.layer, each, standard, replace_if) for each in replacements}
    reasons = [variant.kept for variant in variants.values()]
    kept = reasons[0] if reasons and all(reasons) else None
    return Alternatives(node, kept, standard, ByReplacement(variants))


compared_once = lru_cache(MOST_KNOWN)(_compared)


def _lookup(network: Network, replacements: Sequence[Replacement]) -> Compared:
    """Equal layers are compared once: everywhere, or for a user's function, which may change, in this network only.

    One layer alone may be made of many numbers at once, which have no hash.
    """
    if len(network) == 1:
        return _compared
    own = all(each.block in REPLACEMENTS.values() for each in replacements)
    return compared_once if own else lru_cache(MOST_KNOWN)(_compared)


def _reason_to_keep(node: Node) -> str | None:
    if not isinstance(node.layer, Conv):
        return "no convolution"
    return node.keep or reason_to_keep(node.layer)


def _variant(node: Node, conv: Conv, replacement: Replacement, standard: Cost, replace_if: ReplaceIf) -> Variant:
    try:
        parts = tuple(Part(name, part, node.cost_as(part)) for name, part in replacement(conv))
    except CannotReplaceError as reason:
        return Variant(standard, kept=str(reason))
    cost = reduce(add, (part.cost for part in parts))
    kept = replace_if.reason_to_keep(standard.macs, cost.macs)
    if kept:
        return Variant(standard, kept=kept)
    return Variant(cost, parts, costs_more=cost.macs > standard.macs, replaced_by=replacement.by)


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
    return tuple(kept_under(layer, reasons) for layer in layers)


def _reason_to_keep_all(owner: LayerComparison, others: Sequence[LayerComparison], text: str) -> str | None:
    """Why layers of the same weights are all kept under a replacement; None if they can be replaced alike."""
    kept = next((layer.name for layer in (owner, *others) if layer.variants[text].kept), None)
    if kept is not None:
        return f"shares weights with {kept}"
    own, *theirs = ([part for _, part in layer.runs_as(text)] for layer in (owner, *others))
    alike = all(could_share(own, parts) for parts in theirs)
    return None if alike else "shares weights, and its parts would not"


def kept_under(layer: LayerComparison, reasons: Mapping[tuple[str, str], str]) -> LayerComparison:
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
