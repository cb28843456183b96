"""Frames: columns in, columns out, on one machine or many."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sepcost.frames.batches import cost_batches
    from sepcost.frames.networks import network_batches
    from sepcost.frames.spark import spark_costs, spark_networks, spark_sweep

__all__ = ["cost_batches", "network_batches", "spark_costs", "spark_networks", "spark_sweep"]

_HOMES = {"cost_batches": "batches", "network_batches": "networks"}
"""The files of names that workers import: they need no more than what that file imports. All others are of Spark."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sepcost.frames' has no attribute {name!r}")
    return getattr(import_module(f"sepcost.frames.{_HOMES.get(name, 'spark')}"), name)
