"""Counting of rows: columns of a convolution's numbers become columns of figures, many rows at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import ReplaceIf, Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.count.figure import (
    BY_NAME,
    COSTED,
    NEED_A_MAP,
    REDUCTION,
    REPLACEMENT,
    cost_figures,
    in_records,
    kind_of,
    reductions,
)
from sepcost.count.figure import figure_named as figure_of
from sepcost.count.integers import LARGEST_EXACT, Array, Many, applied
from sepcost.count.layer_comparison import compared_layers
from sepcost.errors import SepcostError
from sepcost.layers.conv import NORMS, Norm
from sepcost.layers.cost import Convention
from sepcost.network.budget import AS_GIVEN
from sepcost.network.network import Network
from sepcost.sheets.records import total_record
from sepcost.tasks.convolution import NEEDED, Convolution
from sepcost.tasks.replacement_texts import AnyReplacement, replacements_in_python
from sepcost.text.arguments import flag, one_of
from sepcost.text.kind import Kind
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean, in_one_line, listed

if TYPE_CHECKING:
    from sepcost.sources.source import AnyDtype

MORE = ("kept", "costs_more")
"""Columns that are no figures: why a convolution is kept, and whether its replacement has more MACs."""
AT_ONCE = 65_536
"""How many rows are counted at once: their arrays fit into a cache."""

Numbers = Mapping[str, Any]
"""A convolution's numbers by their names: each one for all rows, or an array of one for each."""


class Counted(NamedTuple):
    """Figures as arrays; ``bad`` are the rows whose convolution is not possible, in order: theirs are 0."""

    figures: dict[str, Array]
    bad: Sequence[int]


@dataclass(frozen=True, slots=True)
class Counter:
    """What counts rows: the figures that ``columns`` names, of one kind of convolution under one replacement.

    >>> counter = Counter(("macs", "reduction.macs"), Convolution(has_map=True), Replacement.parse("separable"))
    >>> counter({"H": 112, "C": 32, "K": 3, "O": np.array([64, 128])}, rows=2).figures["macs"]
    array([231211008, 462422016])

    Whole numbers are int64, or Python's own in an array of objects where one of them is larger.
    """

    columns: tuple[str, ...]
    convolution: Convolution
    replacement: Replacement | None
    convention: Convention = field(default_factory=Convention)

    def __call__(self, numbers: Numbers, rows: int) -> Counted:
        """The figures of all rows."""
        arrays = {name: value for name, value in numbers.items() if isinstance(value, np.ndarray)}
        fixed = {name: value for name, value in numbers.items() if name not in arrays}
        figures: dict[str, Array] = {name: np.zeros(rows, type_of(name)) for name in self.columns}
        bad: list[int] = []
        for start in range(0, rows, AT_ONCE):
            end = min(start + AT_ONCE, rows)
            portion = {name: array[start:end] for name, array in arrays.items()} or {"": np.zeros(end - start, int)}
            for places, record in applied(lambda of: self.record_or_none({**fixed, **of}), portion):
                where = slice(start, end) if len(places) == end - start else start + places
                if record is None:
                    bad += (start + places).tolist()
                    continue
                for name in self.columns:
                    figures[name] = with_values(figures[name], where, record[name])
        return Counted(figures, sorted(bad))

    def reason(self, numbers: Numbers, row: int = 0) -> str:
        """Why the convolution of this row is not possible."""
        own = {name: int(value[row]) if isinstance(value, np.ndarray) else value for name, value in numbers.items()}
        try:
            self.record(own)
        except SepcostError as error:
            return str(error)
        raise ValueError(f"row {row} is possible")

    def record_or_none(self, numbers: Numbers) -> Mapping[str, Any] | None:
        """Its figures, or those of many convolutions at once; None where none of them is possible."""
        try:
            return self.record(numbers)
        except SepcostError:
            return None

    def record(self, numbers: Numbers) -> Mapping[str, Any]:
        """The figures of a convolution, or of many, by their names in a record; raises SepcostError."""
        network = self.convolution.network(_by_axis(numbers))
        needed = {figure.name for figure in map(figure_of, self.columns) if figure}
        return self._of_costs(network, needed) if needed <= COSTED else self._of_everything(network)

    def _of_costs(self, network: Network, needed: set[str]) -> Mapping[str, Any]:
        """Only what is needed, from the costs of the one layer and of its replacement."""
        chosen = (self.replacement,) if self.replacement else ()
        (layer,) = compared_layers(network, chosen, ReplaceIf.ALWAYS)
        costs = (layer.standard, *(variant.cost for variant in layer.variants.values()))
        unknown = () if self.convolution.has_map else NEED_A_MAP
        standard, *others = (cost_figures(cost, self.convention, unknown=unknown, of=needed) for cost in costs)
        found = dict(standard)
        for replaced, variant in zip(others, layer.variants.values()):
            found |= {"kept": variant.kept, "costs_more": variant.costs_more}
            found |= {f"{REPLACEMENT}{name}": value for name, value in replaced.items()}
            found |= {f"{REDUCTION}{name}": value for name, value in reductions(standard, replaced).items()}
        return found

    def _of_everything(self, network: Network) -> Mapping[str, Any]:
        chosen = (self.replacement,) if self.replacement else ()
        snapshot = evaluated(Comparison.under_each(chosen, network, self.convention))
        return total_record(snapshot, snapshot.texts[0])


