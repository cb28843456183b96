"""Names: one for each layer of a program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

END = re.compile(r"BiasAdd|ReadVariableOp|Conv[123]D|depthwise|MatMul|([a-z]+_)?[Kk]ernel|([a-z]+_)?weights?")
LAST = re.compile(rf"({END.pattern})\d*(_dequantize\d*)?")
"""What TensorFlow's converters put after the name of a layer, between slashes; and what is last there."""
MADE_UP = ("arith.constant", "tfl.pseudo", "const")
"""How names begin that no author gave."""


class LayerNames:
    """Gives each layer a name of its own: modules keep theirs, and others get one that no module has.

    >>> names = LayerNames(["convolution", "head"])
    >>> names.other("convolution"), names.own("convolution"), names.own("convolution")
    ('convolution#2', 'convolution', 'convolution#3')
    """

    def __init__(self, of_modules: Iterable[str]) -> None:
        self._of_modules = set(of_modules)
        self._taken: set[str] = set()
        self._again = Counter[str]()

    def own(self, name: str) -> str:
        """The name of a module; ``name#2`` if it is a layer for a second time, and so on."""
        return self._unique(name, self._of_modules - {name})

    def other(self, name: str) -> str:
        """The name of a layer that is no module."""
        return self._unique(name, self._of_modules)

    def _unique(self, name: str, others: set[str]) -> str:
        unique = name
        while unique in self._taken or unique in others:
            self._again[name] += 1
            unique = f"{name}#{self._again[name] + 1}"
        self._taken.add(unique)
        return unique


def joined(path: str, operator: str) -> str:
    """The name of an operator that the module of this name calls.

    >>> joined("stem.conv", "relu"), joined("", "relu")
    ('stem.conv.relu', 'relu')
    """
    return f"{path}.{operator}" if path else operator


def module_of(name: str) -> str:
    """The layer that a tensor belongs to, by its name from TensorFlow; nothing if a converter has made that up.

    >>> [module_of(name) for name in ("net/conv/Conv2D", "norm/FusedBatchNormV3;conv_1/depthwise", "arith.constant7")]
    ['net/conv', 'conv_1', '']
    """
    several = [each.rstrip("/") for each in name.split(";")]
    cut = (short for each in several if (short := _without_ends(each)) != each)
    return next(cut, "" if name.startswith(MADE_UP) else several[0])


def _without_ends(name: str) -> str:
    first, *parts = name.split("/")
    end = LAST
    while parts and end.fullmatch(parts[-1]):
        parts.pop()
        end = END
    return "/".join((first, *parts))
