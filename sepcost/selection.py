"""Selection: which of a network's layers may be replaced, by globs of their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.network import Network


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
        nodes = (replace(node, keep=node.keep or self.why_not(node.name)) for node in network)
        return replace(network, nodes=tuple(nodes))

    def unmatched(self, network: Network) -> Selection:
        """The globs that match none of the network's convolutions.

        >>> from sepcost import Conv
        >>> Selection(("con*",), ("head",)).unmatched(Network.of(Conv((8, 8), 3, 8, 3)))
        Selection(include=(), exclude=('head',))
        """
        names = [node.name for node in network if isinstance(node.layer, Conv)]
        return Selection(*(tuple(glob for glob in globs if not _matches_any(glob, names)) for globs in self))

    def refuse_unmatched(self) -> None:
        """Raise a SepcostError if any glob is left of those that were typed: easily a slip."""
        left = [f"--{option} {glob}" for option, globs in self._asdict().items() for glob in globs]
        if left:
            raise SepcostError(f"{', '.join(left)}: no convolution has such a name")

    def why_not(self, name: str) -> str | None:
        """Why a layer of this name is kept; None if it may be replaced."""
        if any(fnmatchcase(name, glob) for glob in self.exclude):
            return "excluded"
        if self.include and not any(fnmatchcase(name, glob) for glob in self.include):
            return "not included"
        return None


def _matches_any(glob: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names)