def counter_of(
    given: Collection[str],
    *,
    columns: Sequence[str] | None = None,
    replacement: AnyReplacement | None = "separable",
    bias: bool = False,
    norm: Norm = "none",
    transposed: bool = False,
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: AnyDtype = None,
) -> Counter:
    """What counts convolutions for which these numbers are given. Raises SepcostError for a wrong option."""
    if missing := [name for name in NEEDED if name not in given]:
        raise SepcostError(f"missing {listed(missing)}: a convolution has C, K and O (and H or size, for a map)")
    numbers = dict.fromkeys(given)
    convolution = Convolution.of(numbers, flag("bias", bias), _norm(norm), flag("transposed", transposed))
    has_map = convolution.has_map
    chosen = _only(replacement)
    there = [name for name in (*in_records(()), *MORE) if chosen or name in BY_NAME]
    there = [name for name in there if has_map or name.rpartition(".")[2] not in NEED_A_MAP]
    names = known_columns(columns, there)
    return Counter(names, convolution, chosen, Convention.asked(flops_per_mac, batch, dtype))


def _norm(norm: Norm) -> Norm:
    one_of("norm", norm, NORMS)
    return norm


def _only(given: AnyReplacement | None) -> Replacement | None:
    chosen = replacements_in_python(AS_GIVEN if given is None else given) or []
    if len(chosen) > 1 or any(isinstance(each, Plan) for each in chosen):
        raise SepcostError(f"replacement: must be one for all rows, got {as_text(given, repr)}")
    return chosen[0] if chosen else None


def known_columns(asked: Sequence[str] | None, there: Sequence[str]) -> tuple[str, ...]:
    """The columns that are asked for, each once; all there are, where none is named. Raises SepcostError."""
    for name in asked or ():
        if name not in there:
            hint = did_you_mean(str(name), there) or f" (there are: {', '.join(there)})"
            raise SepcostError(f"columns: there is no {in_one_line(as_text(name), 60)!r}{hint}")
    return tuple(dict.fromkeys(there if asked is None else asked))


def refuse_taken(own: Iterable[str], figures: Iterable[str]) -> None:
    """A SepcostError where a table has a column with the name of a figure that would be next to it."""
    if taken := [name for name in figures if name in {*own}]:
        raise SepcostError(f"the table has a column {taken[0]!r} already: rename it, or leave it out of columns")


def _by_axis(numbers: Numbers) -> dict[str, Any]:
    """The numbers, with those that were given axis by axis (``K.0``, ``K.1``) together."""
    together: dict[str, Any] = {}
    for name, value in numbers.items():
        of, dot, _ = name.partition(".")
        together[of] = (*together.get(of, ()), value) if dot else value
    return together


def type_of(name: str) -> type:
    """The type of a column's values, as NumPy takes it.

    >>> type_of("macs"), type_of("reduction.macs"), type_of("kept")
    (<class 'numpy.int64'>, <class 'numpy.float64'>, <class 'object'>)
    """
    kind = kind_of(name)
    if kind is Kind.TEXT:
        return np.bool_ if name == "costs_more" else object
    return np.int64 if kind.is_whole else np.float64


def too_large(figures: Mapping[str, Array]) -> dict[int, str]:
    """The rows with a count beyond 64 bits, and what to say of the first one in each."""
    found: dict[int, str] = {}
    for name, values in figures.items():
        if values.dtype == object and type_of(name) is np.int64:
            for row in np.flatnonzero(values > LARGEST_EXACT).tolist():
                found.setdefault(row, f"{name} is {values[row]}, which is beyond 64 bits")
    return found


def with_values(column: Array, where: Any, values: Any) -> Array:
    """The column with these values in its places; as Python's own numbers, where one of them needs that."""
    values = values.array if isinstance(values, Many) else values
    is_large = values.dtype == object if isinstance(values, np.ndarray) else not _fits(values)
    if is_large and column.dtype == np.int64:
        column = column.astype(object)
    column[where] = values
    return column


def _fits(value: Any) -> bool:
    return type(value) is not int or value <= LARGEST_EXACT
