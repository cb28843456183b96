"""Selection: which of a network's layers may be replaced, by globs of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from sepcost.layers import Conv
from sepcost.network import Network, Node

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
        if not any(self):
            return network
        reasons = self._reasons(network)
        nodes = (replace(node, keep=node.keep or reasons[node.name]) for node in network)
        return replace(network, nodes=tuple(nodes))

    def convolutions(self, network: Network) -> list[str]:
        """The names of the convolutions that it chooses; of those that run again, one that is named exactly.

        >>> from sepcost import Conv
        >>> Selection(("con*",)).convolutions(Network.of(Conv((8, 8), 3, 8, 3)))
        ['conv']
        """
        reasons = self._reasons(network)
        names = [node.name for node in network if isinstance(node.layer, Conv) and reasons[node.name] is None]
        exactly = [name for name in names if name in self.include]
        return exactly if len(exactly) == len(self.include) > 0 else names

    def _reasons(self, network: Network) -> Mapping[str, str | None]:
        """Why each layer is not chosen, or None."""
        modules = _modules(network)
        names: dict[str, list[str]] = defaultdict(list)
        for name, module in modules.items():
            names[module].append(name)
        return {name: self.why_not(*names[module]) for name, module in modules.items()}

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

    def why_not(self, *names: str) -> str | None:
        """Why the layers of these names, which are one module's, are kept; None if they may be replaced."""
        if any(_matches_any(glob, names) for glob in self.exclude):
            return "excluded"
        if self.include and not any(_matches_any(glob, names) for glob in self.include):
            return "not included"
        return None


def _modules(network: Network) -> Mapping[str, str]:
    """The module that each layer is of: that whose weights it has.

    Where these are not known by name, and it runs again on maps of another size, the layer is ``name#2``; where a
    layer shares no weights, such a name is its own.
    """
    names = {node.name for node in network}

    def module(node: Node) -> str:
        stem = AGAIN.sub("", node.name)
        return node.weights_of or (stem if node.shared and stem in names else node.name)

    return {node.name: module(node) for node in network}


def _matches_any(glob: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names)
