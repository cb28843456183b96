"""Selection: which of a network's layers may be replaced, by globs of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from sepcost.layers import Conv
from sepcost.network import Network

AGAIN = re.compile(r"#\d+$")


class Selection(NamedTuple):
    """Layers whose names match: some glob of ``include`` (all of them, if there is none), and none of ``exclude``.

    >>> Selection(exclude=("stem*", "*.head")).why_not("encoder.head"), Selection(("layer?",)).why_not("stem")
    ('excluded', 'not included')
    >>> Selection(exclude=("stem*",)).why_not("layer1")
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def of(self, network: Network) -> Network:
        """The network in which every other layer is kept."""
        if not self.include and not self.exclude:
            return network
        names = _names_of_modules(network)
        nodes = (replace(node, keep=node.keep or self._why_not(names[module_of(node.name)])) for node in network)
        return replace(network, nodes=tuple(nodes))

    def unmatched(self, network: Network) -> Selection:
        """The globs that match none of the network's convolutions.

        >>> from sepcost import Conv
        >>> Selection(("con*",), ("head",)).unmatched(Network.of(Conv((8, 8), 3, 8, 3)))
        Selection(include=(), exclude=('head',))
        """
        if not any(self):
            return self
        names = [node.name for node in network if isinstance(node.layer, Conv)]
        return Selection(*(tuple(glob for glob in globs if not _matches_any(glob, names)) for globs in self))

    @property
    def complaint(self) -> str:
        """What to say of globs that matched nothing: easily a slip."""
        typed = [f"--{option} {glob or repr(glob)}" for option, globs in self._asdict().items() for glob in globs]
        return f"{', '.join(typed)}: no convolution has such a name"

    def why_not(self, name: str) -> str | None:
        """Why a layer of this name is kept; None if it may be replaced."""
        return self._why_not([name])

    def _why_not(self, names: Sequence[str]) -> str | None:
        if any(_matches_any(glob, names) for glob in self.exclude):
            return "excluded"
        if self.include and not any(_matches_any(glob, names) for glob in self.include):
            return "not included"
        return None


def module_of(name: str) -> str:
    """The name of the module that a layer is of: it runs again, on maps of another size, as ``name#2``.

    >>> module_of("head.conv"), module_of("head.conv#2")
    ('head.conv', 'head.conv')
    """
    return AGAIN.sub("", name)


def _names_of_modules(network: Network) -> Mapping[str, Sequence[str]]:
    """The layers of each module, which are replaced together or not at all."""
    names: dict[str, list[str]] = defaultdict(list)
    for node in network:
        names[module_of(node.name)].append(node.name)
    return names


def _matches_any(glob: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names)
