"""The recorder: every operator of a forward pass with MACs, as a layer with the name of its module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost.graphs.calls import Call, larger
from sepcost.graphs.names import joined
from sepcost.pytorch.convolutions.usage import Usage
from sepcost.pytorch.private import DispatchMode, Functional, can_decompose, flop_registry, packet_of
from sepcost.pytorch.tracing.flow import TorchFlow
from sepcost.pytorch.tracing.operators.ledger import Ledger
from sepcost.pytorch.tracing.operators.names import ModuleNames
from sepcost.pytorch.tracing.operators.operators import Operators
from sepcost.pytorch.tracing.operators.resizes import is_resize
from sepcost.pytorch.tracing.operators.uncounted import uncounted
from sepcost.pytorch.tracing.unseen import Unseen
from sepcost.pytorch.tracing.value_reads import ValueReads

ALL_MODULES = "Global"
"""The name under which torch's counter has the counts of all modules."""


class Recorder(DispatchMode):
    """Sees every operator below autograd, in order, as torch's counter sees it."""

    supports_higher_order_operators = True

    def __init__(self, model: nn.Module, counter: FlopCounterMode) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counter = counter
        self.names = ModuleNames(model)
        self.usage = Usage()
        self.unseen = Unseen(model, lambda: self.value_reads.found)
        self.uncounted = Counter[tuple[str, str]]()
        self.operators = Operators(self.names, Ledger(model))
        self.calls: list[Call] = []
        self.flow = TorchFlow((*model.parameters(), *model.buffers()))
        self.value_reads = ValueReads(lambda tensor: not self.flow.is_map(tensor))

    def begin(self, inputs: Any) -> None:
        """What the model is given."""
        self.flow.begin(inputs)
        self.unseen.begin(inputs)

    def end(self, outputs: Any) -> None:
        """What the model gives back."""
        self.flow.end(outputs)
        self.unseen.read("", outputs)
        self.uncounted += self.unseen.operators()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.higher_order.cond:
            return self._branch(*args)
        if isinstance(func, Functional):
            return self._higher_order(func, args, kwargs)
        operator = packet_of(func)
        if operator not in flop_registry and can_decompose(func) and not is_resize(operator):
            with self:
                return func.decompose(*args, **kwargs)
        self.value_reads.see(func, args)
        self.unseen.read(self.names.running.path, (args, kwargs), func)
        out = func(*args, **kwargs)
        self.unseen.made(out)
        self._flows(func, args, kwargs, out, self._seen(func, args, kwargs, out))
        return out

    def _flows(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any, call: Call | None) -> None:
        """Note what is read and written; a complex convolution is one operator, although torch runs several."""
        name = joined(self.names.running.path, packet_of(func).__name__)
        if self.operators.unfinished is None:
            self.flow.add(name, func, args, kwargs, out, call)
        elif complete := self.operators.finished(func, out):
            self.flow.add(name, func, (complete.source,), {}, out, complete.call)

    def _seen(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> Call | None:
        """The call that an operator is, if it is one; else note it if it may have MACs."""
        call = self.operators.call(func, args, kwargs, out)
        if call is not None:
            self.calls.append(call)
        elif unknown := uncounted(packet_of(func)):
            self.uncounted[self.names.running.path, unknown] += 1
        return call

    def _higher_order(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Run it: torch's counter does not see what runs in it."""
        self.uncounted[self.names.running.path, func.name()] += 1
        self.flow.unknown = f"{func.name()} hides what it reads and writes"
        out = func(*args, **kwargs)
        self.unseen.made(out)
        return out

    def _branch(self, predicate: Any, if_true: Any, if_false: Any, operands: Any) -> Any:
        """Record of ``torch.cond`` what torch's counter counts.

        For each operator, torch counts the larger branch; if it has counted before, it counts both.
        """
        self.flow.unknown = "torch.cond hides what it reads and writes (counted is the branch that has more)"
        before, uncounted_before, both = self.calls, self.uncounted, ALL_MODULES in self._counter.flop_counts
        branches: list[list[Call]] = []
        uncounted_in: list[Counter[tuple[str, str]]] = []

        def recorded(branch: Callable[..., Any]) -> Callable[..., Any]:
            def run(*operands: Any) -> Any:
                self.calls, self.uncounted = [], Counter()
                with self:
                    out = branch(*operands)
                branches.append(self.calls)
                uncounted_in.append(self.uncounted)
                for call in self.calls:
                    self.operators.ledger.release(*call.claims)
                return out

            return run

        out = torch.ops.higher_order.cond(predicate, recorded(if_true), recorded(if_false), operands)
        chosen = [call for calls in branches for call in calls] if both else larger(branches)
        for call in chosen:
            call.in_branch = True
            call.claims = call.claims if self.operators.ledger.take(*call.claims) else []
        self.calls, self.uncounted = [*before, *chosen], uncounted_before + reduce(or_, uncounted_in)
        self.operators.keep(self.calls)
        self.unseen.made(out)
        return out
