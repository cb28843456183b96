"""Sharing: whose weights a layer has, where they are not its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from sepcost.errors import LayerError
from sepcost.layers.layer import Layer
from sepcost.text.arguments import times


class Weights:
    """The weights that the layers of a network have, as far as it has been built.

    >>> from sepcost import Conv
    >>> weights = Weights()
    >>> weights.add(0, "stem", Conv((8, 8), 3, 16, 3))
    >>> weights.owner(Conv((4, 4), 3, 16, 3, stride=2))
    'stem'
    >>> weights.owner(Conv((4, 4), 3, 32, 3), 0)
    Traceback (most recent call last):
    sepcost.errors.LayerError: shared: 'stem' has other weights: O is 16 there, and 32 here
    """

    def __init__(self) -> None:
        self._owners: dict[int, str] = {}
        self._weights: dict[str, Mapping[str, object]] = {}
        self._latest: dict[Hashable, str] = {}

    def add(self, number: int, name: str, layer: Layer, owner: str | None = None) -> None:
        """One more layer; ``owner`` is the layer whose weights it has."""
        self._owners[number] = owner = owner or name
        weights = self._weights.setdefault(owner, _weights(layer))
        for provided in (weights, {**weights, "norm": "none"}):
            self._latest[tuple(provided.items())] = owner

    def owner(self, layer: Layer, number: int | None = None) -> str:
        """The layer whose weights these are: that of this number, or the nearest earlier one that has such weights.

        A layer without a norm may share the weights of one that has one. Raises LayerError where there is none.
        """
        ours = _weights(layer)
        if number is None:
            owner = self._latest.get(tuple(ours.items()))
            if owner is None:
                raise LayerError("shared", f"is true, but no earlier layer has such weights ({_told(ours)})")
            return owner
        owner = self._owners.get(number, "input")
        theirs = self._weights.get(owner)
        if not theirs:
            raise LayerError("shared", f"must name a layer with weights, and {owner!r} has none")
        key = next(_differing(theirs, ours), None)
        if key is not None:
            there, here = _value(theirs[key]), _value(ours.get(key, "nothing"))
            raise LayerError("shared", f"{owner!r} has other weights: {key} is {there} there, and {here} here")
        return owner


def could_share(layers: Sequence[Layer], others: Sequence[Layer]) -> bool:
    """Whether the second layers may have the weights of the first, one for one.

    >>> from sepcost import Conv
    >>> could_share([Conv((8, 8), 3, 16, 3)], [Conv((4, 4), 3, 16, 3, stride=2)])
    True
    """
    pairs = [(_weights(layer), _weights(other)) for layer, other in zip(layers, others)]
    return len(layers) == len(others) and all(theirs and not list(_differing(theirs, ours)) for theirs, ours in pairs)


def _weights(layer: Layer) -> Mapping[str, object]:
    """What two layers have in common if their weights may be the same; nothing for a layer without weights."""
    if not layer.weights:
        return {}
    values = {letter: getattr(layer, name) for letter, name in layer.weights.items()}
    return {"type": layer.type, **values}


def _differing(theirs: Mapping[str, object], ours: Mapping[str, object]) -> Iterator[str]:
    """The keys in which weights differ; a norm that only the owner has is no difference."""
    lacks_norm = ours.get("norm") == "none"
    return (key for key in theirs if theirs[key] != ours.get(key) and not (key == "norm" and lacks_norm))


def _told(weights: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in weights.items() if key != "type")


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return times(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
