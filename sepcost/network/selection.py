"""Selection: which of a network's layers may be replaced, by globs of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from sepcost.blocks.plan import MOST_PATTERNS, meant
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.network.network import Network, Node
from sepcost.text.wording import in_one_line

AGAIN = re.compile(r"#\d+$")
MOST_GLOBS = 10
"""A message names this many globs and counts the others."""


class Selection(NamedTuple):
    """Layers whose names match: some glob of ``include`` (all of them, if there is none), and none of ``exclude``.

    ``plan`` are the globs of a plan, which choose what replaces a layer.

    >>> Selection(exclude=("stem*", "*.head")).why_not("encoder.head"), Selection(("layer?",)).why_not("stem")
    ('excluded', 'not included')
    >>> Selection(exclude=("stem*",)).why_not("layer1")
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()

    def of(self, network: Network) -> Network:
        """The network in which every other layer is kept."""
        if not (self.include or self.exclude):
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
        for option, globs in (("include", self.include), ("exclude", self.exclude)):
            if sum(map(_is_pattern, globs)) > MOST_PATTERNS:
                raise SepcostError(f"{option}: at most {MOST_PATTERNS} globs with wildcards, got {len(globs):,}")
        return {name: self.why_not(*names) for name, names in names_of_modules(network).items()}

    def unmatched(self, network: Network) -> Selection:
        """The globs that match none of the network's convolutions.

        >>> from sepcost import Conv
        >>> Selection(("con*",), ("head",)).unmatched(Network.of(Conv((8, 8), 3, 8, 3)))
        Selection(include=(), exclude=('head',), plan=())
        """
        if not any(self):
            return self
        names = set(network.names_of_convolutions)
        return Selection(*(tuple(glob for glob in globs if not _matches(glob, names)) for globs in self))

    def complaint(self, names: Sequence[str] = ()) -> str:
        """What to say of globs that matched nothing, of names such as these: easily a slip."""
        options = {"--include": self.include, "--exclude": self.exclude, "plan": self.plan}
        typed = [(option, glob) for option, globs in options.items() for glob in globs]
        named = ", ".join(f"{option} {in_one_line(glob, 60) or repr(glob)}" for option, glob in typed[:MOST_GLOBS])
        more = f" and {len(typed) - MOST_GLOBS:,} more" if len(typed) > MOST_GLOBS else ""
        hint = meant(typed[0][1], names) if len(typed) == 1 else ""
        return f"{named}{more}: no convolution has such a name{hint}"

    def why_not(self, *names: str) -> str | None:
        """Why the layers of these names, which are one module's, are kept; None if they may be replaced."""
        if _is_any(names, self.exclude):
            return "excluded"
        return "not included" if self.include and not _is_any(names, self.include) else None


def names_of_modules(network: Network) -> Mapping[str, Sequence[str]]:
    """For each layer, the names of all layers that are of the same module: of those that globs are matched with."""
    modules = _modules(network)
    names: dict[str, list[str]] = defaultdict(list)
    for name, module in modules.items():
        names[module].append(name)
    return {name: names[module] for name, module in modules.items()}


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


def _matches(glob: str, names: Set[str]) -> bool:
    return glob in names or (_is_pattern(glob) and any(fnmatchcase(name, glob) for name in names))


def _is_any(names: Iterable[str], globs: Sequence[str]) -> bool:
    plain, patterns = _sorted_out(globs)
    return any(name in plain or any(fnmatchcase(name, glob) for glob in patterns) for name in names)


@lru_cache
def _sorted_out(globs: Sequence[str]) -> tuple[frozenset[str], list[str]]:
    """Those that are names, which are found at once however many there are, and those with wildcards."""
    return frozenset(globs), list(filter(_is_pattern, globs))


def _is_pattern(glob: str) -> bool:
    return any(letter in glob for letter in "*?[")
