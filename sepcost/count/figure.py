"""Figures: all that can be counted. Every format, limit, column, reader and table derives from ``FIGURES``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

from sepcost.layers.cost import Convention, ratio
from sepcost.network.network import Network
from sepcost.text.kind import Kind

Figures: TypeAlias = Mapping[str, Any]
"""Values by the names of figures: whole numbers, floats, None if there is none, or an array of many."""

REPLACEMENT = "replacement."
"""Before the name of a figure: it is that of the replacement."""
REDUCTION = "reduction."
"""Before the name of a figure: standard ÷ replacement."""
PEAK = "peak_activation_bytes"
"""The figure that some networks do not have: how their maps live is not known."""
ITSELF = "itself"
MACS, FLOPS, REDUCED = "MACs", "FLOPs", "reduction"
"""Words of several headers."""
TIME, SPEEDUP = "time", "speedup"
LOW, HIGH = "_low", "_high"
"""Behind the name of a figure that is predicted: the ends of the interval that holds it in 80 % of cases."""
HEADLINES = ("params", "macs")
"""The figures that a sentence about a network, or a layer, has."""


class Whole(Enum):
    """How the figure of a network is calculated."""

    SUM = "that of the summed cost of its layers"
    ONLY = "only networks have it, as they have a peak"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that can be counted.

    ``count`` gives it from a cost (from a Total where ``whole`` is ONLY) and a convention; or ``quotient`` gives
    numerator and denominator from the figures before it, and from those of the whole network. ``reduced_as`` is the
    figure that it is a multiple of: reduced and grown as much; None where it has no reduction. ``shown_as`` is the
    figure that tables have in its place. A narrow screen leaves out the highest ``hides_first`` first. ``example`` is
    what its limit may be, where the command line has an option for that. What is not ``is_usual`` is there only where
    it is asked for by name; what is not ``is_limited`` has no limit. What is ``of_target`` is there where a target is
    given, and what is ``of_replacement`` only of replacements: more of it is better.
    """

    name: str
    header: str
    kind: Kind
    count: Callable[[Any, Convention], Any] | None = None
    whole: Whole = Whole.SUM
    needs_map: bool = False
    reduced_as: str | None = ITSELF
    shown_as: str | None = None
    hides_first: int = 0
    example: str | None = None
    quotient: Callable[[Figures, Figures, Convention], tuple[int | None, int | None]] | None = None
    column: Callable[[Convention], str] | None = None
    is_usual: bool = True
    is_limited: bool = True
    of_target: bool = False
    of_replacement: bool = False

    @property
    def is_own(self) -> bool:
        """Whether its reduction and its growth differ from those of other figures."""
        return self.reduced_as == ITSELF

    @property
    def is_sum(self) -> bool:
        """Whether it is whole, always there, and a network's is the sum of its layers'."""
        return self.kind.is_whole and self.is_usual and self.whole is Whole.SUM

    def heads(self, convention: Convention, *, shortly: bool = False) -> str:
        """What a column of it is called; ``shortly`` where another one says how it is counted."""
        if self.column is None:
            return self.header
        return self.column(convention) if not shortly else MACS if convention.flops_per_mac == 1 else self.header


def _times(count: Any, factor: int) -> Any:
    return None if count is None else count * factor


