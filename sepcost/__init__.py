"""Exact costs of standard and depthwise-separable convolutions.

>>> from sepcost import Conv, compare
>>> compare(Conv((112, 112), in_channels=32, out_channels=64, kernel_size=3)).totals["separable"].cost.params
2336
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sepcost.version import __version__

if TYPE_CHECKING:
    from sepcost.blocks.replacements import Replacement
    from sepcost.count.comparison import Comparison
    from sepcost.errors import (
        ConfigError,
        LayerError,
        MissingTorchError,
        NetworkError,
        ReplacementError,
        SepcostError,
    )
    from sepcost.frames.costs import costs
    from sepcost.layers import Conv, Flatten, Linear, Other, Pool, Scale, Shuffle, Split, Upsample
    from sepcost.layers.cost import Convention, Cost
    from sepcost.network.architecture import Architecture, LayerSpec
    from sepcost.network.network import Network
    from sepcost.network.scaling import scale
    from sepcost.tasks.bench import bench
    from sepcost.tasks.check import check
    from sepcost.tasks.compare import compare, load, load_all
    from sepcost.tasks.diff import diff
    from sepcost.tasks.sweep import sweep

__all__ = [
    "Architecture",
    "Comparison",
    "ConfigError",
    "Conv",
    "Convention",
    "Cost",
    "Flatten",
    "LayerError",
    "LayerSpec",
    "Linear",
    "MissingTorchError",
    "Network",
    "NetworkError",
    "Other",
    "Pool",
    "Replacement",
    "ReplacementError",
    "Scale",
    "SepcostError",
    "Shuffle",
    "Split",
    "Upsample",
    "__version__",
    "bench",
    "check",
    "compare",
    "costs",
    "diff",
    "load",
    "load_all",
    "scale",
    "sweep",
]

_HOMES = {
    "sepcost.frames.costs": ("costs",),
    "sepcost.tasks.bench": ("bench",),
    "sepcost.tasks.check": ("check",),
    "sepcost.tasks.compare": ("compare", "load", "load_all"),
    "sepcost.tasks.diff": ("diff",),
    "sepcost.tasks.sweep": ("sweep",),
    "sepcost.network.architecture": ("Architecture", "LayerSpec"),
    "sepcost.count.comparison": ("Comparison",),
    "sepcost.layers.cost": ("Convention", "Cost"),
    "sepcost.errors": (
        "ConfigError",
        "LayerError",
        "MissingTorchError",
        "NetworkError",
        "ReplacementError",
        "SepcostError",
    ),
    "sepcost.layers": ("Conv", "Flatten", "Linear", "Other", "Pool", "Scale", "Shuffle", "Split", "Upsample"),
    "sepcost.network.network": ("Network",),
    "sepcost.blocks.replacements": ("Replacement",),
    "sepcost.network.scaling": ("scale",),
}
"""The module of each public name: a module is imported when its name is first used, so that commands start fast."""


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'sepcost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
