"""Tracing: one forward pass of a model, as a network of the layers that it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from sepcost.graphs.dtypes import with_dtypes
from sepcost.graphs.plan import schedule
from sepcost.network.network import Network
from sepcost.pytorch.private import is_lazy
from sepcost.pytorch.tracing.recorder import Recorder
from sepcost.pytorch.tracing.rows import rows


@dataclass(frozen=True, slots=True)
class Trace:
    """What one forward pass ran, and torch's own totals.

    ``uncounted`` are operators that may have MACs and that torch's counter does not count, each with the module that
    calls it and how often. ``macs`` and ``params`` are torch's totals, plus those of quantised layers, which torch
    counts as nothing (``network.unconfirmed``). ``reads_values``: the pass may depend on the values of its tensors.
    """

    network: Network
    uncounted: Mapping[tuple[str, str], int]
    macs: int
    params: int
    reads_values: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the layers add up to what torch counts."""
        costs = [node.cost for node in self.network]
        return (sum(cost.macs for cost in costs), sum(cost.params for cost in costs)) == (self.macs, self.params)


def trace(model: nn.Module, inputs: Sequence[Any], named: Mapping[str, Any] | None = None, *, name: str = "") -> Trace:
    """Run the model once, on these inputs, and describe what ran, call by call.

    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(128, 10))
    >>> for node in trace(model, [torch.empty(1, 3, 4, 4)]).network:
    ...     print(node.name, node.cost.params, node.cost.macs)
    0 240 3456
    3 1290 1280

    Every convolution is a layer with its real shapes. A product with a matrix of parameters is a linear layer, on any
    number of positions. Other operators with MACs are rows of their own. Parameters that none of these has are the
    ``remainder``. Inputs have a batch of one. The model runs in evaluation mode, and gets its modes back.
    """
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _Untracked()
    recorder = _recorded(model, counter, inputs, named or {})
    network = _network(recorder, model, name or type(model).__name__)
    hidden = [node.cost for node in network if node.name in network.unconfirmed]
    return Trace(
        network,
        recorder.uncounted,
        counter.get_total_flops() // 2 + sum(cost.macs for cost in hidden),
        sum(parameter.numel() for parameter in model.parameters()) + sum(cost.params for cost in hidden),
        recorder.value_reads.found,
    )


def _recorded(model: nn.Module, counter: FlopCounterMode, inputs: Sequence[Any], named: Mapping[str, Any]) -> Recorder:
    """The recorder, after the pass."""
    with torch.no_grad(), _evaluating(model), _unfused():
        if any(map(is_lazy, [*model.parameters(), *model.buffers()])):
            model(*inputs, **named)  # lazy modules learn their shapes
        recorder = Recorder(model, counter)
        with recorder.names, recorder.usage, recorder.value_reads, recorder.unseen, counter, recorder:
            recorder.begin((inputs, named))
            recorder.end(model(*inputs, **named))
    return recorder


def _network(recorder: Recorder, model: nn.Module, name: str) -> Network:
    found = rows(recorder, model)
    network = Network(
        name,
        found.nodes,
        independent=True,
        inner_norm=False,
        schedule=schedule(recorder.flow, found.of),
        no_peak=recorder.flow.unknown,
        unconfirmed=found.unconfirmed,
    )
    dtypes = recorder.operators.dtypes | {parameter.dtype for parameter in model.parameters()}
    return with_dtypes(network, {str(dtype).removeprefix("torch.") for dtype in dtypes})


class _Untracked(ModuleTracker):
    """Torch's counter does not count by module: its hooks in modules would need gradients."""

    def __enter__(self) -> ModuleTracker:
        return self

    def __exit__(self, *args: object) -> None:
        pass


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        if modes[0][1]:
            model.train()  # undoes what the model's own eval() does
        for module, training in modes:
            module.training = training


@contextmanager
def _unfused() -> Iterator[None]:
    """In here attention runs as the products that it consists of, on any device."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
