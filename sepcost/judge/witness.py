"""Witness: an independent counter, against which every count of a comparison is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison, Part, Variant
from sepcost.count.verification import STANDARD, Found, Mismatch, Unverified, Verification
from sepcost.layers import Layer, Other, Shape
from sepcost.layers.cost import Cost
from sepcost.network.network import INPUT, Node


class Witnessed(NamedTuple):
    """What the witness found in a layer: learnable parameters, MACs, and the shape of its output.

    ``macs`` is a float where the witness counts an odd number of FLOPs.
    """

    params: int
    macs: int | float
    output_shape: Shape


class Refused(NamedTuple):
    """The witness cannot count this, in its own words; ``too_large``: only because of its size."""

    reason: str
    too_large: bool = False


class Witness(Protocol):
    """It builds layers and counts them without the formulas of sepcost (``pytorch.TorchWitness``)."""

    @property
    def version(self) -> str:
        """The version of the witness, such as 2.13.0."""

    def counts(self, layer: Layer) -> Witnessed | Refused:
        """Build the layer, run it on an input of its shape, and count."""

    def input_of(self, layer: Layer, shapes: Sequence[Shape]) -> Shape | Refused:
        """The shape that reaches the layer when outputs of these shapes are concatenated."""

    def sum_of(self, shapes: Sequence[Shape]) -> Shape | Refused:
        """The shape of the sum of maps of these shapes."""


def verify(comparison: Comparison, witness: Witness) -> Verification:
    """Hold params, MACs and shapes of every layer, of every part of every replacement, and of the totals.

    The maps are chained as the witness makes them: what reaches a layer is what came out of the layers before it.
    What only follows from a mismatch (a sum with a wrong term) is not reported again.
    """
    return _Verifying(comparison, witness).verification()


class _Place(NamedTuple):
    """Where a figure is: as in Mismatch."""

    layer: str | None
    variant: str = STANDARD
    part: str | None = None


class _Verifying:
    """The verification of one comparison, layer by layer."""

    def __init__(self, comparison: Comparison, witness: Witness) -> None:
        self.comparison = comparison
        self.witness = witness
        self.layers = 0
        self.variants = 0
        self.checked = 0
        self.mismatches: list[Mismatch] = []
        self.unverified: dict[Unverified, None] = {}

    def verification(self) -> Verification:
        network = self.comparison.network
        outputs: dict[int, Shape] = {} if network.input_shape is None else {INPUT: network.input_shape}
        witnessed: dict[str, list[Witnessed | None]] = {text: [] for text in (STANDARD, *self.comparison.totals)}
        for number, (node, layer) in enumerate(zip(network, self.comparison.layers)):
            chained = self._reached(node, outputs)
            standard = self._counts(_Place(layer.name), node, node.layer, layer.standard)
            outputs[number], added = self._added(node, standard, outputs)
            self.layers += chained and added and standard is not None
            witnessed[STANDARD].append(standard)
            for text, variant in layer.variants.items():
                witnessed[text].append(self._variant(layer, text, variant, standard) if variant.parts else standard)
        self._total(_Place(None), witnessed[STANDARD], self.comparison.standard.cost)
        for text, total in self.comparison.totals.items():
            self._total(_Place(None, text), witnessed[text], total.cost)
        return Verification(
            self.witness.version,
            self.layers,
            self.variants,
            self.checked,
            tuple(self.mismatches),
            tuple(self.unverified),
        )

    def _reached(self, node: Node, outputs: dict[int, Shape]) -> bool:
        """Whether what reaches the node is what it was counted on."""
        if not node.sources:
            return True
        found = self.witness.input_of(node.layer, [outputs[source] for source in node.sources])
        return self._agree(_Place(node.name), "input", node.layer.input_shape, found)

    def _added(self, node: Node, standard: Witnessed | None, outputs: dict[int, Shape]) -> tuple[Shape, bool]:
        """The shape that others read (where the witness has none, ours), and whether its sum is what we say."""
        if standard is None or not node.add:
            return (standard or node.layer).output_shape, True
        found = self.witness.sum_of([standard.output_shape, *(outputs[other] for other in node.add)])
        return standard.output_shape, self._agree(_Place(node.name), "output", node.layer.output_shape, found)

    def _counts(self, place: _Place, node: Node, layer: Layer, cost: Cost) -> Witnessed | None:
        """What the witness found in this layer, run as the node runs, if all of it is what we say."""
        if isinstance(layer, Other) and self.comparison.network.uncounted is not None:
            return Witnessed(cost.params, cost.macs, ())  # torch's own counter gave these figures
        if isinstance(layer, Other):
            self.unverified[Unverified(place.layer, place.variant, place.part, "its figures are given")] = None
            return None
        found = self.witness.counts(layer)
        if isinstance(found, Refused):
            self._agree(place, "output", layer.output_shape, found)
            return None
        found = found._replace(params=0 if node.shared else found.params, macs=found.macs * node.times * node.products)
        agree = [
            self._agree(place, "params", cost.params, found.params),
            self._agree(place, "macs", cost.macs, found.macs),
            self._agree(place, "output", layer.output_shape, found.output_shape),
        ]
        return found if all(agree) else None

    def _variant(
        self, layer: LayerComparison, text: str, variant: Variant, standard: Witnessed | None
    ) -> Witnessed | None:
        """The parts one after the other: together they must make what the standard makes."""
        parts = list(self._parts(layer, text, variant.parts))
        together = self._total(_Place(layer.name, text), parts, variant.cost)
        if together is None or standard is None:
            return together
        same = self._agree(_Place(layer.name, text), "output", standard.output_shape, together.output_shape)
        self.variants += same
        return together if same else None

    def _parts(self, layer: LayerComparison, text: str, parts: Sequence[Part]) -> Iterator[Witnessed | None]:
        found: Witnessed | None = None
        for number, part in enumerate(parts):
            place = _Place(layer.name, text, part.name)
            fits = True
            if number == 0:  # both are ours, and the witness has said what reaches the layer
                fits = self._same(place, "input", part.layer.input_shape, layer.layer.input_shape)
            elif found is not None:
                fits = self._agree(place, "input", part.layer.input_shape, found.output_shape)
            found = self._counts(place, layer.node, part.layer, part.cost)
            yield found if fits else None

    def _total(self, place: _Place, found: Sequence[Witnessed | None], cost: Cost) -> Witnessed | None:
        """The sum of what was found, if nothing is missing and it is what we say."""
        known = [each for each in found if each is not None]
        if not known or len(known) < len(found):
            return None
        params, macs = sum(each.params for each in known), sum(each.macs for each in known)
        agree = [self._agree(place, "params", cost.params, params), self._agree(place, "macs", cost.macs, macs)]
        return Witnessed(params, macs, known[-1].output_shape) if all(agree) else None

    def _agree(self, place: _Place, field: str, ours: Found, theirs: Found | Refused) -> bool:
        if isinstance(theirs, Refused) and theirs.too_large and place.layer is not None:
            self.unverified[Unverified(place.layer, place.variant, place.part, theirs.reason)] = None
            return False
        self.checked += 1
        return self._same(place, field, ours, theirs.reason if isinstance(theirs, Refused) else theirs)

    def _same(self, place: _Place, field: str, ours: Found, theirs: Found) -> bool:
        if ours == theirs:
            return True
        self.mismatches.append(Mismatch(*place, field, ours, theirs))
        return False
