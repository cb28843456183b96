"""Snapshot: a comparison as figures by name, whether it was counted just now or read from an earlier output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from sepcost.blocks.plan import KEPT, NOT_THERE
from sepcost.blocks.replacements import CONDITIONS
from sepcost.count.facts import layer_of
from sepcost.count.figure import HIGH, SPEEDUP, Figures, reductions, with_quotients
from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer
from sepcost.layers.cost import Convention

if TYPE_CHECKING:
    from typing_extensions import Self

    from sepcost.count.comparison import Comparison
    from sepcost.count.verification import Verification
    from sepcost.layers import Shape

T = TypeVar("T")
NOTHING: Mapping[str, Any] = {}
BY_CHOICE = frozenset({*CONDITIONS, KEPT, NOT_THERE})
"""Why layers are kept that could be replaced: a condition, or a plan."""
NOT_KNOWN = "the costs from earlier do not say why"
"""Why there is no peak, where only figures are known."""


class Common(dict[str, T]):
    """What equal layers have in common. It is its own key: a text made of it can be remembered."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Target(NamedTuple):
    """What times are predicted for: a profile by its name and id, its setup, its median error by kind of layer.

    ``without`` is what of the network has no time. ``outside`` are layers beyond those that were measured, ``unknown``
    those whose time is not known, each with the reason.
    """

    name: str
    id: str
    setup: str
    error: Mapping[str, float] = NOTHING
    without: Sequence[str] = ()
    outside: Mapping[str, str] = NOTHING
    unknown: Mapping[str, str] = NOTHING


class PartSnapshot(NamedTuple):
    """One of the convolutions that replace another: its name, what it is, and what it costs."""

    name: str
    facts: Mapping[str, Any]
    figures: Figures


class Replaced(NamedTuple):
    """A layer, or a network, under one replacement: what it costs; ``kept`` is why it stays as it is.

    Of a layer, its ``parts``; of a network, where its ``peak`` is, and the ``options`` that the replacement was given.
    ``if_all`` is its speed-up if all layers were replaced, where those are that are faster. ``replaced_by`` is what a
    plan chose for a layer.
    """

    figures: Figures
    costs_more: bool = False
    kept: str | None = None
    parts: Sequence[PartSnapshot] = ()
    peak: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = NOTHING
    if_all: Figures | None = None
    replaced_by: str | None = None

    @property
    def is_slower(self) -> bool:
        """Whether it is predicted to be, in the whole interval."""
        most = self.figures.get(f"{SPEEDUP}{HIGH}")
        return most is not None and bool(most < 1)


class LayerSnapshot(NamedTuple):
    """A layer's name, its type, shapes and arguments (``facts``), and what it costs: as it is, and ``replaced``.

    ``kept`` is the reason why it stays as it is under each replacement, or None. ``timed`` are the times that its
    figures follow from.
    """

    name: str
    facts: Mapping[str, Any]
    figures: Figures
    replaced: Mapping[str, Replaced] = NOTHING
    kept: str | None = None
    timed: Any = None

    @property
    def layer(self) -> Layer:
        """The layer that the facts are of."""
        return layer_of(self.facts)

    @property
    def is_convolution(self) -> bool:
        return bool(self.facts["type"] == Conv.type)

    @property
    def is_subtotal(self) -> bool:
        """Whether it is several layers together."""
        return "layers" in self.facts

    @property
    def is_common(self) -> bool:
        """Whether all but its name is what equal layers have in common."""
        return isinstance(self.facts, Common) and isinstance(self.replaced, Common)

    def reduction(self, text: str) -> Figures:
        """Standard ÷ replacement of each figure that has one."""
        return reductions(self.figures, self.replaced[text].figures)

    def under(self, text: str | None) -> Figures:
        """Its figures under a replacement; as it is where it does not know that one."""
        return self.figures if text is None or text not in self.replaced else self.replaced[text].figures

    def runs_as(self, text: str) -> Sequence[LayerSnapshot]:
        """The layers that it is under a replacement: its parts, or itself."""
        parts = [LayerSnapshot(f"{self.name}.{part.name}", *part[1:]) for part in self.replaced[text].parts]
        return parts or [self._replace(replaced=NOTHING, kept=None)]


class Lazily(Sequence[LayerSnapshot], Generic[T]):
    """Layers that are made of others when they are asked for: of a large network, one at a time."""

    def __init__(self, items: Sequence[T], make: Callable[[T], LayerSnapshot]) -> None:
        self._items = items
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: Any) -> Any:
        chosen = self._items[number]
        return tuple(map(self._make, chosen)) if isinstance(number, slice) else self._make(chosen)

    def __iter__(self) -> Iterator[LayerSnapshot]:
        return map(self._make, self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)


