"""Comparison: a network as it is against the same network with its convolutions replaced."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, TypeVar

from sepcost.blocks.replace_if import NOT_FEWER, ReplaceIf
from sepcost.blocks.replacements import InPlace, Replacement, reason_to_keep
from sepcost.count.figure import WHOLE, reductions, total_figures
from sepcost.count.sweep import Value
from sepcost.count.total import Total
from sepcost.count.verification import Verification
from sepcost.errors import CannotReplaceError, LayerError, LayerProblem, NetworkError, ReplacementError, SepcostError
from sepcost.layers import Conv, Layer
from sepcost.layers.cost import Convention, Cost
from sepcost.layers.sharing import could_share
from sepcost.network.liveness import Runs, peak
from sepcost.network.network import Network, Node
from sepcost.text.wording import did_you_mean

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

DEFAULT_REPLACEMENTS = ("separable",)


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
    """One of the convolutions that stand in for another."""

    name: str
    layer: Conv
    cost: Cost


@dataclass(frozen=True, slots=True)
class Variant:
    """A layer under one replacement: its parts, and what they cost together.

    ``kept`` is the reason why the layer stays as it is, and has no parts; or None.
    """

    cost: Cost
    parts: tuple[Part, ...] = ()
    costs_more: bool = False
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """One layer and its variants; ``kept`` is the reason why it stays as it is under each of them, or None."""

    node: Node
    kept: str | None
    standard: Cost
    variants: Mapping[str, Variant]

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", ByReplacement(self.variants))

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def layer(self) -> Layer:
        return self.node.layer

    def runs_as(self, replacement: str | None) -> Runs:
        """The layers that it runs as: the parts of the replacement, or itself."""
        parts = self.variants[replacement].parts if replacement else ()
        return [(f"{self.name}.{part.name}", part.layer) for part in parts] or [(self.name, self.layer)]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What each layer of a network costs and would cost, and the totals; ``verified`` if a witness was asked.

    ``partly`` has the replacements that some layers are kept under for their MACs (``ReplaceIf``): how many layers are
    replaced, of how many that could be.

    >>> from sepcost import Conv
    >>> result = Comparison.of(Network.of(Conv((112, 112), 32, 64, 3)), [Replacement.parse("separable")])
    >>> result.standard.cost.macs, result.totals["separable"].cost.macs
    (231211008, 29302784)
    """

    network: Network
    layers: tuple[LayerComparison, ...]
    standard: Total
    totals: Mapping[str, Total]
    convention: Convention
    replacements: tuple[Replacement, ...] = ()
    swept: Mapping[str, Value] = field(default_factory=dict)
    verified: Verification | None = None
    partly: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", ByReplacement(self.totals))

    @classmethod
    def of(
        cls,
        network: Network,
        replacements: Sequence[Replacement] | None = None,
        convention: Convention | None = None,
        swept: Mapping[str, Value] | None = None,
        replace_if: ReplaceIf = ReplaceIf.ALWAYS,
    ) -> Self:
        """Compare; where ``replacements`` are not given, with the usual ones of the network.

        ``swept`` are the numbers that tell this comparison from the others of its sweep.
        """
        chosen = usual_replacements(network) if replacements is None else replacements
        return cls.under_each(chosen, network, convention, swept, replace_if)

    @classmethod
    def under_each(
        cls,
        chosen: Sequence[Replacement],
        network: Network,
        convention: Convention | None = None,
        swept: Mapping[str, Value] | None = None,
        replace_if: ReplaceIf = ReplaceIf.ALWAYS,
    ) -> Self:
        """Compare with just these, which may be none."""
        network.refuse_batch(convention.batch if convention else 1)
        convention = (convention or Convention()).of_model(network.dtype)
        acting = _acting(network, chosen)
        layers = _alike(_compared(network, acting, replace_if))
        standard = _total(network, layers, convention, None)
        totals = {each.text: _total(network, layers, convention, each.text, standard.cost) for each in chosen}
        return cls(
            network,
            layers,
            standard,
            totals,
            convention,
            tuple(chosen),
            swept or {},
            partly=dict(_partly(layers, chosen)),
        )

    @property
    def name(self) -> str:
        return self.network.name

    @property
    def texts(self) -> tuple[str | None, ...]:
        """What each replacement is called; None alone where the network is compared with none.

        >>> from sepcost import Conv, compare
        >>> conv = Conv((112, 112), 32, 64, 3)
        >>> compare(conv, ["separable", "blueprint"]).texts, compare(conv, []).texts
        (('separable', 'blueprint'), (None,))
        """
        return tuple(self.totals) or (None,)

    @property
    def acting(self) -> Sequence[Replacement]:
        """The replacements as they act on this network."""
        return _acting(self.network, self.replacements)

    def under(self, text: str) -> Self:
        """The same with this replacement alone."""
        return replace(
            self,
            layers=tuple(replace(layer, variants={text: layer.variants[text]}) for layer in self.layers),
            totals={text: self.totals[text]},
            replacements=tuple(chosen for chosen in self.replacements if chosen.text == text),
        )

    def without_layers(self) -> Self:
        """Only the totals, which take little memory."""
        return replace(self, layers=(), network=replace(self.network, nodes=()))

    @property
    def is_lower_bound(self) -> bool:
        """Whether something ran that nobody can count, so that the totals are at least what they say.

        >>> from sepcost import Conv, compare
        >>> compare(Conv((112, 112), 32, 64, 3)).is_lower_bound
        False
        """
        return bool(self.network.uncounted)

    @property
    def costlier(self) -> tuple[tuple[str, str], ...]:
        """Layer and replacement wherever the replacement has more MACs than the standard."""
        return tuple(
            (layer.name, text)
            for layer in self.layers
            for text, variant in layer.variants.items()
            if variant.costs_more
        )

    def reduction(self, replacement: str, figure: str = "macs") -> float | None:
        """Standard ÷ replacement for the whole network, of a figure under its name in JSON.

        >>> from sepcost import Conv, compare
        >>> result = compare(Conv((112, 112), 32, 64, 3))
        >>> result.reduction("separable"), result.reduction("separable", "traffic_bytes")
        (7.890410958904109, 0.6084...)

        None where the replacement has none. Raises SepcostError for another name, and for ``macs_per_byte``, which is a
        quotient itself.
        """
        standard, replaced = (
            total_figures(total, self.convention) for total in (self.standard, self.totals[replacement])
        )
        if not isinstance(figure, str) or figure not in WHOLE:
            hint = did_you_mean(str(figure), WHOLE)
            raise SepcostError(f"no reduction is called {figure!r}{hint} (there are: {', '.join(WHOLE)})")
        return reductions(standard, replaced, (figure,))[figure]


