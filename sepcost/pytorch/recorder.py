"""The recorder: every operator of a forward pass that has MACs, as a layer with the name of its module."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost.errors import LayerError
from sepcost.layers import Conv, Linear, Other
from sepcost.layers.cost import Stored
from sepcost.network.network import Widths
from sepcost.pytorch.calls import Call, larger
from sepcost.pytorch.eligibility import described
from sepcost.pytorch.flow import Flow, tensors_in
from sepcost.pytorch.ledger import Claim, Ledger
from sepcost.pytorch.names import ModuleNames, is_at_work
from sepcost.pytorch.pools import is_pool, pool_of
from sepcost.pytorch.private import (
    ConvModule,
    DispatchMode,
    Functional,
    can_decompose,
    flop_registry,
    packet_of,
    times_written,
)
from sepcost.pytorch.quantized import packed_layer
from sepcost.pytorch.uncounted import uncounted
from sepcost.pytorch.unseen import Unseen
from sepcost.pytorch.usage import Usage
from sepcost.pytorch.value_reads import ValueReads

aten = torch.ops.aten

CONVOLUTIONS = {aten.convolution, aten._convolution, aten.convolution_overrideable}
MATRIX_PRODUCTS = {aten.mm: 0, aten.addmm: 1}
"""With the place of the first matrix among the arguments."""
BATCH_NORMS = {
    aten._native_batch_norm_legit_no_training,
    aten._native_batch_norm_legit,
    aten.native_batch_norm,
    aten.cudnn_batch_norm,
}

COMPLEX = {torch.complex32, torch.complex64, torch.complex128}
REAL_PRODUCTS = 3
"""How many real convolutions torch runs for a complex one."""
RESIZES = ("upsample_", "_upsample_")
"""What torch takes apart into indices, and kernels do without."""
OF_POOLS = ("Pool1d", "Pool2d", "Pool3d")
"""How the names of modules end that are pools."""
ALL = "Global"
"""Under which torch's counter has what it has counted of all modules."""


class _Complex(NamedTuple):
    """A complex convolution whose result is not there yet: torch runs three real ones, and puts them together."""

    call: Call
    source: torch.Tensor


