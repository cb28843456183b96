"""Grid: the combinations of a sweep, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from sepcost.count.integers import Array, applied
from sepcost.count.sweep import Sweep
from sepcost.text.arguments import LARGEST

T = TypeVar("T")


class Grid:
    """A sweep whose axes of whole numbers become arrays; ``apart`` names axes that have to be plain values.

    >>> from sepcost.count.sweep import Axis
    >>> sweep = Sweep((Axis("K", (3, (3, 5))), Axis("O", (64, 128, 256))))
    >>> grid = Grid(sweep)
    >>> for places, doubled in grid.applied([1, 2, 3], lambda values: values["O"] * 2):
    ...     print(places, getattr(doubled, "array", doubled))
    [0, 1] [256 512]
    [2] 128
    """

    def __init__(self, sweep: Sweep, apart: Sequence[str] = ()) -> None:
        self.lengths = [len(axis.values) for axis in sweep.axes]
        self.sweep = sweep
        self.arrays: Mapping[str, Array] = {
            axis.name: np.array(axis.values, np.int64)
            for axis in sweep.axes
            if axis.name not in apart and all(type(value) is int and value <= LARGEST for value in axis.values)
        }

    def applied(
        self, numbers: Sequence[int], function: Callable[[Mapping[str, Any]], T]
    ) -> Iterator[tuple[list[int], T]]:
        """The function of the combinations with these numbers; each value with the places that it is for."""

        def all_values(values: Mapping[str, Any]) -> T:
            return function(self.sweep.with_tied(values))

        chosen = self.chosen(np.asarray(numbers))
        for places, plain in self._plain_values(chosen):
            arrays = {name: array[chosen[name][places]] for name, array in self.arrays.items()}
            arrays = arrays or {"": np.zeros(len(places), int)}
            for within, value in applied(lambda of, plain=plain: all_values({**plain, **of}), arrays):  # type: ignore[misc]
                yield places[within].tolist(), value

    def chosen(self, numbers: Array) -> Mapping[str, Array]:
        """For each axis, which of its values each combination has."""
        chosen = {}
        for axis, length in zip(reversed(self.sweep.axes), reversed(self.lengths)):
            numbers, chosen[axis.name] = np.divmod(numbers, length)
        return chosen

    def _plain_values(self, chosen: Mapping[str, Array]) -> Iterator[tuple[Array, Mapping[str, Any]]]:
        """The combinations in groups that have the same values on the axes that are no arrays."""
        apart = [axis for axis in self.sweep.axes if axis.name not in self.arrays]
        count = len(next(iter(chosen.values())))
        kinds = np.zeros(count, int)
        for axis in apart:
            kinds = kinds * len(axis.values) + chosen[axis.name]
        for kind in np.unique(kinds):
            places = np.flatnonzero(kinds == kind)
            yield places, {axis.name: axis.values[chosen[axis.name][places[0]]] for axis in apart}
