"""Operators: each one that ran, as a call: a convolution, a linear layer, a pool or another operator."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import nn

from sepcost.errors import LayerError
from sepcost.graphs.calls import Call
from sepcost.graphs.graph import REAL_PRODUCTS
from sepcost.graphs.names import joined
from sepcost.layers import Conv, Linear, Other, Pool, Upsample
from sepcost.layers.cost import Stored
from sepcost.network.network import Widths
from sepcost.pytorch.convolutions.eligibility import described
from sepcost.pytorch.convolutions.usage import is_at_work
from sepcost.pytorch.models.tensors import tensors_in
from sepcost.pytorch.private import ConvModule, flop_registry, packet_of, times_written
from sepcost.pytorch.tracing.operators.ledger import Claim, Ledger
from sepcost.pytorch.tracing.operators.names import ModuleNames
from sepcost.pytorch.tracing.operators.pools import is_pool, pool_of
from sepcost.pytorch.tracing.operators.quantized import packed_layer
from sepcost.pytorch.tracing.operators.resizes import is_resize, upsample_of
from sepcost.pytorch.tracing.operators.uncounted import uncounted

aten = torch.ops.aten

CONVOLUTIONS = {aten.convolution, aten._convolution, aten.convolution_overrideable}
MATRIX_PRODUCTS = {aten.mm: 0, aten.addmm: 1}
"""The place of the first matrix among the arguments."""
BATCH_NORMS = {
    aten._native_batch_norm_legit_no_training,
    aten._native_batch_norm_legit,
    aten.native_batch_norm,
    aten.cudnn_batch_norm,
}

COMPLEX = {torch.complex32, torch.complex64, torch.complex128}
OF_MAPS = ("Pool1d", "Pool2d", "Pool3d", "Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d")
"""How the names of modules end that are pools or interpolate."""


class Complex(NamedTuple):
    """A complex convolution without its result yet: torch runs three real ones, and adds them up."""

    call: Call
    source: torch.Tensor


class Operators:
    """Finds the call that an operator is, in the module that runs; ``ledger`` has the parameters that calls claim.

    ``dtypes`` are those of the tensors that calls read and make. ``functional`` are modules whose weights other code
    uses. ``unfinished`` is a complex convolution until its result is there.
    """

    def __init__(self, names: ModuleNames, ledger: Ledger) -> None:
        self.ledger = ledger
        self.dtypes: set[torch.dtype] = set()
        self.functional: set[nn.Module] = set()
        self.unfinished: Complex | None = None
        self._names = names
        self._half = 0
        self._convolved: dict[int, tuple[weakref.ref[torch.Tensor], int, Call]] = {}

    def call(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> Call | None:
        """The call that an operator is, if it is one."""
        operator = packet_of(func)
        if self.unfinished is not None and operator in CONVOLUTIONS:
            return None
        if operator in flop_registry:
            return self._call(operator, args, kwargs, out)
        if operator in BATCH_NORMS:
            self._normalize(*args[:3])
        elif is_pool(func, args):
            return self._resampled(func, args, out, pool_of(func, args, next(tensors_in(out)), self._names.running[1]))
        elif is_resize(operator):
            return self._resampled(func, args, out, upsample_of(func, args, out))
        elif uncounted(operator):
            return self._packed(func, args, out)
        return None

    def finished(self, func: Any, out: Any) -> Complex | None:
        """The complex convolution whose result this operator is, if it is one."""
        complete = self.unfinished if func is aten.add.Tensor and out.is_complex() else None
        self.unfinished = None if complete else self.unfinished
        return complete

    def keep(self, calls: Collection[Call]) -> None:
        """Keep only these calls: a norm after another call belongs to none."""
        self._convolved = {key: made for key, made in self._convolved.items() if made[2] in calls}

    def _call(self, operator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> Call:
        call = None
        with suppress(LayerError):  # it has no positions, or no channels
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
        """An operator that is no layer: it reads its operands (not parameters) once, and writes its results once."""
        read = [each for each in tensors_in(given) if not self.ledger.holds(each)]
        made = list(tensors_in(out))
        kind = operator.__name__
        path, module, _ = self._names.running
        self.dtypes.update(each.dtype for each in (*read, *made))
        stored = Stored(0, 0, sum(each.numel() * each.element_size() for each in (*read, *made)))
        reads, writes = (sum(each.numel() for each in tensors) for tensors in (read, made))
        return Call(joined(path, kind), module, operator, Other(kind, 0, macs, reads, writes, stored))

    def _resampled(self, func: Any, args: tuple[Any, ...], out: Any, layer: Pool | Upsample | None) -> Call:
        """A pool or an interpolation; as an operator with its figures if no layer describes it."""
        path, module, _ = self._names.running
        operator, output = packet_of(func), next(tensors_in(out))
        if layer is None or not output.shape[0]:
            return self._other(operator, args[0], output)
        is_module = module is not None and type(module).__name__.endswith(OF_MAPS)
        self.dtypes |= {args[0].dtype, output.dtype}
        widths = Widths(0, 0, 0, args[0].element_size(), output.element_size())
        name = path if is_module else joined(path, layer.type)
        weights = module if is_module else None
        return Call(name, module, operator, layer, output.shape[0], weights=weights, widths=widths)

    def _packed(self, func: Any, args: tuple[Any, ...], out: Any) -> Call | None:
        """A quantised layer; a module that runs again has the same weights."""
        packed = packed_layer(func, args, out)
        if packed is None:
            return None
        self.dtypes |= {torch.qint8, torch.quint8}
        path, module, _ = self._names.running
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
        self.unfinished = Complex(call, source) if whole else None
        self._convolved[id(out)] = (weakref.ref(out), times_written(out), call)
        return call

    def _as_written(self, conv: Conv) -> Conv:
        """The convolution as its module has it, if the module pads its input itself and the counts are the same."""
        _, module, inputs = self._names.running
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
        """Give a norm to the convolution whose result it reads."""
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
        """A product with a matrix of parameters, on either side; or any product of a linear module."""
        running = self._names.running.module
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
        """The widths of these tensors: weights as the model holds them, complex numbers as a whole."""
        weights, biases = (
            self.ledger.stored_as(each, computed_by) or each.dtype
            for each in (weight, weight if bias is None else bias)
        )
        dtypes = [whole or dtype for dtype in (weights, biases, biases, source.dtype, out.dtype)]
        self.dtypes.update(dtypes)
        return Widths(*(dtype.itemsize for dtype in dtypes))._replace(products=REAL_PRODUCTS if whole else 1)

    def _weights(self, tensors: Sequence[torch.Tensor], module: nn.Module | None) -> tuple[list[Claim], Hashable]:
        """What these count as, and what identifies them: the parameter, or the module that computes them."""
        claim = self.ledger.claim(tensors, module)
        return [] if claim is None else [claim], self.ledger.region(tensors[0]) or module

    def _place(self, operator: str, weight: torch.Tensor, kind: type[nn.Module]) -> tuple[str, nn.Module | None]:
        """A layer's name and its module: the running one of this kind, else the one that has the weight."""
        path, running, _ = self._names.running
        if isinstance(running, kind):
            return path, running
        owner = self.ledger.owner(weight)
        if owner is None:
            return joined(path, operator), running
        if not is_at_work(owner):
            self.functional.add(owner)
        return self._names.of[owner] or joined(path, operator), owner


def _axes(values: Sequence[int]) -> int | tuple[int, ...]:
    return values[0] if len(values) == 1 else tuple(values)
