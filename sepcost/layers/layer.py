"""What every kind of layer has: to add a kind, write a subclass of ``Layer`` in a file of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost
from sepcost.text.arguments import Extent, times


class Form(Enum):
    """What a value may look like."""

    POSITIVE = "a number from 1"
    WHOLE = "a number from 0, of any length"
    FLAG = "true or false"
    NAME = "any text"
    SIZES = "a number from 1 for each axis"
    NATURAL_SIZES = "a number from 0 for each axis"
    PADDING = "same, or a number from 0 for each axis"

    @property
    def is_per_axis(self) -> bool:
        return self in (Form.SIZES, Form.NATURAL_SIZES, Form.PADDING)


class Argument(NamedTuple):
    """One argument of a kind of layer: its key in configs, and its form or its choices.

    ``attribute`` is what the layer calls it, where that is not the key. ``unless_given`` is what it is where a config
    is silent; None where that follows from others, or where it is ``needed``. Results may leave a fact out that is what
    it would be anyway, but not one that is ``always_said``.
    """

    key: str
    form: Form | tuple[str, ...]
    description: str | None = None
    attribute: str | None = None
    unless_given: Any = None
    needed: bool = False
    always_said: bool = False

    @property
    def name(self) -> str:
        return self.attribute or self.key

    def usual(self, rank: int) -> Any:
        """Its default, in this number of dimensions.

        >>> Argument("stride", Form.SIZES, unless_given=1).usual(2)
        (1, 1)
        """
        is_per_axis = isinstance(self.form, Form) and self.form.is_per_axis and isinstance(self.unless_given, int)
        return (self.unless_given,) * rank if is_per_axis else self.unless_given


class TorchModule(NamedTuple):
    """A module of ``torch.nn``: its class, and the arguments that are not torch's defaults.

    ``name`` is what it is called among others; before that, what it does for a layer: ``pad``, ``norm``; nothing where
    it is the layer itself.
    """

    name: str
    kind: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = {}


def zero_pad(name: str, sides: Sequence[tuple[int, int]]) -> TorchModule:
    """Zeros in front of and after each axis of a map: torch.nn.ZeroPad2d begins with the last axis.

    >>> zero_pad("pad", [(1, 1), (1, 2)]).arguments
    ((1, 2, 1, 1),)
    """
    return TorchModule(name, f"ZeroPad{len(sides)}d", (tuple(side for both in reversed(sides) for side in both),))


def short(sizes: Literal["same"] | Sequence[int]) -> str | int | tuple[int, ...]:
    """One number where all axes have the same."""
    if isinstance(sizes, str):
        return sizes
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


Shape: TypeAlias = tuple[int, ...]
"""Channels, then the map: (32, 112, 112); a vector of features is (1000,)."""

MOST_KNOWN = 4096
"""How many different layers are remembered: networks repeat layers, and so do the candidates of a search."""

NO_OUTPUT = "names a layer of type `other`, of whose output nothing is known"

Padding: TypeAlias = Literal["same"] | Extent


class Takes(Enum):
    """What a layer reads."""

    MAP = "a map"
    FEATURES = "features"
    ANYTHING = "a map or features"
    NOTHING = "nothing that is known"


class Layer(ABC):
    """A layer on an input of known shape."""

    __slots__ = ()

    type: ClassVar[str]
    """What configs and results call the kind."""
    summary: ClassVar[str]
    """What it is, in a sentence for the author of a config."""
    takes: ClassVar[Takes]
    arguments: ClassVar[tuple[Argument, ...]]
    defaults: ClassVar[frozenset[str]] = frozenset()
    """The keys for which the ``defaults`` of a config hold."""
    facts: ClassVar[Mapping[str, str]]
    """What results say of it beside type and shapes, in the order of the JSON contract: attributes, by their names."""
    is_view: ClassVar[bool] = False
    """Whether its output is its input in another shape, or a part of that, without a copy."""
    is_in_place: ClassVar[bool] = False
    """Whether its output is written over its first input, unless another layer reads that."""
    weights: ClassVar[Mapping[str, str]] = {}
    """What two layers have in common whose weights may be the same: attributes, by the letters of configs."""

    @classmethod
    @abstractmethod
    def on(cls, shape: Shape, **options: Any) -> Layer:
        """The layer on an input of this shape; the options are those of a LayerSpec. Raises LayerError."""

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Layer:
        """The layer that has these facts in a result. Raises LayerError."""
        options = {attribute: facts[fact] for fact, attribute in cls.facts.items() if fact in facts}
        if any(argument.key == "O" for argument in cls.arguments):
            options["out_channels"] = facts["output"][0]
        return cls.on(tuple(facts["input"]), **options)

    @classmethod
    def reached(cls, shapes: Sequence[Shape]) -> Shape:
        """The input that several maps make: their channels side by side. Raises LayerError.

        >>> Layer.reached([(64, 28, 28), (32, 28, 28)])
        (96, 28, 28)
        """
        if () in shapes:
            raise LayerError("from", NO_OUTPUT)
        first = shapes[0]
        if any(shape[1:] != first[1:] for shape in shapes):
            listed = " and ".join(map(times, shapes))
            raise LayerError("from", f"maps of different sizes cannot be concatenated: {listed}")
        return (sum(shape[0] for shape in shapes), *first[1:])

    @classmethod
    def can_run_again(cls) -> bool:
        """Whether it can run several times on a sample: a view does nothing, given figures are of all runs."""
        return not cls.is_view and cls.takes is not Takes.NOTHING

    def config_arguments(self) -> dict[str, Any]:
        """The arguments that a config gives to make it, by key: what follows from others is left out."""
        return {argument.key: getattr(self, argument.name) for argument in self.arguments}

    @classmethod
    def usual_facts(cls, rank: int) -> dict[str, Any]:
        """The defaults of these facts, for a layer in this number of dimensions."""
        usual = {
            argument.name: argument.usual(rank)
            for argument in cls.arguments
            if argument.unless_given is not None and not argument.always_said
        }
        return {fact: usual[attribute] for fact, attribute in cls.facts.items() if attribute in usual}

    @property
    @abstractmethod
    def input_shape(self) -> Shape: ...

    @property
    @abstractmethod
    def output_shape(self) -> Shape: ...

    @property
    @abstractmethod
    def cost(self) -> Cost:
        """Params, MACs and maps of one sample."""

    @property
    def label(self) -> str:
        """What it does, in one or two words, for a cell of a table."""
        return self.type

    @abstractmethod
    def torch_modules(self, *, any_size: bool = False) -> Sequence[TorchModule]:
        """Torch's modules that do what the layer does, one after the other; none if that is not known.

        ``any_size``: they are for maps of any size. They verify the formulas, so none of those is called here.
        """

    @abstractmethod
    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Layer:
        """The same layer on an input of another shape; ``widen`` scales a number of output channels."""
