"""Pools: those that a forward pass runs, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from sepcost.graphs.windows import adaptive_pool, pool
from sepcost.layers import Pool
from sepcost.pytorch.private import packet_of

aten = torch.ops.aten

POOLS = {
    aten.max_pool2d_with_indices: "max",
    aten.max_pool3d_with_indices: "max",
    aten.quantized_max_pool2d: "max",
    aten.quantized_max_pool3d: "max",
    aten.avg_pool2d: "average",
    aten.avg_pool3d: "average",
}
"""Pools with a kernel."""
POOL_ARGUMENTS = {
    "max": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "average": ("kernel_size", "stride", "padding", "ceil_mode"),
}
POOL_DEFAULTS = {"stride": (), "padding": (0,), "dilation": (1,), "ceil_mode": False}
ADAPTIVE: dict[Any, Any] = {
    aten._adaptive_avg_pool2d: "average",
    aten._adaptive_avg_pool3d: "average",
    aten.adaptive_max_pool2d: "max",
    aten.adaptive_max_pool3d: "max",
}
"""Pools whose output size is given."""
REDUCTIONS: dict[Any, Any] = {aten.mean: "average", aten.amax: "max"}
"""Pools that span the whole map."""
OF_ONE_AXIS = (nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveAvgPool1d, nn.AdaptiveMaxPool1d)


def is_pool(func: Any, args: Sequence[Any]) -> bool:
    """Whether an operator is a pool: a mean is one if it is the mean of each whole map."""
    operator = packet_of(func)
    if operator in REDUCTIONS:
        source, axes = args[0], args[1] if len(args) > 1 else None
        if source.dim() not in (4, 5) or not isinstance(axes, (list, tuple)):
            return False
        return sorted(axis % source.dim() for axis in axes) == list(range(2, source.dim()))
    return operator in POOLS or operator in ADAPTIVE


def pool_of(func: Any, args: Sequence[Any], out: torch.Tensor, module: nn.Module | None) -> Pool | None:
    """The pool as a layer; None if no layer describes it, as with a dilation."""
    operator = packet_of(func)
    shape, made = tuple(args[0].shape[1:]), tuple(out.shape[1:])
    if operator in REDUCTIONS:  # the output may have lost the axes
        return adaptive_pool(shape, (shape[0], *(1 for _ in shape[1:])), REDUCTIONS[operator])
    if operator in ADAPTIVE:
        found = adaptive_pool(shape, made, ADAPTIVE[operator])
    else:
        found = _with_kernel(operator, shape, made, args)
    return _on_one_axis(found) if found and isinstance(module, OF_ONE_AXIS) else found


def _with_kernel(operator: Any, shape: tuple[int, ...], made: tuple[int, ...], args: Sequence[Any]) -> Pool | None:
    mode: Any = POOLS[operator]
    given = {**POOL_DEFAULTS, **dict(zip(POOL_ARGUMENTS[mode], args[1:]))}
    given["stride"] = given["stride"] or given["kernel_size"]
    ceil_mode = bool(given.pop("ceil_mode"))
    every: dict[str, Any] = {
        name: tuple(value) * (len(shape) - 1 if len(value) == 1 else 1) for name, value in given.items()
    }
    return pool(shape, made, every.pop("kernel_size"), mode, ceil_mode=ceil_mode, **every)


def _on_one_axis(pool: Pool) -> Pool:
    """The pool as its author wrote it: torch adds an axis of size 1."""
    shape = (pool.input_shape[0], pool.input_shape[-1])
    if pool.global_pool:
        return Pool(shape, mode=pool.mode, global_pool=True)
    padding: Any = pool.padding[-1:]
    return Pool(
        shape, pool.kernel_size[-1:], stride=pool.stride[-1:], padding=padding, mode=pool.mode, ceil_mode=pool.ceil_mode
    )
