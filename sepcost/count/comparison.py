"""Comparison: a network as it is against the same network with its convolutions replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from sepcost.blocks.replacements import ReplaceIf, Replacement
from sepcost.count.figure import WHOLE, Figures, reductions, total_figures, unknown_figures
from sepcost.count.layer_comparison import (
    ByReplacement,
    LayerComparison,
    acting_on,
    alike,
    compared_layers,
    kept_under,
)
from sepcost.count.sweep import SweptValue
from sepcost.count.total import Total
from sepcost.count.verification import Verification
from sepcost.errors import SepcostError
from sepcost.layers.cost import Convention, Cost
from sepcost.network.liveness import peak, scheduled
from sepcost.network.network import Network
from sepcost.network.schedule import Schedule
from sepcost.text.wording import did_you_mean

if TYPE_CHECKING:
    from typing_extensions import Self

    from sepcost.targets.profile import Profile

DEFAULT_REPLACEMENTS = ("separable",)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What each layer of a network costs and would cost, and the totals; ``verified`` if a witness was asked.

    ``target`` is what it has times for; ``if_all`` are the speed-ups if all layers were replaced, not only the faster.

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
    swept: Mapping[str, SweptValue] = field(default_factory=dict)
    verified: Verification | None = None
    target: Profile | None = field(default=None, compare=False)
    if_all: Mapping[str, Figures] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", ByReplacement(self.totals))

    @classmethod
    def of(
        cls,
        network: Network,
        replacements: Sequence[Replacement] | None = None,
        convention: Convention | None = None,
        swept: Mapping[str, SweptValue] | None = None,
        replace_if: ReplaceIf = ReplaceIf.ALWAYS,
    ) -> Self:
        """Compare; where ``replacements`` are not given, with the usual ones of the network.

        ``swept`` are the numbers in which it differs from the others of its sweep.
        """
        chosen = usual_replacements(network) if replacements is None else replacements
        return cls.under_each(chosen, network, convention, swept, replace_if)

    @classmethod
    def under_each(
        cls,
        chosen: Sequence[Replacement],
        network: Network,
        convention: Convention | None = None,
        swept: Mapping[str, SweptValue] | None = None,
        replace_if: ReplaceIf = ReplaceIf.ALWAYS,
    ) -> Self:
        """Compare with these replacements only; there may be none."""
        network.refuse_batch(convention.batch if convention else 1)
        convention = (convention or Convention()).of_model(network.dtype)
        layers = alike(compared_layers(network, chosen, replace_if))
        return cls._of_layers(layers, network, convention, tuple(chosen), swept or {})

    @classmethod
    def _of_layers(
        cls, layers: tuple[LayerComparison, ...], network: Network, convention: Convention,
        chosen: tuple[Replacement, ...], swept: Mapping[str, SweptValue],
    ) -> Self:  # fmt: skip
        schedule = scheduled(network)
        standard = _total(network, schedule, layers, convention, None)
        totals = {each.text: _total(network, schedule, layers, convention, each.text, standard.cost) for each in chosen}
        return cls(network, layers, standard, totals, convention, chosen, swept)

    def keeping(self, reasons: Mapping[tuple[str, str], str]) -> Self:
        """The same, with layers kept under replacements: by the names of both, with the reason."""
        layers = alike([kept_under(layer, reasons) for layer in self.layers])
        return self._of_layers(layers, self.network, self.convention, self.replacements, self.swept)

    @property
    def name(self) -> str:
        return self.network.name

    def acting_on(self, layer: str) -> Sequence[Replacement]:
        """The replacements as they act on the layer of this name."""
        return acting_on(self.network, self.replacements)(layer)

    def under(self, *texts: str) -> Self:
        """The same with these replacements alone."""
        return replace(
            self,
            layers=tuple(
                layer.under(ByReplacement({text: layer.variants[text] for text in texts})) for layer in self.layers
            ),
            totals={text: self.totals[text] for text in texts},
            replacements=tuple(chosen for chosen in self.replacements if chosen.text in texts),
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
    """The replacements if none are asked for: the network's own, or ``separable``.

    Without convolutions, and without replacements of its own, it is compared with none.
    """
    texts = DEFAULT_REPLACEMENTS if network.has_convolutions else ()
    return list(network.replacements) or list(map(Replacement.parse, texts))


def _total(
    network: Network,
    schedule: Schedule | None,
    layers: Sequence[LayerComparison],
    convention: Convention,
    replacement: str | None,
    standard: Cost | None = None,
) -> Total:
    costs = (layer.variants[replacement].cost if replacement else layer.standard for layer in layers)
    cost = reduce(add, costs, Cost())
    kept = layers[0].variants[replacement].kept if replacement and len(layers) == 1 else None
    costs_more = standard is not None and cost.macs > standard.macs
    runs = [layer.runs_as(replacement) for layer in layers] if schedule and replacement else ()
    most = peak(schedule, runs, own=convention.in_own_dtype) if schedule else None
    return Total(cost, most, costs_more, kept, unknown_figures(network))