def usual_replacements(network: Network) -> list[Replacement]:
    """What a network is compared with where nothing else is asked for: its own replacements, or ``separable``.

    Without convolutions, and without replacements of its own, it is compared with none.
    """
    texts = DEFAULT_REPLACEMENTS if network.has_convolutions else ()
    return list(network.replacements) or list(map(Replacement.parse, texts))


def _acting(network: Network, chosen: Sequence[Replacement]) -> Sequence[Replacement]:
    """In a model, norms are layers that stay where they are."""
    return chosen if network.inner_norm else list(map(InPlace.of, chosen))


def _compared(network: Network, replacements: Sequence[Replacement], replace_if: ReplaceIf) -> list[LayerComparison]:
    """Each layer; one that is there again and again is counted once."""
    known: dict[Hashable, LayerComparison] = {}
    layers = []
    for node in network:
        same = (id(node.layer), node.keep, node.times, node.shared, node.widths)
        if same not in known:
            known[same] = _compared_layer(node, replacements, replace_if)
        layers.append(replace(known[same], node=node))
    return layers


def _compared_layer(node: Node, replacements: Sequence[Replacement], replace_if: ReplaceIf) -> LayerComparison:
    standard = node.cost
    kept = _reason_to_keep(node)
    if kept is not None or not isinstance(node.layer, Conv):
        variants = {replacement.text: Variant(standard, kept=kept) for replacement in replacements}
    else:
        variants = {each.text: _variant(node, node.layer, each, standard, replace_if) for each in replacements}
        reasons = [variant.kept for variant in variants.values()]
        kept = reasons[0] if reasons and all(reasons) else None
    return LayerComparison(node, kept, standard, variants)


def _reason_to_keep(node: Node) -> str | None:
    if not isinstance(node.layer, Conv):
        return "no convolution"
    return node.keep or reason_to_keep(node.layer)


def _variant(node: Node, conv: Conv, replacement: Replacement, standard: Cost, replace_if: ReplaceIf) -> Variant:
    try:
        parts = tuple(Part(name, part, node.cost_as(part)) for name, part in replacement(conv))
    except CannotReplaceError as reason:
        return Variant(standard, kept=str(reason))
    except LayerError as error:
        raise NetworkError([LayerProblem(node.index, node.name, error.field, error.reason)]) from None
    cost = reduce(add, (part.cost for part in parts))
    kept = replace_if.reason_to_keep(standard.macs, cost.macs)
    return Variant(standard, kept=kept) if kept else Variant(cost, parts, costs_more=cost.macs > standard.macs)


def _partly(layers: Sequence[LayerComparison], chosen: Sequence[Replacement]) -> Iterator[tuple[str, tuple[int, int]]]:
    for text in (replacement.text for replacement in chosen):
        variants = [layer.variants[text] for layer in layers]
        kept = sum(variant.kept == NOT_FEWER for variant in variants)
        if kept:
            replaced = sum(bool(variant.parts) for variant in variants)
            yield text, (replaced, replaced + kept)


def _alike(layers: Sequence[LayerComparison]) -> tuple[LayerComparison, ...]:
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
    variants = {
        text: Variant(layer.standard, kept=reasons[layer.name, text])
        if variant.kept is None and (layer.name, text) in reasons
        else variant
        for text, variant in layer.variants.items()
    }
    kept = [variant.kept for variant in variants.values()]
    return replace(layer, variants=variants, kept=kept[0] if kept and all(kept) else layer.kept)


def _total(
    network: Network,
    layers: Sequence[LayerComparison],
    convention: Convention,
    replacement: str | None,
    standard: Cost | None = None,
) -> Total:
    costs = (layer.variants[replacement].cost if replacement else layer.standard for layer in layers)
    runs = [layer.runs_as(replacement) for layer in layers]
    cost = reduce(add, costs, Cost())
    kept = layers[0].variants[replacement].kept if replacement and len(layers) == 1 else None
    costs_more = standard is not None and cost.macs > standard.macs
    most = peak(network, runs, own=convention.is_own)
    return Total(cost, most, costs_more, kept, has_map=not network.per_position)
