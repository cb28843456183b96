"""Replacements: functions from one convolution to a sequence of convolutions."""

from sepcost.blocks.blocks import blueprint, blueprint_subspace, bottleneck, grouped, inverted, separable, spatial

__all__ = ["blueprint", "blueprint_subspace", "bottleneck", "grouped", "inverted", "separable", "spatial"]