_of_target = partial(Figure, is_usual=False, is_limited=False, reduced_as=None, of_target=True)
FIGURES: tuple[Figure, ...] = (
    Figure("params", "params", Kind.COUNT, lambda cost, _: cost.params, example="4.3M"),
    Figure("macs", MACS, Kind.COUNT, lambda cost, _: cost.macs, shown_as="flops", example="600M"),
    Figure(
        "flops", FLOPS, Kind.COUNT, lambda cost, c: cost.macs * c.flops_per_mac, reduced_as="macs",
        column=lambda c: f"{FLOPS} = {f'{c.flops_per_mac}×' * (c.flops_per_mac > 1)}{MACS}", example="1.2G",
    ),
    Figure("activations", "activations", Kind.COUNT, lambda cost, _: cost.activations, hides_first=1),
    Figure(
        "weight_bytes", "weights", Kind.BYTES, lambda cost, c: cost.weight_bytes(c), reduced_as="params",
        hides_first=4, example="17MB or 16MiB",
    ),
    Figure(
        "activation_bytes", "activation memory", Kind.BYTES, lambda cost, c: cost.activation_bytes(c), needs_map=True,
        reduced_as="activations", hides_first=2,
    ),
    Figure(
        "traffic_bytes", "traffic", Kind.BYTES, lambda cost, c: cost.traffic_bytes(c), needs_map=True, hides_first=3
    ),
    Figure(
        "macs_per_byte", f"{MACS}/byte", Kind.INTENSITY, needs_map=True,
        reduced_as=None, hides_first=5,
        quotient=lambda figures, _, c: (_times(figures["macs"], c.batch), figures["traffic_bytes"]),
    ),
    Figure(
        "peak_activation_bytes", "peak activations", Kind.BYTES, lambda total, c: total.peak_bytes(c),
        whole=Whole.ONLY, needs_map=True, hides_first=1, example="512KiB",
    ),
    Figure(
        "share", f"share of {MACS}", Kind.PERCENT, is_usual=False, is_limited=False, reduced_as=None,
        quotient=lambda figures, whole, _: (_times(figures["macs"], 100), whole["macs"]),
    ),
    Figure("receptive_field", "receptive field", Kind.TEXT, is_usual=False, is_limited=False, reduced_as=None),
    Figure("backward_macs", f"backward {MACS}", Kind.COUNT, is_usual=False, is_limited=False, reduced_as=None),
    _of_target(TIME, "time", Kind.SECONDS, is_limited=True, example="40ms"),
    *(_of_target(f"{TIME}{end}", f"time,{end.replace('_', ' ')}", Kind.SECONDS) for end in (LOW, HIGH)),
    _of_target("time_source", "time is", Kind.TEXT),
    _of_target("bound", "bound by", Kind.TEXT),
    _of_target(SPEEDUP, "speed-up", Kind.RATIO, of_replacement=True, is_limited=True),
    *(
        _of_target(f"{SPEEDUP}{end}", f"speed-up,{end.replace('_', ' ')}", Kind.RATIO, of_replacement=True)
        for end in (LOW, HIGH)
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Figure] = {figure.name: figure for figure in FIGURES}


def names(chosen: Callable[[Figure], Any] = lambda figure: True) -> tuple[str, ...]:
    """The names of the figures that this is true of.

    >>> names(lambda figure: figure.whole is Whole.ONLY)
    ('peak_activation_bytes',)
    """
    return tuple(figure.name for figure in FIGURES if chosen(figure))


COUNTS = names(lambda figure: figure.is_sum)
"""Whole, and their sum over the layers is the network's."""
WHOLE = names(lambda figure: figure.kind.is_whole and figure.is_usual)
"""What two networks are compared in: quotients follow."""
OWN = names(lambda figure: figure.is_own)
"""What has a reduction, and may not grow beyond a baseline."""
MULTIPLES: Mapping[str, str] = {
    figure.name: figure.reduced_as for figure in FIGURES if figure.reduced_as not in (None, ITSELF)
}
"""What is reduced, and grows, as another figure: of tensors in several dtypes, only nearly."""
GROWING = (*OWN, *names(lambda figure: figure.kind is Kind.BYTES and not figure.is_own), TIME)
"""Figures whose growth may be bounded: bytes are judged by themselves where they are no multiple."""
BOUNDED = (*WHOLE, *names(lambda figure: figure.is_limited and not figure.kind.is_whole))
"""Figures that may have a limit."""
AT_MOST = tuple(name for name in BOUNDED if not BY_NAME[name].of_replacement)
"""Those whose limit is an upper one; of a speed-up it is the least."""
ONLY_OF_NETWORKS = names(lambda figure: figure.whole is Whole.ONLY)
NEED_A_MAP = names(lambda figure: figure.needs_map)
NOT_IN_WEIGHTS = names(lambda figure: figure.is_usual and "params" not in (figure.name, figure.reduced_as))
"""What nothing is known of where only weights are."""
NOT_USUAL = names(lambda figure: not figure.is_usual)
OF_TARGET = names(lambda figure: figure.of_target)
"""Figures that a target predicts."""
_OF_REPLACEMENT = frozenset(names(lambda figure: figure.of_replacement))


def in_records(asked: Iterable[str] = NOT_USUAL) -> tuple[str, ...]:
    """The names of figures in the records of a run that was asked for these; the standard's have no prefix."""
    there = names(lambda figure: figure.is_usual or figure.name in asked)
    standard = (name for name in there if name not in _OF_REPLACEMENT)
    reduced = (f"{REDUCTION}{name}" for name in OWN)
    return (*standard, *reduced, *(in_record(name, REPLACEMENT) for name in there))


def in_record(name: str, prefix: str) -> str:
    """The name of a figure in a record: without a prefix if only replacements have it.

    >>> in_record("time", REPLACEMENT), in_record("speedup", REPLACEMENT)
    ('replacement.time', 'speedup')
    """
    return name if name in _OF_REPLACEMENT else f"{prefix}{name}"


ALL = in_records()
"""All names of figures in a record."""

_COUNTED = tuple((figure, figure.count) for figure in FIGURES if figure.count)
_OF_LAYERS = tuple((each.name, count) for each, count in _COUNTED if each.whole is Whole.SUM)
COSTED = frozenset(name for name, _ in _OF_LAYERS)
"""Figures that follow from a layer's cost alone."""
_OF_NETWORKS = tuple((each.name, count) for each, count in _COUNTED if each.whole is Whole.ONLY)
_QUOTIENTS = names(lambda figure: figure.quotient and figure.is_usual)


def is_reduction(name: str) -> bool:
    """Whether it is the name of a reduction in a record."""
    return name.startswith(REDUCTION)


def is_gain(name: str) -> bool:
    """Whether it is the name of a reduction or of a speed-up in a record: more is better.

    >>> is_gain("reduction.macs"), is_gain("speedup"), is_gain("replacement.time")
    (True, True, False)
    """
    return is_reduction(name) or name in _OF_REPLACEMENT


def is_of_target(name: str) -> bool:
    """Whether it is the name of a figure in a record that a target predicts."""
    figure = figure_named(name)
    return figure is not None and figure.of_target


def figure_named(name: str) -> Figure | None:
    """The figure of a name in a record; None for what is no figure."""
    return BY_NAME.get(name.removeprefix(REDUCTION).removeprefix(REPLACEMENT))


def kind_of(name: str) -> Kind:
    """The kind of a figure by its name in a record; text for what is no figure.

    >>> kind_of("reduction.macs"), kind_of("replacement.weight_bytes"), kind_of("layer")
    (<Kind.RATIO: 'ratio'>, <Kind.BYTES: 'bytes'>, <Kind.TEXT: 'text'>)
    """
    figure = figure_named(name)
    return Kind.RATIO if is_reduction(name) else figure.kind if figure else Kind.TEXT


def cost_figures(
    cost: Any, convention: Convention, *, unknown: Collection[str] = (), of: Collection[str] | None = None
) -> dict[str, Any]:
    """The figures of a layer's cost, or only these ``of`` COSTED; what is ``unknown`` is null."""
    figures = {
        name: None if name in unknown else count(cost, convention)
        for name, count in _OF_LAYERS
        if of is None or name in of
    }
    return with_quotients(figures, convention) if of is None else figures


def unknown_figures(network: Network) -> tuple[str, ...]:
    """The figures that need more than is known of the network: maps, or all but weights."""
    return NOT_IN_WEIGHTS if network.only_params else () if network.has_map else NEED_A_MAP


def with_quotients(
    figures: Figures, convention: Convention, of: Iterable[str] = _QUOTIENTS, whole: Figures | None = None
) -> dict[str, Any]:
    """The figures, and these that follow from them; null where one of those is null."""
    more = dict(figures)
    for name in of:
        if quotient := BY_NAME[name].quotient:
            above, below = quotient(figures, whole or figures, convention)
            more[name] = None if above is None or below is None else ratio(above, below)
    return more


def asked(names: Iterable[str]) -> tuple[str, ...]:
    """The figures among these names of a record that are there only where they are asked for.

    >>> asked(["macs", "replacement.share", "layer"])
    ('share',)
    """
    return tuple(dict.fromkeys(each.name for each in map(figure_named, names) if each and not each.is_usual))


def total_figures(total: Any, convention: Convention) -> dict[str, Any]:
    """Those of a network's Total, and what only networks have."""
    figures = cost_figures(total.cost, convention, unknown=total.unknown)
    return figures | {name: count(total, convention) for name, count in _OF_NETWORKS}


def reductions(standard: Figures, replaced: Figures, of: tuple[str, ...] = OWN) -> dict[str, float | None]:
    """Standard ÷ replacement of these figures, as far as they are there; null where one is null, or 0 to 0."""
    return {
        name: None if standard[name] is None or replaced[name] is None else ratio(standard[name], replaced[name])
        for name in of
        if name in replaced
    }