class Model(NamedTuple):
    """What results say of a model that ran, and of nothing else.

    ``uncounted`` are the operators that cannot be counted, and how often each ran; ``unconfirmed``, the layers that
    torch's counter counts as nothing; ``inputs`` says whose inputs it ran on. ``read_zeros``: it read values of inputs
    that were zeros. ``dtype`` is what its tensors are stored in.
    """

    uncounted: Mapping[str, int] = NOTHING
    unconfirmed: Sequence[str] = ()
    inputs: str | None = None
    read_zeros: bool = False
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A network's layers and totals by the names of figures, and how they were counted.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> snapshot = evaluated(compare(Conv((112, 112), 32, 64, 3)))
    >>> snapshot.total["macs"], snapshot.replaced["separable"].figures["macs"]
    (231211008, 29302784)

    ``total`` is the network as it is; ``peak`` is where its peak is, or ``no_peak`` why there is none. ``per`` is what
    the counts of a convolution without a map are per, such as ``"output position"``. ``resolution`` and ``given`` are
    what was typed for its inputs; ``independent``: its layers have inputs of their own. ``own_dtype`` is what a model's
    tensors are stored in, if its bytes are counted in that. ``lower_bound``: there is more than could be counted;
    ``bytes_too_low``: there is for the version of sepcost that counted. ``unread`` are layers before the last whose
    output no layer reads. ``partly`` has the replacements that take only layers for which they are worth it: how many,
    of how many. ``swept`` are the numbers in which it differs from the others of its sweep, ``fixed`` those that all
    have. ``joined`` has values from elsewhere by replacement, under None for all. ``chosen`` are the layers that were
    asked for, in their order; None for all. ``only_params``: nothing but weights is known of it. ``target``
    is what it has times for. ``comparison`` is what was counted just now.
    """

    name: str
    layers: Sequence[LayerSnapshot]
    total: Figures
    convention: Convention
    source: str | None = None
    per: str | None = None
    alpha: float = 1.0
    rho: float = 1.0
    resolution: tuple[int, ...] | None = None
    given: str | None = None
    replaced: Mapping[str, Replaced] = field(default_factory=dict)
    peak: Mapping[str, Any] | None = None
    no_peak: str | None = None
    input: Shape | None = None
    independent: bool = False
    own_dtype: str | None = None
    model: Model | None = None
    lower_bound: bool = False
    bytes_too_low: bool = False
    unread: Sequence[str] = ()
    partly: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    swept: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    verified: Verification | None = None
    only_params: bool = False
    joined: Mapping[str | None, Mapping[str, str | None]] = field(default_factory=dict)
    chosen: Sequence[LayerSnapshot] | None = None
    target: Target | None = None
    comparison: Comparison | None = field(default=None, compare=False, repr=False)

    @property
    def is_earlier(self) -> bool:
        """Whether it was counted earlier: only its figures are known."""
        return self.comparison is None

    @property
    def shown(self) -> Sequence[LayerSnapshot]:
        """The layers that are shown."""
        return self.layers if self.chosen is None else self.chosen

    @property
    def texts(self) -> tuple[str | None, ...]:
        """What each replacement is called; None alone where the network is compared with none."""
        return tuple(self.replaced) or (None,)

    @property
    def is_single_convolution(self) -> bool:
        """Whether it is about one convolution rather than a network, or a model that runs something else, too."""
        alone = len(self.layers) == 1 and self.independent and not (self.lower_bound or self.only_params)
        return alone and self.layers[0].is_convolution

    def counted_now(self) -> Comparison:
        """The layers and parts themselves; a SepcostError where there are only figures, from an earlier output."""
        if self.comparison is None:
            raise only_figures(self.name)
        return self.comparison

    def reduction(self, text: str) -> Figures:
        """Standard ÷ replacement of each figure that has one."""
        return reductions(self.total, self.replaced[text].figures)

    def under(self, *texts: str) -> Self:
        """The same with these replacements alone."""
        layers = [layer._replace(replaced={text: layer.replaced[text] for text in texts}) for layer in self.layers]
        comparison = self.comparison.under(*texts) if self.comparison else None
        replaced = {text: self.replaced[text] for text in texts}
        return replace(self, layers=tuple(layers), replaced=replaced, comparison=comparison)

    def carried_out(self, text: str) -> Self:
        """The network that it becomes under a replacement: parts are layers."""
        became = self.replaced[text]
        layers = tuple(each for layer in self.layers for each in layer.runs_as(text))
        name = f"{self.name} under {text}"
        return replace(self, name=name, layers=layers, total=became.figures, peak=became.peak, replaced={}, unread=())

    def without_layers(self) -> Self:
        """Only the totals, which take little memory."""
        return replace(self, layers=(), chosen=None, comparison=None)

    def asking(self, names: Sequence[str]) -> Self:
        """The same with these figures, which follow from the others and from those of the whole network."""
        if not names:
            return self

        def more(figures: Figures) -> Figures:
            return with_quotients(figures, self.convention, names, self.total)

        def of_replaced(replaced: Mapping[str, Replaced]) -> Mapping[str, Replaced]:
            return {
                text: each._replace(
                    figures=more(each.figures),
                    parts=[part._replace(figures=more(part.figures)) for part in each.parts],
                )
                for text, each in replaced.items()
            }

        def of_layer(layer: LayerSnapshot) -> LayerSnapshot:
            return layer._replace(figures=more(layer.figures), replaced=of_replaced(layer.replaced))

        layers = Lazily(self.layers, of_layer)
        return replace(self, layers=layers, total=more(self.total), replaced=of_replaced(self.replaced))

    def settled(self) -> Self:
        """With every layer evaluated, for those who read them more than once."""
        return replace(self, layers=tuple(self.layers))


def only_figures(name: str) -> SepcostError:
    """The error if a network is needed that was counted earlier."""
    return SepcostError(f"{name}: only its figures are known, from earlier: give its config or its model")


class Alternative(Protocol):
    """A layer under a replacement, whether as costs or as figures."""

    @property
    def kept(self) -> str | None: ...
    @property
    def parts(self) -> Sequence[Any]: ...


def partly(layers: Sequence[Mapping[str, Alternative]], texts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of the replacements that keep some of these layers by choice: how many they take, of all that they could."""
    found = {}
    for text in texts:
        kept = sum(layer[text].kept in BY_CHOICE for layer in layers)
        if kept:
            taken = sum(bool(layer[text].parts) for layer in layers)
            found[text] = (taken, taken + kept)
    return found
