"""Operators that torch's counter does not count, although they may have MACs."""

from __future__ import annotations

from typing import Any

from sepcost.graphs.aten import unknown_cost
from sepcost.pytorch.private import flop_registry, qualified_name


def uncounted(packet: Any) -> str | None:
    """The name of an operator that may have MACs and that torch's counter does not count; else None.

    >>> import torch
    >>> uncounted(torch.ops.aten.mv), uncounted(torch.ops.aten.mm), uncounted(torch.ops.aten.relu)
    ('mv', None, None)
    """
    if packet in flop_registry:
        return None
    namespace, _, name = qualified_name(packet).partition("::")
    return unknown_cost(namespace, name)
