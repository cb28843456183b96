"""Exact costs of standard and depthwise-separable convolutions."""

from sepcost.api import compare, load
from sepcost.architecture import Architecture, LayerSpec
from sepcost.comparison import Comparison
from sepcost.cost import Convention, Cost
from sepcost.errors import ConfigError, LayerError, NetworkError, ReplacementError, SepcostError
from sepcost.layers import Conv, Flatten, Linear, Pool
from sepcost.network import Network
from sepcost.replacements import Replacement
from sepcost.scaling import scale

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Comparison",
    "ConfigError",
    "Convention",
    "Conv",
    "Cost",
    "Flatten",
    "LayerError",
    "LayerSpec",
    "Linear",
    "Network",
    "NetworkError",
    "Pool",
    "Replacement",
    "ReplacementError",
    "SepcostError",
    "compare",
    "load",
    "scale",
]