class Recorder(DispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operator below autograd, in order, as torch's counter sees it.

    ``functional`` are modules whose weights something else runs with.
    """

    supports_higher_order_operators = True

    def __init__(self, model: nn.Module, counter: FlopCounterMode) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counter = counter
        self.names = ModuleNames(model)
        self.usage = Usage()
        self.unseen = Unseen(model, lambda: self.value_reads.found)
        self.uncounted = Counter[tuple[str, str]]()
        self.ledger = Ledger(model)
        self.calls: list[Call] = []
        self.dtypes: set[torch.dtype] = set()
        self.flow = Flow((*model.parameters(), *model.buffers()))
        self.value_reads = ValueReads(lambda tensor: not self.flow.is_map(tensor))
        self._complex: _Complex | None = None
        self._half = 0
        self.functional: set[nn.Module] = set()
        self._convolved: dict[int, tuple[weakref.ref[torch.Tensor], int, Call]] = {}

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
        if operator not in flop_registry and can_decompose(func) and not operator.__name__.startswith(RESIZES):
            with self:
                return func.decompose(*args, **kwargs)
        self.value_reads.see(func, args)
        self.unseen.read(self.names.running.path, (args, kwargs), func)
        out = func(*args, **kwargs)
        self.unseen.made(out)
        call = self._seen(func, args, kwargs, out)
        if call is not None:
            self.calls.append(call)
        self._flows(func, args, kwargs, out, call)
        return out

    def _flows(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any, call: Call | None) -> None:
        """Note what is read and written; a complex convolution is one operator, whatever torch makes of it."""
        name = _joined(self.names.running.path, packet_of(func).__name__)
        if self._complex is None:
            self.flow.add(name, func, args, kwargs, out, call)
        elif func is aten.add.Tensor and out.is_complex():
            self.flow.add(name, func, (self._complex.source,), {}, out, self._complex.call)
            self._complex = None

    def _seen(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> Call | None:
        """The call that an operator is, if it is one."""
        operator = packet_of(func)
        if self._complex is not None and operator in CONVOLUTIONS:
            return None
        if operator in flop_registry:
            return self._call(operator, args, kwargs, out)
        if operator in BATCH_NORMS:
            self._normalize(*args[:3])
        elif is_pool(func, args):
            return self._pool(func, args, out)
        elif unknown := uncounted(operator):
            call = self._packed(func, args, out)
            self.uncounted.update([] if call else [(self.names.running.path, unknown)])
            return call
        return None

    def _higher_order(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Torch's counter sees nothing of what runs in it."""
        self.uncounted[self.names.running.path, func.name()] += 1
        self.flow.unknown = f"{func.name()} hides what it reads and writes"
        out = func(*args, **kwargs)
        self.unseen.made(out)
        return out

    def _branch(self, predicate: Any, if_true: Any, if_false: Any, operands: Any) -> Any:
        """Of ``torch.cond``, what torch's counter counts.

        For each operator, torch counts the larger branch; if it has counted before, it counts both.
        """
        self.flow.unknown = "torch.cond hides what it reads and writes (counted is the branch that has more)"
        before, uncounted_before, both = self.calls, self.uncounted, ALL in self._counter.flop_counts
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
                    self.ledger.release(*call.claims)
                return out

            return run

        out = torch.ops.higher_order.cond(predicate, recorded(if_true), recorded(if_false), operands)
        chosen = [call for calls in branches for call in calls] if both else larger(branches)
        for call in chosen:
            call.in_branch = True
            call.claims = call.claims if self.ledger.take(*call.claims) else []
        self.calls, self.uncounted = [*before, *chosen], uncounted_before + reduce(or_, uncounted_in)
        self._convolved = {key: made for key, made in self._convolved.items() if made[2] in self.calls}
        self.unseen.made(out)
        return out

    def _call(self, operator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> Call:
        call = None
        with suppress(LayerError):  # nothing of it: no positions, or no channels
            if operator in CONVOLUTIONS:
                call = self._convolution(operator, args, out)
            elif operator in MATRIX_PRODUCTS:
                call = self._linear(operator, args, out)
        if call is None:
            flops = flop_registry[operator](*args, **kwargs, out_val=out) + self._half
            macs, self._half = divmod(flops, 2)
            return self._other(operator, (args, kwargs), out, macs)
        return call

    def _other(self, operator: Any, given: Any, out: Any, macs: int = 0) -> Call:
        """An operator that is no layer: it reads its operands once, but for parameters, and writes its results once."""
        read = [each for each in tensors_in(given) if not self.ledger.holds(each)]
        made = list(tensors_in(out))
        kind = operator.__name__
        path, module, _ = self.names.running
        self.dtypes.update(each.dtype for each in (*read, *made))
        stored = Stored(0, 0, sum(each.numel() * each.element_size() for each in (*read, *made)))
        reads, writes = (sum(each.numel() for each in tensors) for tensors in (read, made))
        return Call(_joined(path, kind), module, operator, Other(kind, 0, macs, reads, writes, stored))

    def _pool(self, func: Any, args: tuple[Any, ...], out: Any) -> Call:
        path, module, _ = self.names.running
        operator, output = packet_of(func), next(tensors_in(out))
        pool = pool_of(func, args, output, module)
        if pool is None or not output.shape[0]:
            return self._other(operator, args[0], output)
        is_module = module is not None and type(module).__name__.endswith(OF_POOLS)
        self.dtypes |= {args[0].dtype, output.dtype}
        widths = Widths(0, 0, 0, args[0].element_size(), output.element_size())
        name = path if is_module else _joined(path, pool.type)
        weights = module if is_module else None
        return Call(name, module, operator, pool, output.shape[0], weights=weights, widths=widths)

    def _packed(self, func: Any, args: tuple[Any, ...], out: Any) -> Call | None:
        """A quantised layer; a module that runs again runs with the same weights."""
        packed = packed_layer(func, args, out)
        if packed is None:
            return None
        self.dtypes |= {torch.qint8, torch.quint8}
        path, module, _ = self.names.running
        name, layer = path or packet_of(func).__name__, packed.layer
        return Call(name, module, packet_of(func), layer, packed.times, [], module, packed.widths, is_packed=True)

    def _convolution(self, operator: Any, args: tuple[Any, ...], out: torch.Tensor) -> Call | None:
        source, weight, bias, stride, padding, dilation, transposed, output_padding, groups = args[:9]
        stored = self.ledger.stored_as(weight)
        whole = stored if stored in COMPLEX and stored != weight.dtype else None
        conv = Conv(
            source.shape[2:],
            source.shape[1],
            out.shape[1],
            weight.shape[2:],
            stride=_axes(stride),
            padding=_axes(padding),
            output_padding=_axes(output_padding) if transposed else 0,
            dilation=_axes(dilation),
            groups=groups,
            bias=bias is not None,
            transposed=transposed,
        )
        if conv.output_shape != out.shape[1:] or not source.shape[0]:
            return None
        name, module = self._place("convolution", weight, ConvModule)
        computed_by = module if isinstance(module, ConvModule) else None
        claims, weights = self._weights([weight] if bias is None else [weight, bias], computed_by)
        widths = self._widths(weight, bias, source, out, computed_by, whole)
        call = Call(name, module, operator, self._as_written(conv), source.shape[0], claims, weights, widths)
        if computed_by is None:
            operands = [weight] if bias is None else [weight, bias]
            call.reads = sum(each.numel() for each in operands if not self.ledger.holds(each))
        self._complex = _Complex(call, source) if whole else None
        self._convolved[id(out)] = (weakref.ref(out), times_written(out), call)
        return call

    def _as_written(self, conv: Conv) -> Conv:
        """The convolution as its module has it, where the module pads its input itself and the counts are the same."""
        _, module, inputs = self.names.running
        if not isinstance(module, ConvModule) or not inputs or not isinstance(inputs[0], torch.Tensor):
            return conv
        size = inputs[0].shape[-len(conv.input_size) :]
        if size == conv.input_size:
            return conv
        try:
            own = described(module, size)
        except LayerError:
            return conv
        same = (own.output_shape, own.cost.params, own.cost.macs) == (
            conv.output_shape,
            conv.cost.params,
            conv.cost.macs,
        )
        return own if same else conv

    def _normalize(self, source: torch.Tensor, scale: torch.Tensor | None, shift: torch.Tensor | None) -> None:
        """A norm that reads what a convolution has just made is the convolution's."""
        of, version, call = self._convolved.get(id(source), (lambda: None, 0, None))
        if call is None or of() is not source or version != times_written(source) or scale is None or shift is None:
            return
        conv = call.layer
        if not isinstance(conv, Conv) or conv.norm != "none":
            return
        claim = None if call.shared else self.ledger.claim([scale, shift])
        if call.shared or claim is not None:
            call.layer = replace(conv, norm="batch")
            call.widths = call.widths and call.widths._replace(norm=scale.element_size())
            call.claims += [claim] if claim is not None else []

    def _linear(self, operator: Any, args: tuple[Any, ...], out: torch.Tensor) -> Call | None:
        """A product with a matrix of parameters, on either side; or of a linear module, whatever its matrix is."""
        running = self.names.running.module
        first = MATRIX_PRODUCTS[operator]
        left, right = args[first], args[first + 1]
        if self.ledger.holds(right) or (isinstance(running, nn.Linear) and not self.ledger.holds(left)):
            weight, positions, (in_features, out_features) = right, left.shape[0], right.shape
        elif self.ledger.holds(left):
            weight, positions, (out_features, in_features) = left, right.shape[1], left.shape
        else:
            return None
        if not positions:
            return None
        name, module = self._place("linear", weight, nn.Linear)
        of_linear = module if isinstance(module, nn.Linear) else None
        bias = args[0] if first else of_linear.bias if of_linear is not None else None
        if bias is not None and (bias.numel() != out_features or not (of_linear or self.ledger.holds(bias))):
            bias = None
        layer = Linear(in_features, out_features, bias is not None)
        claims, weights = self._weights([weight] if bias is None else [weight, bias], of_linear)
        widths = self._widths(weight, bias, right if weight is left else left, out, of_linear)
        return Call(name, module, operator, layer, positions, claims, weights, widths)

    def _widths(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        source: torch.Tensor,
        out: torch.Tensor,
        computed_by: nn.Module | None,
        whole: torch.dtype | None = None,
    ) -> Widths:
        """Of these tensors, weights as the model holds them; or of the complex ones of which they are parts."""
        weights, biases = (
            self.ledger.stored_as(each, computed_by) or each.dtype
            for each in (weight, weight if bias is None else bias)
        )
        dtypes = [whole or dtype for dtype in (weights, biases, biases, source.dtype, out.dtype)]
        self.dtypes.update(dtypes)
        return Widths(*(dtype.itemsize for dtype in dtypes))._replace(products=REAL_PRODUCTS if whole else 1)

    def _weights(self, tensors: Sequence[torch.Tensor], module: nn.Module | None) -> tuple[list[Claim], Hashable]:
        """What these count as, and what tells them from others: the parameter, or the module that computes them."""
        claim = self.ledger.claim(tensors, module)
        return [] if claim is None else [claim], self.ledger.region(tensors[0]) or module

    def _place(self, operator: str, weight: torch.Tensor, kind: type[nn.Module]) -> tuple[str, nn.Module | None]:
        """The name of a layer and its module: the running one of this kind, or else the one that has the weight."""
        path, running, _ = self.names.running
        if isinstance(running, kind):
            return path, running
        owner = self.ledger.owner(weight)
        if owner is None:
            return _joined(path, operator), running
        if not is_at_work(owner):
            self.functional.add(owner)
        return self.names.of[owner] or _joined(path, operator), owner


def _axes(values: Sequence[int]) -> int | tuple[int, ...]:
    return values[0] if len(values) == 1 else tuple(values)


def _joined(path: str, operator: str) -> str:
    return f"{path}.{operator}" if path else operator
