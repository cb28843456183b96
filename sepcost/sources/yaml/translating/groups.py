"""Groups: layers under a common name, as often as they follow each other."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sepcost.network.architecture import LayerSpec
from sepcost.text.wording import Path

Placed: TypeAlias = "tuple[Path, LayerSpec]"
INPUT = "input"
"""Outside of groups the network's input; inside, what reaches the group."""


@dataclass(frozen=True, slots=True)
class Group:
    """Layers and groups, each with its path in the document; the whole ``repeat`` times."""

    name: str | None
    repeat: int
    members: Sequence[tuple[Path, LayerSpec | Group]]

    @property
    def size(self) -> int:
        """How many layers it makes."""
        return self.repeat * sum(
            member.repeat if isinstance(member, LayerSpec) else member.size for _, member in self.members
        )


def unfolded(members: Sequence[tuple[Path, LayerSpec | Group]], *, independent: bool = False) -> list[Placed]:
    """The layers one after the other: ``conv1`` in the second of three ``layer1`` is called ``layer1.2.conv1``.

    A name means a layer of the same group, else one outside; the name of a group means its last layer. A later copy
    reads the one before it: what its first layer says of its input holds for the first copy alone, unless all layers
    are ``independent``.

    >>> block = Group("block", 2, [(("layers", 0, "layers", 0), LayerSpec(name="conv", add=("input",)))])
    >>> for path, spec in unfolded([(("layers", 0), block)]):
    ...     print(path, spec.name, spec.add)
    ('layers', 0, 'layers', 0) block.1.conv ('input',)
    ('layers', 0, 'layers', 0) block.2.conv ('block.1.conv',)
    """
    layers: list[Placed] = []
    last, meant = INPUT, dict[str, str]()
    for number, (path, member) in enumerate(members, start=1):
        if isinstance(member, LayerSpec):
            name = member.name or f"{member.type}{number}"
            layers.append((path, _renamed(member, name, meant)))
            last = name if member.takes_input else last
            continue
        name = member.name or f"group{number}"
        inside = unfolded(member.members, independent=independent)
        for copy in range(1, member.repeat + 1):
            prefix = name if member.repeat == 1 else f"{name}.{copy}"
            own = {spec.name: f"{prefix}.{spec.name}" for _, spec in inside}
            names = ChainMap({INPUT: last, **own, **_copies(inside, prefix)}, meant)
            for position, (place, spec) in enumerate(inside):
                if copy > 1 and position == 0 and not independent:
                    spec = replace(spec, in_channels=None, input_size=None)
                layers.append((place, _renamed(spec, own[spec.name], names)))
                last = own[spec.name] if spec.takes_input else last
            meant[prefix] = last
        meant[name] = last
    return layers


def _copies(layers: Sequence[Placed], prefix: str) -> Mapping[str, str]:
    """The names of layers that are themselves repeated."""
    repeated = [(spec.name, spec.repeat) for _, spec in layers if spec.repeat > 1]
    return {f"{name}.{copy}": f"{prefix}.{name}.{copy}" for name, many in repeated for copy in range(1, many + 1)}


def _renamed(spec: LayerSpec, name: str, names: Mapping[str, str]) -> LayerSpec:
    """The same under this name; ``names`` has what those that it refers to are called now."""
    sources, add = (tuple(names.get(each, each) for each in several) for several in (spec.sources, spec.add))
    shared = names.get(spec.shared, spec.shared) if isinstance(spec.shared, str) else spec.shared
    return replace(spec, name=name, sources=sources, add=add, shared=shared)
