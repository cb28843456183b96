"""Layers whose figures are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost, Odd, Stored
from sepcost.layers.layer import Argument, Form, Layer, Shape, Takes, TorchModule
from sepcost.text.arguments import natural

OPERATOR = "what it does: bmm, attention, remainder"
MOVED = "elements of maps that it"


@dataclass(frozen=True, slots=True)
class Other(Layer):
    """A layer of another kind that has params or MACs: attention, a product of matrices, or the rest of a model.

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
    summary = "What has params or MACs and is none of these, with its figures given; no layer reads it."
    takes = Takes.NOTHING
    arguments = (
        Argument("operator", Form.NAME, OPERATOR, unless_given="other", always_said=True),
        Argument("params", Form.WHOLE, "0 unless given", unless_given=0),
        Argument("macs", Form.WHOLE, "of one sample; 0 unless given", unless_given=0),
        Argument("reads", Form.WHOLE, f"{MOVED} reads, of one sample; 0 unless given", unless_given=0),
        Argument("writes", Form.WHOLE, f"{MOVED} writes, of one sample; 0 unless given", unless_given=0),
    )
    facts: ClassVar = {"operator": "operator"}

    def __post_init__(self) -> None:
        for name in ("params", "macs", "reads", "writes"):
            natural(name, getattr(self, name))

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Other:
        return cls(**{"operator": cls.type, **options})

    @property
    def input_shape(self) -> Shape:
        return ()

    @property
    def output_shape(self) -> Shape:
        return ()

    @property
    def cost(self) -> Cost:
        odd = Odd(self.params % 2, 0, self.reads % 2 + self.writes % 2)
        touched = self.reads + self.writes
        return Cost(self.params, self.macs, touched=touched, stored=self.stored, written=self.writes, odd=odd)

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        return []

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> NoReturn:
        raise LayerError("type", "has figures that were given, which cannot be scaled")
