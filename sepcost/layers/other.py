"""Layers whose figures are given."""

from __future__ import annotations

from dataclasses import dataclass, field

from sepcost.layers.cost import Cost, Stored
from sepcost.layers.layer import Shape
from sepcost.text.arguments import natural


@dataclass(frozen=True, slots=True)
class Other:
    """What has params or MACs and is none of these: attention, a product of matrices, or what is left of a model.

    >>> Other("bmm", macs=1000, reads=200, writes=50).cost
    Cost(params=0, macs=1000, activations=0, touched=250)

    Its figures are given, not computed: ``reads`` and ``writes`` are elements of maps. Nothing is known of its shapes.
    ``stored`` are its bytes, where they are given too.
    """

    operator: str
    params: int = 0
    macs: int = 0
    reads: int = 0
    writes: int = 0
    stored: Stored | None = None

    type = "other"
    input_shape: Shape = field(init=False, repr=False, compare=False, default=())
    output_shape: Shape = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        for name in ("params", "macs", "reads", "writes"):
            natural(name, getattr(self, name))

    @property
    def cost(self) -> Cost:
        return Cost(self.params, self.macs, touched=self.reads + self.writes, stored=self.stored)
